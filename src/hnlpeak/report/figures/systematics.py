"""What the systematic sources of the card do to A N_K, which turns signal events into a branching fraction."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.systematics import Systematics
from hnlpeak.report.figures.columns import Columns, word
from hnlpeak.report.labels import channel
from hnlpeak.report.style import INK, PALETTE, header, new_figure, styled

__all__ = ["systematics", "systematics_columns"]


def systematics_columns(found: Systematics) -> Columns:
    """Return the numbers of the figure: MeV, relative shifts and their statistical errors."""
    columns: dict[str, list[float]] = {"m_n_mev": list(found.masses)}
    for source in found.sources:
        columns[f"shift_{word(source.name)}"] = list(source.efficiency.value)
        columns[f"shift_error_{word(source.name)}"] = list(source.efficiency.error)
    return columns


@styled
def systematics(result: SearchResult, found: Systematics) -> Figure:
    """Draw the shift of A N_K by each source at the masses of the study, and all of them in quadrature as a band."""
    figure = new_figure(9.4, 5.6)
    axes = figure.subplots()
    errors, masses = result.hypotheses.systematic, result.hypotheses.mass
    if errors is not None:
        whole = 100.0 * errors.efficiency
        axes.fill_between(
            masses, -whole, whole, color=INK, alpha=0.12, linewidth=0.0, label="all, in quadrature"
        )
    order = sorted(found.sources, key=lambda source: -float(np.nanmax(np.abs(source.efficiency.value))))
    for i, source in enumerate(order):
        axes.errorbar(
            found.masses,
            100.0 * np.array(source.efficiency.value),
            100.0 * np.array(source.efficiency.error),
            fmt="o" + ("-", "--", ":")[i // len(PALETTE) % 3],
            color=PALETTE[i % len(PALETTE)],
            markersize=4.0,
            linewidth=1.4,
            capsize=2.0,
            label=source.name + (" (in the limit)" if source.in_limit else ""),
        )
    axes.axhline(0.0, color=INK, linewidth=0.8)
    axes.set_xlim(masses[0], masses[-1])
    axes.set_xlabel(r"$m_N$ [MeV]")
    axes.set_ylabel(r"Shift of $A\,N_K$ [%]")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    header(axes, simulated=result.simulated, right=f"${channel(result)}$")
    return figure
