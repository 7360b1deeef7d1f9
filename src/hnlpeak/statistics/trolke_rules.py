"""TRolke's documented rules for counts whose likelihood interval it does not report, without its faults.

For n = 0 both ends are extrapolated linearly from n = 1 and n = 2. Unbounded, an interval without a positive
upper end is replaced by that of the next larger count that has one. A measured background of exactly 0 is
taken as 1e-5 events. As in ROOT's class TRolke.
"""

from __future__ import annotations

import numpy as np

from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.constraints import Gaussian
from hnlpeak.statistics.interval import Status
from hnlpeak.statistics.likelihood_set import likelihood_set
from hnlpeak.statistics.profile import profile

__all__ = ["trolke_set", "without_zero"]

_EMPTY = int(Status.EMPTY)
_SUBSTITUTED = int(Status.SUBSTITUTED)


def without_zero(background: Gaussian) -> Gaussian:
    """The measured background with TRolke's 1e-5 events in place of 0."""
    value = np.asarray(background.value, dtype=np.float64)
    return Gaussian(np.where(value == 0.0, 1e-5, value), background.sigma)


@kernel
def _first_accepted(n: float, b: float, variance: float, level: float) -> float:
    """Smallest n + j, j = 1, 2, ..., whose unbounded set is not empty; by bisection, so b may be anything."""
    rejected, accepted = 0.0, 1.0
    while True:
        q0, _ = profile(n + accepted, n + accepted - b, b, variance)
        if n + accepted >= b or q0 < level:
            break
        rejected = accepted
        accepted *= 2.0
    while accepted - rejected > 1.0:
        middle = rejected + float(int(0.5 * (accepted - rejected)))
        q0, _ = profile(n + middle, n + middle - b, b, variance)
        if n + middle >= b or q0 < level:
            accepted = middle
        else:
            rejected = middle
    return n + accepted


@kernel
def trolke_set(
    n: float, b: float, variance: float, r2: float, level: float, bounded: bool
) -> tuple[float, float, int]:
    """As :func:`likelihood_set`, by TRolke's rules; what a rule supplied has status SUBSTITUTED."""
    if n > 0.0:
        lower, upper, status = likelihood_set(n, b, variance, r2, level, bounded)
        if status != _EMPTY and upper > 0.0:
            return lower, upper, status
    else:
        low1, up1, status1 = likelihood_set(1.0, b, variance, r2, level, bounded)
        low2, up2, status2 = likelihood_set(2.0, b, variance, r2, level, bounded)
        lower, upper = 0.0, 0.0
        if _EMPTY not in (status1, status2):
            lower, upper = 2.0 * low1 - low2, 2.0 * up1 - up2
        if upper > 0.0:
            return max(lower, 0.0), upper, _SUBSTITUTED
    if bounded:
        return 0.0, 0.0, _SUBSTITUTED
    lower, upper, _ = likelihood_set(_first_accepted(n, b, variance, level), b, variance, r2, level, bounded)
    return lower, upper, _SUBSTITUTED
