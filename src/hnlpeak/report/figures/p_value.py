"""Local p-values of the background-only hypothesis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from hnlpeak.limits.result import SearchResult
from hnlpeak.report.figures.columns import Columns
from hnlpeak.report.labels import channel
from hnlpeak.report.rounding import plain_number
from hnlpeak.report.style import EXPECTED, INK, PALETTE, header, new_figure, styled

__all__ = ["p_value", "p_value_columns"]


def p_value_columns(result: SearchResult) -> Columns:
    """Return the numbers of the figure: MeV, probabilities, standard deviations."""
    names = ("m_n_mev", "p_value", "local_significance")
    found: dict[str, Sequence[Any]] = {name: list(result.number(name)) for name in names}
    if result.toys is not None:
        found["global_p_value"] = list(result.toys.global_p_value)
    return {**found, "status": list(result.status)}


@styled
def p_value(result: SearchResult) -> Figure:
    """Draw the local p-value at each mass with lines at whole numbers of standard deviations (one-sided).

    Masses whose status says that they are not to be quoted are gaps. The global one, for the same excess at any mass,
    stands beside it where there are toys.
    """
    from scipy.special import ndtr

    figure = new_figure()
    axes = figure.subplots()
    masses, p = result.hypotheses.mass, np.where(result.sound, result.excess.p_value, np.nan)
    axes.plot(masses, p, color=INK, linewidth=1.3, label="local")
    corrected = result.toys is not None
    if result.toys is not None:
        anywhere = np.where(result.sound, result.toys.global_p_value, np.nan)
        axes.plot(masses, anywhere, color=PALETTE[1], linewidth=1.3, label="global (toys)")
        axes.legend(loc="lower right")
    lowest = max(float(np.nanmin(p, initial=1.0)), 1e-300)
    low = min(4e-4, max(lowest**1.15, 1e-306))
    axes.set_yscale("log")
    axes.set_ylim(low, 1.0)
    for sigma in _levels(low):
        level = float(ndtr(-sigma))
        axes.axhline(level, color=PALETTE[2], linestyle="--", linewidth=1.0)
        axes.text(
            1.01,
            level,
            rf"{sigma}$\sigma$",
            color=PALETTE[2],
            va="center",
            transform=axes.get_yaxis_transform(),
        )
    axes.set_xlim(masses[0], masses[-1])
    axes.set_xlabel(r"$m_N$ [MeV]")
    axes.set_ylabel("$p$-value" if corrected else "Local $p$-value, not corrected\nfor the number of masses")
    if lowest < 1.0:
        at = int(np.nanargmin(p))
        axes.plot(masses[at], p[at], "o", color=PALETTE[0], markersize=7)
        side = "left" if masses[at] < 0.5 * (masses[0] + masses[-1]) else "right"
        axes.annotate(
            f"$p$ = {plain_number(float(p[at]), 2)} at {masses[at]:g} MeV",
            (masses[at], p[at]),
            xytext=(10 if side == "left" else -10, 0),
            textcoords="offset points",
            ha=side,
            va="center",
            color=EXPECTED,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0},
        )
    header(axes, simulated=result.simulated, right=f"${channel(result)}$")
    return figure


def _levels(low: float) -> list[int]:
    """Whole standard deviations whose p-values lie above ``low`` and a twentieth of the axis apart."""
    from scipy.special import log_ndtr

    found: list[int] = []
    place = 0.0
    for sigma in range(1, 38):
        share = float(log_ndtr(-sigma)) / math.log(low)
        if share > 0.99:
            break
        if share - place > 0.05:
            found.append(sigma)
            place = share
    return found
