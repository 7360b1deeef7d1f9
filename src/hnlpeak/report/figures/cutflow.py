"""The cut-flow with N - 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import wrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from hnlpeak.report.figures.columns import Columns
from hnlpeak.report.rounding import count_text
from hnlpeak.report.style import EXPECTED, PALETTE, header, new_figure, styled
from hnlpeak.selection.cutflow import Cutflow

Vector = NDArray[np.float64]

_WIDTH = 30
"""Letters in a line of a cut's name."""
_FILLED = 0.61
"""Part of the axis that the longest bar takes."""
_WORDS = ("after this cut", "all other cuts (N − 1)")

__all__ = ["cutflow", "cutflow_columns"]


def cutflow_columns(cutflows: Sequence[Cutflow]) -> Columns:
    """Return the numbers of the figure: candidates."""
    rows = [(flow.selection, row) for flow in cutflows for row in flow.rows()]
    names = ("cut", "passed", "n_minus_one")
    return {
        "selection": [selection for selection, _ in rows],
        **{name: [row[name] for _, row in rows] for name in names},
    }


@styled
def cutflow(cutflows: Sequence[Cutflow], *, simulated: bool) -> Figure:
    """Draw candidates after each cut as bars and N - 1 (all cuts but this one) as diamonds, a panel a selection.

    Bars of rows that a sub-sample stands for are pale. Both numbers stand on the right.
    """
    steps = max(len(flow.cuts) for flow in cutflows) + 1
    # neighbours with the same cuts share their names
    named = [
        before is None or before.cuts != flow.cuts
        for before, flow in zip((None, *cutflows), cutflows, strict=False)
    ]
    figure = new_figure(4.8 * len(cutflows) + 1.8 * sum(named), 0.36 * steps + 2.2)
    panels = figure.subplots(1, len(cutflows), squeeze=False)[0]
    ends = _ends(cutflows)
    for axes, flow, with_names in zip(panels, cutflows, named, strict=True):
        _draw(axes, flow, ends)
        axes.tick_params(axis="y", labelleft=with_names)
    header(panels[0], simulated=simulated)
    handles, labels = panels[0].get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda i: labels[i] == _WORDS[1])  # bars first
    figure.legend(
        [handles[i] for i in order], [labels[i] for i in order], loc="outside lower center", ncols=len(labels)
    )
    return figure


def _numbers(flow: Cutflow) -> tuple[Vector, Vector]:
    """Candidates after each step, and N - 1 of each cut."""
    rows = flow.rows()
    return (
        np.array([float(row["passed"]) for row in rows]),
        np.array([float(row["n_minus_one"]) for row in rows[1:]]),
    )


def _ends(cutflows: Sequence[Cutflow]) -> tuple[float, float]:
    """Ends of the logarithmic axis of all panels: what is above zero, and room for the numbers on the right."""
    every = np.concatenate([values for flow in cutflows for values in _numbers(flow)])
    every = every[every > 0.0]
    low, high = (0.5 * every.min(), every.max()) if every.size else (0.5, 1.0)
    return low, low * (high / low) ** (1.0 / _FILLED)


def _draw(axes: Axes, flow: Cutflow, ends: tuple[float, float]) -> None:
    rows = flow.rows()
    passed, without = _numbers(flow)
    y = np.arange(len(rows))
    pale = np.array([float(row["share"]) < 1.0 for row in rows])
    axes.barh(y[~pale], passed[~pale], color=PALETTE[0], alpha=0.75, height=0.72, label=_WORDS[0])
    if pale.any():
        label = f"the same, one vetoed decay in {flow.every} counted {flow.every} times"
        axes.barh(y[pale], passed[pale], color=PALETTE[0], alpha=0.4, height=0.72, label=label)
    axes.plot(without, y[1:], "D", color=PALETTE[2], markersize=5.0, label=_WORDS[1])
    axes.set_xscale("log")
    axes.set_xlim(*ends)
    for share, word, values, first, colour in (
        (0.79, "after", passed, 0, EXPECTED),
        (0.985, "N − 1", without, 1, PALETTE[2]),
    ):
        for text, place in [(word, -1.0), *((count_text(n), first + i) for i, n in enumerate(values))]:
            axes.text(
                share,
                place,
                text,
                transform=axes.get_yaxis_transform(),
                ha="right",
                va="center",
                fontsize=10.5,
                color=colour,
            )
    axes.set_yticks(y, ["\n".join(wrap(str(row["cut"]), _WIDTH)) for row in rows], parse_math=False)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="y", left=False, right=False)
    axes.set_ylim(len(rows) - 0.4, -1.6)
    first, last = np.log10(ends[0]), np.log10(ends[1] / ends[0]) * _FILLED + np.log10(ends[0])
    steps = (1.0,) if last - first > 2.0 else (1.0, 2.0, 5.0)
    ticks = [step * 10.0**power for power in range(math.floor(first), math.ceil(last) + 1) for step in steps]
    axes.set_xticks([tick for tick in ticks if 10.0**first <= tick <= 1.1 * 10.0**last])
    axes.xaxis.set_minor_locator(NullLocator())
    if len(steps) > 1:
        axes.xaxis.set_major_formatter(lambda value, _: count_text(round(value, 6)))
    axes.set_xlabel(f"Candidates, selection {flow.selection}", parse_math=False)
