"""Limits on the branching fraction."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from hnlpeak.limits.result import SearchResult
from hnlpeak.report.figures.limit_bands import draw_limit
from hnlpeak.report.labels import channel
from hnlpeak.report.style import convention, header, new_figure, styled

__all__ = ["branching_fraction"]


@styled
def branching_fraction(result: SearchResult) -> Figure:
    """Draw limits on B(M+ -> l+ N)."""
    figure = new_figure()
    axes = figure.subplots()
    draw_limit(axes, result, "branching_fraction_ul")
    low, high = _range(result)
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.set_ylabel(rf"Upper limit on $\mathcal{{B}}({channel(result)})$")
    axes.legend(loc="upper right", ncols=2)
    header(axes, simulated=result.simulated, right=convention(result))
    return figure


def _range(result: SearchResult) -> tuple[float, float]:
    """Ends of the vertical axis: all limits, and room for the legend above them."""
    names = ("observed", "expected_m2s", "expected_p2s")
    values = np.concatenate([result.number(f"branching_fraction_ul_{n}")[result.sound] for n in names])
    values = values[np.isfinite(values) & (values > 0.0)]
    if values.size == 0:
        return 1e-10, 1.0
    low, high = 0.8 * float(values.min()), 1.2 * float(values.max())
    return low, high * (high / low) ** 0.3
