"""Named cuts of the card as a table, and the kernel that judges candidates by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import CardError
from hnlpeak.core.kernel import inlined
from hnlpeak.experiment.analysis_card import AnalysisCard

__all__ = ["CutTable", "cut_names", "cut_table", "judge"]


class CutTable(NamedTuple):
    """Cuts of all selections: ``column`` [selection, cut], bounds ``low`` and ``high``, ``n_cuts`` [selection]."""

    column: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n_cuts: NDArray[np.int64]


def cut_names(card: AnalysisCard) -> dict[str, tuple[str, ...]]:
    """Names of the cuts of each selection in their order: the common ones, then the selection's own."""
    return {s.name: tuple(cut.name for cut in [*card.cuts, *s.cuts]) for s in card.selections}


def cut_table(card: AnalysisCard, columns: Sequence[str]) -> CutTable:
    """Pack the cuts for candidates with these ``columns``; raises ``CardError`` naming an unknown column."""
    rows = [[*card.cuts, *selection.cuts] for selection in card.selections]
    width = max(len(row) for row in rows)
    column = np.zeros((len(rows), width), dtype=np.int64)
    low, high = np.zeros((len(rows), width)), np.zeros((len(rows), width))
    for s, row in enumerate(rows):
        for c, cut in enumerate(row):
            if cut.column not in columns:
                raise CardError(f"cut {cut.name!r}: no column {cut.column!r}; there are {', '.join(columns)}")
            column[s, c] = list(columns).index(cut.column)
            low[s, c], high[s, c] = cut.bounds()
    return CutTable(column, low, high, np.array([len(row) for row in rows], dtype=np.int64))


@inlined
def judge(candidates: NDArray[np.float64], i: int, selection: int, cuts: CutTable) -> tuple[int, int]:
    """First cut that candidate ``i`` fails and how many it fails; (number of cuts, 0) if it passes all.

    Counting stops at the second failure: more do not matter to cut-flow or N - 1. A NaN fails its cut.
    """
    n = cuts.n_cuts[selection]
    first, failed = n, 0
    for c in range(n):
        value = candidates[cuts.column[selection, c], i]
        if not cuts.low[selection, c] <= value <= cuts.high[selection, c]:
            failed += 1
            if failed == 2:
                return first, failed
            first = c
    return first, failed
