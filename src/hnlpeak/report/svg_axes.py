"""Axes and curves of the plots that stand in the page itself, as plain SVG."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hnlpeak.report.rounding import power_of_ten

__all__ = ["Axis", "band_path", "line_path", "step_path"]

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """A linear or logarithmic axis from ``low`` to ``high``, drawn from ``start`` to ``end`` (units of the picture)."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def place(self, values: ArrayLike) -> Vector:
        """Return where ``values`` are drawn; what is not above 0 lies at the lower end of a logarithmic axis."""
        v = np.asarray(values, dtype=np.float64)
        low, high = self.low, self.high
        if self.log:
            # a little below the end: the frame of the plot cuts it off
            v = np.log(np.where(np.isnan(v), np.nan, np.maximum(v, 0.5 * low)))
            low, high = np.log(low), np.log(high)
        return np.asarray(self.start + (self.end - self.start) * (v - low) / (high - low))

    def ticks(self) -> list[tuple[float, str]]:
        """Return place and text of each tick; decades of a logarithmic axis."""
        from matplotlib.ticker import MaxNLocator

        if self.log:
            first, last = np.ceil(np.log10(self.low) - 1e-9), np.floor(np.log10(self.high) + 1e-9)
            step = max(1, int((last - first) // 7) + 1) if last - first > 7 else 1
            powers = np.arange(first, last + 1.0, step)
            return [(float(self.place(10.0**n)), power_of_ten(int(n))) for n in powers]
        values = np.asarray(MaxNLocator(7, steps=[1, 2, 5, 10]).tick_values(self.low, self.high))
        inside = values[(values >= self.low) & (values <= self.high)]
        return [(float(self.place(value)), f"{value:g}") for value in inside]


def _pairs(x: Vector, y: Vector) -> str:
    return "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))


def _pieces(good: NDArray[np.bool_]) -> Iterator[slice]:
    """Runs of neighbours that are all ``good``."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(np.int8)))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        yield slice(int(first), int(last))


def line_path(x: Axis, y: Axis, at: Vector, values: Vector) -> str:
    """Return the path through points; numbers that are not finite are gaps."""
    return "".join(
        f"M{_pairs(x.place(at[piece]), y.place(values[piece]))}" for piece in _pieces(np.isfinite(values))
    )


def band_path(x: Axis, y: Axis, at: Vector, low: Vector, high: Vector) -> str:
    """Return the outline of the area between ``low`` and ``high``, in as many pieces as there are."""
    found = []
    for piece in _pieces(np.isfinite(low) & np.isfinite(high)):
        places = x.place(at[piece])
        there, back = _pairs(places, y.place(high[piece])), _pairs(places[::-1], y.place(low[piece][::-1]))
        found.append(f"M{there}L{back}Z")
    return "".join(found)


def step_path(x: Axis, y: Axis, edges: Vector, values: Vector) -> str:
    """Return the outline of a histogram with these ``edges``."""
    return "M" + _pairs(np.repeat(x.place(edges), 2)[1:-1], np.repeat(y.place(values), 2))
