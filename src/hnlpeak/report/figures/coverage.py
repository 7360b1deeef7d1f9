"""Coverage of a method over the true signal: curves for one background, a map for several."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hnlpeak.report.style import INK, MUTED, PALETTE, house_style, new_figure, settle

__all__ = ["coverage"]

Floats = NDArray[np.float64]


def coverage(
    signal: Floats, background: Floats, contained: Floats, not_below: Floats, *, cl: float, method: str
) -> Figure:
    """Draw the coverage at true ``signal`` rates (columns) and ``background`` events (rows).

    ``contained`` is the probability that the interval holds the signal, ``not_below`` that its upper end is not
    below it, both of shape (backgrounds, signals). One background gives two curves, several a map of
    ``contained`` with its nominal value ``cl`` as a line.
    """
    with house_style():
        figure = new_figure()
        if background.size == 1:
            _curves(figure, signal, float(background[0]), contained[0], not_below[0], cl)
        else:
            _map(figure, signal, background, contained, cl)
        axes = figure.axes[0]
        axes.set_title("hnlpeak", loc="left", fontweight="bold")
        axes.set_title(f"{method}, {100.0 * cl:g} %, summed over all outcomes", loc="right", fontsize=10.5)
        axes.set_xlabel("True signal")
        settle(figure)
        return figure


def _curves(
    figure: Figure, signal: Floats, background: float, contained: Floats, not_below: Floats, cl: float
) -> None:
    axes = figure.subplots()
    axes.plot(signal, contained, color=PALETTE[0], label="interval holds the signal")
    axes.plot(signal, not_below, color=PALETTE[2], linestyle="--", label="upper end not below the signal")
    axes.axhline(cl, color=MUTED, linewidth=1.0, linestyle=":")
    axes.set_ylim(min(0.79, 0.98 * float(contained.min())), 1.01)
    axes.set_xlim(signal[0], signal[-1])
    axes.set_ylabel("Coverage")
    axes.legend(title=f"background {background:g}")


def _map(figure: Figure, signal: Floats, background: Floats, contained: Floats, cl: float) -> None:
    axes = figure.subplots()
    order = np.argsort(background)
    span = max(float(np.abs(contained - cl).max()), 1e-3)
    mesh = axes.pcolormesh(
        signal,
        background[order],
        contained[order],
        cmap="RdBu",
        vmin=cl - span,
        vmax=cl + span,
        shading="nearest",  # coverage jumps: between the points nothing is known
        rasterized=True,
    )
    if background.size > 2:
        _name_levels(axes, signal, background[order], contained[order], cl)
    axes.set_ylabel("True background")
    figure.colorbar(mesh, ax=axes, label="Probability that the interval holds the signal")


def _name_levels(axes: Axes, signal: Floats, background: Floats, contained: Floats, cl: float) -> None:
    """Lines of equal coverage with their numbers, the nominal one bold."""
    steps = (-0.05, 0.05)
    levels = [
        cl + step for step in steps if contained.min() < cl + step < contained.max() and cl + step < 1.0
    ]
    for chosen, width in ((levels, 0.7), ([cl] if contained.min() < cl < contained.max() else [], 1.6)):
        if chosen:
            lines = axes.contour(signal, background, contained, levels=chosen, colors=INK, linewidths=width)
            axes.clabel(lines, fmt="%.2f", fontsize=9)
