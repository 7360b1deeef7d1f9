"""Figures drawn onto somebody's Axes in place of a figure of their own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["Onto", "onto", "target"]

_GAP = 0.3
"""Between panels side by side, as a share of the Axes."""

_target: ContextVar[Axes | None] = ContextVar("axes that figures are drawn onto", default=None)


@contextlib.contextmanager
def onto(axes: Axes | None) -> Iterator[None]:
    """Within it figures are drawn onto ``axes``, in the looks of whoever owns them; None changes nothing."""
    token = _target.set(axes)
    try:
        yield
    finally:
        _target.reset(token)


def target() -> Axes | None:
    """Return the Axes that figures are drawn onto now, None where each makes its own figure."""
    return _target.get()


class Onto:
    """Stands for a new figure on given Axes: one panel is the Axes, several are insets that fill it."""

    def __init__(self, axes: Axes) -> None:
        self._given = axes
        self._panels: list[Axes] = []

    @property
    def figure(self) -> Figure:
        """The figure that the Axes belong to."""
        figure = self._given.get_figure(root=True)
        if not isinstance(figure, Figure):
            raise ValueError("axes without a figure")
        return figure

    @property
    def axes(self) -> list[Axes]:
        """The panels."""
        return self._panels

    def subplots(
        self,
        rows: int = 1,
        columns: int = 1,
        *,
        squeeze: bool = True,
        sharex: bool = False,
        height_ratios: Sequence[float] | None = None,
    ) -> Any:
        """As ``Figure.subplots``: the Axes for one panel, else an array of insets."""
        if rows == columns == 1:
            self._panels = [self._given]
            return self._given if squeeze else np.array([[self._given]])
        self._given.set_axis_off()
        grid = self._insets(rows, columns, sharex, height_ratios or [1.0] * rows)
        self._panels = list(grid.ravel())
        return grid.squeeze() if squeeze else grid

    def _insets(self, rows: int, columns: int, sharex: bool, ratios: Sequence[float]) -> Any:
        gap = 0.03 if sharex else _GAP
        heights = np.asarray(ratios) / sum(ratios) * (1.0 - gap * (rows - 1))
        width = (1.0 - _GAP * (columns - 1)) / columns
        grid = np.empty((rows, columns), dtype=object)
        top = 1.0
        for i, height in enumerate(heights):
            for j in range(columns):
                box = (j * (width + _GAP), top - height, width, height)
                shared = {"sharex": grid[0, j]} if sharex and i else {}
                grid[i, j] = self._given.inset_axes(box, **shared)
                if sharex and i < rows - 1:
                    grid[i, j].tick_params(labelbottom=False)
            top -= height + gap
        return grid

    def legend(self, handles: Sequence[Any], labels: Sequence[str], **_: Any) -> None:
        """The legend of a whole figure: below the Axes."""
        self._given.legend(handles, labels, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2)
