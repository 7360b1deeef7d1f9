"""Expected limits against exposure, and over the mass for some exposures."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hnlpeak.limits.projection import Projection
from hnlpeak.limits.published import PublishedLimit
from hnlpeak.report.figures.published_line import draw_published, name_published
from hnlpeak.report.labels import mixing_of_flavour
from hnlpeak.report.rounding import mathematical
from hnlpeak.report.style import MARKERS, MUTED, PALETTE, header, new_figure, styled

__all__ = ["projection"]

_MASSES = 3
_CURVES = 6


@styled
def projection(found: Projection, earlier: tuple[PublishedLimit, ...] = ()) -> Figure:
    """Draw limits on |U|^2 over the exposure at some masses (left) and over the mass at some exposures (right).

    Solid: systematic errors of the background keep their relative size; dotted: without them. ``earlier`` limits of
    others stand beside them on the right.
    """
    figure = new_figure(14.0, 5.6)
    left, right = figure.subplots(1, 2)
    _over_exposure(left, found)
    _over_mass(right, found)
    low, high = right.get_xlim()
    seen = [curve for curve in earlier if np.any(curve.covers(found.mass))]
    name_published(right, [draw_published(right, curve) for curve in seen])
    right.set_xlim(low, high)
    header(left, simulated=True, right=found.convention.split(";")[0])
    right.set_title(_words(found), loc="right", fontsize=9.5, parse_math=False)
    return figure


def _words(found: Projection) -> str:
    settings = ", ".join(found.settings)
    return f"{found.analysis}{': ' if settings else ''}{settings}"[:90]


def _over_exposure(axes: Axes, found: Projection) -> None:
    good = np.flatnonzero(np.isfinite(found.median).any(axis=0))
    if good.size:
        picked = dict.fromkeys(good[int(share * (good.size - 1))] for share in (0.1, 0.5, 0.9)[:_MASSES])
        for i, colour, mark in zip(picked, PALETTE, MARKERS, strict=False):
            axes.fill_between(
                found.exposure, found.m1s[:, i], found.p1s[:, i], color=colour, alpha=0.2, linewidth=0.0
            )
            axes.plot(
                found.exposure,
                found.median[:, i],
                marker=mark,
                color=colour,
                markersize=5,
                label=f"{found.mass[i]:g} MeV",
            )
            axes.plot(found.exposure, found.statistical[:, i], ":", color=colour, linewidth=1.4)
        axes.plot([], [], ":", color=MUTED, label="without systematic errors")
        axes.legend(loc="lower left", fontsize=10)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.axvline(found.reference, color=MUTED, linewidth=0.9, linestyle="--")
    axes.set_xlabel("Decays in the fiducial volume")
    axes.set_ylabel(f"Expected upper limit on ${mixing_of_flavour(found.lepton)}$")


def _over_mass(axes: Axes, found: Projection) -> None:
    chosen = np.unique(
        np.linspace(0, found.exposure.size - 1, min(found.exposure.size, _CURVES)).round().astype(int)
    )
    colours = mpl.colormaps["viridis"](np.linspace(0.0, 0.85, chosen.size))
    for i, colour in zip(chosen, colours, strict=True):
        label = f"${mathematical(found.exposure[i])}$"
        axes.plot(found.mass, found.median[i], color=colour, linewidth=1.7, label=label)
        axes.plot(found.mass, found.statistical[i], ":", color=colour, linewidth=1.2)
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * 10.0)
    axes.set_xlabel(r"$m_N$ [MeV]")
    axes.set_ylabel(f"Expected upper limit on ${mixing_of_flavour(found.lepton)}$")
    axes.legend(
        loc="upper left", ncols=3, fontsize=9.5, title="decays in the fiducial volume", alignment="left"
    )
