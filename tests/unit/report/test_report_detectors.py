"""Figures of what detectors see: labels stand beside the axes, and nothing is lost beyond their ends."""

from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.report.figures.detectors import draw_cuts, draw_differences, draw_halo


def test_labels_of_axes_of_a_fixed_shape_stand_beside_them() -> None:
    rng = np.random.default_rng(1)
    figure = draw_halo(rng.normal(0.0, 300.0, 5000), rng.normal(0.0, 300.0, 5000), "DCH1", "toy")
    picture, bar = figure.axes
    left = picture.yaxis.label.get_window_extent()
    right = bar.yaxis.label.get_window_extent()
    assert left.x1 < picture.get_window_extent().x0
    assert right.x0 > bar.get_window_extent().x1
    assert left.x0 >= 0.0
    assert right.x1 <= figure.bbox.x1


def test_the_legend_of_many_cuts_hides_no_point() -> None:
    edges = np.linspace(5e3, 70e3, 14)
    shares = {f"cut {k}": (np.full(13, 0.1 * k), np.full(13, 0.01)) for k in range(10)}
    figure = draw_cuts(edges, shares, "pi+", "toy")
    (axes,) = figure.axes
    legend = axes.get_legend()
    assert legend is not None
    assert legend.get_window_extent().x0 >= axes.get_window_extent().x1
    assert legend.get_window_extent().x1 <= figure.bbox.x1


def test_tracks_far_off_are_in_the_outer_bins() -> None:
    figure = draw_differences({"e+": np.array([-50.0, 0.05, 0.05, 9.0])}, 5.0, "x", "toy")
    (axes,) = figure.axes
    heights = np.asarray(axes.patches[0].get_path().vertices)[:, 1]
    assert heights.max() == pytest.approx(0.5)
    assert "simulation" in axes.get_title("left")
    assert sorted(set(np.round(heights, 6)))[-2] == pytest.approx(0.25)
