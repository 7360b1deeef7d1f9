"""The cut-flow with N - 1."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator

from hnlpeak.report.figures.columns import Columns
from hnlpeak.report.rounding import count_text
from hnlpeak.report.style import MUTED, PALETTE, header, new_figure, styled
from hnlpeak.selection.cutflow import Cutflow

_WIDTH = 30
"""Letters in a line of a cut's name."""

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

    Bars of rows that a sub-sample stands for are pale.
    """
    steps = max(len(flow.cuts) for flow in cutflows) + 1
    figure = new_figure(5.8 * len(cutflows) + 1.2, 0.36 * steps + 1.9)
    panels = figure.subplots(1, len(cutflows), squeeze=False)[0]
    for axes, flow in zip(panels, cutflows, strict=True):
        _draw(axes, flow)
    header(panels[0], simulated=simulated)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def _draw(axes: Axes, flow: Cutflow) -> None:
    rows = flow.rows()
    passed = np.array([float(row["passed"]) for row in rows])
    without = np.array([float(row["n_minus_one"]) for row in rows[1:]])
    y = np.arange(len(rows))
    pale = np.array([float(row["share"]) < 1.0 for row in rows])
    axes.barh(y[~pale], passed[~pale], color=PALETTE[0], alpha=0.75, height=0.72, label="after this cut")
    if pale.any():
        label = f"the same, one vetoed decay in {flow.every} counted {flow.every} times"
        axes.barh(y[pale], passed[pale], color=PALETTE[0], alpha=0.4, height=0.72, label=label)
    axes.plot(without, y[1:], "D", color=PALETTE[2], markersize=5.0, label="all other cuts (N − 1)")
    axes.set_xscale("log")
    positive = np.concatenate([passed, without])
    positive = positive[positive > 0.0]
    low, high = (positive.min(), positive.max()) if positive.size else (1.0, 1.0)
    axes.set_xlim(0.3 * low, high * (high / low) ** 0.25 * 2.5)
    for place, value, right in zip(y, passed, np.maximum(passed, [0.0, *without]), strict=True):
        axes.annotate(
            count_text(value),
            (max(right, 0.3 * low), place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=10.5,
            color=MUTED,
        )
    axes.set_yticks(y, ["\n".join(wrap(str(row["cut"]), _WIDTH)) for row in rows], parse_math=False)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="y", left=False, right=False)
    axes.invert_yaxis()
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(f"Candidates, selection {flow.selection}", parse_math=False)
