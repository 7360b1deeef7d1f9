"""The likelihood interval {mu >= 0 : q(mu) <= Q} of one count, with what is special about it as a status.

Facts used, with q0 = q(0) and r = sigma_e / e. For n >= b, q falls from q0 to 0 at t = n - b and rises to
1/r^2. For n < b it rises from q0 to q0 + 1/r^2 at t = -1/(r^2 k0), where the profiled efficiency passes
zero, and falls to 1/r^2 beyond.
"""

from __future__ import annotations

import math

from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.explicit_curve import curve_end
from hnlpeak.statistics.interval import Status
from hnlpeak.statistics.profile import profile
from hnlpeak.statistics.rational_step import rational_end

__all__ = ["likelihood_set"]

_OK = int(Status.OK)
_EMPTY = int(Status.EMPTY)
_UNBOUNDED = int(Status.UNBOUNDED)
_DISCONNECTED = int(Status.DISCONNECTED)


@kernel
def likelihood_set(
    n: float, b: float, variance: float, r2: float, level: float, bounded: bool
) -> tuple[float, float, int]:
    """(lower, upper, status) in expected signal counts; ``level`` is the chi2 quantile Q.

    ``bounded`` takes q(0) as reference where the estimate is negative, so that the set is never empty.
    """
    shift = n - b
    q0, k0 = profile(n, shift, b, variance)
    target = level
    if shift < 0.0:
        if bounded:
            target += q0
        elif q0 > level:
            return math.nan, math.nan, _EMPTY
    lower = 0.0
    if shift > 0.0 and q0 > level:
        certain = curve_end(n, variance, shift, level, -1.0)
        lower = max(certain[0], 0.0)
        if r2 > 0.0:
            lower = rational_end(n, b, variance, r2, level, -1.0, 0.0, shift, certain)
    status = _OK
    high = math.inf
    if r2 > 0.0:
        ceiling = 1.0 / r2
        top = ceiling
        if shift < 0.0:
            top += q0
            high = -1.0 / (r2 * k0)
        if top <= target:
            return lower, math.inf, _UNBOUNDED
        if ceiling < target and shift < 0.0:
            status = _DISCONNECTED
    certain = curve_end(n, variance, shift, target, 1.0)
    upper = max(certain[0], 0.0)
    if r2 > 0.0:
        upper = rational_end(n, b, variance, r2, target, 1.0, max(shift, 0.0), high, certain)
    return lower, upper, status
