"""How a published limit is drawn: one colour and one dash for each curve, in every figure."""

from __future__ import annotations

from matplotlib.axes import Axes

from hnlpeak.limits.published import PublishedLimit, list_published, published
from hnlpeak.report.figures.curve_labels import Curve
from hnlpeak.report.style import PALETTE, plain

__all__ = ["LEGEND", "draw_published"]

LEGEND = (
    "others: solid: tabulated, dashed: read off a figure, dotted: not to be quoted, dash-dotted: expected"
)

_COLOURS = (
    PALETTE[4],
    PALETTE[2],
    PALETTE[5],
    "#0b7a75",
    PALETTE[6],
    "#5b6ee1",
    "#8a6d00",
    PALETTE[8],
    "#c2468f",
    "#3d7a1f",
)


def draw_published(axes: Axes, curve: PublishedLimit, *, year: bool = False) -> Curve:
    """Draw ``curve`` and return what its label needs; ``year`` puts the year of publication into the label."""
    colour = _colour(curve)
    axes.plot(curve.mass, curve.u2, color=colour, linewidth=1.2, linestyle=_dash(curve))
    words = plain(curve.label) + (f" ({curve.year})" if year else "")
    return (words + (" (not to be quoted)" if curve.confidence == "m" else ""), curve.mass, curve.u2, colour)


def _colour(curve: PublishedLimit) -> str:
    """Colour by the place among all curves of its flavour, whichever of them a figure draws."""
    names = [name for name in list_published() if published(name).flavour == curve.flavour]
    return _COLOURS[names.index(curve.name) % len(_COLOURS)] if curve.name in names else PALETTE[8]


def _dash(curve: PublishedLimit) -> str:
    if curve.confidence == "m":
        return ":"
    if curve.quantity == "expected":
        return "-."
    return "-" if curve.kind == "tabulated" else "--"
