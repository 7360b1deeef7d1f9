"""Spectrum of the squared missing mass: the Standard-Model peak and the range of the search."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hnlpeak.limits.result import SearchResult
from hnlpeak.report.figures.binning import Segment, rebin, signed_gev2, snapped_edges, stack
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

__all__ = ["m2_miss"]

_WIDTH = 0.002
"""Nominal bin width, GeV^2."""


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
    name = str(result["selection"][0]) if selection is None else selection
    fine = signed_gev2(data.edges)
    low, high = max(fine[0], -0.06), min(fine[-1], 0.24)
    places = snapped_edges(fine, np.arange(low, high + 0.5 * _WIDTH, _WIDTH))
    counts = _in_gev2(rebin(data.project(name), places))
    weights = _WIDTH / np.diff(counts.edges)
    figure = new_figure(8.8, 6.6 if templates is not None else 5.6)
    panels = spectrum_panels(figure, ratio=templates is not None)
    top = panels[0]
    if templates is not None:
        simulated = stack(templates, result, [Segment(name, -np.inf, np.inf)], places)
        draw_stack(top, counts.edges, simulated, weights)
        draw_ratio(panels[1], counts, simulated)
    draw_data(top, counts, weights, data_label(result))
    largest = max(float((counts.values * weights).max(initial=0.0)), 1.0)
    for peak in examples(result)[1:2]:
        shape = peak.counts(data.edges[places]) * weights
        largest = max(largest, float(shape.max(initial=0.0)))
        top.stairs(shape, counts.edges, color=INK, linestyle="--", linewidth=1.5, label=peak.label)
    _finish(top, largest)
    _mark(top, result, sm_limit)
    panels[-1].set_xlabel(r"$m_{\mathrm{miss}}^2$ [GeV$^2$]")
    panels[-1].set_xlim(low, high)
    header(top, simulated=result.simulated, right=rf"${channel(result)}$, selection: {name}")
    return figure


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
        axes.axvspan(low, high, color=colour, alpha=0.06, linewidth=0.0, zorder=0)
        axes.plot(
            [low, high], [0.66, 0.66], color=colour, transform=across, linewidth=2.5, solid_capstyle="butt"
        )
        axes.text(0.5 * (low + high), 0.675, word, color=colour, transform=across, ha="center", fontsize=10.5)
    axes.axvline(0.0, color=MUTED, linewidth=0.8, linestyle=":")
