"""Ends of the interval for an uncertain efficiency: Newton with the exact shape of the Gaussian limit.

At any t the pull k of the profile fixes a local model q = (t - c)^2 / (V + r^2 t^2), with c = t + q/k and
V = q/k^2 - r^2 t^2, that shares value and slope with the profile. Its root is the next t; for r = 0 this is
Newton's rule on sqrt(q). The model saturates as the profile does, so no step leaves for infinity.
"""

from __future__ import annotations

import math

from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.profile import profile

__all__ = ["rational_end"]


@kernel
def _model_root(c: float, v: float, r2: float, target: float, side: float) -> float:
    """Where the local model reaches ``target``; not a number where it does not."""
    fall = 1.0 - target * r2
    inside = target * (v * fall + r2 * c * c)
    if inside < 0.0:
        return math.nan
    root = math.sqrt(inside)
    if side * c > 0.0:
        return (c + side * root) / fall
    return (c * c - target * v) / (c - side * root)


@kernel
def rational_end(
    n: float,
    b: float,
    variance: float,
    r2: float,
    target: float,
    side: float,
    low: float,
    high: float,
    certain: tuple[float, float],
) -> float:
    """Signal counts in (``low``, ``high``) where q crosses ``target``, up (``side`` = +1) or down (-1).

    ``high`` may be infinite; q must be monotone in between. ``certain`` is (t, k) of the crossing for r = 0:
    its local model with the true r gives the first guess.
    """
    shift = n - b
    floor = 4e-16 * math.sqrt(variance + n + target)
    t, k = certain
    t = _model_root(t + target / k, target / (k * k), r2, target, side)
    if not low < t < high:
        t = 0.5 * (low + high) if high < math.inf else 2.0 * low + math.sqrt(variance + n + target)
    for _ in range(300):
        q, k = profile(n, shift - t, b + t, variance + r2 * t * t)
        if (q - target) * side > 0.0:
            high = t
        else:
            low = t
        new = _model_root(t + q / k, q / (k * k) - r2 * t * t, r2, target, side)
        if abs(new - t) <= 1e-9 * abs(t) + floor:
            return min(max(new, low), high)
        if not low < new < high:
            new = 0.5 * (low + high) if high < math.inf else 4.0 * t
            if new in (low, high):
                return new
        t = new
    return t
