"""Poisson count with Gaussian background and efficiency: the profile likelihood in closed form.

All in units of expected signal counts t = mu * efficiency, so that only r = sigma_e / e of the efficiency
matters. With s the profiled total expectation and k = n/s - 1, stationarity in both nuisance parameters reads

    n / (1 + k) = s = s0 + W k,    s0 = t + b,    W = sigma_b^2 + r^2 t^2

and -2 ln of the likelihood ratio is 2 (s - n + n ln(n/s)) + W k^2, valid for real n >= 0.
"""

from __future__ import annotations

import math

from hnlpeak.core.kernel import kernel

__all__ = ["poisson_term", "profile"]


@kernel
def poisson_term(delta: float, x: float) -> float:
    """Return delta - ln(x) for x = 1 + delta > 0, to rounding where delta is tiny and where x is."""
    if abs(delta) >= 0.1:
        return delta - math.log(x)
    # ln(1+delta) = 2 artanh(y): the leading powers are cancelled by hand
    y = delta / (2.0 + delta)
    v = y * y
    tail = 1.0 / 13.0 + v * (1.0 / 15.0 + v * (1.0 / 17.0))
    tail = 1.0 / 3.0 + v * (1.0 / 5.0 + v * (1.0 / 7.0 + v * (1.0 / 9.0 + v * (1.0 / 11.0 + v * tail))))
    return 2.0 * v * (1.0 + 0.5 * delta - y * tail)


@kernel
def pull(n: float, excess: float, s0: float, w: float) -> tuple[float, float]:
    """(s, k) at nominal expectation ``s0``, variance ``w`` >= 0; ``excess`` is n - s0 without cancellation.

    s = 0 and k infinite where no allowed total expectation gives ``n``.
    """
    if n == 0.0:
        if s0 >= w:
            return s0 - w, -1.0
        return 0.0, -s0 / w
    a = s0 - w
    root = math.sqrt(a * a + 4.0 * w * n)
    if a > 0.0:
        s = 0.5 * (a + root)
        shift = 4.0 * w * n / (root + a)
    elif root > a:
        s = 2.0 * w * n / (root - a)
        shift = root - a
    else:
        s = 0.0
        shift = 0.0
    if s <= 0.0:
        return 0.0, math.inf
    # n/s - 1 from the difference n - s0, with a sum of positive terms below it
    return s, 2.0 * excess * n / ((2.0 * n + shift) * s)


@kernel
def count_q(n: float, s: float, k: float) -> float:
    """-2 ln of the Poisson likelihood ratio of ``n`` with expectation ``s``, where k = n/s - 1."""
    if n == 0.0:
        return 2.0 * s
    if s <= 0.0:
        return math.inf
    x = s / n
    return 2.0 * n * poisson_term(-k * x, x)


@kernel
def profile(n: float, excess: float, s0: float, w: float) -> tuple[float, float]:
    """Profile at nominal expectation ``s0``, variance ``w`` >= 0; ``excess`` is n - s0 without cancellation.

    Returns (q, k): -2 ln of the likelihood ratio to the unrestricted maximum, infinite where no allowed total
    expectation gives ``n``, and the pull k = n/s - 1; the slope in t is dq/dt = -2 k (1 + r^2 t k).
    """
    s, k = pull(n, excess, s0, w)
    q = count_q(n, s, k)
    return (q + w * k * k, k) if q < math.inf else (q, k)
