"""The background profiled at a given number of signal counts T, in closed form for each constraint.

With s = T + b the total expectation and k = n/s - 1, the pull of the count, stationarity in b reads

    n / (1 + k) = s = T + B(k),    B = b + variance k (Gaussian),  max(0, .) if physical,
                                   B = y / (tau - k)  (y ~ Poisson(tau b))

and -2 ln of the likelihood ratio is 2 n h(s/n) + penalty, h(x) = x - 1 - ln x. A Poisson constraint has the
penalty 2 y h(tau b / y). Derivatives with T: dq/dT = -2 k and dk/dT = -1/spread, spread = n/(1+k)^2 + B'(k).
"""

from __future__ import annotations

import math

from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.counting import Counting
from hnlpeak.statistics.profile import count_q, poisson_term, pull

__all__ = ["background_pull", "background_q"]


@kernel
def _gaussian(
    n: float, b: float, variance: float, physical: bool, t: float
) -> tuple[float, float, float, float]:
    if variance == 0.0:
        # known: the same without the quadratic equation
        s = b + t
        k = (n - b - t) / s if n > 0.0 else -1.0
        return s, k, s * s / n, b
    s, k = pull(n, n - b - t, b + t, variance)
    spread = variance
    # without a signal all that is expected is background, however little
    best = b + variance * k if t > 0.0 else s
    if physical and best < 0.0:
        best = 0.0
        spread = 0.0
        s, k = pull(n, n - t, t, 0.0)
    if n > 0.0:
        spread += s * s / n
    elif k == -1.0:
        spread = math.inf
    return s, k, spread, best


@kernel
def _poisson(n: float, b: float, y: float, tau: float, t: float) -> tuple[float, float, float, float]:
    a = n + y - (1.0 + tau) * t
    root = math.sqrt(a * a + 4.0 * (1.0 + tau) * y * t)
    twice = a + root
    if a < 0.0:
        twice = 4.0 * (1.0 + tau) * y * t / (root - a)
    best = twice / (2.0 * (1.0 + tau))
    s = t + best
    if n == 0.0 or s == 0.0:
        return s, -1.0 if n == 0.0 else math.inf, math.inf, best
    # the pull from the excess n - b - t, over a sum of positive terms
    k = tau * (n - b - t) / ((1.0 + tau) * best + tau * t)
    spread = s * s / n
    if y > 0.0:
        spread += best * best / y
    elif best > 0.0:
        spread = math.inf
    return s, k, spread, best


@kernel
def _pull(
    n: float, b: float, variance: float, y: float, tau: float | None, physical: bool, t: float
) -> tuple[float, float, float, float]:
    if tau is None:
        return _gaussian(n, b, variance, physical, t)
    return _poisson(n, b, y, tau, t)


@kernel
def _q(
    n: float,
    b: float,
    variance: float,
    y: float,
    tau: float | None,
    t: float,
    found: tuple[float, float, float, float],
) -> float:
    s, k, _, best = found
    if tau is None:
        q = count_q(n, s, k)
        if q == math.inf:
            return q
        if best == 0.0:
            # at the edge of the physical values, unless the background is known to be 0
            return q + b * b / variance if variance > 0.0 else q
        return q + variance * k * k
    q = count_q(n, t + best, k)
    if y == 0.0:
        return q + 2.0 * tau * best
    return q + 2.0 * y * poisson_term(k * best / y, tau * best / y)


@kernel
def background_pull(c: Counting, t: float) -> tuple[float, float, float, float]:
    """Profile of the background at ``t`` signal counts: (s, k, spread, b)."""
    return _pull(c.n, c.b, c.variance, c.y, c.tau, c.physical, t)


@kernel
def background_q(c: Counting, t: float, found: tuple[float, float, float, float]) -> float:
    """-2 ln of the likelihood ratio at ``t`` signal counts, from what :func:`background_pull` found there."""
    return _q(c.n, c.b, c.variance, c.y, c.tau, t, found)
