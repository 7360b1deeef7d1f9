"""Named cuts of the card as a table, and the kernel that judges candidates by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import CardError
from hnlpeak.core.kernel import inlined
from hnlpeak.experiment.analysis_card import AnalysisCard, Cut

__all__ = ["CutTable", "cut_names", "cut_table", "judge"]


class CutTable(NamedTuple):
    """Cuts of all selections: ``column`` [selection, cut], bounds ``low`` and ``high`` [selection, cut, bin].

    ``n_cuts`` [selection] says how many there are. The bin is that of the column ``by`` [selection, cut] among
    ``edges`` [selection, cut, edge]; ``by`` is -1 where there is one bin for all.
    """

    column: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n_cuts: NDArray[np.int64]
    by: NDArray[np.int64]
    edges: NDArray[np.float64]


def cut_names(card: AnalysisCard) -> dict[str, tuple[str, ...]]:
    """Names of the cuts of each selection in their order: the common ones, then the selection's own."""
    return {s.name: tuple(cut.name for cut in [*card.cuts, *s.cuts]) for s in card.selections}


def cut_table(card: AnalysisCard, columns: Sequence[str]) -> CutTable:
    """Pack the cuts for candidates with these ``columns``; raises ``CardError`` naming an unknown column."""
    rows = [[*card.cuts, *selection.cuts] for selection in card.selections]
    width = max(len(row) for row in rows)
    bins = max(len(cut.bounds()[0]) for row in rows for cut in row)
    column = np.zeros((len(rows), width), dtype=np.int64)
    low, high = np.zeros((len(rows), width, bins)), np.zeros((len(rows), width, bins))
    by = np.full((len(rows), width), -1, dtype=np.int64)
    edges = np.full((len(rows), width, bins + 2), np.inf)  # beyond the last edge there is always another
    for s, row in enumerate(rows):
        for c, cut in enumerate(row):
            column[s, c] = _place(cut, cut.column, columns)
            lows, highs = cut.bounds()
            low[s, c, : len(lows)], high[s, c, : len(highs)] = lows, highs
            if cut.by is not None:
                by[s, c] = _place(cut, cut.by, columns)
                edges[s, c, : len(lows) + 1] = cut.bin_edges()
    n_cuts = np.array([len(row) for row in rows], dtype=np.int64)
    return CutTable(column, low, high, n_cuts, by, edges)


def _place(cut: Cut, name: str, columns: Sequence[str]) -> int:
    if name not in columns:
        raise CardError(f"cut {cut.name!r}: no column {name!r}; there are {', '.join(columns)}")
    return list(columns).index(name)


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
def _passes(candidates: NDArray[np.float64], i: int, selection: int, c: int, cuts: CutTable) -> bool:
    b = 0
    if cuts.by[selection, c] >= 0:
        b = _bin(cuts.edges[selection, c], candidates[cuts.by[selection, c], i])
        if b < 0 or cuts.edges[selection, c, b + 1] == np.inf:
            return False
    value = candidates[cuts.column[selection, c], i]
    return bool(cuts.low[selection, c, b] <= value <= cuts.high[selection, c, b])


@inlined
def judge(candidates: NDArray[np.float64], i: int, selection: int, cuts: CutTable) -> tuple[int, int]:
    """First cut that candidate ``i`` fails and how many it fails; (number of cuts, 0) if it passes all.

    Counting stops at the second failure: more do not matter to cut-flow or N - 1. A NaN fails its cut.
    """
    n = cuts.n_cuts[selection]
    first, failed = n, 0
    for c in range(n):
        if not _passes(candidates, i, selection, c, cuts):
            failed += 1
            if failed == 2:
                return first, failed
            first = c
    return first, failed
