"""Limits on the branching fraction."""

from __future__ import annotations

from matplotlib.figure import Figure

from hnlpeak.limits.result import SearchResult
from hnlpeak.report.figures.limit_bands import draw_limit
from hnlpeak.report.labels import channel
from hnlpeak.report.style import convention, header, new_figure, styled

__all__ = ["branching_fraction"]


@styled
def branching_fraction(result: SearchResult) -> Figure:
    """Draw limits on B(M+ -> l+ N); the bands are those of |U|^2 times the branching fraction per |U|^2."""
    figure = new_figure()
    axes = figure.subplots()
    draw_limit(axes, result, "u2_ul", scale=result.number("branching_fraction_per_u2"))
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    if 0.0 < low < high:
        # room for the legend
        axes.set_ylim(low, high * (high / low) ** 0.3)
    axes.set_ylabel(rf"Upper limit on $\mathcal{{B}}({channel(result)})$")
    axes.legend(loc="upper right", ncols=2)
    header(axes, simulated=result.simulated, right=convention(result))
    return figure
