"""Limits on U^2 of several searches together beside those of each alone, and what is gained over the best of them."""

from __future__ import annotations

import warnings
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hnlpeak.limits.combine import Combination
from hnlpeak.report.style import (
    BAND_ONE,
    BAND_TWO,
    EXPECTED,
    INK,
    MARKERS,
    MUTED,
    PALETTE,
    header,
    new_figure,
    plain,
    settle,
    styled,
)

__all__ = ["combination"]

_SINGLE = (PALETTE[2], PALETTE[4], PALETTE[6], PALETTE[5], PALETTE[1])
_FLAVOURS = {"mu": "μ", "tau": "τ"}
Vector = NDArray[np.float64]


@styled
def combination(found: Combination) -> Figure:
    """Draw the observed (solid) and expected (dashed, with bands) limits on U^2 of all searches and of each alone.

    Below: the combined limits over the strongest of the single ones at each mass. Masses without a limit are gaps.
    """
    figure = new_figure(9.0, 7.8)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[2.8, 1.0])
    mass, quantiles = found.mass, found.expected
    for low, colour, sigma in ((0, BAND_TWO, 2), (1, BAND_ONE, 1)):
        top.fill_between(
            mass,
            quantiles[low],
            quantiles[4 - low],
            color=colour,
            linewidth=0.0,
            label=rf"all, expected $\pm{sigma}\sigma$",
        )
    for i, (label, colour) in enumerate(zip(found.labels, cycle(_SINGLE), strict=False)):
        mark = {"marker": MARKERS[i % len(MARKERS)], "markersize": 4.5, "markevery": (0.02 * (i % 5), 0.1)}
        top.plot(
            mass,
            found.own_observed[i],
            color=colour,
            linewidth=1.2,
            label=f"{plain(label)}, observed",
            **mark,
        )
        top.plot(mass, found.own_expected[i], color=colour, linewidth=1.2, linestyle="--")
    top.plot(mass, quantiles[2], color=EXPECTED, linewidth=1.9, linestyle="--", label="all, expected")
    top.plot(mass, found.observed, color=INK, linewidth=1.9, label="all, observed")
    top.plot([], [], color=MUTED, linewidth=1.2, linestyle="--", label="one alone, expected")
    top.set_yscale("log")
    low, high = top.get_ylim()
    top.set_ylim(low, high * 10.0**0.8)
    top.set_ylabel("Upper limit on $U^2$")
    top.legend(loc="upper right", fontsize=10, ncols=2)
    _gain(bottom, mass, found.observed, found.own_observed, INK, "-")
    _gain(bottom, mass, quantiles[2], found.own_expected, EXPECTED, "--")
    bottom.axhline(1.0, color=MUTED, linewidth=1.0)
    bottom.set_ylabel("over best single")
    bottom.set_xlabel(r"$m_N$ [MeV]")
    shares = ", ".join(
        f"{share:g} {_FLAVOURS.get(flavour, flavour)}" for flavour, share in found.mixture.items() if share
    )
    header(
        top,
        simulated=found.simulated,
        right=f"{found.convention.split(';')[0]}; $U^2$ shared as {plain(shares)}",
    )
    settle(figure)
    return figure


def _gain(axes: Axes, mass: Vector, together: Vector, single: Vector, colour: str, style: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a mass without any limit stays NaN
        best = np.nanmin(single, axis=0)
    axes.plot(mass, together / best, color=colour, linestyle=style, linewidth=1.5)
