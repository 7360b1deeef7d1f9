"""Spectrum of the missing mass in the range of the search."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hnlpeak.limits.result import SearchResult
from hnlpeak.report.figures.binning import (
    Segment,
    composite,
    segments,
    snapped_edges,
    stack,
    with_systematics,
)
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

__all__ = ["m_miss"]

_MARGIN = 20.0
_WIDTHS = (0.5, 1.0, 2.0, 5.0)
_BINS = 160
_DASHES = ("-", "--", "-.")


@styled
def m_miss(result: SearchResult, data: Spectrum, templates: Spectrum | None = None) -> Figure:
    """Draw data, stacked simulation (if any) and examples of HNL peaks over m_miss (MeV).

    Each bin shows the selection that hypotheses of its mass use. The lower panel is data over simulation.
    """
    masses = result.number("m_n_mev")
    low = max(float(masses[0]) - _MARGIN, float(data.edges[0]))
    high = min(float(masses[-1]) + _MARGIN, float(data.edges[-1]))
    width = next((w for w in _WIDTHS if (high - low) / w <= _BINS), _WIDTHS[-1])
    places = snapped_edges(data.edges, np.arange(low, high + 0.5 * width, width))
    parts = segments(result)
    counts = composite(data, parts, places)
    weights = width / np.diff(counts.edges)
    figure = new_figure(8.8, 6.6 if templates is not None else 5.6)
    panels = spectrum_panels(figure, ratio=templates is not None)
    top = panels[0]
    if templates is not None:
        simulated = with_systematics(stack(templates, result, parts, places), result)
        draw_stack(top, counts.edges, simulated, weights)
        draw_ratio(panels[1], counts, simulated)
    draw_data(top, counts, weights, data_label(result))
    largest = max(float((counts.values * weights).max(initial=0.0)), 1.0)
    for peak, dash in zip(examples(result), _DASHES, strict=False):
        x = np.linspace(peak.mass - 4.0 * peak.sigma, peak.mass + 4.0 * peak.sigma, 161)
        shape = peak.counts(x) * width / np.diff(x)
        largest = max(largest, float(shape.max()))
        top.plot(0.5 * (x[1:] + x[:-1]), shape, color=INK, linestyle=dash, linewidth=1.4, label=peak.label)
    top.set_yscale("log")
    top.set_ylim(0.3, spectrum_top(largest))
    top.set_ylabel(f"Events / ({width:g} MeV)")
    legend_above(top)
    _mark_selections(top, parts)
    panels[-1].set_xlabel(r"$m_{\mathrm{miss}}$ [MeV]")
    panels[-1].set_xlim(low, high)
    header(top, simulated=result.simulated, right=f"${channel(result)}$")
    return figure


def _mark_selections(axes: Axes, parts: list[Segment]) -> None:
    across = axes.get_xaxis_transform()
    for before, after in pairwise(parts):
        axes.axvline(after.low, 0.0, 0.62, color=MUTED, linestyle=":", linewidth=1.2)
        for part, side, gap in ((before, "right", -2.0), (after, "left", 2.0)):
            x = after.low + gap
            axes.text(
                x, 0.6, part.selection, ha=side, color=MUTED, transform=across, parse_math=False, fontsize=10
            )
