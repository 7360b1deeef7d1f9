"""Ends of the interval for a known efficiency: one root of a monotone function, shifted by b.

With x = s/n and k = 1/x - 1, the stationarity condition gives the signal explicitly, t = s - b - sigma^2 k,
and q = 2 n (x - 1 - ln x) + sigma^2 k^2 does not contain b at all. In ln x both branches of sqrt(q) are
monotone and close to straight lines, so Halley's rule needs two or three evaluations.
"""

from __future__ import annotations

import math

from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.profile import poisson_term

__all__ = ["curve_end"]


@kernel
def _start(n: float, variance: float, target: float, side: float) -> float:
    """First guess of ln x: the power of x that has no cubic term in q, known in closed form."""
    total = n + variance
    c = (variance - n / 3.0) / total
    z = math.sqrt(target / total)
    w = -side * c * z
    if w > 1.0:
        return side * z * math.log(1.0 + w) / w
    if w > -0.8:
        # Pade form of ln(1 + w) / w, finite at c = 0
        return side * z * (6.0 + w) / (6.0 + 4.0 * w)
    half = 0.5 * target / n
    if side > 0.0:
        return math.log(1.0 + half + math.sqrt(half))
    return max(-1.0 - half, math.log(math.sqrt(variance / target) + 1e-300))


@kernel
def curve_end(n: float, variance: float, shift: float, target: float, side: float) -> tuple[float, float]:
    """(t, k) at which q = ``target`` > 0, above (``side`` = +1) or below (-1) the best value.

    ``shift`` is n - b; t, in signal counts, is negative where the end lies below zero signal.
    """
    if n == 0.0:
        # k = -1 (nothing expected beyond the shifted background) or s = 0, whichever is allowed
        if side > 0.0 and target >= variance:
            return shift + 0.5 * (target + variance), -1.0
        return shift + side * math.sqrt(target * variance), -side * math.sqrt(target / variance)
    goal = math.sqrt(target)
    x = math.exp(min(_start(n, variance, target, side), 700.0))
    if x < 1e-150:
        # the total expectation is below what a float holds beside n: all of n is left over
        return shift - n, math.inf
    delta = x - 1.0
    inner, outer = 1.0, math.inf
    if side < 0.0:
        outer = 0.0
    for _ in range(200):
        p = 1.0 / x
        k = -delta * p
        width = n + variance * p * p
        q = 2.0 * n * poisson_term(delta, x) + variance * k * k
        if q < target:
            inner = x
        else:
            outer = x
        # Newton's step of sqrt(q) in ln x, and its curvature over its slope
        slope = delta * width
        inverse = 1.0 / (slope * q)
        newton = (goal * math.sqrt(q) - q) * q * inverse
        bend = ((x * width - 2.0 * delta * variance * p * p) * q - slope * slope) * inverse
        halley = 1.0 + 0.5 * newton * bend
        # exp(step) - 1 as a ratio, for step = newton / halley: keeps the digits of delta
        growth = newton * halley / (halley * (halley - 0.5 * newton) + newton * newton / 12.0)
        new = x + x * growth
        if not (min(inner, outer) < new < max(inner, outer)) and abs(newton) > 1e-12:
            new = 4.0 * x if outer == math.inf else math.sqrt(inner * max(outer, 1e-12 * x))
            growth = new / x - 1.0
            newton = 1.0
        delta += x * growth
        x = new
        if abs(delta) < 0.5:
            x = 1.0 + delta
        else:
            delta = x - 1.0
        if abs(newton) <= 1e-5 * min(1.0, abs(delta)):
            break
    k = -delta / x
    # small differences from n, or from 0, keep their digits
    rest = shift + n * delta if abs(delta) < 0.5 else n * x - (n - shift)
    return rest - variance * k, k
