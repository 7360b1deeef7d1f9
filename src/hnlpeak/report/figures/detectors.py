"""What the detectors see of known particles: truth and reconstruction, E/p, rings, cuts, the tagger's times, halo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hnlpeak.report.style import PALETTE, header, new_figure, styled

__all__ = [
    "draw_cuts",
    "draw_differences",
    "draw_hadronic",
    "draw_halo",
    "draw_ratio",
    "draw_residuals",
    "draw_rings",
    "draw_times",
]

Vector = NDArray[np.float64]
_COLOURS = {"e+": PALETTE[1], "mu+": PALETTE[0], "pi+": PALETTE[4]}
_LABELS = {"e+": "$e^+$", "mu+": r"$\mu^+$", "pi+": r"$\pi^+$"}


def _axes(right: str, width: float = 8.4) -> tuple[Figure, Axes]:
    figure = new_figure(width)
    axes = figure.subplots()
    header(axes, simulated=True, right=right)
    return figure, axes


@styled
def draw_residuals(residuals: Mapping[str, tuple[Vector, Vector]], experiment: str) -> Figure:
    """Draw the width of p / p_true - 1 (68 %) against p_true; by particle p_true (MeV) and residuals."""
    figure, axes = _axes(experiment)
    for name, (true, residual) in residuals.items():
        edges = np.linspace(5e3, 70e3, 14)
        places = np.digitize(true, edges)
        x, y, error = [], [], []
        for k in range(1, edges.size):
            inside = residual[places == k]
            if inside.size < 30:
                continue
            low, high = np.quantile(inside, [0.158655, 0.841345])
            x.append(0.5e-3 * (edges[k - 1] + edges[k]))
            y.append(50.0 * (high - low))
            error.append(1.2 * y[-1] / np.sqrt(2.0 * inside.size))
        axes.errorbar(x, y, error, fmt="o", color=_COLOURS[name], label=_LABELS[name], markersize=4.5)
    axes.set(xlabel=r"$p_{\mathrm{true}}$ [GeV]", ylabel=r"$\sigma(p)/p$, central 68 % [%]")
    axes.set_ylim(bottom=0.0)
    axes.legend()
    return figure


@styled
def draw_differences(
    differences: Mapping[str, Vector], reach: float, quantity: str, experiment: str
) -> Figure:
    """Draw how far the reconstructed ``quantity`` is from the true one, up to ``reach``, as shares of the tracks."""
    figure, axes = _axes(experiment)
    # the first and the last bin hold what lies beyond
    clipped = {name: np.clip(value, -reach, reach) for name, value in differences.items()}
    _shares(axes, clipped, np.linspace(-reach, reach, 81))
    axes.set(xlabel=quantity, ylabel="Share of the tracks (outer bins: and beyond)")
    return figure


@styled
def draw_ratio(ratios: Mapping[str, Vector], experiment: str) -> Figure:
    """Draw E/p by particle, as shares of its tracks."""
    figure, axes = _axes(experiment)
    _shares(axes, ratios, np.linspace(0.0, 1.3, 66))
    axes.set(xlabel="$E/p$", ylabel="Share of the tracks")
    return figure


@styled
def draw_hadronic(energies: Mapping[str, Vector], experiment: str) -> Figure:
    """Draw the energy (GeV) that all hadron calorimeters measure, by particle, as shares of its tracks."""
    figure, axes = _axes(experiment)
    _shares(axes, energies, np.linspace(0.0, 60.0, 61))
    axes.set(xlabel="Energy in the hadron calorimeters [GeV]", ylabel="Share of the tracks")
    return figure


def _shares(axes: Axes, values: Mapping[str, Vector], edges: Vector) -> None:
    """Draw ``values`` by particle, as shares of its tracks."""
    for name, value in values.items():
        axes.hist(
            value,
            bins=list(edges),
            weights=np.full(value.size, 1.0 / max(value.size, 1)),
            histtype="step",
            color=_COLOURS[name],
            label=_LABELS[name],
            linewidth=1.4,
        )
    axes.set_yscale("log")
    axes.legend()


@styled
def draw_rings(rings: Mapping[str, tuple[Vector, Vector]], experiment: str) -> Figure:
    """Draw the radius of the ring (mm) against the momentum (MeV) by particle; no ring is not drawn."""
    figure, axes = _axes(experiment)
    for name, (p, radius) in rings.items():
        seen = radius > 0.0
        axes.plot(
            1e-3 * p[seen][:4000],
            radius[seen][:4000],
            ".",
            color=_COLOURS[name],
            markersize=2.0,
            alpha=0.5,
            rasterized=True,
        )
        axes.plot([], [], "o", color=_COLOURS[name], label=_LABELS[name])
    axes.set(xlabel="$p$ [GeV]", ylabel="Ring radius [mm]")
    axes.legend(loc="lower right")
    return figure


@styled
def draw_cuts(
    edges: Vector, shares: Mapping[str, tuple[Vector, Vector]], particle: str, experiment: str
) -> Figure:
    """Draw the share of the tracks of a ``particle`` that pass each cut, with errors, in bins of momentum (MeV)."""
    figure, axes = _axes(f"{experiment}, {_LABELS[particle]}", width=9.8)
    middles = 0.5e-3 * (edges[1:] + edges[:-1])
    markers = "osD^vPX*<>"
    for k, (name, (value, error)) in enumerate(shares.items()):
        axes.errorbar(
            middles,
            value,
            error,
            fmt=markers[k % len(markers)],
            color=PALETTE[k % len(PALETTE)],
            label=name,
            markersize=4.5,
        )
    axes.set(xlabel="$p$ [GeV]", ylabel="Share of the tracks that pass")
    axes.set_ylim(-0.02, 1.05)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), title="cut on", alignment="left")
    return figure


@styled
def draw_times(times: Mapping[str, Vector], system: str, experiment: str) -> Figure:
    """Draw distances in time (ns) of the beam tagger from the track, by particle."""
    figure, axes = _axes(experiment)
    edges: Any = np.geomspace(0.01, 25.0, 60)
    for name, values in times.items():
        axes.hist(
            values, bins=edges, histtype="step", color=_COLOURS[name], label=_LABELS[name], linewidth=1.4
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set(xlabel=rf"$|t_{{\mathrm{{{system.upper()}}}}} - t_{{\mathrm{{track}}}}|$ [ns]", ylabel="Tracks")
    axes.legend()
    return figure


@styled
def draw_halo(x: Vector, y: Vector, chamber: str, experiment: str) -> Figure:
    """Draw where halo muons cross the first chamber, mm."""
    figure, axes = _axes(experiment, width=6.9)
    edges: Any = np.linspace(-1200.0, 1200.0, 81)
    counts = axes.hist2d(x, y, bins=[edges, edges], cmap="Blues", cmin=1.0, norm="log", rasterized=True)
    figure.colorbar(counts[3], ax=axes, label="Muons / (30 mm)$^2$")
    axes.set(xlabel=f"$x$ at {chamber} [mm]", ylabel=f"$y$ at {chamber} [mm]", aspect="equal")
    return figure
