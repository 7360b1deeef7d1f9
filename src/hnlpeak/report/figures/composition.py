"""What the background is made of, as a function of the missing mass."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hnlpeak.limits.result import SearchResult
from hnlpeak.report.figures.binning import Stack, segments, snapped_edges, stack
from hnlpeak.report.figures.columns import Columns, word
from hnlpeak.report.figures.spectrum_panels import source_face
from hnlpeak.report.labels import channel, source_label
from hnlpeak.report.style import MUTED, header, new_figure, styled
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["composition", "composition_columns"]

_WIDTH = 8.0


def _shares(
    result: SearchResult, templates: Spectrum
) -> tuple[NDArray[np.float64], Stack, dict[str, NDArray[np.float64]]]:
    """Edges, simulated events, and the share of each source in each bin (0 in empty ones)."""
    masses = result.number("m_n_mev")
    places = snapped_edges(templates.edges, np.arange(masses[0], masses[-1] + 0.5 * _WIDTH, _WIDTH))
    simulated = stack(templates, result, segments(result), places)
    safe = np.where(simulated.total > 0.0, simulated.total, 1.0)
    return (
        templates.edges[places],
        simulated,
        {name: values / safe for name, values in simulated.sources.items()},
    )


def composition_columns(result: SearchResult, templates: Spectrum) -> Columns:
    """Return the numbers of the figure: MeV, shares from 0 to 1."""
    edges, _, shares = _shares(result, templates)
    ends = {"low_mev": list(edges[:-1]), "high_mev": list(edges[1:])}
    return {**ends, **{f"share_{word(name)}": list(share) for name, share in shares.items()}}


@styled
def composition(result: SearchResult, templates: Spectrum) -> Figure:
    """Draw the share of each simulated source in bins of 8 MeV over the search range; empty bins stay white."""
    edges, simulated, shares = _shares(result, templates)
    figure = new_figure(9.4, 5.6)
    axes = figure.subplots()
    bottom = np.zeros(edges.size - 1)
    for name in reversed(simulated.sources):
        values, share = simulated.sources[name], shares[name]
        if not values.sum() > 0.0:
            continue
        axes.stairs(
            bottom + share,
            edges,
            baseline=bottom,
            fill=True,
            label=f"{source_label(name)}  ({_percent(values.sum() / simulated.total.sum())})",
            **source_face(name),
        )
        bottom = bottom + share
    for part in segments(result)[1:]:
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
