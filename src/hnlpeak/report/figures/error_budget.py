"""What the error of the background is made of, at each mass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from hnlpeak.limits.result import SearchResult
from hnlpeak.report.figures.columns import Columns, word
from hnlpeak.report.labels import channel, source_label
from hnlpeak.report.style import INK, MARKERS, PALETTE, header, new_figure, styled

__all__ = ["error_budget", "error_budget_columns"]

_LEAST = 0.1
"""Lower end of the axis, per cent: smaller parts move nothing."""


def error_budget_columns(result: SearchResult, budget: Mapping[str, Sequence[float]]) -> Columns:
    """Return the numbers of the figure: MeV, events."""
    parts = {f"error_{word(name)}": list(part) for name, part in budget.items()}
    return {
        "m_n_mev": list(result.number("m_n_mev")),
        "background": list(result.number("background")),
        **parts,
    }


@styled
def error_budget(result: SearchResult, budget: Mapping[str, Sequence[float]]) -> Figure:
    """Draw each part of ``budget`` (events at each mass) over b, and their sum in quadrature; from 0.1 % on."""
    masses, b = result.number("m_n_mev"), result.number("background")
    figure = new_figure(9.4, 5.6)
    axes = figure.subplots()
    shares = {name: 100.0 * np.asarray(part) / b for name, part in budget.items()}
    whole = np.sqrt(np.sum([share**2 for share in shares.values()], axis=0))
    axes.plot(masses, whole, color=INK, linewidth=2.4, label="all, in quadrature")
    order = sorted(shares, key=lambda name: -float(np.nanmean(shares[name])))
    for i, name in enumerate(order):
        axes.plot(
            masses,
            shares[name],
            ("-", "--", "-.")[i % 3],
            color=PALETTE[i % len(PALETTE)],
            marker=MARKERS[i % len(MARKERS)],
            markersize=5.0,
            # not all at the same masses, where they would hide each other
            markevery=(0.01 * (i % 8), 0.08),
            label=source_label(name),
        )
    axes.set_xlim(masses[0], masses[-1])
    axes.set_yscale("log")
    axes.set_ylim(_LEAST, max(2.0 * float(np.nanmax(whole, initial=0.0)), 10.0 * _LEAST))
    axes.set_xlabel(r"$m_N$ [MeV]")
    axes.set_ylabel("Error of the background [%]")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    header(axes, simulated=result.simulated, right=f"${channel(result)}$")
    return figure
