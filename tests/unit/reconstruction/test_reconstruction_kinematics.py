"""Vertex and missing mass against closed forms in fifty digits."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import hits
from hnlpeak.reconstruction.kinematics import closest_approach, missing_mass2

mpmath.mp.dps = 50
M_K, M_E, M_MU = 493.677, 0.51099895, 105.6583755
CASES = [
    # track x, y at z, slopes; axis: slopes, x, y at its reference
    (40.0, -20.0, 183e3, 3e-3, -2e-3, 1.2e-3, 0.0, 0.0, 0.0, 102e3),
    (-10.0, 15.0, 183e3, 1.3e-3, 1e-4, 1.2e-3, 0.0, 1.0, -2.0, 102e3),
    (250.0, 100.0, 217e3, -8e-3, 6e-3, -3e-4, 2e-4, 5.0, 4.0, 110e3),
]


def axis(case: tuple[float, ...], p: float = 75e3) -> np.ndarray:
    return np.array([p, *case[5:9], case[9]])


@pytest.mark.parametrize("case", CASES)
def test_closest_approach_of_two_lines(case: tuple[float, ...]) -> None:
    """d = |w . (u x v)| / |u x v|; the points from the normal equations, in exact arithmetic."""
    x, y, z, tx, ty, ax, ay, x0, y0, z0 = (mpmath.mpf(v) for v in case)
    u, v = mpmath.matrix([tx, ty, 1]), mpmath.matrix([ax, ay, 1])
    w = mpmath.matrix([x - x0, y - y0, z - z0])
    cross = mpmath.matrix([u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]])
    distance = abs((w.T * cross)[0]) / mpmath.norm(cross)
    normal = mpmath.matrix([[(u.T * u)[0], -(u.T * v)[0]], [(u.T * v)[0], -(v.T * v)[0]]])
    s, t = mpmath.lu_solve(normal, mpmath.matrix([-(w.T * u)[0], -(w.T * v)[0]]))
    middle = (z + s + z0 + t) / 2
    track = hits.line(*case[:5])
    cda, z_vertex = closest_approach(track, axis(case))
    assert cda == pytest.approx(float(distance), rel=1e-9)
    assert z_vertex == pytest.approx(float(middle), rel=1e-9)


def test_lines_that_meet_and_lines_that_never_do() -> None:
    meet = hits.line(x=30.0, y=-60.0, z=180e3, tx=1e-3, ty=-2e-3)
    cda, z = closest_approach(meet, np.array([75e3, 0.0, 0.0, 0.0, 0.0, 102e3]))
    assert cda == pytest.approx(0.0, abs=1e-9)
    assert z == pytest.approx(150e3, rel=1e-12)
    parallel = hits.line(x=3.0, y=4.0, z=180e3)
    assert closest_approach(parallel, np.array([75e3, 0.0, 0.0, 0.0, 0.0, 102e3])) == (5.0, 102e3)


@pytest.mark.parametrize("lepton", [M_E, M_MU])
@pytest.mark.parametrize(
    ("p", "tx", "ty", "kaon", "ax", "ay"),
    [
        (20e3, 4e-3, -1e-3, 75e3, 1.2e-3, 0.0),
        (5.3e3, -9e-3, 8e-3, 74.3e3, -2e-4, 3e-4),
        (62e3, 1.3e-3, 2e-4, 75.9e3, 1.1e-3, -1e-4),
    ],
)
def test_missing_mass_of_four_vectors(
    lepton: float, p: float, tx: float, ty: float, kaon: float, ax: float, ay: float
) -> None:
    def four(p: float, tx: float, ty: float, m: float) -> list[mpmath.mpf]:
        p, tx, ty, m = (mpmath.mpf(v) for v in (p, tx, ty, m))
        pz = p / mpmath.sqrt(1 + tx**2 + ty**2)
        return [mpmath.sqrt(p**2 + m**2), tx * pz, ty * pz, pz]

    e, *momentum = (a - b for a, b in zip(four(kaon, ax, ay, M_K), four(p, tx, ty, lepton), strict=True))
    exact = float(e**2 - sum(component**2 for component in momentum))
    track = hits.line(tx=tx, ty=ty, p=p)
    found = missing_mass2(track, np.array([kaon, ax, ay, 0.0, 0.0, 0.0]), M_K, lepton)
    # two terms of some GeV^2 cancel: 1e-16 of them is what doubles leave
    assert found == pytest.approx(exact, rel=1e-9, abs=1e-5)


@pytest.mark.parametrize("mass", [0.0, 200.0, 400.0])
def test_missing_mass_of_a_decay_is_the_mass_that_was_lost(mass: float) -> None:
    """K -> e N at any angle in the kaon's frame, boosted by hand."""
    for cosine in (-0.9, 0.0, 0.7):
        m = [mpmath.mpf(v) for v in (M_K, M_E, mass)]
        e = (m[0] ** 2 + m[1] ** 2 - m[2] ** 2) / (2 * m[0])
        k = mpmath.sqrt(e**2 - m[1] ** 2)
        gamma = mpmath.sqrt(1 + (mpmath.mpf(75e3) / m[0]) ** 2)
        pz = gamma * k * cosine + mpmath.mpf(75e3) / m[0] * e
        pt = k * mpmath.sqrt(1 - mpmath.mpf(cosine) ** 2)
        track = hits.line(tx=float(pt / pz), p=float(mpmath.sqrt(pt**2 + pz**2)))
        found = missing_mass2(track, np.array([75e3, 0.0, 0.0, 0.0, 0.0, 0.0]), M_K, M_E)
        assert found == pytest.approx(mass**2, abs=1e-2)
