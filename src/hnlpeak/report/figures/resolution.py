"""Resolution of the missing mass as a function of the HNL mass."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hnlpeak.estimation.signal import SignalModel
from hnlpeak.limits.result import SearchResult
from hnlpeak.report.figures.binning import Segment, segments
from hnlpeak.report.figures.columns import Columns
from hnlpeak.report.labels import channel
from hnlpeak.report.style import MUTED, PALETTE, header, new_figure, styled

__all__ = ["draw_column", "draw_points", "resolution", "signal_columns"]

_ALL = 4
"""Up to so many selections, those that the search does not use are drawn too."""
_MARKERS = ("o", "s", "D", "^")
_COLOURS = (PALETTE[0], PALETTE[2], PALETTE[4], PALETTE[6])


def draw_column(axes: Axes, result: SearchResult, column: str, error: str, parts: Sequence[Segment]) -> None:
    """Draw a column of the result and its error as a line with a band, one colour a selection."""
    masses, value, spread = (result.number(name) for name in ("m_n_mev", column, error))
    names = list(dict.fromkeys(part.selection for part in parts))
    for part in parts:
        on = (masses >= part.low) & (masses < part.high)
        colour = _COLOURS[names.index(part.selection) % len(_COLOURS)]
        axes.plot(masses[on], value[on], color=colour, label=f"{part.selection}: used by the search")
        axes.fill_between(
            masses[on], (value - spread)[on], (value + spread)[on], color=colour, alpha=0.25, linewidth=0.0
        )


def draw_points(axes: Axes, signal: SignalModel, column: str, parts: Sequence[Segment]) -> None:
    """Draw the simulated (or tabulated) masses with errors, joined by dashes, in the colours of their selections."""
    names = list(dict.fromkeys(part.selection for part in parts))
    shown = {
        name: curve for name, curve in signal.curves.items() if len(signal.curves) <= _ALL or name in names
    }
    for place, (name, curve) in enumerate(shown.items()):
        colour = _COLOURS[names.index(name) % len(_COLOURS)] if name in names else MUTED
        value, error = getattr(curve, column), getattr(curve, f"{column}_error")
        axes.plot(curve.mass, value, color=colour, linestyle=(0, (4, 3)), linewidth=1.0)
        axes.errorbar(
            curve.mass,
            value,
            error,
            fmt=_MARKERS[place % len(_MARKERS)],
            color=colour,
            markerfacecolor="white" if place else colour,
            markersize=5.5,
            capsize=2.0,
            zorder=4 - place,
            label=f"{name}: simulated masses",
        )


def signal_columns(
    result: SearchResult, signal: SignalModel | None, curve: str, column: str, error: str
) -> Columns:
    """Return a quantity of the signal as the figures show it: at simulated masses, and as the search used it.

    ``curve`` names it in the ``signal`` model, ``column`` and ``error`` in the result.
    """
    rows = [
        (str(selection), "used by the search", *numbers)
        for selection, *numbers in zip(
            result.hypotheses.selection, *(result.number(n) for n in ("m_n_mev", column, error)), strict=True
        )
    ]
    for name, found in () if signal is None else signal.curves.items():
        simulated = zip(found.mass, getattr(found, curve), getattr(found, f"{curve}_error"), strict=True)
        rows += [(name, "simulated", *numbers) for numbers in simulated]
    names = ("selection", "kind", "m_n_mev", column, error)
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


@styled
def resolution(result: SearchResult, signal: SignalModel | None = None) -> Figure:
    """Draw sigma(m) in MeV: simulated masses with errors where there is a ``signal`` model, and what the scan used."""
    figure = new_figure()
    axes = figure.subplots()
    parts = segments(result)
    if signal is not None:
        draw_points(axes, signal, "sigma", parts)
    draw_column(axes, result, "sigma_mev", "sigma_error_mev", parts)
    axes.set_ylim(bottom=0.0)
    axes.set_xlabel(r"$m_N$ [MeV]")
    axes.set_ylabel(r"Resolution $\sigma(m_{\mathrm{miss}})$ [MeV]")
    axes.legend(loc="upper right")
    header(axes, simulated=True, right=f"${channel(result)}$")
    return figure
