"""The likelihood interval {mu >= 0 : q(mu) <= Q} of one count, with what is special about it as a status.

Facts used, with q0 = q(0). For n >= b, q falls from q0 to 0 at t = n - b and rises again, to 1/r^2 for a
Gaussian efficiency and without limit for the others. For n < b it rises from q0; with a Gaussian efficiency
to q0 + 1/r^2 at t = -1/(r^2 k0), where the profiled efficiency passes zero. From there it falls to 1/r^2, or
stays where the efficiency is restricted to physical values.
"""

from __future__ import annotations

import math

from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.background import background_pull, background_q
from hnlpeak.statistics.counting import Counting
from hnlpeak.statistics.interval import Status
from hnlpeak.statistics.known_efficiency import known_efficiency_end
from hnlpeak.statistics.rational_step import rational_end

__all__ = ["likelihood_set", "no_signal"]

_OK = int(Status.OK)
_EMPTY = int(Status.EMPTY)
_UNBOUNDED = int(Status.UNBOUNDED)
_DISCONNECTED = int(Status.DISCONNECTED)


@kernel
def no_signal(c: Counting) -> tuple[float, float]:
    """(q, k) without signal."""
    found = background_pull(c, 0.0)
    return background_q(c, 0.0, found), found[1]


@kernel
def _ceiling(r2: float, trials: float | None) -> float:
    """Limit of q for large signals."""
    return 1.0 / r2 if trials is None else math.inf


@kernel
def _uncertain(r2: float, trials: float | None) -> bool:
    # an efficiency measured as m of m may still be below 1
    return r2 > 0.0 if trials is None else True


@kernel
def likelihood_set(c: Counting, level: float, bounded: bool) -> tuple[float, float, int]:
    """(lower, upper, status) in expected signal counts; ``level`` is the chi2 quantile Q.

    ``bounded`` takes q(0) as reference where the estimate is negative, so that the set is never empty.
    """
    shift = c.n - c.b
    q0, k0 = no_signal(c)
    uncertain = _uncertain(c.r2, c.trials)
    target = level
    if shift < 0.0:
        if bounded:
            target += q0
        elif q0 > level:
            return math.nan, math.nan, _EMPTY
    lower = 0.0
    if shift > 0.0 and q0 > level:
        certain = known_efficiency_end(c, level, -1.0)
        lower = max(certain[0], 0.0)
        if uncertain and lower > 0.0:
            lower = rational_end(c, level, -1.0, 0.0, shift, certain)
    status = _OK
    high = math.inf
    if uncertain:
        ceiling = _ceiling(c.r2, c.trials)
        top = ceiling
        if shift < 0.0:
            top += q0
            high = -ceiling / k0
        if top <= target:
            return lower, math.inf, _UNBOUNDED
        if ceiling < target and shift < 0.0 and not c.physical:
            status = _DISCONNECTED
    certain = known_efficiency_end(c, target, 1.0)
    upper = max(certain[0], 0.0)
    if uncertain:
        upper = rational_end(c, target, 1.0, max(shift, 0.0), high, certain)
    return lower, upper, status
