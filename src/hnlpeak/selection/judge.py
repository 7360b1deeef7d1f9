"""A table of cuts, and what judges candidates by it. It knows no card: compiled loops depend on it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined

__all__ = ["UNKNOWN", "CutTable", "judge", "passing"]

UNKNOWN = -1
"""Verdict on a cut that has not been looked at for a candidate."""
_FAILS, _PASSES = 0, 1


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
        b = np.searchsorted(edges[: last + 2], place, side="right") - 1
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
def _bin(edges: NDArray[np.float64], value: float) -> int:
    """Bin [edge, next edge) that holds ``value``; the number of bins, or more, above the last, -1 below and for NaN."""
    b = -1
    for edge in edges:
        if not value >= edge:
            break
        b += 1
    return b


@inlined
def _passes(candidates: NDArray[np.float64], i: int, c: int, cuts: CutTable) -> bool:
    value = candidates[cuts.column[c], i]
    if cuts.by[c] < 0:
        return bool(cuts.low[c, 0] <= value <= cuts.high[c, 0])
    place = candidates[cuts.by[c], i]
    b = _bin(cuts.edges[c], place)
    if b < 0 or cuts.edges[c, b + 1] == np.inf:
        return False
    step = place - cuts.edges[c, b]
    return bool(
        cuts.low[c, b] + cuts.low_slope[c, b] * step
        <= value
        <= cuts.high[c, b] + cuts.high_slope[c, b] * step
    )


@inlined
def _judge(
    candidates: NDArray[np.float64], i: int, selection: int, cuts: CutTable, verdicts: NDArray[np.int8]
) -> tuple[int, int]:
    n = cuts.n_cuts[selection]
    first, failed = n, 0
    for step in range(n):
        c = cuts.steps[selection, step]
        if verdicts[c] == UNKNOWN:
            verdicts[c] = _PASSES if _passes(candidates, i, c, cuts) else _FAILS
        if verdicts[c] == _FAILS:
            failed += 1
            if failed == 2:
                return first, failed
            first = step
    return first, failed


@inlined
def judge(
    candidates: NDArray[np.float64], i: int, selection: int, cuts: CutTable, verdicts: NDArray[np.int8]
) -> tuple[int, int]:
    """First cut that candidate ``i`` fails and how many it fails; (number of cuts, 0) if it passes all.

    Counting stops at the second failure: more do not matter to cut-flow or N - 1. A NaN fails its cut. Of a union:
    the fewest that a member fails among the shared cuts, and the last step where it passes those but no member.
    ``verdicts`` [cut] keep what is known of this candidate, so that no cut is looked at twice; reset them to
    ``UNKNOWN`` for the next.
    """
    members = cuts.n_members[selection]
    if members == 0:
        return _judge(candidates, i, selection, cuts, verdicts)
    shared = cuts.n_cuts[selection] - 1
    first, failed = shared + 1, 2
    for m in range(members):
        at, count = _judge(candidates, i, cuts.members[selection, m], cuts, verdicts)
        if count == 0:
            return shared + 1, 0
        first = min(at, shared)
        failed = min(failed, count if at < shared else 1)
    return first, failed
