"""Cells of a calorimeter that are not read out, and how far a track is from the nearest of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hnlpeak.core.card import Card
from hnlpeak.core.kernel import inlined
from hnlpeak.core.quantity import Share, Size

__all__ = ["COLUMN", "FAR", "GRID", "DeadCells", "distance_to_dead_cell"]

COLUMN = "dead_cell_mm"
"""Column of the distance."""
GRID = 128
"""Cells a side of the grid, which is centred on the axis."""
FAR = 1e6
"""Distance (mm) from the nearest dead cell where there is none within two cells, or in the card."""
_NEIGHBOURS = 2
_MOST = 0.5


class DeadCells(Card):
    """A ``share`` of the square cells of ``pitch`` is dead.

    Where is seldom published: the places are drawn once, by the number ``map``, and stay the same for all events.
    """

    share: Share
    pitch: Size
    map: Annotated[int, Field(ge=0, lt=2**32)] = 1

    def contradictions(self) -> Iterator[str]:
        """Yield what leaves no cell dead, or few alive."""
        if round(self.share * GRID**2) < 1:
            yield f"share = {self.share:g} is less than one of {GRID**2} cells: leave dead_cells out"
        if self.share > _MOST:
            yield f"share must be at most {_MOST:g}, got {self.share:g}"

    @property
    def covers(self) -> float:
        """How far from the axis there are cells along x and y, mm."""
        return 0.5 * GRID * self.pitch

    @property
    def reach(self) -> float:
        """Largest distance that is found, mm: two cells."""
        return _NEIGHBOURS * self.pitch

    def table(self) -> NDArray[np.uint8]:
        """``GRID`` x ``GRID`` cells in x and y, 1 where dead."""
        dead = np.zeros(GRID * GRID, dtype=np.uint8)
        order = np.argsort(np.random.Philox(key=self.map).random_raw(dead.size), kind="stable")
        dead[order[: round(self.share * dead.size)]] = 1
        return dead.reshape(GRID, GRID)


@inlined
def distance_to_dead_cell(dead: NDArray[np.uint8], pitch: float, x: float, y: float) -> float:
    """Distance (mm) of a point from the centre of the nearest dead cell, ``FAR`` beyond two cells of ``pitch``."""
    best = FAR * FAR
    if pitch <= 0.0:
        return FAR
    u, v = x / pitch + 0.5 * GRID, y / pitch + 0.5 * GRID
    if not (0.0 <= u < GRID and 0.0 <= v < GRID):
        return FAR
    i, j = int(u), int(v)
    for a in range(max(0, i - _NEIGHBOURS), min(GRID, i + _NEIGHBOURS + 1)):
        for b in range(max(0, j - _NEIGHBOURS), min(GRID, j + _NEIGHBOURS + 1)):
            if dead[a, b] != 0:
                best = min(best, (u - a - 0.5) ** 2 + (v - b - 0.5) ** 2)
    return pitch * math.sqrt(best) if best <= _NEIGHBOURS**2 else FAR
