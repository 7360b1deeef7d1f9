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
from hnlpeak.statistics.profile import poisson_term, profile

__all__ = ["background_pull", "background_q"]


@kernel
def _gaussian(
    n: float, b: float, variance: float, physical: bool, t: float
) -> tuple[float, float, float, float]:
    q, k = profile(n, n - b - t, b + t, variance)
    spread = variance
    if physical and b + variance * k < 0.0:
        q, k = profile(n, n - t, t, 0.0)
        q += b * b / variance
        spread = 0.0
    if n > 0.0:
        spread += n / ((1.0 + k) * (1.0 + k))
    elif k == -1.0:
        spread = math.inf
    return q, k, spread, 0.0


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
        return 0.0, -1.0 if n == 0.0 else math.inf, math.inf, best
    # the pull from the excess n - b - t, over a sum of positive terms
    k = tau * (n - b - t) / ((1.0 + tau) * best + tau * t)
    spread = s * s / n
    if y > 0.0:
        spread += best * best / y
    elif best > 0.0:
        spread = math.inf
    return 0.0, k, spread, best


@kernel
def _pull(
    n: float, b: float, variance: float, y: float, tau: float | None, physical: bool, t: float
) -> tuple[float, float, float, float]:
    if tau is None:
        return _gaussian(n, b, variance, physical, t)
    return _poisson(n, b, y, tau, t)


@kernel
def _q(n: float, y: float, tau: float | None, t: float, found: tuple[float, float, float, float]) -> float:
    if tau is None:
        return found[0]
    _, k, _, best = found
    s = t + best
    if n == 0.0:
        return 2.0 * (t + y * math.log1p(1.0 / tau))
    if s == 0.0:
        return math.inf
    q = 2.0 * n * poisson_term(-k * s / n, s / n)
    if y > 0.0:
        return q + 2.0 * y * poisson_term(k * best / y, tau * best / y)
    return q + 2.0 * tau * best


@kernel
def background_pull(c: Counting, t: float) -> tuple[float, float, float, float]:
    """Profile of the background at ``t`` signal counts: (to be passed on, k, spread, to be passed on)."""
    return _pull(c.n, c.b, c.variance, c.y, c.tau, c.physical, t)


@kernel
def background_q(c: Counting, t: float, found: tuple[float, float, float, float]) -> float:
    """-2 ln of the likelihood ratio at ``t``, from what :func:`background_pull` found there."""
    return _q(c.n, c.y, c.tau, t, found)
