"""Logarithms of Poisson probabilities and of their tails, to full relative precision however small they are."""

from __future__ import annotations

import math

from hnlpeak.core.kernel import kernel

__all__ = ["log_at_least", "log_at_most", "log_normal_tail", "log_poisson"]


@kernel
def log_poisson(n: float, rate: float) -> float:
    """ln P(n) for mean ``rate`` >= 0."""
    if rate == 0.0:
        return 0.0 if n == 0.0 else -math.inf
    return n * math.log(rate) - rate - math.lgamma(n + 1.0)


@kernel
def _log_lower(n: float, rate: float) -> float:
    """ln P(N <= n), summed downwards from ``n``: for n below the mean."""
    total, term, i = 1.0, 1.0, n
    while i > 0.0 and term > 1e-17 * total:
        term *= i / rate
        total += term
        i -= 1.0
    return log_poisson(n, rate) + math.log(total)


@kernel
def _log_upper(n: float, rate: float) -> float:
    """ln P(N >= n), summed upwards from ``n``: for n above the mean."""
    total, term, i = 1.0, 1.0, n
    while term > 1e-17 * total:
        i += 1.0
        term *= rate / i
        total += term
    return log_poisson(n, rate) + math.log(total)


@kernel
def log_at_most(n: float, rate: float) -> float:
    """ln P(N <= n) for N ~ Poisson(``rate``) and whole ``n``."""
    if n < 0.0:
        return -math.inf
    if n < rate:
        return _log_lower(n, rate)
    return math.log1p(-math.exp(_log_upper(n + 1.0, rate))) if rate > 0.0 else 0.0


@kernel
def log_at_least(n: float, rate: float) -> float:
    """ln P(N >= n) for N ~ Poisson(``rate``) and whole ``n``."""
    if n <= 0.0:
        return 0.0
    if n > rate:
        return _log_upper(n, rate) if rate > 0.0 else -math.inf
    return math.log1p(-math.exp(_log_lower(n - 1.0, rate)))


@kernel
def log_normal_tail(z: float) -> float:
    """ln P(x >= z) for a standard normal x."""
    if z < 25.0:
        return math.log(0.5 * math.erfc(z * math.sqrt(0.5)))
    v = 1.0 / (z * z)
    series = 1.0 - v * (1.0 - 3.0 * v * (1.0 - 5.0 * v * (1.0 - 7.0 * v)))
    return -0.5 * z * z - math.log(z * math.sqrt(2.0 * math.pi)) + math.log(series)
