"""Named cuts of the card as a table, and the kernel that judges candidates by it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import CardError
from hnlpeak.core.kernel import inlined
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.selection_card import Cut

__all__ = ["UNKNOWN", "CutTable", "cut_names", "cut_table", "judge", "passing"]

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


def _shared(rows: Sequence[Sequence[Cut]]) -> list[Cut]:
    """Cuts that all ``rows`` begin with."""
    shared: list[Cut] = []
    for cuts in zip(*rows, strict=False):
        if not all(cut.judges_as(cuts[0]) for cut in cuts):
            break
        shared.append(cuts[0])
    return shared


def cut_names(card: AnalysisCard) -> dict[str, tuple[str, ...]]:
    """Names of the cuts of each selection in their order.

    Of a union those that all its members begin with, and "a or b" of the names of its members.
    """
    rows = {s.name: card.cuts_of(s) for s in card.selections}
    names = {name: tuple(cut.name for cut in cuts) for name, cuts in rows.items()}
    for s in card.selections:
        if s.any_of:
            shared = _shared([rows[member] for member in s.any_of])
            names[s.name] = (*(cut.name for cut in shared), " or ".join(s.any_of))
    return names


def cut_table(card: AnalysisCard, columns: Sequence[str]) -> CutTable:
    """Pack the cuts for candidates with these ``columns``; raises ``CardError`` naming an unknown column."""
    names = [s.name for s in card.selections]
    rows = [card.cuts_of(s) for s in card.selections]
    different: list[Cut] = []
    for cut in (cut for row in rows for cut in row):
        if not any(cut.judges_as(other) for other in different):
            different.append(cut)
    steps = np.zeros((len(rows), max(len(row) for row in rows) + 1), dtype=np.int64)
    n_cuts, n_members = (np.zeros(len(rows), dtype=np.int64) for _ in range(2))
    members = np.zeros((len(rows), max(1, *(len(s.any_of) for s in card.selections))), dtype=np.int64)
    for s, (selection, row) in enumerate(zip(card.selections, rows, strict=True)):
        steps[s, : len(row)] = [
            next(i for i, other in enumerate(different) if cut.judges_as(other)) for cut in row
        ]
        n_cuts[s] = len(row)
        if selection.any_of:
            places = [names.index(member) for member in selection.any_of]
            n_members[s], members[s, : len(places)] = len(places), places
            n_cuts[s] = len(_shared([rows[place] for place in places])) + 1
    return CutTable(
        **_packed(different, columns), steps=steps, n_cuts=n_cuts, members=members, n_members=n_members
    )


def _packed(cuts: Sequence[Cut], columns: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Columns, bounds, slopes, ``by`` and edges of ``cuts``."""
    bins = max(len(cut.segments()[0]) for cut in cuts)
    bounds = [np.zeros((len(cuts), bins)) for _ in range(4)]
    edges = np.full((len(cuts), bins + 2), np.inf)  # beyond the last edge there is always another
    by = np.full(len(cuts), -1, dtype=np.int64)
    for c, cut in enumerate(cuts):
        for kind, values in enumerate(cut.segments()):
            bounds[kind][c, : len(values)] = values
        if cut.by is not None:
            by[c] = _place(cut, cut.by, columns)
            edges[c, : len(cut.bin_edges())] = cut.bin_edges()
    column = np.array([_place(cut, cut.column, columns) for cut in cuts], dtype=np.int64)
    names = ("low", "low_slope", "high", "high_slope")
    return {"column": column, "by": by, "edges": edges, **dict(zip(names, bounds, strict=True))}


def _place(cut: Cut, name: str, columns: Sequence[str]) -> int:
    if name not in columns:
        close = difflib.get_close_matches(name, columns, n=1)
        hint = f", is it {close[0]}?" if close else ""
        of_times = [column for column in columns if column.startswith("dt_")]
        listed = ", ".join([*of_times, *(c for c in columns if c not in of_times)])
        raise CardError(f"cut {cut.name!r}: no column {name!r}{hint}; there are {listed}")
    return list(columns).index(name)


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
