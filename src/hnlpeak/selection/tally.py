"""From candidates to integers: cut-flow and spectrum filled in one pass, for any source of candidates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.borrow import borrowed
from hnlpeak.core.kernel import apart, inlined, kernel
from hnlpeak.core.sheet import sheet
from hnlpeak.selection.judge import CutTable, judge
from hnlpeak.spectrum.axis import MissingMassAxis
from hnlpeak.spectrum.fixed_point import FIXED_POINT, FLOW_POINT, add_fixed, flow_to_fixed, to_fixed

__all__ = ["Counts", "PackedTally", "Selection", "Tally", "fill", "new_tally"]

_LARGEST = 2**63 - 2048
"""Largest integer that a weight, its square, or a sum of them may be: the last float before the end, and one less."""
_LANES = 512
"""Candidates that are judged together: as many as a block of decays may have."""


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
    empty for counts. ``passed`` [selection, source, step] and ``only_failed`` [selection, source, cut] have the unit
    ``FLOW_POINT`` where there are weights.
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
        """Exact sum; ``UsageError`` where it does not fit."""
        return Tally(
            self.unit,
            add_fixed(self.spectrum, other.spectrum),
            add_fixed(self.squares, other.squares),
            add_fixed(self.passed, other.passed),
            add_fixed(self.only_failed, other.only_failed),
            add_fixed(self.totals, other.totals),
        )

    def packed(self) -> PackedTally:
        """Return the same without its zeros: of the megabytes of a spectrum a shard fills next to nothing."""
        return PackedTally(self.unit, *(_Sparse.of(array) for array in self._arrays))

    def add(self, more: PackedTally) -> None:
        """Add ``more`` in place; ``UsageError`` where the sum does not fit."""
        for array, sparse in zip(self._arrays, more.arrays, strict=True):
            flat = array.reshape(-1)
            flat[sparse.places] = add_fixed(flat[sparse.places], sparse.values)

    @property
    def _arrays(self) -> tuple[NDArray[np.int64], ...]:
        return self.spectrum, self.squares, self.passed, self.only_failed, self.totals

    def weighted(self) -> Tally:
        """The same with weights of 1 in fixed point, to be added to weighted ones."""
        if self.unit != 1:
            return self
        spectrum = to_fixed(self.spectrum)
        return Tally(
            FIXED_POINT,
            spectrum,
            spectrum.copy(),
            flow_to_fixed(self.passed),
            flow_to_fixed(self.only_failed),
            self.totals,
        )


class _Sparse(NamedTuple):
    """An array by its shape and what is not zero: places in it, in C order, and values."""

    shape: tuple[int, ...]
    places: NDArray[np.int64]
    values: NDArray[np.int64]

    @classmethod
    def of(cls, array: NDArray[np.int64]) -> _Sparse:
        flat = array.ravel()
        places = np.flatnonzero(flat)
        return cls(array.shape, places, flat[places])

    def array(self) -> NDArray[np.int64]:
        found = sheet(self.shape)
        found.reshape(-1)[self.places] = self.values
        return found


class PackedTally(NamedTuple):
    """What of a ``Tally`` is not zero: as it comes from a shard and waits until it is wanted."""

    unit: int
    spectrum: _Sparse
    squares: _Sparse
    passed: _Sparse
    only_failed: _Sparse
    totals: _Sparse

    @property
    def arrays(self) -> tuple[_Sparse, ...]:
        """The arrays in the order of the fields."""
        return self.spectrum, self.squares, self.passed, self.only_failed, self.totals

    def unpacked(self) -> Tally:
        """Return the tally, in arrays of its own."""
        return Tally(self.unit, *(sparse.array() for sparse in self.arrays))


def new_tally(selection: Selection, *, components: int, totals: int, weighted: bool) -> Tally:
    """An empty tally of candidates from this many ``components``."""
    selections, steps = selection.cuts.steps.shape
    shape = (selections, components, selection.axis.bins)
    return Tally(
        FIXED_POINT if weighted else 1,
        sheet(shape),
        sheet(shape if weighted else (0, 0, 0)),
        np.zeros((selections, components, steps + 1), dtype=np.int64),
        np.zeros((selections, components, steps), dtype=np.int64),
        np.zeros(totals, dtype=np.int64),
    )


class _Room(NamedTuple):
    """Work space: ``judge``'s three arrays; ``ended`` [source, selection, step], sums of weights by source.

    ``entries`` [3, entry]: selection, candidate and bin of what goes into a spectrum.
    """

    fails: NDArray[np.int16]
    first: NDArray[np.int16]
    failed: NDArray[np.int16]
    ended: NDArray[np.int64]
    totals: NDArray[np.int64]
    entries: NDArray[np.int64]


@inlined
def _add(
    i: int,
    at: int,
    candidates: NDArray[np.float64],
    selection: Selection,
    counts: Counts,
    room: _Room,
    entries: int,
) -> int:
    """Add candidate ``i``, judged as the one ``at``, to ``ended``, N - 1, ``entries``; returns how many there are."""
    unit, axis, ended = counts.unit, selection.axis, room.ended
    source = max(int(candidates[selection.source, i]), 0)
    weight = candidates[selection.weight, i]
    if not (weight >= 0.0 and weight * unit < _LARGEST):
        raise OverflowError("weight outside the range of fixed point")
    flow = _fixed(weight, unit if unit == 1 else FLOW_POINT)
    if room.totals[source] > _LARGEST - flow:
        raise OverflowError("sum of weights outside the range of fixed point")
    room.totals[source] += flow
    m2 = candidates[selection.m2_miss, i]
    m = np.sqrt(m2) if m2 >= 0.0 else -np.sqrt(-m2)
    position = int(np.floor((m - axis.low) / axis.width))
    within = 0 <= position < axis.bins
    for s in range(room.first.shape[0]):
        step, failed = room.first[s, at], room.failed[s, at]
        ended[source, s, step] += flow
        if failed == 1:
            counts.only_failed[s, source, step] += flow
        elif failed == 0 and within:
            room.entries[0, entries], room.entries[1, entries], room.entries[2, entries] = s, i, position
            entries += 1
    return entries


@inlined
def _fixed(weight: float, unit: int) -> int:
    return int(np.floor(weight * unit + 0.5))


@inlined
def _enter(
    n: int, candidates: NDArray[np.float64], selection: Selection, counts: Counts, entries: NDArray[np.int64]
) -> None:
    """Add ``n`` entries to the spectra: bins are far from each other in memory, so that waits for them overlap."""
    unit, spectrum, squares = counts.unit, counts.spectrum, counts.squares
    for k in range(n):
        s, i, position = entries[0, k], entries[1, k], entries[2, k]
        source, weight = max(int(candidates[selection.source, i]), 0), candidates[selection.weight, i]
        integer = _fixed(weight, unit)
        if spectrum[s, source, position] > _LARGEST - integer:
            raise OverflowError("sum of weights outside the range of fixed point")
        spectrum[s, source, position] += integer
        if squares.size:
            # of what is not filled, as what stands for many lost events, the square may be of any size
            if not weight * weight * unit < _LARGEST:
                raise OverflowError("squared weight outside the range of fixed point")
            # a weight never goes without an error, however small its square is
            square = max(_fixed(weight * weight, unit), int(weight > 0.0))
            if squares[s, source, position] > _LARGEST - square:
                raise OverflowError("sum of squared weights outside the range of fixed point")
            squares[s, source, position] += square


@kernel
def _fill(n: int, candidates: NDArray[np.float64], selection: Selection, counts: Counts, room: _Room) -> None:
    """``fill`` with room that its caller keeps alive: references to arrays of one's own would be counted."""
    candidates, selection, counts = borrowed(candidates), borrowed(selection), borrowed(counts)
    room = borrowed(room)
    ended, passed = room.ended, counts.passed
    selections, components, steps = passed.shape
    for start in range(0, n, _LANES):
        some = min(_LANES, n - start)
        judge(candidates, start, some, selection.cuts, room.fails, room.first, room.failed)
        entries = 0
        for i in range(some):
            entries = _add(start + i, i, candidates, selection, counts, room, entries)
        _enter(entries, candidates, selection, counts, room.entries)
    # the cut-flow is the sum from the last cut on
    for source in range(components):
        if room.totals[source] == passed[0, source, 0]:
            continue
        for s in range(selections):
            reached = np.int64(0)
            for step in range(steps - 1, -1, -1):
                reached += ended[source, s, step]
                passed[s, source, step] += reached


@apart
def fill(n: int, candidates: NDArray[np.float64], selection: Selection, counts: Counts) -> None:
    """Judge the first ``n`` candidates [column, candidate] and add them to ``counts``.

    Raises ``OverflowError`` for a weight that is negative, not finite, or too large for the integers to hold it with
    what is there; all rows of a cut-flow are below the first, so that one comparison guards them all.
    """
    selections, components, steps = counts.passed.shape
    fails = np.empty((selection.cuts.column.size + 1, _LANES), dtype=np.int16)
    first = np.empty((selections, _LANES), dtype=np.int16)
    failed = np.empty((selections, _LANES), dtype=np.int16)
    ended = np.zeros((components, selections, steps), dtype=np.int64)
    totals = counts.passed[0, :, 0].copy()
    entries = np.empty((3, selections * _LANES), dtype=np.int64)
    _fill(n, candidates, selection, counts, _Room(fails, first, failed, ended, totals, entries))
