"""Background-only toys of the whole spectrum, drawn on the bin edges that a scan uses.

Bins between neighbouring edges of windows and side bands are drawn as one. Selections of one spectrum share their
events: where one expects more than another, the further events are drawn on top of the common ones, as they
are for selections that are nested (the loose one holds every event of the tight one).

Where a cell expects few events, all such cells are drawn together: the sum of their events is Poisson, and each event
falls into a cell by its share (A. J. Walker's alias method). That is the same as a Poisson number a cell, and what it
costs is events, not cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.bands import SidebandDesign
from hnlpeak.core.kernel import kernel
from hnlpeak.spectrum.window import Window

__all__ = ["BLOCK", "ToyAxis", "draw_toys", "toy_axis"]

BLOCK = 50
"""Toys that share a random stream; part of the definition of the toys."""

# events of a cell up to which it is drawn with others, and from which numpy draws it
_FEW, _MANY = 2.0, 10.0

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ToyAxis:
    """``edges``: indices of the bin edges in use; ``design``, ``first`` and ``last`` (of the windows) refer to them."""

    edges: Indices
    design: SidebandDesign
    first: Indices
    last: Indices

    def reach(self, rows: Indices, selections: int) -> NDArray[np.bool_]:
        """Cells that some mass looks at in its selection ``rows[mass]``, shape (selections, cells)."""
        used = np.arange(self.design.first.shape[1]) < self.design.groups[:, None]
        low = np.minimum(
            np.where(used, self.design.first, self.edges.size).min(axis=1, initial=self.edges.size),
            self.first,
        )
        high = np.maximum(np.where(used, self.design.last, 0).max(axis=1, initial=0), self.last)
        cells = np.arange(self.edges.size - 1)
        inside = (low[:, None] <= cells) & (cells < high[:, None])
        return np.array([inside[rows == s].any(axis=0) for s in range(selections)])


def toy_axis(design: SidebandDesign, windows: Sequence[Window]) -> ToyAxis:
    """Return the edges that the windows and side bands of a scan use."""
    used = np.arange(design.first.shape[1]) < design.groups[:, None]
    first, last = (np.array([getattr(w, end) for w in windows], dtype=np.int64) for end in ("first", "last"))
    edges = np.unique(np.concatenate([design.first[used], design.last[used], first, last]))
    renumbered = design._replace(
        first=np.where(used, np.searchsorted(edges, design.first), 0),
        last=np.where(used, np.searchsorted(edges, design.last), 0),
    )
    return ToyAxis(edges, renumbered, np.searchsorted(edges, first), np.searchsorted(edges, last))


def draw_toys(expected: NDArray[np.float64], toys: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return cumulative counts ``[toy, selection, edge]`` of ``toys`` draws of ``expected[selection, cell]`` events."""
    order = np.argsort(expected, axis=0, kind="stable")
    steps = np.ascontiguousarray(np.diff(np.take_along_axis(expected, order, axis=0), axis=0, prepend=0.0))
    out = np.zeros((toys, expected.shape[0], expected.shape[1] + 1))
    together = np.flatnonzero((steps <= _FEW) & (steps > 0.0))
    rates = steps.ravel()[together]
    share, other = np.ones(rates.size), np.arange(rates.size)
    _alias(rates, share, other)
    alone = np.where(steps > _FEW, steps, 0.0)
    _draw(
        rng,
        alone,
        np.exp(-alone),
        together,
        float(rates.sum()),
        share,
        other,
        np.ascontiguousarray(order),
        out,
    )
    return out


@kernel
def _alias(rates: Vector, share: Vector, other: Indices) -> None:
    """Fill the ``share`` that a place keeps of the events thrown at it, and which ``other`` has the rest.

    Events are thrown at all places alike, and each place has the events of its rate then.
    """
    mean, size = rates.mean() if rates.size > 0 else 1.0, rates.size
    low, high = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    lows, highs = 0, 0
    for i in range(size):
        share[i] = rates[i] / mean
        if share[i] < 1.0:
            low[lows] = i
            lows += 1
        else:
            high[highs] = i
            highs += 1
    while lows > 0 and highs > 0:
        lows -= 1
        i, j = low[lows], high[highs - 1]
        other[i] = j
        share[j] -= 1.0 - share[i]
        if share[j] < 1.0:
            highs -= 1
            low[lows] = j
            lows += 1


@kernel
def _poisson(rng: np.random.Generator, mean: float, none: float) -> float:
    """A Poisson number; ``none`` is exp(-mean). Few events by inversion, which costs one random number."""
    if mean > _MANY:
        return float(rng.poisson(mean))
    u = rng.random()
    events, term, total = 0.0, none, none
    # the second condition ends a sum that rounding keeps below 1
    while u >= total and term > 1e-18:
        events += 1.0
        term *= mean / events
        total += term
    return events


@kernel
def _draw(
    rng: np.random.Generator,
    alone: Matrix,
    none: Matrix,
    together: Indices,
    total: float,
    share: Vector,
    other: Indices,
    order: Indices,
    out: NDArray[np.float64],
) -> None:
    """Fill ``out[toy, selection, cell + 1]``: cells ``alone`` one by one, ``total`` events in those ``together``."""
    selections, cells = alone.shape
    drawn = np.empty((selections, cells))
    for toy in range(out.shape[0]):
        flat = drawn.ravel()
        flat[:] = 0.0
        for _ in range(rng.poisson(total) if total > 0.0 else 0):
            u = rng.random() * share.size
            i = min(int(u), share.size - 1)
            flat[together[i if u - i < share[i] else other[i]]] += 1.0
        for cell in range(cells):
            events = 0.0
            for k in range(selections):
                if alone[k, cell] > 0.0:
                    drawn[k, cell] = _poisson(rng, alone[k, cell], none[k, cell])
                events += drawn[k, cell]
                s = order[k, cell]
                out[toy, s, cell + 1] = out[toy, s, cell] + events
