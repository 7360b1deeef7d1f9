"""Tail probabilities of the profile statistic over pseudo-experiments, as sums instead of toys.

A pseudo-experiment has a count n' ~ Poisson(t e + b) and new measurements b' ~ N(b, sigma_b) and
e' ~ N(e, r) of background and relative efficiency; its statistic is that of the bounded profile likelihood,
q(t) with reference q(0) where the estimate is negative. For one n' the statistic falls and rises along either
measurement, so the outcomes below a value are an interval whose ends are known in closed form or by one root:
the wider of the two measurements is integrated exactly, the narrower one by Gauss-Hermite quadrature, and n'
is summed. Without any error the sum over n' is all there is. A Poisson control measurement of the background is
summed too, and the efficiency must be known then.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.background import background_pull, background_q
from hnlpeak.statistics.counting import Counting
from hnlpeak.statistics.counting_table import CountingTable
from hnlpeak.statistics.explicit_curve import curve_end
from hnlpeak.statistics.hypothesis import bounded_statistic, no_signal_statistic
from hnlpeak.statistics.profile import profile

__all__ = ["check_summable", "hermite_rule", "tail_probability"]

# outcomes further away than this many standard deviations are left out: below 1e-16
_REACH = 8.5
# the same for a sum within the sum, below 1e-9
_COUNT_REACH = 6.5
# outcomes as likely as the observed one count as such in spite of rounding
_TIE = 1.0 - 1e-9


@cache
def hermite_rule() -> NDArray[np.float64]:
    """Nodes and weights (sum 1) of the average over a standard normal variable, shape (2, 24)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    return np.array([nodes, weights / weights.sum()])


@kernel
def _upper_tail(z: float) -> float:
    return 0.5 * math.erfc(z * math.sqrt(0.5))


@kernel
def _background_edge(n: float, t: float, w: float, variance: float, target: float, high: float) -> float:
    """Measured background in (n, ``high``) at which the bounded statistic reaches ``target``, else infinity."""
    low = n
    q, _ = profile(n, n - high - t, high + t, w)
    q0, _ = profile(n, n - high, high, variance)
    if q - q0 < target:
        return math.inf
    b = 0.5 * (low + high)
    for _ in range(100):
        q, k = profile(n, n - b - t, b + t, w)
        q0, k0 = profile(n, n - b, b, variance)
        excess = q - q0 - target
        if excess > 0.0:
            high = b
        else:
            low = b
        new = b + 0.5 * excess / (k - k0) if k != k0 else low
        if not low < new < high:
            new = 0.5 * (low + high)
        if abs(new - b) <= 1e-12 * abs(new) or new in (low, high):
            return new
        b = new
    return b


@kernel
def _outcomes_above(
    n: float,
    t: float,
    target: float,
    truth: tuple[float, float],
    errors: tuple[float, float],
    two_sided: bool,
    rule: NDArray[np.float64],
) -> float:
    """Probability that the measurements beside a count ``n`` put the statistic at or above ``target``."""
    b, e = truth
    sigma_b, r = errors
    variance = sigma_b * sigma_b
    spread = r * t
    w = variance + spread * spread
    below, _ = curve_end(n, w, 0.0, target, -1.0)
    above, _ = curve_end(n, w, 0.0, target, 1.0)
    total, norm = 0.0, 0.0
    inner_b = sigma_b >= spread
    single = (spread if inner_b else sigma_b) == 0.0
    for i in range(1 if single else rule.shape[1]):
        x, weight = (0.0, 1.0) if single else (rule[0, i], rule[1, i])
        if inner_b:
            signal = t * (e + r * x)
            if signal < 0.0:
                continue
            edge = n + above - signal
            if above > signal:
                edge = _background_edge(n, signal, w, variance, target, max(b, n) + _REACH * sigma_b)
            inside = _upper_tail((edge - b) / sigma_b)
            if two_sided:
                inside += _upper_tail((b + signal - n - below) / sigma_b)
        else:
            measured = b + sigma_b * x
            edge = n + above
            if measured > n:
                q0, _ = profile(n, n - measured, measured, variance)
                higher, _ = curve_end(n, w, 0.0, target + q0, 1.0)
                edge = n + higher
            inside = _upper_tail((edge - measured - t * e) / spread)
            if two_sided and measured <= n:
                inside += _upper_tail((measured + t * e - n - below) / spread)
        total += weight * inside
        norm += weight
    return total / norm


