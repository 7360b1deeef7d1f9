"""Ends of the interval for an uncertain efficiency: Newton with the exact shape of the Gaussian limit.

At any t the profile fixes a local model q = (t - c)^2 / (V + rho t^2), with rho = (e - 1) / (k t) from the
profiled relative efficiency e, c = t + q/k and V = q/k^2 - rho t^2. It shares value and slope with the
profile; for rho = 0 its root is Newton's rule on sqrt(q). The model saturates as the profile of a Gaussian
efficiency does, so no step leaves for infinity.
"""

from __future__ import annotations

import math

from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.conditional import conditional
from hnlpeak.statistics.counting import Counting

__all__ = ["rational_end"]


@kernel
def _model_root(c: float, v: float, rho: float, target: float, side: float) -> float:
    """Where the local model reaches ``target``; not a number where it does not."""
    fall = 1.0 - target * rho
    inside = target * (v * fall + rho * c * c)
    if inside < 0.0:
        return math.nan
    root = math.sqrt(inside)
    if side * c > 0.0:
        return (c + side * root) / fall
    return (c * c - target * v) / (c - side * root)


@kernel
def rational_end(
    c: Counting, target: float, side: float, low: float, high: float, certain: tuple[float, float]
) -> float:
    """Signal counts in (``low``, ``high``) where q crosses ``target``, up (``side`` = +1) or down (-1).

    ``high`` may be infinite; q must be monotone in between. ``certain`` is (t, k) of the crossing for a known
    efficiency: its local model with the true error gives the first guess.
    """
    scale = math.sqrt(c.variance + c.n + target)
    floor = 4e-16 * scale
    t, k = certain
    t = _model_root(t + target / k, target / (k * k), c.r2, target, side)
    if not low < t < high:
        t = 0.5 * (low + high) if high < math.inf else 2.0 * low + scale
    e = 1.0
    for _ in range(300):
        q, k, rho, e = conditional(c, t, e)
        if (q - target) * side > 0.0:
            high = t
        else:
            low = t
        new = _model_root(t + q / k, q / (k * k) - rho * t * t, rho, target, side)
        if abs(new - t) <= 1e-9 * abs(t) + floor:
            return min(max(new, low), high)
        if not low < new < high:
            new = 0.5 * (low + high) if high < math.inf else 4.0 * t
            if new in (low, high):
                return new
        t = new
    return t
