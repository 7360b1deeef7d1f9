"""Spectrum of the squared missing mass: the Standard-Model peak and the range of the search."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hnlpeak.limits.result import SearchResult
from hnlpeak.report.figures.binning import Binned, Segment, rebin, signed_gev2, snapped_edges, stack
from hnlpeak.report.figures.columns import Columns, binned_columns
from hnlpeak.report.figures.spectrum_panels import (
    data_label,
    draw_data,
    draw_ratio,
    draw_stack,
    examples,
    legend_above,
    spectrum_panels,
    spectrum_top,
)
from hnlpeak.report.labels import channel
from hnlpeak.report.style import EXPECTED, INK, MUTED, PALETTE, header, new_figure, styled
from hnlpeak.spectrum.spectrum import Projection, Spectrum

__all__ = ["m2_miss", "m2_miss_columns"]

_WIDTH = 0.002
"""Nominal bin width, GeV^2."""


def _selection(result: SearchResult, selection: str | None) -> str:
    return str(result["selection"][0]) if selection is None else selection


def _bins(
    result: SearchResult, data: Spectrum, templates: Spectrum | None, name: str
) -> tuple[Binned, NDArray[np.int64]]:
    """The spectrum over m^2 in GeV^2, and the places of its edges among the fine ones."""
    fine = signed_gev2(data.edges)
    low, high = max(fine[0], -0.06), min(fine[-1], 0.24)
    places = snapped_edges(fine, np.arange(low, high + 0.5 * _WIDTH, _WIDTH))
    simulated = (
        None if templates is None else stack(templates, result, [Segment(name, -np.inf, np.inf)], places)
    )
    return Binned(_in_gev2(rebin(data.project(name), places)), _WIDTH, simulated), places


def m2_miss_columns(
    result: SearchResult,
    data: Spectrum,
    templates: Spectrum | None = None,
    *,
    selection: str | None = None,
) -> Columns:
    """Return the numbers of the figure: GeV^2, events of each bin."""
    return binned_columns(_bins(result, data, templates, _selection(result, selection))[0], "gev2")


@styled
def m2_miss(
    result: SearchResult,
    data: Spectrum,
    templates: Spectrum | None = None,
    *,
    selection: str | None = None,
    sm_limit: float | None = None,
) -> Figure:
    """Draw data and stacked simulation over m_miss^2 (GeV^2) in ``selection`` (the first of the result if None).

    The Standard-Model region is within ``sm_limit`` (MeV^2) of zero. The lower panel, where there are ``templates``, is
    the ratio of data to simulation. ``UsageError`` for an unknown selection.
    """
    name = _selection(result, selection)
    shown, places = _bins(result, data, templates, name)
    counts, simulated = shown.counts, shown.simulated
    figure = new_figure(8.8, 6.6 if templates is not None else 5.6)
    panels = spectrum_panels(figure, ratio=templates is not None)
    top = panels[0]
    if simulated is not None:
        draw_stack(top, counts.edges, simulated, shown.weights)
        draw_ratio(panels[1], counts, simulated, shown.weights)
    draw_data(top, counts, shown.weights, data_label(result))
    largest = shown.top
    for peak in examples(result)[1:2]:
        shape = peak.counts(data.edges[places]) * shown.weights
        largest = max(largest, float(shape.max(initial=0.0)))
        top.stairs(shape, counts.edges, color=INK, linestyle="--", linewidth=1.5, label=peak.label)
    _finish(top, largest)
    panels[-1].set_xlabel(r"$m_{\mathrm{miss}}^2$ [GeV$^2$]")
    panels[-1].set_xlim(counts.edges[0], _end(result, shown))
    _mark(top, result, sm_limit)
    header(top, simulated=result.simulated, right=rf"${channel(result)}$, selection: {name}")
    return figure


def _end(result: SearchResult, shown: Binned) -> float:
    """The last edge with events, data or simulated, or the end of the search, and a little room."""
    counts = shown.counts
    filled = counts.values > 0.0
    if shown.simulated is not None:
        filled = filled | (shown.simulated.total * shown.weights > 0.3)
    search = float(result.number("m_n_mev")[-1]) ** 2 * 1e-6
    last = float(counts.edges[1:][filled].max(initial=search))
    return min(max(last, search) + 0.015, float(counts.edges[-1]))


def _in_gev2(counts: Projection) -> Projection:
    return Projection(signed_gev2(counts.edges), counts.values, counts.variances)


def _finish(axes: Axes, largest: float) -> None:
    axes.set_yscale("log")
    axes.set_ylim(0.3, spectrum_top(largest))
    axes.set_ylabel(f"Events / ({_WIDTH:g} GeV$^2$)")
    legend_above(axes)


def _mark(axes: Axes, result: SearchResult, sm_limit: float | None) -> None:
    """Ranges of the Standard-Model peak and of the search as bars below the legend."""
    masses = result.number("m_n_mev")
    search = masses[[0, -1]] ** 2 * 1e-6
    across = axes.get_xaxis_transform()
    marks = [(float(search[0]), float(search[1]), "HNL search", EXPECTED)]
    if sm_limit is not None:
        marks.append((-sm_limit * 1e-6, sm_limit * 1e-6, "SM region", PALETTE[2]))
    for low, high, word, colour in marks:
        if not axes.get_xlim()[0] < 0.5 * (low + high) < axes.get_xlim()[1]:
            continue
        axes.axvspan(low, high, color=colour, alpha=0.06, linewidth=0.0, zorder=0)
        axes.plot(
            [low, high], [0.715, 0.715], color=colour, transform=across, linewidth=2.5, solid_capstyle="butt"
        )
        axes.text(0.5 * (low + high), 0.727, word, color=colour, transform=across, ha="center", fontsize=10.5)
    axes.axvline(0.0, 0.0, 0.7, color=MUTED, linewidth=0.8, linestyle=":")