@kernel
def _without_errors(c: Counting, t: float, target: float, two_sided: bool) -> float:
    q, _, _ = bounded_statistic(c, t, no_signal_statistic(c), two_sided)
    return 1.0 if q >= target else 0.0


@kernel
def _control_counts_above(n: float, t: float, target: float, b: float, tau: float, two_sided: bool) -> float:
    """As :func:`_outcomes_above` for a control measurement y' ~ Poisson(tau b) and a known efficiency."""
    rate = max(tau * b, 0.0)
    reach = _COUNT_REACH * math.sqrt(rate)
    y = max(math.floor(rate - reach - 5.0), 0.0)
    last = math.ceil(rate + reach + 20.0)
    weight = _poisson_probability(y, rate)
    total = 0.0
    while y <= last:
        if two_sided or y < tau * n or n < t + y / tau:
            c = Counting(n, y / tau, y / (tau * tau), y, tau, 0.0, 0.0, None, False)
            q = background_q(c, t, background_pull(c, t))
            if not two_sided and n >= c.b + t:
                q = 0.0
            elif n < c.b:
                q -= no_signal_statistic(c)
            if q >= target:
                total += weight
        y += 1.0
        weight *= rate / y
    return total


@kernel
def _poisson_probability(n: float, rate: float) -> float:
    return math.exp((n * math.log(rate) if n > 0.0 else 0.0) - rate - math.lgamma(n + 1.0))


@kernel
def _above(
    c: Counting,
    tau: float | None,
    t: float,
    target: float,
    truth: tuple[float, float],
    two_sided: bool,
    rule: NDArray[np.float64],
) -> float:
    """Probability, given a count c.n, that its measurements put the statistic at or above ``target``."""
    if tau is None:
        errors = (math.sqrt(c.variance), math.sqrt(c.r2))
        if errors[0] == 0.0 and errors[1] * t == 0.0:
            return _without_errors(c, t, target, two_sided)
        return _outcomes_above(c.n, t, target, truth, errors, two_sided, rule)
    return _control_counts_above(c.n, t, target, truth[0], tau, two_sided)


@kernel
def tail_probability(
    c: Counting,
    t: float,
    target: float,
    truth: tuple[float, float],
    signal: float,
    two_sided: bool,
    rule: NDArray[np.float64],
) -> float:
    """P(statistic of hypothesis ``t`` >= ``target``) if ``signal`` nominal counts are true.

    ``c`` says how background and efficiency are measured, ``truth`` what they are (efficiency relative).
    """
    if not target > 0.0:
        return 1.0
    target *= _TIE
    b, e = truth
    rate = max(b + signal * e, 0.0)
    reach = _REACH * math.sqrt(rate)
    n = max(math.floor(rate - reach - 10.0), 0.0)
    last = math.ceil(rate + reach + 30.0)
    weight = _poisson_probability(n, rate)
    total = 0.0
    while n <= last:
        if weight > 0.0:
            pseudo = Counting(n, c.b, c.variance, c.y, c.tau, c.r2, c.successes, c.trials, False)
            total += weight * _above(pseudo, c.tau, t, target, truth, two_sided, rule)
        n += 1.0
        weight *= rate / n
    return min(total, 1.0)


def check_summable(table: CountingTable, name: str) -> None:
    """Raise UsageError where method ``name`` has no sum over the pseudo-experiments of these inputs."""
    if table.trials is not None:
        raise UsageError(f"{name}: efficiency must be Known or Gaussian, got Binomial")
    if table.tau is not None and bool(np.any(table.columns[4] > 0.0)):
        raise UsageError(f"{name}: with a Poisson background the efficiency must be Known, got Gaussian")
