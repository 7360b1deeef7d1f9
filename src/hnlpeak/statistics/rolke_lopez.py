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
from hnlpeak.statistics.arguments import finite, not_negative, table
from hnlpeak.statistics.constraints import Gaussian, Known, background_numbers, efficiency_numbers
from hnlpeak.statistics.interval import Interval
from hnlpeak.statistics.likelihood_set import likelihood_set
from hnlpeak.statistics.trolke_rules import trolke_set, without_zero

__all__ = ["TREATMENTS", "Treatment", "rolke_lopez"]

Treatment = Literal["unbounded", "bounded", "trolke", "trolke-bounded"]
CERTAIN = Known(1.0)
TREATMENTS: tuple[Treatment, ...] = get_args(Treatment)


@kernel
def _fill(
    columns: NDArray[np.float64],
    bounded: bool,
    trolke: bool,
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    status: NDArray[np.int8],
) -> None:
    for i in range(lower.size):
        n, b, sigma_b, e, r, level = columns[:, i]
        if trolke:
            low, up, code = trolke_set(n, b, sigma_b * sigma_b, r * r, level, bounded)
        else:
            low, up, code = likelihood_set(n, b, sigma_b * sigma_b, r * r, level, bounded)
        lower[i] = low / e
        upper[i] = up / e
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
    columns = table(
        not_negative("n", n), *background_numbers(background), *efficiency_numbers(efficiency), _quantile(cl)
    )
    shape = columns.shape[1:]
    lower, upper, status = np.empty(shape), np.empty(shape), np.empty(shape, dtype=np.int8)
    bounded = treatment in ("bounded", "trolke-bounded")
    _fill(columns.reshape(6, -1), bounded, trolke, lower.reshape(-1), upper.reshape(-1), status.reshape(-1))
    return Interval.of(lower, upper, np.asarray((columns[0] - columns[1]) / columns[3]), status)


def _quantile(cl: ArrayLike) -> NDArray[np.float64]:
    """Quantile of chi2 with one degree of freedom at ``cl``."""
    level = finite("cl", cl)
    outside = (level <= 0.0) | (level >= 1.0)
    if np.any(outside):
        raise UsageError(f"cl must lie between 0 and 1, got {level[outside].flat[0]:g}")
    return np.asarray(2.0 * erfinv(level) ** 2)
