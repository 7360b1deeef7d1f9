"""From candidates to integers: cut-flow and spectrum filled in one pass, for any source of candidates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.borrow import borrowed
from hnlpeak.core.kernel import kernel
from hnlpeak.selection.cuts import UNKNOWN, CutTable, judge
from hnlpeak.spectrum.axis import M_MISS_BINS, M_MISS_LOW, M_MISS_WIDTH
from hnlpeak.spectrum.fixed_point import FIXED_POINT

__all__ = ["Tally", "fill", "new_tally"]

_LOW, _WIDTH, _BINS = float(M_MISS_LOW), float(M_MISS_WIDTH), int(M_MISS_BINS)


@dataclass(frozen=True, eq=False)
class Tally:
    """Integers that add exactly: spectrum [selection, source, bin], cut-flow, totals.

    ``unit`` is the integer that stands for a weight of 1 (1 for counts); ``squares`` are sums of squared weights,
    empty for counts. ``passed`` [selection, source, step] and ``only_failed`` [selection, source, cut].
    """

    unit: int
    spectrum: NDArray[np.int64]
    squares: NDArray[np.int64]
    passed: NDArray[np.int64]
    only_failed: NDArray[np.int64]
    totals: NDArray[np.int64]

    def __add__(self, other: Tally) -> Tally:
        """Exact sum."""
        return Tally(
            self.unit,
            self.spectrum + other.spectrum,
            self.squares + other.squares,
            self.passed + other.passed,
            self.only_failed + other.only_failed,
            self.totals + other.totals,
        )


def new_tally(selections: int, sources: int, cuts: int, totals: int, *, weighted: bool) -> Tally:
    """An empty tally."""
    shape = (selections, sources, M_MISS_BINS)
    return Tally(
        FIXED_POINT if weighted else 1,
        np.zeros(shape, dtype=np.int64),
        np.zeros(shape if weighted else (0, 0, 0), dtype=np.int64),
        np.zeros((selections, sources, cuts + 1), dtype=np.int64),
        np.zeros((selections, sources, cuts), dtype=np.int64),
        np.zeros(totals, dtype=np.int64),
    )


@kernel
def fill(
    n: int,
    candidates: NDArray[np.float64],
    rows: NDArray[np.int64],
    cuts: CutTable,
    unit: int,
    spectrum: NDArray[np.int64],
    squares: NDArray[np.int64],
    passed: NDArray[np.int64],
    only_failed: NDArray[np.int64],
) -> None:
    """Add the first ``n`` candidates; ``rows`` are the places of m2_miss, source and weight among the columns."""
    candidates, cuts, spectrum, squares = (
        borrowed(candidates),
        borrowed(cuts),
        borrowed(spectrum),
        borrowed(squares),
    )
    passed, only_failed, rows = borrowed(passed), borrowed(only_failed), borrowed(rows)
    verdicts = np.empty(cuts.column.size, dtype=np.int8)
    for i in range(n):
        verdicts[:] = UNKNOWN
        source = max(int(candidates[rows[1], i]), 0)
        weight = candidates[rows[2], i]
        integer = np.int64(np.floor(weight * unit + 0.5))
        for s in range(cuts.n_cuts.size):
            first, failed = judge(candidates, i, s, cuts, verdicts)
            for step in range(first + 1):
                passed[s, source, step] += integer
            if failed == 1:
                only_failed[s, source, first] += integer
            if failed:
                continue
            m2 = candidates[rows[0], i]
            m = np.sqrt(m2) if m2 >= 0.0 else -np.sqrt(-m2)
            position = int(np.floor((m - _LOW) / _WIDTH))
            if 0 <= position < _BINS:
                spectrum[s, source, position] += integer
                if squares.size:
                    squares[s, source, position] += np.int64(np.floor(weight * weight * unit + 0.5))
