"""Limits of two or more searches over each other, with their ratios."""

from __future__ import annotations

from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hnlpeak.limits.side_by_side import SideBySide
from hnlpeak.report.labels import mixing_of_flavour
from hnlpeak.report.style import (
    EXPECTED,
    INK,
    MARKERS,
    MUTED,
    PALETTE,
    header,
    new_figure,
    plain,
    settle,
    styled,
)

__all__ = ["compare"]

_COLOURS = (INK, EXPECTED, *PALETTE[1:3], *PALETTE[4:])
_DECADE = 10.0


@styled
def compare(found: SideBySide) -> Figure:
    """Draw observed (solid) and expected (dashed) limits on |U|^2 of all searches, and below them over the first.

    Masses that may not be quoted are gaps; ratios stand where both searches have a limit at the same mass.
    """
    figure = new_figure(9.0, 7.4)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[2.6, 1.0])
    ratios: list[NDArray[np.float64]] = []
    for i, (label, colour) in enumerate(zip(found.labels, cycle(_COLOURS), strict=False)):
        one = found.searches[i]
        words = f"{label} (simulated)" if one.simulated else label
        mark = {"marker": MARKERS[i % len(MARKERS)], "markersize": 5.0, "markevery": (0.02 * (i % 5), 0.1)}
        top.plot(one.mass, one.observed, color=colour, linewidth=1.7, label=plain(words), **mark)
        top.plot(one.mass, one.expected, color=colour, linewidth=1.3, linestyle="--")
        if i:
            for values, style in ((found.observed_ratio[i], "-"), (found.expected_ratio[i], "--")):
                marked = mark if style == "-" else {}
                bottom.plot(found.mass, values, color=colour, linestyle=style, linewidth=1.4, **marked)
                ratios.append(values)
    top.plot([], [], color=MUTED, linewidth=1.3, linestyle="--", label="expected")
    top.set_yscale("log")
    top.set_ylabel(f"Upper limit on ${mixing_of_flavour(found.lepton)}$")
    top.legend(loc="upper right", fontsize=10)
    _room(top)
    bottom.axhline(1.0, color=MUTED, linewidth=1.0)
    _ratio_axis(bottom, np.concatenate(ratios))
    bottom.set_ylabel(
        plain(f"over {found.labels[0]}") if len(found.labels[0]) <= 18 else "ratio to the first"
    )
    bottom.set_xlabel(r"$m_N$ [MeV]")
    header(top, simulated=any(one.simulated for one in found.searches), right=found.convention)
    settle(figure)
    return figure


def _room(axes: Axes) -> None:
    """Room for the legend above the curves."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * _DECADE**0.6)


def _ratio_axis(axes: Axes, values: NDArray[np.float64]) -> None:
    """Logarithmic where ratios span more than a factor 4."""
    there = values[np.isfinite(values) & (values > 0.0)]
    if there.size and there.max() > 4.0 * there.min():
        axes.set_yscale("log")
