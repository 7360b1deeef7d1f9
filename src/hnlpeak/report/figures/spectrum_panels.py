"""What the two spectra share: data points, stacked simulation, their ratio, examples of signal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hnlpeak.limits.result import SearchResult
from hnlpeak.report.figures.binning import Stack
from hnlpeak.report.garwood import garwood
from hnlpeak.report.labels import source_colour, source_hatch, source_label
from hnlpeak.report.rounding import mathematical
from hnlpeak.report.style import INK, MUTED
from hnlpeak.spectrum.spectrum import Projection
from hnlpeak.spectrum.window import window_share

__all__ = [
    "Example",
    "data_label",
    "draw_data",
    "draw_ratio",
    "draw_stack",
    "example_masses",
    "examples",
    "legend_above",
    "source_face",
    "spectrum_panels",
    "spectrum_top",
]

Vector = NDArray[np.float64]


_NAMED = 0.02
_BOTTOM = 0.3
_FREE = 0.42
"""Part of a logarithmic axis above the highest number, over the part below it: room for the legend."""


_RATIO = 2.0
"""Upper end of the axis of data over simulation."""


@dataclass(frozen=True)
class Example:
    """An HNL peak: ``events`` in all, a Gaussian of width ``sigma`` (MeV) at ``mass``, with its ``label``."""

    mass: float
    sigma: float
    events: float
    label: str

    def counts(self, edges: Vector) -> Vector:
        """Return the expected events between ``edges`` (MeV)."""
        from scipy.special import ndtr

        return np.asarray(self.events * np.diff(ndtr((edges - self.mass) / self.sigma)))


def example_masses(result: SearchResult) -> list[float]:
    """Return three hypotheses with an expected limit, spread over the scan."""
    good = np.flatnonzero((result.limits.expected.median.u2 > 0.0) & result.sound)
    if good.size == 0:
        return []
    picked = sorted({int(good[int(share * (good.size - 1))]) for share in (0.15, 0.5, 0.85)})
    return [float(result.hypotheses.mass[i]) for i in picked]


def examples(result: SearchResult, *, times_limit: float = 10.0) -> list[Example]:
    """Return peaks at about ``times_limit`` the expected limit, |U|^2 rounded to one digit."""
    found = []
    for mass in example_masses(result):
        i, table = result.place(mass), result.hypotheses
        u2 = float(f"{times_limit * result.limits.expected.median.u2[i]:.0e}")
        whole = float(table.acceptance_no_window[i])
        if math.isnan(whole):
            whole = float(table.acceptance[i]) / window_share(result.settings.window)
        events = u2 * float(table.per_u2[i]) * float(table.n_kaon[i]) * whole
        label = rf"$m_N$ = {mass:g} MeV, $|U|^2 = {mathematical(u2)}$"
        found.append(Example(mass, float(table.sigma[i]), events, label))
    return found


def spectrum_panels(figure: Figure, *, ratio: bool) -> list[Axes]:
    """Return the axes of a spectrum, with lower ones for the ratio of data to simulation if asked for."""
    if not ratio:
        return [figure.subplots()]
    top, bottom = figure.subplots(2, 1, sharex=True, squeeze=False, height_ratios=[3.2, 1.0])[:, 0]
    return [top, bottom]


def spectrum_top(largest: float) -> float:
    """Return the upper end of a logarithmic axis from 0.3 with the legend above the ``largest`` number."""
    return 2.0 * largest * math.pow(largest / _BOTTOM, _FREE)


def data_label(result: SearchResult) -> str:
    """Return the legend's word for the observed events."""
    return "data (simulated)" if result.simulated else "data"


