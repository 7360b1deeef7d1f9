"""TRolke's documented rules for counts whose likelihood interval it does not report, without its faults.

For n = 0 both ends are extrapolated linearly from n = 1 and n = 2. Unbounded, an interval without a positive
upper end is replaced by that of the next larger count that has one. A measured Gaussian background of exactly
0 is taken as 1e-5 events. As in ROOT's class TRolke.
"""

from __future__ import annotations

import numpy as np

from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.constraints import Gaussian
from hnlpeak.statistics.counting import Counting
from hnlpeak.statistics.interval import Status
from hnlpeak.statistics.likelihood_set import likelihood_set, no_signal

__all__ = ["first_accepted", "trolke_set", "without_zero"]

# counts up to 2^60 are looked at
_DOUBLINGS = 60
_EMPTY = int(Status.EMPTY)
_SUBSTITUTED = int(Status.SUBSTITUTED)


def without_zero(background: Gaussian) -> Gaussian:
    """The measured background with TRolke's 1e-5 events in place of 0."""
    value = np.asarray(background.value, dtype=np.float64)
    return Gaussian(np.where(value == 0.0, 1e-5, value), background.sigma)


@kernel
def _with_count(c: Counting, n: float) -> Counting:
    return Counting(n, c.b, c.variance, c.y, c.tau, c.r2, c.successes, c.trials, c.physical)


@kernel
def _accepts(c: Counting, level: float) -> bool:
    """Whether the unbounded set has a positive upper end."""
    return c.n >= c.b or no_signal(c)[0] < level


@kernel
def first_accepted(c: Counting, level: float) -> float:
    """Smallest n + j, j = 1, 2, ..., that is accepted; by bisection, so b may be anything."""
    rejected, accepted = 0.0, 1.0
    for _ in range(_DOUBLINGS):
        if _accepts(_with_count(c, c.n + accepted), level):
            break
        rejected = accepted
        accepted *= 2.0
    for _ in range(_DOUBLINGS):
        if accepted - rejected <= 1.0:
            break
        middle = rejected + float(int(0.5 * (accepted - rejected)))
        if _accepts(_with_count(c, c.n + middle), level):
            accepted = middle
        else:
            rejected = middle
    return c.n + accepted


@kernel
def trolke_set(c: Counting, level: float, bounded: bool) -> tuple[float, float, int]:
    """As :func:`likelihood_set`, by TRolke's rules; what a rule supplied has status SUBSTITUTED."""
    if c.n > 0.0:
        lower, upper, status = likelihood_set(c, level, bounded)
        if status != _EMPTY and upper > 0.0:
            return lower, upper, status
    else:
        low1, up1, status1 = likelihood_set(_with_count(c, 1.0), level, bounded)
        low2, up2, status2 = likelihood_set(_with_count(c, 2.0), level, bounded)
        lower, upper = 0.0, 0.0
        if _EMPTY not in (status1, status2):
            lower, upper = 2.0 * low1 - low2, 2.0 * up1 - up2
        if upper > 0.0:
            return max(lower, 0.0), upper, _SUBSTITUTED
    if bounded:
        return 0.0, 0.0, _SUBSTITUTED
    lower, upper, _ = likelihood_set(_with_count(c, first_accepted(c, level)), level, bounded)
    return lower, upper, _SUBSTITUTED
