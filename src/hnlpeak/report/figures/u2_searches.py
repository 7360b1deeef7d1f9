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
from hnlpeak.report.figures.columns import Columns
from hnlpeak.report.figures.published_line import draw_published, name_published
from hnlpeak.report.figures.u2 import u2_columns
from hnlpeak.report.labels import mixing
from hnlpeak.report.style import (
    EXPECTED,
    INK,
    PALETTE,
    convention,
    header,
    new_figure,
    plain,
    styled,
)

__all__ = ["u2_searches", "u2_searches_columns"]

_OWN = (INK, EXPECTED, PALETTE[2])


def u2_searches_columns(results: Sequence[SearchResult], earlier: Sequence[PublishedLimit]) -> Columns:
    """Return the curves of the figure by points: search, curve, mass in MeV, |U|^2, status."""
    tables = [(result.title, u2_columns(result)) for result in results]
    tables += [
        (
            curve.title,
            {
                "curve": [curve.quantity] * curve.mass.size,
                "m_n_mev": curve.mass.tolist(),
                "u2": curve.u2.tolist(),
                "status": [""] * curve.mass.size,
            },
        )
        for curve in earlier
    ]
    names = [name for name, columns in tables for _ in columns["u2"]]
    keys = ("curve", "m_n_mev", "u2", "status")
    return {"search": names, **{key: [item for _, found in tables for item in found[key]] for key in keys}}


@styled
def u2_searches(results: Sequence[SearchResult], earlier: Sequence[PublishedLimit]) -> Figure:
    """Draw observed (solid) and expected (dashed) limits of ``results`` and the curves of ``earlier`` searches.

    A flavour has a panel where a result has it. ``UsageError`` without any result.
    """
    flavours = list(dict.fromkeys(result.lepton for result in results))
    if not flavours:
        raise UsageError("no search to draw")
    figure = new_figure(9.6 * len(flavours) + 0.6, 6.2)
    panels = figure.subplots(1, len(flavours), squeeze=False)[0]
    for axes, flavour in zip(panels, flavours, strict=True):
        own = [result for result in results if result.lepton == flavour]
        _panel(axes, own, [curve for curve in earlier if curve.flavour == flavour])
    return figure


def _panel(axes: Axes, own: Sequence[SearchResult], earlier: Sequence[PublishedLimit]) -> None:
    others = [draw_published(axes, curve, place) for place, curve in enumerate(earlier)]
    peaks = [curve for curve in earlier if curve.meson]  # others may reach far beyond what a meson can make
    values = [curve.u2 for curve in peaks]
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
        values += [observed[good], expected[np.isfinite(expected)]]
    everything = np.concatenate(values)
    everything = everything[everything > 0.0]
    axes.set_yscale("log")
    if everything.size:
        low, high = float(everything.min()), float(np.quantile(everything, 0.98))
        axes.set_ylim(10.0 ** np.floor(np.log10(low) - 0.02), 10.0 ** (np.ceil(np.log10(high)) + 1.2))
    ends = [*(result.number("m_n_mev")[[0, -1]] for result in own), *(c.mass[[0, -1]] for c in peaks)]
    first, last = float(np.min(ends)), float(np.max(ends))
    margin = 0.02 * (last - first)
    axes.set_xlim(max(0.0, first - margin), last + margin)
    axes.set_xlabel(r"$m_N$ [MeV]")
    axes.set_ylabel(f"Upper limit on ${mixing(own[0])}$")
    mine = [handle for handle in axes.get_legend_handles_labels()[0] if handle not in others]
    axes.legend(handles=mine, loc="upper right", fontsize=10)
    name_published(axes, others)
    header(axes, simulated=any(result.simulated for result in own), right=convention(own[0]))
