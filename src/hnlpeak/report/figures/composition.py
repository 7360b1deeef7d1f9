"""What the background is made of, as a function of the missing mass."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from hnlpeak.limits.result import SearchResult
from hnlpeak.report.figures.binning import segments, snapped_edges, stack
from hnlpeak.report.labels import channel, source_colour, source_label
from hnlpeak.report.style import MUTED, header, new_figure, styled
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["composition"]

_WIDTH = 8.0


@styled
def composition(result: SearchResult, templates: Spectrum) -> Figure:
    """Draw the share of each simulated source in bins of 8 MeV over the search range; empty bins stay white."""
    masses = result.number("m_n_mev")
    targets = np.arange(masses[0], masses[-1] + 0.5 * _WIDTH, _WIDTH)
    places = snapped_edges(templates.edges, targets)
    edges = templates.edges[places]
    parts = segments(result)
    simulated = stack(templates, result, parts, places)
    safe = np.where(simulated.total > 0.0, simulated.total, 1.0)
    figure = new_figure(9.4, 5.6)
    axes = figure.subplots()
    bottom = np.zeros(edges.size - 1)
    for name in sorted(simulated.sources, key=lambda n: -simulated.sources[n].sum()):
        values = simulated.sources[name]
        if not values.sum() > 0.0:
            continue
        share = values / safe
        axes.stairs(
            bottom + share,
            edges,
            baseline=bottom,
            fill=True,
            color=source_colour(name),
            label=f"{source_label(name)}  ({_percent(values.sum() / simulated.total.sum())})",
            linewidth=0.0,
        )
        bottom = bottom + share
    for part in parts[1:]:
        axes.axvline(part.low, color=MUTED, linestyle=":", linewidth=1.2)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0.0, 1.0)
    axes.set_xlabel(r"$m_{\mathrm{miss}}$ [MeV]")
    axes.set_ylabel("Share of the simulated background")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), title="share of all masses")
    header(axes, simulated=True, right=f"${channel(result)}$")
    return figure


def _percent(share: float) -> str:
    return "< 0.1 %" if share < 1e-3 else f"{100.0 * share:.2g} %"
