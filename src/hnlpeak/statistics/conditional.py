"""The profile likelihood of any of the nine models at a given signal: both nuisance parameters eliminated.

Where both are Gaussian (or known) the two conditions are one quadratic equation, see :mod:`profile`.
Elsewhere the signal counts T = t e(k t) after the efficiency has adapted are the one unknown: the background
in closed form gives k(T), which falls with T, and e rises with k, so that T - t e(k(T) t) has one root.
"""

from __future__ import annotations

import math

from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.background import background_pull, background_q
from hnlpeak.statistics.counting import Counting
from hnlpeak.statistics.efficiency import efficiency_penalty, efficiency_ratio, relative_efficiency
from hnlpeak.statistics.profile import profile

__all__ = ["conditional", "conditional_beside"]


@kernel
def _gaussian(
    n: float, b: float, variance: float, r2: float, physical: bool, t: float
) -> tuple[float, float, float, float, float]:
    w = r2 * t * t
    q, k = profile(n, n - b - t, b + t, variance + w)
    if physical and b + variance * k < 0.0:
        q, k = profile(n, n - t, t, w)
        q += b * b / variance
    return q, k, r2, 1.0 + r2 * k * t, 0.0


@kernel
def _iterated(c: Counting, t: float, side: float, guess: float) -> tuple[float, float, float, float, float]:
    low, high = 0.0, t
    if side < 0.0:
        low, high = t, max(c.n - c.b, t)
    signal = t * guess
    if not low <= signal <= high:
        signal = t
    before = math.inf
    for _ in range(200):
        found = background_pull(c, signal)
        e, slope = relative_efficiency(c, found[1] * t)
        miss = signal - t * e
        if miss > 0.0:
            high = signal
        else:
            low = signal
        new = signal - miss / (1.0 + t * t * slope / found[2])
        step = abs(new - signal)
        if step <= 2e-7 * min(signal, math.sqrt(found[2])) and abs(miss) <= 1e-3 * signal:
            # what is left is the square of the step, small even where the background is stiff; where e rises
            # steeply a short step alone says nothing
            signal = min(max(new, low), high)
            break
        # an efficiency measured as m of m has a kink, around which Newton's rule may circle
        if not low <= new <= high or step > 0.5 * before:
            new = 0.5 * (low + high)
        before = step
        signal = new
    found = background_pull(c, signal)
    k = found[1]
    e, slope = relative_efficiency(c, k * t)
    ratio = efficiency_ratio(c, k * t, e)
    e = signal / t
    # the pull has the rounding of n - b - T, e - 1 that of T: take the better one
    away = e - 1.0 if abs(e - 1.0) > abs(k) else ratio * k * t
    q = background_q(c, signal, found) + efficiency_penalty(c, k * t, e, away)
    turn = slope * (k - t * (e + k * t * slope) / (found[2] + t * t * slope))
    return q, k, ratio, e, turn


@kernel
def _by_kind(
    c: Counting, tau: float | None, trials: float | None, t: float, side: float, guess: float
) -> tuple[float, float, float, float, float]:
    if tau is None:
        if trials is None:
            return _gaussian(c.n, c.b, c.variance, c.r2, c.physical, t)
        return _iterated(c, t, side, guess)
    return _iterated(c, t, side, guess)


@kernel
def conditional_beside(
    c: Counting, t: float, side: float, guess: float
) -> tuple[float, float, float, float, float]:
    """Profile at ``t`` > 0 nominal signal counts, above (``side`` = +1) or below (-1) the best value.

    ``guess`` is about the profiled relative efficiency e. Returns (q, k, ratio, e, de/dt): -2 ln of the
    likelihood ratio to the unrestricted maximum, the pull k, and e = 1 + ratio k t. The slope is
    dq/dt = -2 k e. In closed form, which needs no guess of e, de/dt is not worked out but 0.
    """
    return _by_kind(c, c.tau, c.trials, t, side, guess)


@kernel
def conditional(c: Counting, t: float, guess: float) -> tuple[float, float, float, float]:
    """As :func:`conditional_beside`, without de/dt, on whichever side of the best value ``t`` may lie."""
    side = -1.0 if t < c.n - c.b else 1.0
    q, k, ratio, e, _ = conditional_beside(c, t, side, guess)
    return q, k, ratio, e
