"""Small ticks of figures that become files: the same pixels, and axes that others may change keep theirs."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from hnlpeak.report.render import render
from hnlpeak.report.small_ticks import for_files
from hnlpeak.report.style import new_figure, styled


@styled
def panels(low: float, high: float) -> Figure:
    figure = new_figure()
    top, below = figure.subplots(2, 1, sharex=True)
    top.plot([0.0, 700.0], [low, high])
    top.set_yscale("log")
    top.set_ylim(low, high)
    below.plot([0.0, 700.0], [-3.0, 40.0])
    below.set_xlabel("mass [MeV]")
    return figure


@pytest.mark.parametrize(
    ("low", "high", "aside"),
    [
        (1e-3, 2e4, True),
        (1.5e-6, 7e-6, False),  # small ticks with numbers stay ticks
    ],
)
def test_the_same_pixels(low: float, high: float, aside: bool) -> None:
    plain = panels(low, high)
    with for_files():
        made = panels(low, high)
    assert render(plain, "png") == render(made, "png")
    ticks = made.axes[0].yaxis.get_minor_locator()
    assert isinstance(ticks, NullLocator) is aside
    assert isinstance(made.axes[1].yaxis.get_minor_locator(), NullLocator)
    assert not any(
        isinstance(axis.get_minor_locator(), NullLocator)
        for axes in plain.axes
        for axis in (axes.xaxis, axes.yaxis)
    )
