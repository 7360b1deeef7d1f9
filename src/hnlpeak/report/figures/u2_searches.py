"""Limits on |U_l4|^2 of several searches, one panel a flavour, with those of earlier searches."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hnlpeak.core.errors import UsageError
from hnlpeak.limits.published import PublishedLimit
from hnlpeak.limits.result import SearchResult
from hnlpeak.report.figures.curve_labels import Curve, label_curves
from hnlpeak.report.figures.published_line import draw_published
from hnlpeak.report.labels import mixing
from hnlpeak.report.style import (
    EXPECTED,
    INK,
    PALETTE,
    convention,
    header,
    new_figure,
    plain,
    settle,
    styled,
)

__all__ = ["u2_searches"]

_OWN = (INK, EXPECTED, PALETTE[2])


@styled
def u2_searches(results: Sequence[SearchResult], earlier: Sequence[PublishedLimit]) -> Figure:
    """Draw observed (solid) and expected (dashed) limits of ``results`` and the curves of ``earlier`` searches.

    A flavour has a panel where a result has it. ``UsageError`` without any result.
    """
    flavours = list(dict.fromkeys(result.lepton for result in results))
    if not flavours:
        raise UsageError("no search to draw")
    figure = new_figure(7.0 * len(flavours) + 0.6, 6.2)
    panels = figure.subplots(1, len(flavours), squeeze=False)[0]
    named = []
    for axes, flavour in zip(panels, flavours, strict=True):
        own = [result for result in results if result.lepton == flavour]
        curves = [curve for curve in earlier if curve.flavour == flavour]
        named.append(_panel(axes, own, curves))
    # places of labels need final axes
    settle(figure)
    for axes, (labels, around) in zip(panels, named, strict=True):
        label_curves(axes, labels, around=around)
    return figure


Line = tuple[np.ndarray, np.ndarray]


def _panel(
    axes: Axes, own: Sequence[SearchResult], earlier: Sequence[PublishedLimit]
) -> tuple[list[Curve], list[Line]]:
    labels = [draw_published(axes, curve, year=True) for curve in earlier]
    around: list[Line] = []
    values = [curve.u2 for curve in earlier]
    for result, colour in zip(own, cycle(_OWN), strict=False):
        masses = result.number("m_n_mev")
        observed, expected = (
            np.where(result.sound, limit.u2, np.nan)
            for limit in (result.limits.observed, result.limits.expected.median)
        )
        word = " (simulated)" if result.simulated else ""
        axes.plot(
            masses, observed, color=colour, linewidth=1.8, label=f"{plain(result.title)}{word}: observed"
        )
        axes.plot(masses, expected, color=colour, linewidth=1.4, linestyle="--", label="expected")
        good = np.isfinite(observed)
        around.append((masses[good], observed[good]))
        values += [observed[good], expected[np.isfinite(expected)]]
    everything = np.concatenate(values)
    everything = everything[everything > 0.0]
    axes.set_yscale("log")
    if everything.size:
        low, high = float(everything.min()), float(np.quantile(everything, 0.98))
        axes.set_ylim(10.0 ** np.floor(np.log10(low) - 0.2), 10.0 ** (np.ceil(np.log10(high)) + 1.2))
    ends = [*(result.number("m_n_mev")[[0, -1]] for result in own), *(c.mass[[0, -1]] for c in earlier)]
    first, last = float(np.min(ends)), float(np.max(ends))
    margin = 0.02 * (last - first)
    axes.set_xlim(max(0.0, first - margin), last + margin)
    axes.set_xlabel(r"$m_N$ [MeV]")
    axes.set_ylabel(f"Upper limit on ${mixing(own[0])}$")
    axes.legend(loc="upper right", fontsize=9.5, ncols=1)
    header(axes, simulated=any(result.simulated for result in own), right=convention(own[0]))
    return labels, around
