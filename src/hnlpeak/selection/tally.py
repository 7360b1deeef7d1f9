"""From candidates to integers: cut-flow and spectrum filled in one pass, for any source of candidates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.borrow import borrowed
from hnlpeak.core.kernel import kernel
from hnlpeak.selection.cuts import UNKNOWN, CutTable, judge
from hnlpeak.spectrum.axis import MissingMassAxis
from hnlpeak.spectrum.fixed_point import FIXED_POINT

__all__ = ["Counts", "Selection", "Tally", "fill", "new_tally"]


class Selection(NamedTuple):
    """What becomes of candidates: ``cuts``, the ``axis`` of the spectrum, and where to find the columns it needs."""

    cuts: CutTable
    axis: MissingMassAxis
    m2_miss: int
    source: int
    weight: int


class Counts(NamedTuple):
    """The integer arrays that ``fill`` adds to; see ``Tally``."""

    unit: int
    spectrum: NDArray[np.int64]
    squares: NDArray[np.int64]
    passed: NDArray[np.int64]
    only_failed: NDArray[np.int64]


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

    @property
    def counts(self) -> Counts:
        """The arrays that ``fill`` adds to: these, no copies."""
        return Counts(self.unit, self.spectrum, self.squares, self.passed, self.only_failed)

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


def new_tally(selection: Selection, *, sources: int, totals: int, weighted: bool) -> Tally:
    """An empty tally of candidates from this many ``sources``."""
    selections, steps = selection.cuts.steps.shape
    shape = (selections, sources, selection.axis.bins)
    return Tally(
        FIXED_POINT if weighted else 1,
        np.zeros(shape, dtype=np.int64),
        np.zeros(shape if weighted else (0, 0, 0), dtype=np.int64),
        np.zeros((selections, sources, steps + 1), dtype=np.int64),
        np.zeros((selections, sources, steps), dtype=np.int64),
        np.zeros(totals, dtype=np.int64),
    )


@kernel
def fill(n: int, candidates: NDArray[np.float64], selection: Selection, counts: Counts) -> None:
    """Judge the first ``n`` candidates [column, candidate] and add them to ``counts``."""
    candidates, selection, counts = borrowed(candidates), borrowed(selection), borrowed(counts)
    cuts, axis = selection.cuts, selection.axis
    unit, spectrum, squares = counts.unit, counts.spectrum, counts.squares
    passed, only_failed = counts.passed, counts.only_failed
    verdicts = np.empty(cuts.column.size, dtype=np.int8)
    for i in range(n):
        verdicts[:] = UNKNOWN
        source = max(int(candidates[selection.source, i]), 0)
        weight = candidates[selection.weight, i]
        integer = np.int64(np.floor(weight * unit + 0.5))
        for s in range(cuts.n_cuts.size):
            first, failed = judge(candidates, i, s, cuts, verdicts)
            for step in range(first + 1):
                passed[s, source, step] += integer
            if failed == 1:
                only_failed[s, source, first] += integer
            if failed:
                continue
            m2 = candidates[selection.m2_miss, i]
            m = np.sqrt(m2) if m2 >= 0.0 else -np.sqrt(-m2)
            position = int(np.floor((m - axis.low) / axis.width))
            if 0 <= position < axis.bins:
                spectrum[s, source, position] += integer
                if squares.size:
                    squares[s, source, position] += np.int64(np.floor(weight * weight * unit + 0.5))