def draw_data(axes: Axes, data: Projection, weights: Vector, label: str) -> None:
    """Draw counts with Garwood bars, multiplied by ``weights`` (nominal over true bin width); 0 is left out."""
    low, high = garwood(data.values)
    n, x = data.values, 0.5 * (data.edges[1:] + data.edges[:-1])
    on = n > 0.0
    bars = np.array([(n - low) * weights, (high - n) * weights])[:, on]
    axes.errorbar(
        x[on],
        (n * weights)[on],
        bars,
        fmt="o",
        color=INK,
        markersize=3.2,
        linewidth=1.0,
        zorder=5,
        label=label,
    )


def draw_stack(axes: Axes, edges: Vector, simulated: Stack, weights: Vector) -> None:
    """Draw simulated components on top of each other in their order, with the error of their sum.

    Sources that are nowhere seen on a logarithmic axis from ``_BOTTOM`` have no name.
    """
    shown = [name for name, values in simulated.components.items() if values.sum() > 0.0]
    heights = np.cumsum([simulated.components[n] * weights for n in shown], axis=0)
    for name, height in reversed(list(zip(shown, heights, strict=True))):
        seen = np.any((height > _BOTTOM) & (simulated.components[name] * weights > _NAMED * height))
        label = source_label(name) if seen else None
        axes.stairs(height, edges, fill=True, label=label, **source_face(name))
    low, high = (simulated.total + sign * simulated.error for sign in (-1.0, 1.0))
    axes.fill_between(
        edges,
        np.append(low, low[-1:]) * np.append(weights, weights[-1:]),
        np.append(high, high[-1:]) * np.append(weights, weights[-1:]),
        step="post",
        facecolor="none",
        edgecolor=MUTED,
        hatch="//////",
        linewidth=0.0,
        zorder=3,
        label="uncertainty of the simulation",
    )


def source_face(name: str) -> dict[str, Any]:
    """Return how the part of ``name`` in a stack is filled: its colour, and its hatch in white."""
    return {
        "facecolor": source_colour(name),
        "edgecolor": "white",
        "hatch": source_hatch(name),
        "linewidth": 0.0,
    }


def legend_above(axes: Axes) -> None:
    """Write the legend into the free upper part, the observed events first."""
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda i: not labels[i].startswith("data"))
    axes.legend(
        [handles[i] for i in order],
        [labels[i] for i in order],
        loc="upper left",
        ncols=3,
        fontsize=9.5,
        columnspacing=1.2,
    )


def draw_ratio(axes: Axes, data: Projection, simulated: Stack, weights: Vector) -> None:
    """Draw data over simulation with Garwood bars, and the relative error of the simulation about 1.

    The error is drawn where the simulation is on the axis of the spectrum, which begins at ``_BOTTOM``. Arrows stand
    for points above the axis.
    """
    n, total = data.values, simulated.total
    low, high = garwood(n)
    on = (total > 0.0) & (n > 0.0)
    x = 0.5 * (data.edges[1:] + data.edges[:-1])
    safe = np.where(total > 0.0, total, 1.0)
    relative = np.where(total * weights > _BOTTOM, simulated.error / safe, 0.0)
    axes.fill_between(
        data.edges,
        np.append(1.0 - relative, 1.0 - relative[-1:]),
        np.append(1.0 + relative, 1.0 + relative[-1:]),
        step="post",
        color=MUTED,
        alpha=0.35,
        linewidth=0.0,
    )
    bars = np.array([(n - low) / safe, (high - n) / safe])[:, on]
    axes.axhline(1.0, color=INK, linewidth=0.8)
    axes.errorbar(x[on], (n / safe)[on], bars, fmt="o", color=INK, markersize=3.0, linewidth=0.9)
    beyond = on & (n > _RATIO * safe)
    axes.plot(x[beyond], np.full(np.count_nonzero(beyond), 0.965 * _RATIO), "^", color=INK, markersize=5.0)
    axes.set_ylim(0.0, _RATIO)
    axes.set_yticks([0.5, 1.0, 1.5])  # not the ends, where other axes have their numbers
    axes.set_ylabel("data / sim.", fontsize=11.5)
