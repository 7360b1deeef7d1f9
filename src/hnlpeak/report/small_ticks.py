"""Small ticks of figures that become files: two lines an axis in place of some hundred ticks.

matplotlib makes, measures and draws each tick by itself, which is a third of the time of a figure. Where nobody will
change the axes any more their small ticks without numbers are marks of two lines, which look the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axis import Axis, XAxis
from matplotlib.lines import Line2D
from matplotlib.markers import TICKDOWN, TICKLEFT, TICKRIGHT, TICKUP
from matplotlib.ticker import Locator, NullLocator

__all__ = ["SmallTicks", "for_files"]

_for_files: ContextVar[bool] = ContextVar("figures become files and no more", default=False)


@contextmanager
def for_files() -> Iterator[None]:
    """Within it figures are made to be written: their axes stay as they are."""
    token = _for_files.set(True)
    try:
        yield
    finally:
        _for_files.reset(token)


class SmallTicks:
    """The small ticks of ``axes`` put aside, to be drawn when the figure is laid out; none unless ``for_files``."""

    def __init__(self, axes: Sequence[Axis]) -> None:
        found = [axis for axis in axes if _for_files.get() and _is_plain(axis)]
        self._aside: list[tuple[Axis, Locator]] = [(axis, axis.get_minor_locator()) for axis in found]
        self._hide()

    def _hide(self) -> None:
        for axis, _ in self._aside:
            axis.set_minor_locator(NullLocator())

    def draw(self) -> None:
        """Draw them where they belong now."""
        places = []
        for axis, locator in self._aside:
            axis.set_minor_locator(locator)  # axes that share their ticks share this, too
            places.append(_in_view(axis))
        self._hide()
        for (axis, _), where in zip(self._aside, places, strict=True):
            _draw(axis, where)


def _in_view(axis: Axis) -> list[float]:
    """Places of the small ticks; one at the end of the axis is there in spite of rounding."""
    place = axis.get_transform().transform
    low, high = sorted(place(np.asarray(axis.get_view_interval())))
    close = 1e-10 * (high - low)
    found = np.asarray(axis.get_minorticklocs())
    at = place(found)
    return list(found[(at >= low - close) & (at <= high + close)])


def _is_plain(axis: Axis) -> bool:
    """True for small ticks in the looks of the house, without numbers."""
    if not axis.get_visible() or not axis.axes.axison:
        return False
    sides = ("bottom", "top") if isinstance(axis, XAxis) else ("left", "right")
    found = axis.get_tick_params(which="minor")
    labels = [f"label{side}" for side in sides]
    return set(found) <= {*sides, *labels, "gridOn"} and not found.get(labels[0], True)


def _draw(axis: Axis, where: Sequence[float]) -> None:
    along_x = isinstance(axis, XAxis)
    key = "xtick" if along_x else "ytick"
    sides = ("bottom", "top") if along_x else ("left", "right")
    marks: tuple[Any, Any] = (TICKUP, TICKDOWN) if along_x else (TICKRIGHT, TICKLEFT)
    shown = axis.get_tick_params(which="minor")
    settings: Any = matplotlib.rcParams  # the names of its keys are made up here
    for end, (side, mark) in enumerate(zip(sides, marks, strict=True)):
        if not shown.get(side, True):
            continue
        across = [float(end)] * len(where)
        line = Line2D(
            *((where, across) if along_x else (across, where)),
            linestyle="none",
            marker=mark,
            markersize=settings[f"{key}.minor.size"],
            markeredgewidth=settings[f"{key}.minor.width"],
            markeredgecolor=settings[f"{key}.color"],
            transform=axis.axes.get_xaxis_transform() if along_x else axis.axes.get_yaxis_transform(),
            clip_on=False,
            zorder=axis.get_zorder(),
        )
        axis.axes.add_artist(line)
