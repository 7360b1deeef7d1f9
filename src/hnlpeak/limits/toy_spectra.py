"""Background-only toys of the whole spectrum, drawn on the bin edges that a scan uses.

Bins between neighbouring edges of windows and side bands are drawn as one. Selections of one spectrum share their
events: where one expects more than another, the further events are drawn on top of the common ones, as they
are for selections that are nested (the loose one holds every event of the tight one).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.bands import SidebandDesign
from hnlpeak.core.kernel import kernel
from hnlpeak.spectrum.window import Window

__all__ = ["ToyAxis", "draw_toys", "toy_axis"]

_MANY = 10.0

Vector = NDArray[np.float64]
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
    steps = np.diff(np.take_along_axis(expected, order, axis=0), axis=0, prepend=0.0)
    out = np.zeros((toys, expected.shape[0], expected.shape[1] + 1))
    steps = np.ascontiguousarray(steps)
    _draw(rng, steps, np.exp(-steps), np.ascontiguousarray(order), out)
    return out


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
def _draw(rng: np.random.Generator, steps: Vector, none: Vector, order: Indices, out: Vector) -> None:
    selections, cells = steps.shape
    for toy in range(out.shape[0]):
        for cell in range(cells):
            events = 0.0
            for k in range(selections):
                if steps[k, cell] > 0.0:
                    events += _poisson(rng, steps[k, cell], none[k, cell])
                s = order[k, cell]
                out[toy, s, cell + 1] = out[toy, s, cell] + events
