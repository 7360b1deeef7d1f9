"""What the systematic sources of the card do to A N_K, which turns signal events into a branching fraction."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.systematics import Systematics
from hnlpeak.report.figures.columns import Columns, word
from hnlpeak.report.labels import channel, symbols
from hnlpeak.report.style import EXPECTED, INK, MARKERS, PALETTE, header, new_figure, styled

__all__ = ["systematics", "systematics_columns"]

_COLOURS = (*PALETTE, EXPECTED, "#0b7a75", "#c2468f")
"""As many as there are marks: together they tell the sources apart, in grey by mark, filling and dash."""
_DASHES = ("-", (0, (6, 2)), (0, (1, 1.2)), (0, (6, 2, 1, 2)))


def systematics_columns(found: Systematics) -> Columns:
    """Return the numbers of the figure: MeV, relative shifts and their statistical errors."""
    columns: dict[str, list[float]] = {"m_n_mev": list(found.masses)}
    for source in found.sources:
        columns[f"shift_{word(source.name)}"] = list(source.efficiency.value)
        columns[f"shift_error_{word(source.name)}"] = list(source.efficiency.error)
    return columns


def _largest(shifts: tuple[float, ...]) -> float:
    """The largest size of the shifts that have an estimate."""
    return max((abs(shift) for shift in shifts if np.isfinite(shift)), default=0.0)


@styled
def systematics(result: SearchResult, found: Systematics) -> Figure:
    """Draw the shift of A N_K by each source at the masses of the study, and all of them in quadrature as a band.

    Bars are the statistics of the simulation. Points of one mass stand beside each other.
    """
    figure = new_figure(10.4, 6.2)
    axes = figure.subplots()
    errors, masses = result.hypotheses.systematic, result.hypotheses.mass
    low, high = (float(mass) for mass in (min(masses[0], found.masses[0]), max(masses[-1], found.masses[-1])))
    margin = 0.04 * (high - low)
    if errors is not None:
        whole = 100.0 * errors.efficiency
        axes.fill_between(
            masses, -whole, whole, color=INK, alpha=0.12, linewidth=0.0, label="all, in quadrature"
        )
    order = sorted(found.sources, key=lambda source: -_largest(source.efficiency.value))
    beside = np.linspace(-0.55 * margin, 0.55 * margin, len(order)) if len(order) > 1 else [0.0]
    for i, (source, shift) in enumerate(zip(order, beside, strict=True)):
        axes.errorbar(
            np.array(found.masses) + shift,
            100.0 * np.array(source.efficiency.value),
            100.0 * np.array(source.efficiency.error),
            marker=MARKERS[i % len(MARKERS)],
            linestyle=_DASHES[i % len(_DASHES)],
            color=_COLOURS[i % len(_COLOURS)],
            markerfacecolor="white" if i % 2 else None,
            markersize=5.5,
            linewidth=1.1,
            elinewidth=1.0,
            capsize=1.5,
            label=symbols(source.name) + (" (in the limit)" if source.in_limit else ""),
        )
    axes.axhline(0.0, color=INK, linewidth=0.8)
    axes.set_xlim(low - margin, high + margin)
    axes.set_xlabel(r"$m_N$ [MeV]")
    axes.set_ylabel(r"Shift of $A\,N_K$ by one $\sigma$ of the source [%]")
    axes.legend(
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        title="bars: statistics\nof the simulation",
        alignment="left",
        handlelength=2.8,
    )
    header(axes, simulated=result.simulated, right=f"${channel(result)}$")
    return figure
