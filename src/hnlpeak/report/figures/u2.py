"""Limits on |U_l4|^2 with those of earlier searches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from hnlpeak.limits.published import PublishedLimit
from hnlpeak.limits.result import SearchResult
from hnlpeak.report.figures.columns import Columns, limit_columns
from hnlpeak.report.figures.limit_bands import draw_limit
from hnlpeak.report.figures.published_line import draw_published, name_published
from hnlpeak.report.labels import mixing
from hnlpeak.report.style import (
    EXPECTED,
    MUTED,
    convention,
    header,
    new_figure,
    styled,
)

__all__ = ["u2", "u2_columns"]

_SHADE = 0.08
"""Opacity of what is excluded: seen beside the bands, and they through it."""


def u2_columns(result: SearchResult, earlier: Sequence[PublishedLimit] = ()) -> Columns:
    """Return the curves of the figure by points: name, mass in MeV, |U|^2, and the status of this search's masses."""
    rows: list[tuple[Any, ...]] = []
    own = limit_columns(result, "u2_ul")
    for name, values in own.items():
        if name.startswith("u2_ul_"):
            label = name.removeprefix("u2_ul_")
            rows += [(label, *row) for row in zip(own["m_n_mev"], values, own["status"], strict=True)]
    for curve in earlier:
        rows += [(curve.name, mass, value, "") for mass, value in zip(curve.mass, curve.u2, strict=True)]
    return {name: [row[i] for row in rows] for i, name in enumerate(("curve", "m_n_mev", "u2", "status"))}


@styled
def u2(result: SearchResult, earlier: Sequence[PublishedLimit] = ()) -> Figure:
    """Draw limits on |U|^2 with ``earlier`` searches for the same flavour.

    The region that certain curves exclude is shaded; those that must not be quoted (confidence m) and those that are
    no published result have no part in the shading.
    """
    figure = new_figure(10.4, 6.0)
    axes = figure.subplots()
    draw_limit(axes, result, "u2_ul")
    masses = result.number("m_n_mev")
    first = min([float(masses[0]), *(float(curve.mass[0]) for curve in earlier)])
    last = max([float(masses[-1]), *(float(curve.mass[-1]) for curve in earlier)])
    margin = 0.02 * (last - first)
    axes.set_xlim(max(0.0, first - margin), last + margin)
    axes.set_yscale("log")
    axes.set_ylim(*_range(result, earlier))
    _shade(axes, earlier)
    others = [draw_published(axes, curve) for curve in earlier]
    axes.set_ylabel(f"Upper limit on ${mixing(result)}$")
    own = "this simulation" if result.simulated else "this search"
    mine = [handle for handle in axes.get_legend_handles_labels()[0] if handle not in others]
    axes.legend(handles=mine, loc="upper right", ncols=2, fontsize=10.5, title=own, alignment="left")
    name_published(axes, others)
    header(axes, simulated=result.simulated, right=convention(result))
    return figure


def _range(result: SearchResult, earlier: Sequence[PublishedLimit]) -> tuple[float, float]:
    """Whole decades around everything drawn, one more above for the legend; far outliers of others are cut."""
    own = np.concatenate(
        [result.number(f"u2_ul_{name}") for name in ("observed", "expected_m2s", "expected_p2s")]
    )
    own = own[np.isfinite(own) & (own > 0.0) & np.tile(result.sound, 3)]
    everything = np.concatenate([own, *(curve.u2 for curve in earlier)])
    if everything.size == 0:
        return 1e-10, 1.0
    low, high = float(everything.min()), float(np.quantile(everything, 0.98))
    return 10.0 ** np.floor(np.log10(low) - 0.02), 10.0 ** (np.ceil(np.log10(high)) + 1.0)


def _shade(axes: Axes, earlier: Sequence[PublishedLimit]) -> None:
    certain = [c for c in earlier if c.confidence != "m" and c.standing != "recomputed"]
    if not certain:
        return
    grid = np.linspace(min(c.mass[0] for c in certain), max(c.mass[-1] for c in certain), 1200)
    lowest = np.full(grid.size, np.inf)
    for curve in certain:
        on = curve.covers(grid)
        lowest[on] = np.minimum(lowest[on], np.asarray(curve.limit(grid[on])))
    top = axes.get_ylim()[1]
    on = np.isfinite(lowest)
    axes.fill_between(
        grid,
        np.where(on, lowest, top),
        top,
        where=on.tolist(),
        color=EXPECTED,
        alpha=_SHADE,
        linewidth=0.0,
        zorder=0,
    )
    axes.fill(
        [], [], facecolor=to_rgba(EXPECTED, _SHADE), edgecolor=MUTED, linewidth=0.8, label="excluded earlier"
    )
