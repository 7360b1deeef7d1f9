"""How a published limit is drawn: one colour and one dash for each search, in every figure."""

from __future__ import annotations

from matplotlib.axes import Axes

from hnlpeak.limits.published import PublishedLimit
from hnlpeak.report.figures.curve_labels import Curve
from hnlpeak.report.style import PALETTE, plain

__all__ = ["LOOKS", "draw_published", "looks"]

_GREEN, _BLUE, _OLIVE, _PINK = "#0b7a75", "#5b6ee1", "#8a6d00", "#c2468f"

LOOKS: dict[str, tuple[str, str]] = {
    "na62-2007-mu": (PALETTE[2], ":"),
    "na62-2007-mu-tables": (PALETTE[2], "-"),
    "na62-2007-mu-tables-expected": (PALETTE[2], "-."),
    "na62-2015-e-preliminary": (PALETTE[6], ":"),
    "na62-2015-e": (PALETTE[6], "--"),
    "na62-2015-mu": (PALETTE[6], "--"),
    "na62-2020-e": (PALETTE[4], "-"),
    "na62-2021-mu": (PALETTE[4], "-"),
    "na62-2025-pi-e": (_PINK, "-"),
    "e949-mu": (_GREEN, "-"),
    "kek-e": (PALETTE[5], "--"),
    "kek-mu": (PALETTE[5], "--"),
    "pienu-2017-e": (_BLUE, "--"),
    "pienu-2019-mu-high": (_BLUE, "-"),
    "pienu-2019-mu-low": (_BLUE, "-."),
    "triumf-e": (_OLIVE, "-."),
    "psi-mu": (_OLIVE, "--"),
}
"""Colour and dash of the curves of the library; a collaboration keeps its colour in both flavours."""

_OF_OTHERS = (PALETTE[8], "-")


def looks(curve: PublishedLimit) -> tuple[str, str]:
    """Return colour and dash (matplotlib's) of ``curve``."""
    return LOOKS.get(curve.name, _OF_OTHERS)


def draw_published(axes: Axes, curve: PublishedLimit, *, year: bool = False) -> Curve:
    """Draw ``curve`` and return what its label needs; ``year`` puts the year of publication into the label."""
    colour, dash = looks(curve)
    axes.plot(curve.mass, curve.u2, color=colour, linewidth=1.2, linestyle=dash)
    words = plain(curve.label) + (f" ({curve.year})" if year else "")
    return words + (" (approximate)" if curve.confidence == "m" else ""), curve.mass, curve.u2, colour
