"""The angle of a point without a branch, as lanes take it."""

from __future__ import annotations

import math

import numpy as np

from hnlpeak.core.lanes import arctangent


def test_it_is_the_angle_of_the_mathematics_library() -> None:
    rng = np.random.default_rng(3)
    angles = np.concatenate([rng.uniform(-np.pi, np.pi, 4000), np.arange(-8, 9) * np.pi / 8.0])
    for size in (1e-200, 1e-3, 1.0, 1e200):
        for angle in angles:
            y, x = float(size * np.sin(angle)), float(size * np.cos(angle))
            assert math.isclose(arctangent(y, x), math.atan2(y, x), rel_tol=1e-15, abs_tol=4e-16)


def test_it_is_right_on_the_axes_and_at_the_origin() -> None:
    points = [(0.0, 2.0), (3.0, 0.0), (0.0, -2.0), (-3.0, 0.0), (0.0, 0.0), (1e-300, 1.0), (1.0, 1e-300)]
    assert [arctangent(y, x) for y, x in points] == [
        0.0,
        math.pi / 2.0,
        math.pi,
        -math.pi / 2.0,
        0.0,
        1e-300,
        math.pi / 2.0,
    ]
