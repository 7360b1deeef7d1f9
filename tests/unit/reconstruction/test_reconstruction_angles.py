"""Angles of the track about the beam axis."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hnlpeak.reconstruction.kinematics import angles


def of(tx: float, ty: float, ax: float, ay: float) -> tuple[float, float]:
    return angles(tx, ty, ax, ay)


@pytest.mark.parametrize(
    ("tx", "ty", "ax", "ay"),
    [(5e-3, 0.0, 0.0, 0.0), (1e-3, -4e-3, 3e-4, 2e-4), (-0.3, 0.2, 0.1, -0.2), (2e-4, 1e-4, 3e-4, 0.0)],
)
def test_angle_between_two_directions(tx: float, ty: float, ax: float, ay: float) -> None:
    u, v = np.array([tx, ty, 1.0]), np.array([ax, ay, 1.0])
    theta, phi = of(tx, ty, ax, ay)
    exact = math.atan2(float(np.linalg.norm(np.cross(u, v))), float(u @ v))
    assert theta == pytest.approx(exact, rel=1e-12)
    assert phi == pytest.approx(math.atan2(ty - ay, tx - ax), rel=1e-12)


def test_along_the_axis() -> None:
    assert of(3e-4, 1e-4, 3e-4, 1e-4)[0] == 0.0
