"""The same data with other measured backgrounds, for a Feldman-Cousins belt whose ends fall with the background.

At a given signal the acceptance jumps where the order of two counts changes, at backgrounds that are found here; in
between it is smooth. The steps repeat once an event, so that a few events around the measured background
tell where an end of the bare belt is highest (or, for the lower one, lowest).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import scipy
from numpy.typing import NDArray

from hnlpeak.statistics.counting_table import CountingTable
from hnlpeak.statistics.falling_root import falling_root

__all__ = ["at_other_backgrounds", "lengthened"]

Floats = NDArray[np.float64]
# events of background that are looked at, and the step in them while a change of order is sharp, and else
_REACH, _SHARP_STEP, _STEP = 3.0, 0.1, 0.5
# standard deviation of the background, in events, from which on no change of order is sharp
_SMOOTH = 0.3
# a single step of the bare belt is below one event
_LENGTHS = 0.03 * 2.0 ** np.arange(6)
_BEYOND = 1e-7


def lengthened(excess: Callable[[Floats], Floats], end: float, last: float) -> float:
    """The largest x from ``end`` on at which ``excess`` is above 0, up to ``last``; ``end`` where none is."""
    just_beyond = end + _BEYOND * abs(end)
    steps = just_beyond + _LENGTHS
    x = np.concatenate([[just_beyond], steps[steps < last], [last] if last < steps[-1] else []])
    accepted = np.flatnonzero(excess(x) > 0.0)
    if accepted.size == 0:
        return end
    i = int(accepted[-1])
    if i + 1 == x.size:
        return float(x[i])
    root = falling_root(lambda _, t: excess(t), x[i : i + 1], x[i + 1 : i + 2], rtol=1e-9)
    return float(root[0])


def at_other_backgrounds(
    one: CountingTable, t: Floats, side: float
) -> tuple[CountingTable, NDArray[np.intp]]:
    """One row for each signal of ``t`` and background above (``side`` = 1) or below, and the row's index into ``t``."""
    n, b = float(one.n[0]), float(one.background[0])
    sigma = math.sqrt(float(one.columns[2, 0]))
    step = _SHARP_STEP if sigma < _SMOOTH else _STEP
    even = b + side * np.arange(0.0, _REACH + 0.5 * step, step)
    even = even[(even >= 0.0) | (even == b)]
    values = [np.tile(even, (t.size, 1)).ravel()]
    index = [np.repeat(np.arange(t.size), even.size)]
    if sigma < _SMOOTH and even.size > 1:
        where, change = _changes(n, np.sort(even), t)
        for away in (1e-9, sigma, 3.0 * sigma, 6.0 * sigma):
            for sign in (-1.0, 1.0):
                values.append(change + sign * away)
                index.append(where)
    background, index_of = np.concatenate(values), np.concatenate(index)
    inside = ((background - b) * side >= 0.0) & ((background >= 0.0) | (background == b))
    return _with_background(one, background[inside]), index_of[inside]


def _with_background(one: CountingTable, b: Floats) -> CountingTable:
    columns = np.repeat(one.columns, b.size, axis=1)
    columns[1] = b
    if one.tau is None:
        return CountingTable(columns, None, None, b.shape)
    tau = np.repeat(one.tau, b.size)
    columns[2], columns[3] = b / tau, b * tau
    return CountingTable(columns, tau, None, b.shape)


def _changes(n: float, b: Floats, t: Floats) -> tuple[NDArray[np.intp], Floats]:
    """(indices into ``t``, backgrounds within ``b``) where the order of ``n`` and another count changes."""
    m = np.arange(0.0, math.ceil(2.0 * (float(t.max()) + float(b.max())) + 20.0))
    m = m[m != n]
    before = _order(n, m[None, None, :], b[None, :, None], t[:, None, None]) > 0.0
    signal, cell, count = np.nonzero(before[:, 1:, :] != before[:, :-1, :])
    low, high = b[cell], b[cell + 1]
    rising = before[signal, cell + 1, count]
    for _ in range(45):
        middle = 0.5 * (low + high)
        above = (_order(n, m[count], middle, t[signal]) > 0.0) == rising
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return signal, 0.5 * (low + high)


def _order(n: float, m: Floats, b: Floats, t: Floats) -> Floats:
    """ln of the likelihood ratio of count ``m`` over that of ``n``, background known."""
    rate = np.maximum(t + b, 1e-300)
    top_m, top_n = np.maximum(m, b), np.maximum(n, b)
    own = scipy.special.xlogy(n, rate) - scipy.special.xlogy(n, top_n) + top_n
    return np.asarray(scipy.special.xlogy(m, rate) - scipy.special.xlogy(m, top_m) + top_m - own)
