"""The efficiency profiled at a given pull: e(v) relative to the measured one, v = k t.

    Gaussian  e = 1 + r^2 v,                                       penalty r^2 v^2
    binomial  (v/m) e^2 + (1 - v/z) e - 1 = 0, 0 <= e <= m/z,      penalty 2 [z h(e) + (m - z) h(f)]

with f the inefficiency relative to the measured one and h(x) = x - 1 - ln x; no term is negative.
"""

from __future__ import annotations

import math

from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.counting import Counting
from hnlpeak.statistics.profile import poisson_term

__all__ = ["efficiency_penalty", "efficiency_ratio", "relative_efficiency"]


@kernel
def _efficiency(r2: float, z: float, m: float | None, v: float) -> tuple[float, float]:
    if m is None:
        return 1.0 + r2 * v, r2
    a, nominal = v / z, z / m
    p = 1.0 - a
    # the discriminant as a sum of positive terms for either sign of v
    opposite = 1.0 + a
    root = math.sqrt(opposite * opposite - 4.0 * a * (r2 * z) if a < 0.0 else p * p + 4.0 * a * nominal)
    e = 2.0 / (p + root) if p > 0.0 else (root - p) / (2.0 * a * nominal)
    return e, max(e * (1.0 - e * nominal), 0.0) / (root * z) if root > 0.0 else 0.0


@kernel
def _ratio(r2: float, m: float | None, v: float, e: float) -> float:
    if m is None:
        return r2
    # of two forms the one that loses fewer digits; z = m has a kink where 1 + v e / m reaches 0
    inverse = 1.0 + v * e / m
    return r2 * e / inverse if inverse > abs(e - 1.0) else (e - 1.0) / v


@kernel
def _penalty(r2: float, z: float, m: float | None, v: float, e: float, away: float) -> float:
    if m is None:
        return away * away / r2
    q = 2.0 * z * poisson_term(away, e)
    if m == z:
        # no trial failed: what the second term tends to
        return q - 2.0 * z * away
    more = -away * z / (m - z)
    lost = 1.0 + more if more > -0.999 else 1.0 / (1.0 + v * e / m)
    return q + 2.0 * (m - z) * poisson_term(more, lost)


@kernel
def relative_efficiency(c: Counting, v: float) -> tuple[float, float]:
    """(e, de/dv) at ``v`` = k t."""
    return _efficiency(c.r2, c.successes, c.trials, v)


@kernel
def efficiency_ratio(c: Counting, v: float, e: float) -> float:
    """(e - 1) / v without cancellation, r^2 for a Gaussian efficiency."""
    return _ratio(c.r2, c.trials, v, e)


@kernel
def efficiency_penalty(c: Counting, v: float, e: float, away: float) -> float:
    """-2 ln of the efficiency's likelihood ratio; ``away`` is e - 1 without cancellation."""
    return _penalty(c.r2, c.successes, c.trials, v, e, away)
