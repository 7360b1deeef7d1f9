"""Tail probabilities of the profile statistic over pseudo-experiments, as sums instead of toys.

A pseudo-experiment has a count n' ~ Poisson(t e + b) and new measurements b' ~ N(b, sigma_b) and
e' ~ N(e, r) of background and relative efficiency, or y' ~ Poisson(tau b) of a control region, beside which the
efficiency must be known. Its statistic is that of the bounded profile likelihood, q(t) with reference q(0) where
the estimate is negative. Outcomes at or above a value form two tails, those with fewer and those with more events
than the hypothesis expects. For one n' the statistic rises along either measurement within a tail, so that what
belongs to it begins at an edge, known in closed form or by one root: the wider of the two measurements is
integrated exactly, the narrower one by Gauss-Hermite quadrature, and n' is summed from the most probable count
of the tail outwards. Probabilities are logarithms, since CLs is a ratio of two that may both be tiny.

A known background counts all outcomes of the observed count together, an uncertain one separates them, however
small its error. So that sigma_b = 0 is the limit of small errors, the value is taken half a count nearer to the
hypothesis (:func:`nearer`): a known background does not see it, and a wide one hardly.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.counting import Counting
from hnlpeak.statistics.counting_table import CountingTable
from hnlpeak.statistics.explicit_curve import curve_end
from hnlpeak.statistics.hypothesis import bounded_statistic, no_signal_statistic
from hnlpeak.statistics.poisson_tails import log_at_least, log_at_most, log_normal_tail, log_poisson
from hnlpeak.statistics.profile import profile

__all__ = ["DEFICIT", "EXCESS", "check_summable", "hermite_rule", "log_tail", "nearer"]

DEFICIT, EXCESS = -1.0, 1.0
# terms of a sum below this share of the largest, in powers of e, are left out: 4e-18
_DEPTH = 40.0
# outcomes as likely as the observed one count as such in spite of rounding
_TIE = 1.0 - 1e-9


@cache
def hermite_rule() -> NDArray[np.float64]:
    """Nodes and weights (sum 1) of the average over a standard normal variable, shape (2, 24)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    return np.array([nodes, weights / weights.sum()])


@kernel
def nearer(c: Counting, t: float) -> Counting:
    """The data with a count between the observed one and the next towards the ``t`` + b that is expected."""
    expected = c.b + t
    if c.n < expected:
        n = min(math.floor(c.n) + 0.5, 0.5 * (c.n + expected))
    else:
        n = max(math.ceil(c.n) - 0.5, 0.5 * (c.n + expected))
    return Counting(n, c.b, c.variance, c.y, c.tau, c.r2, c.successes, c.trials, c.physical)


@kernel
def _background_edge(n: float, t: float, w: float, variance: float, target: float, high: float) -> float:
    """Measured background above ``n`` at which the bounded statistic reaches ``target``, infinity where it never does.

    ``high`` > n is a guess.
    """
    low = n
    for _ in range(60):
        q, _ = profile(n, n - high - t, high + t, w)
        q0, _ = profile(n, n - high, high, variance)
        if q - q0 >= target:
            break
        low = high
        high += 2.0 * (high - n)
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
def _pull_of_edge(
    n: float,
    t: float,
    target: float,
    truth: tuple[float, float],
    errors: tuple[float, float],
    tail: tuple[float, float],
    x: float,
) -> float:
    """Standard deviations from its mean to where the wider measurement enters the tail; ``x`` is the narrower one's.

    ``tail`` is its side and the excess n - (b + t) at its edge without a bound on the signal.
    """
    b, e = truth
    sigma_b, r = errors
    side, excess = tail
    spread = r * t
    w = sigma_b * sigma_b + spread * spread
    if sigma_b >= spread:
        signal = t * (e + r * x)
        if signal < 0.0:
            return math.nan
        edge = n + excess - signal
        if side == EXCESS:
            return (b - edge) / sigma_b
        if excess > signal:
            edge = _background_edge(n, signal, w, sigma_b * sigma_b, target, max(edge, n + sigma_b))
        return (edge - b) / sigma_b
    measured = b + sigma_b * x
    if side == EXCESS:
        return (measured + t * e - n - excess) / spread if measured <= n else math.inf
    edge = n + excess
    if measured > n:
        q0, _ = profile(n, n - measured, measured, sigma_b * sigma_b)
        higher, _ = curve_end(n, w, 0.0, target + q0, 1.0)
        edge = n + higher
    return (edge - measured - t * e) / spread


@kernel
def _log_measured(
    n: float,
    t: float,
    target: float,
    truth: tuple[float, float],
    errors: tuple[float, float],
    side: float,
    rule: NDArray[np.float64],
) -> float:
    """ln of the probability that the measurements beside a count ``n`` put the outcome into the tail."""
    sigma_b, r = errors
    spread = r * t
    excess, _ = curve_end(n, sigma_b * sigma_b + spread * spread, 0.0, target, -side)
    tail = (side, excess)
    if min(sigma_b, spread) == 0.0:
        return log_normal_tail(_pull_of_edge(n, t, target, truth, errors, tail, 0.0))
    largest = -math.inf
    for i in range(rule.shape[1]):
        z = _pull_of_edge(n, t, target, truth, errors, tail, rule[0, i])
        if not math.isnan(z):
            largest = max(largest, math.log(rule[1, i]) + log_normal_tail(z))
    if largest == -math.inf:
        return largest
    total, norm = 0.0, 0.0
    for i in range(rule.shape[1]):
        z = _pull_of_edge(n, t, target, truth, errors, tail, rule[0, i])
        if not math.isnan(z):
            total += rule[1, i] * math.exp(log_normal_tail(z) - largest)
            norm += rule[1, i]
    return largest + math.log(total / norm)


