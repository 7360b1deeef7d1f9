"""A table of cuts, and what judges candidates by it. It knows no card: compiled loops depend on it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.borrow import borrowed
from hnlpeak.core.kernel import inlined, kernel

__all__ = ["CutTable", "judge", "passing"]


class CutTable(NamedTuple):
    """All different cuts, and the cuts of each selection.

    A cut looks at ``column`` [cut]; its bounds at the left end of each bin are ``low`` and ``high`` [cut, bin] and
    move with ``low_slope`` and ``high_slope``. The bin is that of the column ``by`` [cut] among ``edges`` [cut, edge];
    ``by`` is -1 where there is one bin for all.

    Selection s has the cuts ``steps`` [s, step < ``n_cuts`` [s]]. A union has ``n_members`` [s] > 0 selections,
    ``members`` [s, member]; its steps are the cuts that all of them begin with, and one more: to pass any of them.
    """

    column: NDArray[np.int64]
    low: NDArray[np.float64]
    low_slope: NDArray[np.float64]
    high: NDArray[np.float64]
    high_slope: NDArray[np.float64]
    by: NDArray[np.int64]
    edges: NDArray[np.float64]
    steps: NDArray[np.int64]
    n_cuts: NDArray[np.int64]
    members: NDArray[np.int64]
    n_members: NDArray[np.int64]


def passing(candidates: NDArray[np.float64], selection: int, cuts: CutTable) -> NDArray[np.bool_]:
    """Return which of a few ``candidates`` [column, candidate] pass a selection, without compiling anything."""

    def one(c: int) -> NDArray[np.bool_]:
        values, low, high = candidates[cuts.column[c]], cuts.low[c], cuts.high[c]
        if cuts.by[c] < 0:
            return np.asarray((low[0] <= values) & (values <= high[0]))
        place, edges = candidates[cuts.by[c]], cuts.edges[c]
        last = int(np.count_nonzero(np.isfinite(edges))) - 2
        b = np.searchsorted(edges, place, side="right") - 1
        inside = (b >= 0) & (b <= last)
        b = np.clip(b, 0, last)
        step = np.where(inside, place - edges[b], 0.0)
        above = values >= low[b] + cuts.low_slope[c, b] * step
        return np.asarray(inside & above & (values <= high[b] + cuts.high_slope[c, b] * step))

    count = int(cuts.n_members[selection])
    members = cuts.members[selection, :count] if count else [selection]
    verdicts = [[one(int(c)) for c in cuts.steps[m, : cuts.n_cuts[m]]] for m in members]
    return np.asarray(np.any([np.all(found, axis=0) for found in verdicts], axis=0))


@inlined
def _one_bin(values: NDArray[np.float64], low: float, high: float, fails: NDArray[np.int16]) -> None:
    for i in range(values.size):
        fails[i] = 0 if low <= values[i] <= high else 1


@inlined
def _binned(
    values: NDArray[np.float64],
    places: NDArray[np.float64],
    c: int,
    cuts: CutTable,
    bins: NDArray[np.int16],
    fails: NDArray[np.int16],
) -> None:
    """As ``_one_bin`` with the bounds of the bin [edge, next edge) that holds the place; none holds a NaN."""
    edges = cuts.edges[c]
    bins[:] = -1
    n = -1
    for edge in edges:
        if edge == np.inf:
            break
        n += 1
        for i in range(places.size):
            bins[i] += 1 if places[i] >= edge else 0
    for i in range(values.size):
        b = min(max(bins[i], 0), n - 1)
        step = places[i] - edges[b]
        above = cuts.low[c, b] + cuts.low_slope[c, b] * step <= values[i]
        below = values[i] <= cuts.high[c, b] + cuts.high_slope[c, b] * step
        fails[i] = 0 if 0 <= bins[i] < n and above and below else 1


@inlined
def _count(step: int, fails: NDArray[np.int16], first: NDArray[np.int16], failed: NDArray[np.int16]) -> None:
    for i in range(fails.size):
        first[i] = step if fails[i] else first[i]
        failed[i] += fails[i]


@inlined
def _join(at: NDArray[np.int16], count: NDArray[np.int16], shared: int, best: NDArray[np.int16]) -> None:
    for i in range(at.size):
        here = count[i] if at[i] < shared or count[i] == 0 else 1
        best[i] = min(best[i], here)


@kernel
def judge(
    candidates: NDArray[np.float64],
    start: int,
    n: int,
    cuts: CutTable,
    fails: NDArray[np.int16],
    first: NDArray[np.int16],
    failed: NDArray[np.int16],
) -> None:
    """Judge ``n`` candidates from ``start`` on; ``fails`` [cut or one more, candidate] has room for them.

    ``first`` [selection, candidate] becomes the first cut that a candidate fails and ``failed`` how many it fails; the
    number of cuts and 0 if it passes all. A NaN fails its cut. Of a union: the fewest that a member fails among the
    shared cuts, and the last step and 1 where it passes those but no member; more than one failed is as good as two.

    All candidates are judged by one cut after the other, in lanes: looked at one by one until two cuts have failed
    they take four times as long.
    """
    candidates, cuts = borrowed(candidates), borrowed(cuts)
    fails, first, failed = borrowed(fails), borrowed(first), borrowed(failed)
    spare = fails[cuts.column.size, :n]
    for c in range(cuts.column.size):
        values = candidates[cuts.column[c], start : start + n]
        if cuts.by[c] < 0:
            _one_bin(values, cuts.low[c, 0], cuts.high[c, 0], fails[c, :n])
        else:
            _binned(values, candidates[cuts.by[c], start : start + n], c, cuts, spare, fails[c, :n])
    for s in range(cuts.n_cuts.size):
        if cuts.n_members[s] == 0:
            at, count = first[s, :n], failed[s, :n]
            at[:], count[:] = cuts.n_cuts[s], 0
            for step in range(cuts.n_cuts[s] - 1, -1, -1):
                _count(step, fails[cuts.steps[s, step], :n], at, count)
    for s in range(cuts.n_cuts.size):
        if cuts.n_members[s] > 0:
            shared, count = cuts.n_cuts[s] - 1, failed[s, :n]
            count[:] = 2
            for m in range(cuts.n_members[s]):
                member = cuts.members[s, m]
                _join(first[member, :n], failed[member, :n], shared, count)
            at = first[cuts.members[s, 0]]
            for i in range(n):
                first[s, i] = shared + 1 if count[i] == 0 else min(at[i], shared)
