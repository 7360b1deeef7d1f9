"""Limits on the number of signal events, with the numbers of events that they come from."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import SymmetricalLogLocator

from hnlpeak.limits.result import SearchResult
from hnlpeak.report.figures.columns import Columns, limit_columns
from hnlpeak.report.figures.limit_bands import draw_limit
from hnlpeak.report.labels import channel
from hnlpeak.report.style import INK, PALETTE, convention, header, new_figure, styled

__all__ = ["n_signal", "n_signal_columns"]


def n_signal_columns(result: SearchResult) -> Columns:
    """Return the numbers of the figure: MeV, events."""
    counts = {name: list(result.number(name)) for name in ("n_observed", "background", "background_error")}
    return {**counts, **limit_columns(result, "n_signal_ul")}


@styled
def n_signal(result: SearchResult) -> Figure:
    """Draw limits on N_S, observed events n and expected background b +- sigma_b in each window."""
    figure = new_figure(8.8, 6.0)
    axes = figure.subplots()
    masses, n = result.number("m_n_mev"), result.number("n_observed")
    b, sigma = result.number("background"), result.number("background_error")
    draw_limit(axes, result, "n_signal_ul")
    axes.fill_between(
        masses,
        np.maximum(b - sigma, 0.0),
        b + sigma,
        facecolor=to_rgba(PALETTE[1], 0.45),
        edgecolor=to_rgba(INK, 0.45),
        hatch="....",
        linewidth=0.0,
        label=r"background $b\pm\sigma_b$ in the window",
    )
    axes.plot(
        masses,
        n,
        "o",
        color=PALETTE[2],
        markersize=2.6,
        label="observed events $n$ in the window",
        zorder=4,
    )
    half = 0.006 * float(masses[-1] - masses[0])  # dots at the ends are whole
    axes.set_xlim(masses[0] - half, masses[-1] + half)
    # linear below 1: a window without events is a result too
    axes.set_yscale("symlog", linthresh=1.0, linscale=0.5)
    largest = np.nanmax(
        [np.nanmax(n, initial=1.0), np.nanmax(result.number("n_signal_ul_expected_p2s"), initial=1.0)]
    )
    smallest = np.nanmin(
        [
            np.nanmin(column, initial=largest)
            for column in (n, b - sigma, result.number("n_signal_ul_expected_m2s"))
        ]
    )
    # a little below 0: windows without events are whole dots
    axes.set_ylim(-0.08 if smallest < 1.0 else 0.5 * smallest, largest * 8.0)
    axes.yaxis.set_minor_locator(SymmetricalLogLocator(base=10.0, linthresh=1.0, subs=range(2, 10)))
    axes.set_ylabel(r"Events, upper limit on $N_S$")
    axes.legend(loc="upper right", ncols=2, title=f"${channel(result)}$", alignment="left")
    header(axes, simulated=result.simulated, right=convention(result))
    return figure
