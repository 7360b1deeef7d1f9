"""Local significance and p-value of an excess."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammainc

from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.constraints import Gaussian, Known, finite
from hnlpeak.statistics.panels import truncated_normal
from hnlpeak.statistics.profile import profile
from hnlpeak.statistics.rolke_lopez import value_and_sigma

__all__ = ["p_value", "significance"]


def p_value(n: ArrayLike, *, background: Known | Gaussian) -> float | NDArray[np.float64]:
    """Probability of at least ``n`` events from background alone: one-sided, in [0, 1], 1 for n = 0.

    P(n' >= n) with n' ~ Poisson(b'), averaged over b' ~ N(b, sigma) with b' >= 0 by quadrature. A prior-
    predictive p-value: it holds at low counts, where asymptotic formulae do not. For n that is not whole, the
    regularised incomplete gamma function interpolates.

    Arguments broadcast; a number for scalar input. Raises UsageError for n < 0, or b < 0 without uncertainty.
    """
    columns = np.broadcast_arrays(*_checked(n, background))
    result = np.empty(columns[0].shape)
    for index in np.ndindex(result.shape):
        count, b, sigma = (float(column[index]) for column in columns)
        result[index] = _tail(count, b, sigma)
    return float(result) if result.shape == () else result


def _tail(n: float, b: float, sigma: float) -> float:
    if n == 0.0:
        return 1.0
    # background that fits best without a signal: where a rare excess draws its probability from
    _, pull = profile(n, n - b, b, sigma * sigma)
    rates, weights = truncated_normal(b, sigma, feature=np.sqrt(max(n, 1.0)), reach=b + sigma * sigma * pull)
    return min(float(gammainc(n, rates) @ weights), 1.0)


def significance(n: ArrayLike, *, background: Known | Gaussian) -> float | NDArray[np.float64]:
    """Asymptotic local significance sign(n - b) sqrt(q(0)) in standard deviations, negative for a deficit.

    q(0) is the profile likelihood ratio of no signal to the best fit (Cowan et al., EPJC 71 (2011) 1554,
    eq. 12); infinite for events above a background that is exactly zero. Arguments broadcast; a number for
    scalar input. Raises UsageError as :func:`p_value` does.
    """
    count, b, sigma = np.broadcast_arrays(*_checked(n, background))
    result = np.empty(count.shape)
    _signed_roots(count.ravel(), b.ravel(), sigma.ravel(), result.reshape(-1))
    return float(result) if result.shape == () else result


@kernel
def _signed_roots(
    n: NDArray[np.float64], b: NDArray[np.float64], sigma: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    for i in range(out.size):
        q, _ = profile(n[i], n[i] - b[i], b[i], sigma[i] * sigma[i])
        root = np.sqrt(q)
        out[i] = root if n[i] >= b[i] else -root


def _checked(n: ArrayLike, background: Known | Gaussian) -> tuple[NDArray[np.float64], ...]:
    count = finite("n", n)
    if np.any(count < 0.0):
        raise UsageError(f"n must be >= 0, got {count.min():g}")
    b, sigma = value_and_sigma("background", background)
    if np.any((b < 0.0) & (sigma == 0.0)):
        raise UsageError(f"background must be >= 0 where it has no uncertainty, got {b.min():g}")
    return count, b, sigma
