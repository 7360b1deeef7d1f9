"""Missing mass with the background estimate in the signal and control regions, and its total uncertainty below."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hnlpeak.background.template_sums import ControlRegionAgreement
from hnlpeak.limits.result import SearchResult
from hnlpeak.report.figures.binning import (
    Binned,
    Stack,
    composite,
    segments,
    snapped_edges,
    stack,
    with_systematics,
)
from hnlpeak.report.figures.columns import Columns, binned_columns
from hnlpeak.report.figures.spectrum_panels import (
    data_label,
    draw_data,
    draw_stack,
    legend_above,
    spectrum_panels,
)
from hnlpeak.report.labels import channel
from hnlpeak.report.rounding import plain_number
from hnlpeak.report.style import EXPECTED, INK, MUTED, header, new_figure, styled
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["background_estimate", "background_estimate_columns"]

_WIDTH = 2.0
_MARGIN = 12.0
_ROOM = 1.75
"""Height of the axis over the highest bin: the legend and the names of the regions are above it."""


def _bins(
    result: SearchResult, region: ControlRegionAgreement, data: Spectrum, templates: Spectrum
) -> tuple[Binned, Stack]:
    """The spectrum from the control region to the end of the search, and its simulated part."""
    masses = result.hypotheses.mass
    low = max(min(region.low, float(masses[0])) - _MARGIN, float(data.edges[0]))
    high = min(float(masses[-1]) + _MARGIN + 3.0, float(data.edges[-1]))
    low = _WIDTH * np.floor(low / _WIDTH)
    places = snapped_edges(data.edges, np.arange(low, high + 0.5 * _WIDTH, _WIDTH))
    parts = segments(result)
    counts = composite(data, parts, places)
    template_places = snapped_edges(templates.edges, counts.edges)
    simulated = with_systematics(stack(templates, result, parts, template_places), result)
    return Binned(counts, _WIDTH, simulated), simulated


def background_estimate_columns(
    result: SearchResult, region: ControlRegionAgreement, data: Spectrum, templates: Spectrum
) -> Columns:
    """Return the numbers of the figure: MeV, events of each bin."""
    return binned_columns(_bins(result, region, data, templates)[0], "mev")


@styled
def background_estimate(
    result: SearchResult, region: ControlRegionAgreement, data: Spectrum, templates: Spectrum
) -> Figure:
    """Draw data and the stacked background by component over m_miss (MeV), the control ``region`` marked.

    The lower panel is the total relative uncertainty of the estimate: statistics of simulation and control run, the
    scale of the control run, the systematic errors of the card, N_K. For results with templates.
    """
    masses = result.hypotheses.mass
    shown, simulated = _bins(result, region, data, templates)
    counts, weights = shown.counts, shown.weights
    figure = new_figure(9.0, 7.0)
    top, bottom = spectrum_panels(figure, ratio=True)
    draw_stack(top, counts.edges, simulated, weights)
    draw_data(top, counts, weights, data_label(result))
    top.set_ylim(0.0, _ROOM * shown.top)
    top.set_ylabel(f"Events / ({_WIDTH:g} MeV)")
    legend_above(top)
    _regions(top, bottom, region, (float(masses[0]), float(masses[-1])))
    _uncertainty(bottom, counts.edges, simulated.total, simulated.error)
    bottom.set_xlim(counts.edges[0], counts.edges[-1])
    bottom.set_xlabel(r"$m_{\mathrm{miss}}$ [MeV]")
    header(top, simulated=result.simulated, right=f"${channel(result)}$")
    return figure


def _regions(top: Axes, bottom: Axes, region: ControlRegionAgreement, signal: tuple[float, float]) -> None:
    """Mark the regions; the control region with the p-value of its data."""
    control = region.low, region.high
    note = "" if math.isnan(region.p_value) else f"\np = {plain_number(region.p_value, 2)}"
    for (first, last), colour, text in (
        (control, MUTED, f"control region{note}"),
        (signal, EXPECTED, "signal region"),
    ):
        for axes in (top, bottom):
            axes.axvspan(first, last, color=colour, alpha=0.07, linewidth=0.0, zorder=0)
        for edge in (first, last):
            top.axvline(edge, 0.0, 0.72, color=colour, linestyle=":", linewidth=1.2)
        top.text(
            0.5 * (first + last),
            0.715,
            text,
            transform=top.get_xaxis_transform(),
            ha="center",
            va="top",
            fontsize=10,
            color=colour,
        )


def _uncertainty(axes: Axes, edges: np.ndarray[Any, np.dtype[np.float64]], total: Any, error: Any) -> None:
    relative = 100.0 * np.where(total > 0.0, error / np.where(total > 0.0, total, 1.0), np.nan)
    axes.stairs(relative, edges, baseline=None, color=INK, linewidth=1.4)
    good = relative[np.isfinite(relative)]
    # bins without background, at the end point, do not set the scale
    axes.set_ylim(0.0, 1.5 * float(np.quantile(good, 0.9)) if good.size else 1.0)
    axes.set_ylabel("total error of the\nbackground [%]", fontsize=11)
