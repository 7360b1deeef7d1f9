"""Vertex and missing mass as the proceedings word them, computed here another way."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from hnlpeak.reconstruction.kinematics import closest_approach, missing_mass2
from hnlpeak.reconstruction.track import TRACK

AXIS = np.array([75e3, 1.2e-3, -2e-5, 3.0, -4.0, 102_400.0])
TRACKS = [
    # x, y (mm) at STRAW1, slopes, momentum (MeV)
    (400.0, -90.0, 6.0e-3, -1.5e-3, 20e3),
    (-310.0, 205.0, -5.1e-3, 4.2e-3, 8e3),
    (120.0, 30.0, 1.3e-3, 1.1e-3, 60e3),
]


def track(x, y, tx, ty, p):
    record = np.zeros(1, TRACK)[0]
    norm = np.sqrt(1.0 + tx * tx + ty * ty)
    values = {"x": x, "y": y, "z": 183_508.0, "tx": tx, "ty": ty, "p": p}
    values |= {"px": p * tx / norm, "py": p * ty / norm, "pz": p / norm}
    for name, value in values.items():
        record[name] = value
    return record


@pytest.mark.parametrize("numbers", TRACKS)
def test_vertex_is_the_point_of_closest_approach(numbers):
    """Against a minimiser over the two points on the lines, in metres along z."""
    x, y, tx, ty, _ = numbers
    on_track = lambda s: np.array([x, y, 183_508.0]) + 1e3 * s * np.array([tx, ty, 1.0])  # noqa: E731
    on_axis = lambda t: np.array([*AXIS[3:]]) + 1e3 * t * np.array([*AXIS[1:3], 1.0])  # noqa: E731
    found = minimize(
        lambda u: np.sum((on_track(u[0]) - on_axis(u[1])) ** 2), [-50.0, 30.0], method="BFGS", tol=1e-12
    )
    nearest = on_track(found.x[0]), on_axis(found.x[1])
    distance, z = closest_approach(track(*numbers), AXIS)
    assert distance == pytest.approx(np.linalg.norm(nearest[0] - nearest[1]), rel=1e-5)
    assert z == pytest.approx(0.5 * (nearest[0][2] + nearest[1][2]), abs=20.0)


@pytest.mark.parametrize("numbers", TRACKS)
@pytest.mark.parametrize("lepton_mass", [0.51099895, 105.6583755])
def test_missing_mass_of_four_momenta(numbers, lepton_mass):
    kaon_mass = 493.677

    def four_momentum(p, tx, ty, mass):
        direction = np.array([tx, ty, 1.0]) / np.sqrt(tx * tx + ty * ty + 1.0)
        return np.array([np.hypot(p, mass), *(p * direction)])

    *_, tx, ty, p = numbers
    missing = four_momentum(*AXIS[:3], kaon_mass) - four_momentum(p, tx, ty, lepton_mass)
    square = missing[0] ** 2 - np.sum(missing[1:] ** 2)
    assert missing_mass2(track(*numbers), AXIS, kaon_mass, lepton_mass) == pytest.approx(square, abs=1.0)
