"""Draw the figures of ``docs/statistics.md`` into ``docs/figures``: ``python docs/make_statistics_figures.py``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from hnlpeak.report.style import INK, MUTED, PALETTE, house_style, settle
from hnlpeak.statistics import METHODS, Gaussian, Known, coverage, method_call, rolke_lopez

FIGURES = Path(__file__).resolve().parent / "figures"
SHORT = {
    "rolke-lopez": "two-sided 90 %",
    "cls": "one-sided 90 %",
    "feldman-cousins": "two-sided 90 %",
    "bayes": "credible 90 %",
    "cls-exact": "one-sided 90 %",
    "one-sided": "one-sided 90 %",
    "power-constrained": "one-sided 90 %",
}


def sawtooth() -> Figure:
    """Upper end for two observed events against the background: what TRolke's rules do below it."""
    figure = Figure(figsize=(8.4, 5.0), layout="constrained")
    axes = figure.subplots()
    b = np.linspace(0.5, 12.0, 2301)
    for treatment, colour, style in (
        ("bounded", PALETTE[0], "-"),
        ("trolke", PALETTE[2], "-"),
        ("unbounded", INK, "--"),
    ):
        upper = rolke_lopez(2, background=Gaussian(b, 0.3), treatment=treatment).upper
        # a vertical line is not a value: the jumps stay open
        jumps = np.abs(np.diff(upper, prepend=upper[0])) > 0.3
        axes.plot(b, np.where(jumps, np.nan, upper), style, color=colour, label=f"Rolke–López, {treatment}")
    limit = method_call("cls")(2, background=Gaussian(b, 0.3)).upper
    axes.plot(b, limit, ":", color=PALETTE[4], label="CLs (one-sided 90 %)")
    axes.set_xlabel("Measured background $b$ ($\\pm 0.3$)")
    axes.set_ylabel("Upper end of signal events, 2 observed")
    axes.set_ylim(0.0, 5.0)
    axes.set_xlim(b[0], b[-1])
    axes.legend(title="two-sided 90 % unless said")
    settle(figure)
    return figure


def methods() -> Figure:
    """Upper ends of all methods against the observed count, with what 90 % means for each."""
    figure = Figure(figsize=(8.4, 5.0), layout="constrained")
    axes = figure.subplots()
    n = np.arange(13)
    for i, name in enumerate(METHODS):
        upper = method_call(name)(n, background=Gaussian(5.0, 1.0)).upper
        axes.plot(
            n + 0.04 * (i - 3), upper, "o-", markersize=4, linewidth=1.2, label=f"{name}: {SHORT[name]}"
        )
    axes.set_xlabel("Observed events, $b = 5 \\pm 1$")
    axes.set_ylabel("Upper end of signal events")
    axes.legend()
    settle(figure)
    return figure


def coverage_maps() -> Figure:
    """Coverage over true signal and known background under two treatments."""
    figure = Figure(figsize=(11.0, 4.6), layout="constrained")
    signal, b = np.linspace(0.0, 12.0, 97), np.linspace(0.1, 10.0, 67)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, treatment in zip(panels, ("bounded", "trolke"), strict=True):
        held = coverage(signal, background=Known(b[:, None]), treatment=treatment).contained
        mesh = axes.pcolormesh(
            signal, b, held, cmap="RdBu", vmin=0.75, vmax=1.05, shading="nearest", rasterized=True
        )
        axes.set_title(f"{treatment}: from {np.min(held):.3f} to {np.max(held):.3f}", loc="left")
        axes.set_xlabel("True signal")
    panels[0].set_ylabel("Background (known)")
    figure.colorbar(mesh, ax=list(panels), label="Coverage of the 90 % interval")
    settle(figure)
    return figure


def coverage_curves() -> Figure:
    """Probability that the upper end is not below the true signal, for each fast method."""
    figure = Figure(figsize=(8.4, 5.0), layout="constrained")
    axes = figure.subplots()
    signal = np.linspace(0.0, 20.0, 161)
    for name in ("rolke-lopez", "cls", "bayes", "one-sided", "power-constrained"):
        got = coverage(signal, background=Gaussian(5.0, 1.0), method=name)
        axes.plot(signal, got.not_below, label=f"{name}: {SHORT[name]}")
    axes.axhline(0.9, color=MUTED, linewidth=1.0, linestyle=":")
    axes.axhline(0.95, color=MUTED, linewidth=1.0, linestyle=":")
    axes.set_xlabel("True signal, $b = 5$ measured to $\\pm 1$")
    axes.set_ylabel("Probability that the upper end is not below it")
    axes.set_ylim(0.86, 1.005)
    axes.set_xlim(0.0, 20.0)
    axes.legend(loc="lower right", ncols=2)
    settle(figure)
    return figure


def main() -> None:
    """Draw all."""
    FIGURES.mkdir(exist_ok=True)
    with house_style():
        for draw in (sawtooth, methods, coverage_maps, coverage_curves):
            draw().savefig(FIGURES / f"statistics_{draw.__name__}.png", dpi=110)


if __name__ == "__main__":
    main()
