"""Figures as methods of results, on figures of their own and on somebody's Axes."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from figure_names import COMMON, OF_A_RESULT
from matplotlib.figure import Figure

from hnlpeak.core.errors import UsageError
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.search import Search
from hnlpeak.report.figures.registry import FIGURES
from hnlpeak.report.onto import target


@pytest.mark.parametrize("name", COMMON)
def test_each_figure_goes_onto_given_axes(inputs: Search, name: str) -> None:
    figure = Figure(figsize=(9.0, 4.0))
    mine, other = figure.subplots(1, 2)
    mpl.rcParams["font.size"], before = 7.0, mpl.rcParams["font.size"]
    try:
        assert getattr(inputs.plot, name)(ax=mine) is figure
        assert mpl.rcParams["font.size"] == 7.0
    finally:
        mpl.rcParams["font.size"] = before
    assert target() is None
    assert figure.axes == [mine, other]
    drawn = [mine, *mine.child_axes]
    assert sum(len(axes.lines) + len(axes.collections) + len(axes.patches) for axes in drawn) > 3
    assert not other.lines
    assert figure.get_size_inches() == pytest.approx((9.0, 4.0))
    figure.draw_without_rendering()


def test_a_figure_of_its_own_is_the_one_of_the_report(inputs: Search) -> None:
    alone, report = inputs.plot.u2(), FIGURES["u2"].draw(inputs)
    assert report is not None
    assert alone.get_size_inches() == pytest.approx(report.get_size_inches())
    for ours, theirs in zip(alone.axes[0].lines, report.axes[0].lines, strict=True):
        np.testing.assert_array_equal(ours.get_xydata(), theirs.get_xydata())
    assert alone._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]


def test_axes_stay_those_of_their_owner_after_a_failure(inputs: Search) -> None:
    axes = Figure().subplots()
    with pytest.raises(UsageError, match=r"read_search\(DIR\)\.plot\.m_miss"):
        inputs.result.plot.m_miss(ax=axes)
    assert target() is None


def test_a_result_alone_draws_its_limits(result: SearchResult) -> None:
    drawn = set()
    for name in dir(result.plot):
        try:
            getattr(result.plot, name)()
        except UsageError:
            continue
        drawn.add(name)
    assert drawn == OF_A_RESULT


def test_a_name_that_is_close_is_offered(result: SearchResult) -> None:
    with pytest.raises(AttributeError, match=r"no figure 'pvalue' \(did you mean 'p_value'\?\)"):
        _ = result.plot.pvalue
    assert result.plot.u2.__doc__ == f"{FIGURES['u2'].title}. {FIGURES['u2'].alt}"