@kernel
def _in_tail(c: Counting, t: float, target: float, side: float) -> bool:
    q, _, _ = bounded_statistic(c, t, no_signal_statistic(c), True)
    return (c.n - c.b - t) * side > 0.0 and q >= target


@kernel
def _with_control(n: float, y: float, tau: float) -> Counting:
    return Counting(n, y / tau, y / (tau * tau), y, tau, 0.0, 0.0, None, False)


@kernel
def _log_control(n: float, t: float, target: float, b: float, tau: float, side: float) -> float:
    """As :func:`_log_measured` for a control measurement y' ~ Poisson(tau b) and a known efficiency."""
    rate = max(tau * b, 0.0)
    # many counts in the control region are a deficit; bisection for the first that is in the tail, or out of it
    low, high = -1.0, max(2.0 * tau * n, rate) + 1.0
    for _ in range(12):
        if _in_tail(_with_control(n, high, tau), t, target, DEFICIT):
            break
        if side == EXCESS and not _in_tail(_with_control(n, high, tau), t, target, EXCESS):
            break
        high *= 2.0
    for _ in range(100):
        if high - low <= 1.0:
            break
        middle = math.floor(0.5 * (low + high))
        inside = _in_tail(_with_control(n, middle, tau), t, target, side)
        if inside == (side == DEFICIT):
            high = middle
        else:
            low = middle
    if side == EXCESS:
        return log_at_most(low, rate)
    if not _in_tail(_with_control(n, high, tau), t, target, DEFICIT):
        return -math.inf
    return log_at_least(high, rate)


@kernel
def _log_beside(
    c: Counting,
    tau: float | None,
    t: float,
    target: float,
    truth: tuple[float, float],
    side: float,
    rule: NDArray[np.float64],
) -> float:
    """ln of the probability, given a count c.n, that its measurements put the outcome into the tail."""
    if tau is None:
        errors = (math.sqrt(c.variance), math.sqrt(c.r2))
        if errors[0] == 0.0 and errors[1] * t == 0.0:
            return 0.0 if _in_tail(c, t, target, side) else -math.inf
        return _log_measured(c.n, t, target, truth, errors, side, rule)
    return _log_control(c.n, t, target, truth[0], tau, side)


@kernel
def _log_term(
    c: Counting,
    n: float,
    t: float,
    target: float,
    truth: tuple[float, float],
    rate: float,
    side: float,
    rule: NDArray[np.float64],
) -> float:
    """ln P(count ``n``, and measurements that put it into the tail)."""
    weight = log_poisson(n, rate)
    if weight == -math.inf:
        return weight
    pseudo = Counting(n, c.b, c.variance, c.y, c.tau, c.r2, c.successes, c.trials, False)
    return weight + _log_beside(pseudo, c.tau, t, target, truth, side, rule)


@kernel
def log_tail(
    c: Counting,
    t: float,
    target: float,
    truth: tuple[float, float],
    signal: float,
    side: float,
    rule: NDArray[np.float64],
) -> float:
    """ln P(statistic of hypothesis ``t`` >= ``target``) over one tail if ``signal`` nominal counts are true.

    ``c`` says how background and efficiency are measured, ``truth`` what they are (efficiency relative).
    """
    if not target > 0.0:
        return 0.0
    target *= _TIE
    rate = max(truth[0] + signal * truth[1], 0.0)
    low, high = 0.0, float(math.ceil(rate))
    if side == EXCESS:
        low, high = float(math.floor(rate)), 2.0 * math.ceil(max(rate, c.n)) + 20.0
        for _ in range(30):
            # beyond the most probable count of the tail the terms fall
            one = _log_term(c, high, t, target, truth, rate, side, rule)
            two = _log_term(c, 2.0 * high, t, target, truth, rate, side, rule)
            if one > two:
                break
            high *= 2.0
    for _ in range(200):
        if high - low <= 3.0:
            break
        third = math.floor((high - low) / 3.0)
        one = _log_term(c, low + third, t, target, truth, rate, side, rule)
        two = _log_term(c, high - third, t, target, truth, rate, side, rule)
        if one < two or (one == two and side == EXCESS):
            low += third
        else:
            high -= third
    middle = math.floor(0.5 * (low + high))
    largest = -math.inf
    total = 0.0
    for step in (-1.0, 1.0):
        n = middle if step < 0.0 else middle + 1.0
        while n >= 0.0:
            term = _log_term(c, n, t, target, truth, rate, side, rule)
            if term > largest:
                total = total * math.exp(largest - term) + 1.0
                largest = term
            elif term > largest - _DEPTH:
                total += math.exp(term - largest)
            elif abs(n - middle) > 3.0:
                break
            n += step
    return largest + math.log(total) if total > 0.0 else -math.inf


def check_summable(table: CountingTable, name: str) -> None:
    """Raise UsageError where method ``name`` has no sum over the pseudo-experiments of these inputs."""
    if table.trials is not None:
        raise UsageError(f"{name}: efficiency must be Known or Gaussian, got Binomial")
    if table.tau is not None and bool(np.any(table.columns[4] > 0.0)):
        raise UsageError(f"{name}: with a Poisson background the efficiency must be Known, got Gaussian")
