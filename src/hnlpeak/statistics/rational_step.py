"""Ends of the interval for an uncertain efficiency: Newton with the exact shape of the Gaussian limit.

At any t the profile fixes a local model q = (t - c)^2 / (V + rho t^2), with rho = (e - 1) / (k t) from the
profiled relative efficiency e, c = t + q/k and V = q/k^2 - rho t^2. It shares value and slope with the
profile; for rho = 0 its root is Newton's rule on sqrt(q). The model saturates as the profile of a Gaussian
efficiency does, so no step leaves for infinity. That of a binomial efficiency grows as 2 z ln t in the end:
where the step would be long, it is Newton's rule in ln t.
"""

from __future__ import annotations

import math

from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.conditional import conditional_beside
from hnlpeak.statistics.counting import Counting
from hnlpeak.statistics.efficiency import relative_efficiency

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
def _long_step(trials: float | None, t: float, new: float, gain: float) -> float:
    """``new``, or for a binomial efficiency where that is far up, or hardly moves far from the end, t exp(``gain``)."""
    if trials is None:
        return new
    if new < 1.25 * t and abs(new - t) > 0.1 * abs(gain) * t:
        return new
    return t * math.exp(min(max(gain, -10.0), 10.0))


@kernel
def rational_end(
    c: Counting, target: float, side: float, low: float, high: float, certain: tuple[float, float]
) -> float:
    """Signal counts in (``low``, ``high``) where q crosses ``target``, up (``side`` = +1) or down (-1).

    ``high`` may be infinite; q must be monotone in between. ``certain`` is (t, k) of the crossing for a known
    efficiency: its local model with the true error gives the first guess.
    """
    scale = math.sqrt(c.variance + c.n + target)
    floor = 4e-16 * abs(c.b)  # the rounding of n - b
    t, k = certain
    centre = t + target / k
    t = _model_root(centre, target / (k * k), c.r2, target, side)
    if not low < t < high:
        t = 0.5 * (low + high) if high < math.inf else 2.0 * low + scale
    e, _ = relative_efficiency(c, target * t / (centre - t))
    for _ in range(300):
        q, k, rho, e, turn = conditional_beside(c, t, side, e)
        if (q - target) * side > 0.0:
            high = t
        else:
            low = t
        new = _model_root(t + q / k, q / (k * k) - rho * t * t, rho, target, side)
        if side > 0.0:
            new = _long_step(c.trials, t, new, 0.5 * (q - target) / (k * e * t))
        if abs(new - t) <= 1e-9 * abs(t) + floor:
            return min(max(new, low), high)
        if not low < new < high:
            new = 0.5 * (low + high) if high < math.inf else 4.0 * t
            if new in (low, high):
                return new
        e += turn * (new - t)
        t = new
    return t
