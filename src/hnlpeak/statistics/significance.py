"""Local significance and p-value of an excess."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammainc

from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.arguments import not_negative, table
from hnlpeak.statistics.constraints import Gaussian, Known, background_numbers
from hnlpeak.statistics.panels import truncated_normal
from hnlpeak.statistics.profile import profile

__all__ = ["p_value", "significance"]


def p_value(n: ArrayLike, *, background: Known | Gaussian) -> float | NDArray[np.float64]:
    """Probability of at least ``n`` events from background alone: one-sided, in [0, 1], 1 for n = 0.

    P(n' >= n) with n' ~ Poisson(b'), averaged over b' ~ N(b, sigma) with b' >= 0 by quadrature. A prior-
    predictive p-value: it holds at low counts, where asymptotic formulae do not. For n that is not whole, the
    regularised incomplete gamma function interpolates.

    Arguments broadcast; a number for scalar input. Raises UsageError for n < 0, or b < 0 without uncertainty.
    """
    columns = table(not_negative("n", n), *background_numbers(background))
    result = np.empty(columns.shape[1:])
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
    columns = table(not_negative("n", n), *background_numbers(background))
    result = np.empty(columns.shape[1:])
    _signed_roots(columns.reshape(3, -1), result.reshape(-1))
    return float(result) if result.shape == () else result


@kernel
def _signed_roots(columns: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    for i in range(out.size):
        n, b, sigma = columns[:, i]
        q, _ = profile(n, n - b, b, sigma * sigma)
        root = math.sqrt(q)
        out[i] = root if n >= b else -root
