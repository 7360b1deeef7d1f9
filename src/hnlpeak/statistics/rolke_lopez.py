"""Rolke-Lopez intervals: profile likelihood of a Poisson count with uncertain background and efficiency.

W. Rolke, A. Lopez, J. Conrad, NIM A551 (2005) 493: n ~ Poisson(e mu + b), q(mu) = -2 ln of the ratio of
profiled likelihoods, interval {mu >= 0 : q(mu) <= Q} with Q the chi2 quantile (1 degree of freedom) at cl.
The interval is two-sided: at 90 % its upper end is asymptotically a one-sided 95 % limit.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfinv

from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.constraints import Gaussian, Known, finite
from hnlpeak.statistics.interval import Interval
from hnlpeak.statistics.likelihood_set import likelihood_set
from hnlpeak.statistics.trolke_rules import trolke_set, without_zero

__all__ = ["TREATMENTS", "Treatment", "rolke_lopez"]

Treatment = Literal["unbounded", "bounded", "trolke", "trolke-bounded"]
CERTAIN = Known(1.0)
TREATMENTS: tuple[Treatment, ...] = get_args(Treatment)


@kernel
def _fill(
    inputs: tuple[NDArray[np.float64], ...],
    bounded: bool,
    trolke: bool,
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    status: NDArray[np.int8],
) -> None:
    n, b, sigma_b, r, e, level = inputs
    for i in range(lower.size):
        variance, r2 = sigma_b[i] * sigma_b[i], r[i] * r[i]
        if trolke:
            low, up, code = trolke_set(n[i], b[i], variance, r2, level[i], bounded)
        else:
            low, up, code = likelihood_set(n[i], b[i], variance, r2, level[i], bounded)
        lower[i] = low / e[i]
        upper[i] = up / e[i]
        status[i] = code


def rolke_lopez(
    n: ArrayLike,
    *,
    background: Known | Gaussian,
    efficiency: Known | Gaussian = CERTAIN,
    cl: ArrayLike = 0.90,
    treatment: Treatment = "bounded",
) -> Interval:
    """Interval for the signal rate mu from ``n`` observed events; all arguments broadcast.

    ``n`` may be any real number >= 0 (an Asimov count, for one), ``background`` is in events, ``efficiency``
    multiplies mu. Treatments: ``"unbounded"`` takes the likelihood ratio to the unrestricted maximum, and the
    interval may be empty; ``"bounded"`` takes it to q(0) where the estimate is negative, and never is;
    ``"trolke"`` and ``"trolke-bounded"`` add the rules of ROOT's TRolke for n = 0 and for empty intervals.

    Returns an :class:`Interval`: numbers for scalar input, arrays of the broadcast shape otherwise.
    Raises UsageError, naming the argument, for n < 0, a background that is negative and certain,
    an efficiency that is not positive, cl outside (0, 1), and anything not finite.
    """
    if treatment not in TREATMENTS:
        raise UsageError(f"treatment must be one of {', '.join(TREATMENTS)}, got {treatment!r}")
    trolke = treatment.startswith("trolke")
    if trolke and isinstance(background, Gaussian):
        background = without_zero(background)
    columns = np.broadcast_arrays(*_columns(n, background, efficiency, cl))
    shape = columns[0].shape
    flat = tuple(np.ascontiguousarray(column).reshape(-1) for column in columns)
    lower, upper = np.empty(flat[0].size), np.empty(flat[0].size)
    status = np.empty(flat[0].size, dtype=np.int8)
    _fill(flat, treatment in ("bounded", "trolke-bounded"), trolke, lower, upper, status)
    estimate = (columns[0] - columns[1]) / columns[4]
    return Interval.of(
        lower.reshape(shape), upper.reshape(shape), np.asarray(estimate), status.reshape(shape)
    )


def _columns(
    n: ArrayLike, background: Known | Gaussian, efficiency: Known | Gaussian, cl: ArrayLike
) -> tuple[NDArray[np.float64], ...]:
    """(n, b, sigma_b, sigma_e / e, e, Q), checked and not yet broadcast."""
    count = finite("n", n)
    if np.any(count < 0.0):
        raise UsageError(f"n must be >= 0, got {count.min():g}")
    b, sigma_b = value_and_sigma("background", background)
    if np.any((b < 0.0) & (sigma_b == 0.0)):
        raise UsageError(f"background must be >= 0 where it has no uncertainty, got {b.min():g}")
    e, sigma_e = value_and_sigma("efficiency", efficiency)
    if np.any(e <= 0.0):
        raise UsageError(f"efficiency must be > 0, got {e.min():g}")
    level = finite("cl", cl)
    if np.any((level <= 0.0) | (level >= 1.0)):
        raise UsageError(
            f"cl must lie between 0 and 1, got {level[(level <= 0.0) | (level >= 1.0)].flat[0]:g}"
        )
    return count, b, sigma_b, sigma_e / e, e, 2.0 * erfinv(level) ** 2


def value_and_sigma(
    name: str, constraint: Known | Gaussian
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Central value and standard deviation of a constraint (0 where known); UsageError for anything else."""
    if isinstance(constraint, Known):
        value = finite(name, constraint.value)
        return value, np.zeros(())
    if isinstance(constraint, Gaussian):
        return finite(name, constraint.value), finite(name, constraint.sigma)
    raise UsageError(f"{name} must be Known(value) or Gaussian(value, sigma), got {constraint!r}")
