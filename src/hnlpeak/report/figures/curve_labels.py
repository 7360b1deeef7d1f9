"""Places for labels at curves, away from other curves and labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

__all__ = ["Curve", "label_curves"]

Vector = NDArray[np.float64]
Curve = tuple[str, Vector, Vector, str]
"""Name, x, y and colour of a curve that is to have a label."""

_HEIGHT = 0.035
_LETTER = 0.0125


def label_curves(
    axes: Axes,
    curves: Sequence[Curve],
    *,
    around: Sequence[tuple[Vector, Vector]] = (),
) -> None:
    """Write the name of each curve (name, x, y, colour) beside it, where the least is in the way.

    Curves ``around`` (x, y) have no label but are avoided too. Greedy: the shortest curve first; every place
    above and below the curve is tried, and the one is taken whose box holds the fewest points of curves and
    labels. Limits and scales of ``axes`` must be final.
    """
    to_axes = (axes.transData + axes.transAxes.inverted()).transform
    dense = [to_axes(_dense(axes, x, y)) for _, x, y, _ in curves]
    obstacles = np.concatenate([*dense, *(to_axes(_dense(axes, x, y)) for x, y in around)])
    taken: list[Vector] = []
    order = sorted(range(len(curves)), key=lambda i: float(np.ptp(dense[i][:, 0])))
    for i in order:
        name, _, _, colour = curves[i]
        half = 0.5 * _LETTER * len(name)
        best: tuple[float, float, float, float, float] | None = None
        for x, y in dense[i][::4]:
            for offset in (1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 4.0, -4.0):
                place = np.array([np.clip(x, half + 0.01, 0.99 - half), y + offset * _HEIGHT])
                if not 0.03 < place[1] < 0.96 or not 0.0 < x < 1.0:
                    continue
                cost = (
                    _cost(place, half, float(y), obstacles, taken)
                    + 1.5 * (abs(offset) - 1.0)
                    + 20.0 * abs(place[0] - x)
                )
                if best is None or cost < best[0]:
                    best = (cost, float(place[0]), float(place[1]), float(x), float(y))
        if best is None:
            continue
        taken.append(np.array([best[1], best[2], half]))
        axes.text(
            best[1],
            best[2],
            name,
            color=colour,
            ha="center",
            va="center",
            transform=axes.transAxes,
            fontsize=9.5,
        ).set_in_layout(False)
        if abs(best[2] - best[4]) > 1.5 * _HEIGHT:
            end = best[2] + 0.5 * _HEIGHT * (1.0 if best[4] > best[2] else -1.0)
            line = np.column_stack([np.linspace(best[1], best[3], 40), np.linspace(end, best[4], 40)])
            obstacles = np.concatenate([obstacles, line])
            axes.plot(*line[[0, -1]].T, color=colour, linewidth=0.7, transform=axes.transAxes)


def _dense(axes: Axes, x: Vector, y: Vector) -> Vector:
    """Points along the curve, close enough for boxes of labels; straight in log y if the axis is."""
    fine = np.linspace(x[0], x[-1], 120)
    if axes.get_yscale() == "log":
        return np.column_stack([fine, np.exp(np.interp(fine, x, np.log(y)))])
    return np.column_stack([fine, np.interp(fine, x, y)])


def _cost(place: Vector, half: float, foot: float, obstacles: Vector, taken: Sequence[Vector]) -> float:
    """Points of curves in the box about ``place``; a clash with a label, or of its line with one, costs much more."""
    inside = (np.abs(obstacles[:, 0] - place[0]) < half + 0.01) & (
        np.abs(obstacles[:, 1] - place[1]) < 0.6 * _HEIGHT
    )
    low, high = sorted((float(place[1]), foot))
    clash = sum(
        (abs(place[0] - x) < half + other + 0.01 and abs(place[1] - y) < _HEIGHT)
        or (abs(place[0] - x) < other + 0.02 and low < y < high)
        for x, y, other in taken
    )
    return float(np.count_nonzero(inside)) + 100.0 * float(clash)
