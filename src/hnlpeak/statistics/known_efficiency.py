"""Ends of the interval for a known efficiency, whatever the background: also the start for an uncertain one.

Gaussian background: the explicit curve. Poisson background: Halley's rule on sqrt(q) in the signal counts,
with both derivatives from the profile: dq/dT = -2 k, d2q/dT2 = 2 / spread.
"""

from __future__ import annotations

import math

from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.background import background_pull, background_q
from hnlpeak.statistics.counting import Counting
from hnlpeak.statistics.explicit_curve import curve_end

__all__ = ["known_efficiency_end"]


@kernel
def _gaussian(
    n: float, b: float, variance: float, physical: bool, target: float, side: float
) -> tuple[float, float]:
    t, k = curve_end(n, variance, n - b, target, side)
    if physical and b + variance * k < 0.0:
        return curve_end(n, 0.0, n, target - b * b / variance, side)
    return t, k


@kernel
def _start(c: Counting, tau: float, target: float, side: float) -> float:
    """Signal counts by the third order of q around its minimum, or around no signal for a deficit."""
    excess = c.n - c.b
    if excess < 0.0:
        found = background_pull(c, 0.0)
        rest = target - background_q(c, 0.0, found)
        k, spread = found[1], found[2]
        return rest / (math.sqrt(k * k + rest / spread) - k)
    width = c.n + c.variance
    bend = (c.n - c.variance / tau) / width
    return excess + side * math.sqrt(target * width) + bend * target / 3.0


@kernel
def _poisson(c: Counting, tau: float, target: float, side: float) -> tuple[float, float]:
    if c.n == 0.0:
        return 0.5 * target - c.y * math.log1p(1.0 / tau), -1.0
    goal = math.sqrt(target)
    low, high = max(c.n - c.b, 0.0), math.inf
    if side < 0.0:
        low, high = 0.0, low
    t = _start(c, tau, target, side)
    if not low < t < high:
        t = low + goal * math.sqrt(c.n + c.variance) + target if side > 0.0 else 0.5 * high
    k = 0.0
    for _ in range(200):
        found = background_pull(c, t)
        k = found[1]
        q = background_q(c, t, found)
        if (q - target) * side > 0.0:
            high = t
        else:
            low = t
        newton = (q - goal * math.sqrt(q)) / k
        step = newton / (1.0 + 0.5 * newton * (k / q - 1.0 / (found[2] * k)))
        new = t + step
        if not low < new < high:
            new = 0.5 * (low + high) if high < math.inf else 4.0 * t
            if new in (low, high):
                break
        elif abs(step) <= 1e-5 * min(new, abs(new - c.n + c.b)):
            return new, k
        t = new
    return t, k


@kernel
def _by_kind(c: Counting, tau: float | None, target: float, side: float) -> tuple[float, float]:
    if tau is None:
        return _gaussian(c.n, c.b, c.variance, c.physical, target, side)
    return _poisson(c, tau, target, side)


@kernel
def known_efficiency_end(c: Counting, target: float, side: float) -> tuple[float, float]:
    """(t, k) at which q = ``target`` > 0 above (``side`` = +1) or below (-1) the best value, error of e left out.

    There must be such a t >= 0; rounding may give one slightly below.
    """
    return _by_kind(c, c.tau, target, side)
