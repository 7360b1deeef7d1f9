"""How a published limit is drawn: one colour, dash and mark for each search, in every figure."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from hnlpeak.limits.published import PublishedLimit
from hnlpeak.report.style import MARKERS, PALETTE, plain

__all__ = ["LOOKS", "draw_published", "looks", "name_published"]

_WIDTH = 24

_GREEN, _BLUE, _OLIVE, _PINK = "#0b7a75", "#5b6ee1", "#8a6d00", "#c2468f"
_BROWN = "#4a2400"
"""Dark, for a result that its successor all but covers."""

LOOKS: dict[str, tuple[str, str, str]] = {
    "na62-2007-mu": (PALETTE[2], ":", "o"),
    "na62-2007-mu-tables": (PALETTE[2], "-", "s"),
    "na62-2007-mu-tables-expected": (PALETTE[2], "-.", "D"),
    "na62-2015-e-preliminary": (_BROWN, ":", "d"),
    "na62-2015-e": (PALETTE[6], "--", "v"),
    "na62-2015-mu": (PALETTE[6], "--", "v"),
    "na62-2020-e": (PALETTE[4], "-", "X"),
    "na62-2021-mu": (PALETTE[4], "-", "X"),
    "na62-2025-pi-e": (_PINK, "-", "P"),
    "e949-mu": (_GREEN, "-", "h"),
    "kek-e": (PALETTE[5], "--", "^"),
    "kek-mu": (PALETTE[5], "--", "^"),
    "pienu-2017-e": (_BLUE, "--", "*"),
    "pienu-2019-mu-high": (_BLUE, "-", "*"),
    "pienu-2019-mu-low": (_BLUE, "-.", "p"),
    "triumf-e": (_OLIVE, "-.", ">"),
    "psi-mu": (_OLIVE, "--", "<"),
}
"""Colour, dash and mark of the curves of the library; a collaboration keeps its colour in both flavours."""

_DASHES = ("-", "--", "-.", ":")
_EVERY = (0.03, 0.17)
"""Where the marks of a curve stand: the first, and the steps, in lengths of the figure's diagonal."""


def looks(curve: PublishedLimit, place: int = 0) -> tuple[str, str, str]:
    """Return colour, dash and mark (matplotlib's) of ``curve``; no two of one flavour share a mark.

    Curves that are not of the library are grey, and told apart by their ``place`` among those that are drawn.
    """
    others = (PALETTE[8], _DASHES[place % len(_DASHES)], MARKERS[place % len(MARKERS)])
    return LOOKS.get(curve.name, others)


def draw_published(axes: Axes, curve: PublishedLimit, place: int = 0) -> Line2D:
    """Draw ``curve`` and return its line, labelled with name and year of publication; ``place`` as in :func:`looks`."""
    colour, dash, mark = looks(curve, place)
    label = "\n".join(wrap(plain(curve.title), _WIDTH))
    (line,) = axes.plot(
        curve.mass,
        curve.u2,
        color=colour,
        linewidth=1.3,
        linestyle=dash,
        label=label,
        marker=mark,
        markersize=5.0,
        markerfacecolor="white",
        markevery=_EVERY,
    )
    return line


def name_published(axes: Axes, lines: Sequence[Line2D]) -> None:
    """Name the curves of others in a second legend beside ``axes``."""
    if not lines:
        return
    first = axes.get_legend()
    axes.legend(
        handles=list(lines),
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        fontsize=10,
        title="published",
        alignment="left",
        borderaxespad=0.0,
        handlelength=2.6,
    )
    if first is not None:
        axes.add_artist(first)
