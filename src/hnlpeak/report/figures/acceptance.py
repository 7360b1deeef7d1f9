"""Acceptance as a function of the HNL mass in all selections."""

from __future__ import annotations

from matplotlib.figure import Figure

from hnlpeak.estimation.signal import SignalModel
from hnlpeak.limits.result import SearchResult
from hnlpeak.report.figures.binning import segments
from hnlpeak.report.figures.resolution import draw_column, draw_points
from hnlpeak.report.labels import channel
from hnlpeak.report.style import MUTED, header, new_figure, styled
from hnlpeak.spectrum.window import window_words

__all__ = ["acceptance"]


@styled
def acceptance(result: SearchResult, signal: SignalModel | None = None) -> Figure:
    """Draw A(m): the selection that the search uses solid, other masses of each selection dashed.

    Selected events in the window per decay in the fiducial volume; the step stands where the selection changes.
    """
    figure = new_figure()
    axes = figure.subplots()
    parts = segments(result)
    if signal is not None:
        draw_points(axes, signal, "acceptance", parts)
    draw_column(axes, result, "acceptance", "acceptance_error", parts)
    for part in parts[1:]:
        axes.axvline(part.low, 0.0, 0.8, color=MUTED, linestyle=":", linewidth=1.2)
    axes.set_ylim(0.0, 1.35 * axes.get_ylim()[1])
    axes.set_xlabel(r"$m_N$ [MeV]")
    axes.set_ylabel(f"Acceptance (window of {window_words(result.settings.window)} included)")
    axes.legend(loc="upper right", ncols=2)
    header(axes, simulated=True, right=f"${channel(result)}$")
    return figure
