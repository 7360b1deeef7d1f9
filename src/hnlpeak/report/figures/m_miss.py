"""Spectrum of the missing mass in the range of the search."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hnlpeak.limits.result import SearchResult
from hnlpeak.report.figures.binning import (
    Binned,
    Segment,
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
    draw_ratio,
    draw_stack,
    examples,
    legend_above,
    spectrum_panels,
    spectrum_top,
)
from hnlpeak.report.labels import channel
from hnlpeak.report.style import INK, MUTED, header, new_figure, styled
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["m_miss", "m_miss_bins", "m_miss_columns"]

_MARGIN = 20.0
_WIDTHS = (0.5, 1.0, 2.0, 5.0)
_BINS = 160
_DASHES = ("-", "--", "-.")


def m_miss_bins(result: SearchResult, data: Spectrum, templates: Spectrum | None = None) -> Binned:
    """Return the spectrum about the range of the search in bins for the eye."""
    masses = result.number("m_n_mev")
    low = max(float(masses[0]) - _MARGIN, float(data.edges[0]))
    high = min(float(masses[-1]) + _MARGIN, float(data.edges[-1]))
    width = next((w for w in _WIDTHS if (high - low) / w <= _BINS), _WIDTHS[-1])
    places = snapped_edges(data.edges, np.arange(low, high + 0.5 * width, width))
    parts = segments(result)
    simulated = (
        None if templates is None else with_systematics(stack(templates, result, parts, places), result)
    )
    return Binned(composite(data, parts, places), width, simulated)


def m_miss_columns(result: SearchResult, data: Spectrum, templates: Spectrum | None = None) -> Columns:
    """Return the numbers of the figure: MeV, events of each bin."""
    shown = m_miss_bins(result, data, templates)
    centres = 0.5 * (shown.counts.edges[1:] + shown.counts.edges[:-1])
    starts = [part.low for part in segments(result)]
    names = [part.selection for part in segments(result)]
    chosen = [names[i] for i in np.clip(np.searchsorted(starts, centres, side="right") - 1, 0, None)]
    return {"selection": chosen, **binned_columns(shown, "mev")}


@styled
def m_miss(result: SearchResult, data: Spectrum, templates: Spectrum | None = None) -> Figure:
    """Draw data, stacked simulation (if any) and examples of HNL peaks over m_miss (MeV).

    Each bin shows the selection that hypotheses of its mass use. The lower panel is data over simulation.
    """
    shown = m_miss_bins(result, data, templates)
    counts, width, simulated = shown.counts, shown.width, shown.simulated
    figure = new_figure(8.8, 6.6 if templates is not None else 5.6)
    panels = spectrum_panels(figure, ratio=templates is not None)
    top = panels[0]
    if simulated is not None:
        draw_stack(top, counts.edges, simulated, shown.weights)
        draw_ratio(panels[1], counts, simulated, shown.weights)
    draw_data(top, counts, shown.weights, data_label(result))
    largest = shown.top
    for peak, dash in zip(examples(result), _DASHES, strict=False):
        x = np.linspace(peak.mass - 4.0 * peak.sigma, peak.mass + 4.0 * peak.sigma, 161)
        shape = peak.counts(x) * width / np.diff(x)
        largest = max(largest, float(shape.max()))
        top.plot(0.5 * (x[1:] + x[:-1]), shape, color=INK, linestyle=dash, linewidth=1.4, label=peak.label)
    top.set_yscale("log")
    top.set_ylim(0.3, spectrum_top(largest))
    top.set_ylabel(f"Events / ({width:g} MeV)")
    legend_above(top)
    _mark_selections(top, segments(result))
    panels[-1].set_xlabel(r"$m_{\mathrm{miss}}$ [MeV]")
    panels[-1].set_xlim(counts.edges[0], counts.edges[-1])
    header(top, simulated=result.simulated, right=f"${channel(result)}$")
    return figure


def _mark_selections(axes: Axes, parts: list[Segment]) -> None:
    across = axes.get_xaxis_transform()
    for before, after in pairwise(parts):
        axes.axvline(after.low, 0.0, 0.72, color=MUTED, linestyle=":", linewidth=1.2)
        for part, side, gap in ((before, "right", -2.0), (after, "left", 2.0)):
            x = after.low + gap
            axes.text(
                x, 0.7, part.selection, ha=side, color=MUTED, transform=across, parse_math=False, fontsize=10
            )
