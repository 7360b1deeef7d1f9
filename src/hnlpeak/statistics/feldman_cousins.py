"""Feldman-Cousins intervals with profiled nuisance parameters.

G. Feldman, R. Cousins, PRD 57 (1998) 3873: outcomes enter the belt in the order of the likelihood ratio to the
best physical signal, here the bounded profile statistic. A signal belongs to the interval where outcomes at
least as unlikely as the data have a probability above 1 - cl. With an uncertain background or efficiency the
probability is taken at the values that fit the data best with that signal, measurements redrawn, and the
coverage is approximate; with both known it is at least cl.

Since counts are discrete, the ends of this bare belt rise here and there with the background. The published
intervals are lengthened until both ends only fall with it: a signal belongs to the interval as well where it does
for a larger measured background (upper end) or a smaller one (lower end), see :mod:`monotone_belt`.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.constraints import Background, Efficiency, Known
from hnlpeak.statistics.counting_table import CountingTable, counting, counting_table
from hnlpeak.statistics.duration import check_duration
from hnlpeak.statistics.falling_root import falling_root
from hnlpeak.statistics.hypothesis import bounded_statistic, no_signal_statistic
from hnlpeak.statistics.interval import Interval, Status
from hnlpeak.statistics.monotone_belt import at_other_backgrounds, lengthened
from hnlpeak.statistics.pseudo_experiments import (
    DEFICIT,
    EXCESS,
    check_summable,
    hermite_rule,
    log_tail,
    nearer,
)

__all__ = ["BELTS", "Belt", "feldman_cousins", "feldman_cousins_p"]

Belt = Literal["monotone", "bare"]
BELTS: tuple[Belt, ...] = get_args(Belt)
Floats = NDArray[np.float64]
_CERTAIN = Known(1.0)
_STEPS = 48
# just inside the segment that a change of order ends
_INSIDE = 1e-9


def feldman_cousins(
    n: ArrayLike,
    *,
    background: Background,
    efficiency: Efficiency = _CERTAIN,
    cl: ArrayLike = 0.90,
    belt: Belt = "monotone",
) -> Interval:
    """Two-sided unified interval for the signal rate; arguments as for ``rolke_lopez``.

    Background known, Gaussian with a known or Gaussian efficiency, or Poisson with a known efficiency. The
    interval runs from the smallest to the largest accepted signal, gaps included; its ends are searched on a
    grid that holds every signal at which the order of two counts changes. ``belt="monotone"`` is the published
    construction, ``"bare"`` leaves the ends as they fall. Slow: milliseconds each, growing with the count.

    Returns an :class:`Interval`; status ``UNBOUNDED`` where every large signal is accepted.
    Raises UsageError, naming the argument, as ``rolke_lopez`` does, and for what would take over five minutes.
    """
    if belt not in BELTS:
        raise UsageError(f"belt must be one of {', '.join(BELTS)}, got {belt!r}")
    table = counting_table(n, background, efficiency, cl)
    check_summable(table, "Feldman-Cousins")
    most = float(np.max(table.n + np.maximum(table.background, 0.0), initial=0.0))
    check_duration(table, 400.0 + 16.0 * most + (1000.0 if belt == "monotone" else 0.0), "Feldman-Cousins")
    ends = np.empty((2, table.size))
    for i in range(table.size):
        one = table[np.array([i])]
        ends[:, i] = _ends(one)
        if belt == "monotone":
            ends[:, i] = _lengthened(one, *ends[:, i])
    status = np.where(np.isinf(ends[1]), Status.UNBOUNDED, Status.OK).astype(np.int8)
    return table.interval(ends[0], ends[1], status)


def feldman_cousins_p(
    signal: ArrayLike, n: ArrayLike, *, background: Background, efficiency: Efficiency = _CERTAIN
) -> float | Floats:
    """Probability, if the signal rate is ``signal``, of outcomes at least as unlikely as ``n``, in [0, 1].

    The interval of the bare belt at ``cl`` holds the signals for which it exceeds 1 - cl. Arguments broadcast;
    UsageError as :func:`feldman_cousins`.
    """
    rates, n = np.broadcast_arrays(np.asarray(signal, dtype=np.float64), np.asarray(n, dtype=np.float64))
    table = counting_table(n, background, efficiency, 0.5)
    check_summable(table, "Feldman-Cousins")
    check_duration(table, 2.0, "Feldman-Cousins")
    t = np.broadcast_to(rates, table.shape).reshape(-1) * table.efficiency
    p = _p_values(table, t).reshape(table.shape)
    return float(p) if p.shape == () else p


def _p_values(table: CountingTable, t: Floats) -> Floats:
    p = np.empty(t.size)
    _fill(table.columns, table.tau, table.trials, np.ascontiguousarray(t), hermite_rule(), p)
    return p


@kernel
def _fill(
    columns: Floats, tau: Floats | None, trials: Floats | None, t: Floats, rule: Floats, p: Floats
) -> None:
    one = columns.shape[1] == 1
    for i in range(t.size):
        c = counting(columns, tau, trials, 0 if one else i)
        q, b, e = bounded_statistic(c, t[i], no_signal_statistic(c), True)
        close = nearer(c, t[i])
        own, _, _ = bounded_statistic(close, t[i], no_signal_statistic(close), True)
        p[i] = 1.0 if own <= 0.0 else 0.0
        if own > 0.0 and q < math.inf:
            # of the other tail belongs what is as unlikely as the data; of the data's own, what shares its count
            fewer, more = (own, q) if c.n < c.b + t[i] else (q, own)
            p[i] = math.exp(log_tail(c, t[i], fewer, (b, e), t[i], DEFICIT, rule))
            p[i] += math.exp(log_tail(c, t[i], more, (b, e), t[i], EXCESS, rule))
            p[i] = min(p[i], 1.0)


def _ends(one: CountingTable) -> tuple[float, float]:
    """Smallest and largest accepted signal counts of one element in the bare belt."""
    alpha = 1.0 - float(one.cl[0])

    def excess(_: NDArray[np.intp], t: Floats) -> Floats:
        return _p_values(one, t) - alpha

    best = max(float(one.n[0] - one.background[0]), 0.0)
    near = best + _spread(one, alpha)
    grid = _grid(one, near, _beyond(one, near, alpha))
    accepted = np.flatnonzero(excess(np.zeros(0, dtype=np.intp), grid) > 0.0)
    first, last = int(accepted[0]), int(accepted[-1])
    zero = np.zeros(1)
    lower = 0.0
    if first > 0:
        # mirrored, so that the function falls
        mirrored = falling_root(
            lambda which, x: excess(which, -x), zero - grid[first], zero - grid[first - 1], rtol=1e-10
        )
        lower = -float(mirrored[0])
    if last + 1 == grid.size:
        return lower, math.inf
    return lower, float(falling_root(excess, zero + grid[last], zero + grid[last + 1], rtol=1e-10)[0])


def _lengthened(one: CountingTable, lower: float, upper: float) -> tuple[float, float]:
    """Ends of the monotone belt from those of the bare one."""
    alpha = 1.0 - float(one.cl[0])

    def best(t: Floats, side: float) -> Floats:
        others, index = at_other_backgrounds(one, t, side)
        p = _p_values(others, t[index])
        most = np.zeros(t.size)
        np.maximum.at(most, index, p)
        return most - alpha

    if lower > 0.0:
        lower = -lengthened(lambda x: best(-x, -1.0), -lower, 0.0)
    if math.isfinite(upper):
        upper = lengthened(lambda x: best(x, 1.0), upper, math.inf)
    return lower, upper


def _spread(one: CountingTable, alpha: float) -> float:
    """Signal counts between the estimate and where a known efficiency allows no more of them."""
    sigma = math.sqrt(float(one.n[0] + one.columns[2, 0]) + 1.0)
    step = (3.0 + math.sqrt(-2.0 * math.log(alpha))) * sigma
    return step + 0.5 * step * step / (float(one.n[0]) + 1.0)


def _beyond(one: CountingTable, near: float, alpha: float) -> float:
    """Signal counts, ``near`` or more, from which on no signal is accepted; or 64 times as many."""
    high = near
    for _ in range(6):
        if float(_p_values(one, np.array([high, 2.0 * high])).max()) < alpha:
            break
        high *= 2.0
    return high


def _grid(one: CountingTable, near: float, high: float) -> Floats:
    """Signal counts from 0 to ``high``: even steps, the estimate, both sides of every change of order up to ``near``.

    With known background b the outcomes n and m have equal likelihood ratios at one total expectation,
    ln s = (m ln M - n ln N - M + N) / (m - n), where M = max(m, b) and N = max(n, b).
    """
    n, b = float(one.n[0]), max(float(one.background[0]), 0.0)
    best = max(n - b, 0.0)
    m = np.arange(0.0, math.ceil(2.0 * (near + b) + 20.0))
    m = m[m != n]
    top_m, top_n = np.maximum(m, b), max(n, b)
    with np.errstate(divide="ignore", invalid="ignore"):
        weighted = np.where(m > 0.0, m * np.log(np.maximum(top_m, 1e-300)), 0.0)
        own = n * math.log(top_n) if n > 0.0 else 0.0
        change = np.exp((weighted - own - top_m + top_n) / (m - n)) - b
    change = change[(change > 1e-9 * (1.0 + n + b)) & (change < near)]
    even = np.linspace(0.0, near, _STEPS + 1)
    even = np.concatenate([even, np.geomspace(near, high, _STEPS)]) if high > near else even
    return np.unique(np.concatenate([even, [best], change * (1.0 - _INSIDE), change * (1.0 + _INSIDE)]))
