"""The mean beam from K -> 3 pi decays built by hand: pions that leave the vertex as a star in the kaon's frame."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

import hits
from hnlpeak.core.errors import InputDataError
from hnlpeak.reconstruction.calibration import BeamCalibration, calibration_from_sums
from hnlpeak.theory.species import MASS, Species

SETUP = hits.setup(three_track_mass_window=10.0, three_track_vertex=10.0, three_track_chi2=20.0)
BEAM = SETUP[0]["beam"]
M_PI = float(MASS[Species.PION_PLUS])
FIRST = float(SETUP[0]["chamber_z"][0])


class Decay(NamedTuple):
    """A kaon (momentum, slopes, place at the reference), where it decays, and how its pions leave.

    ``turn`` is the angle of the star in the plane that holds the beam and ``azimuth`` that of this plane.
    """

    p: float = float(BEAM["momentum"])
    tx: float = float(BEAM["slope_x"])
    ty: float = 0.0
    x: float = 0.0
    y: float = 0.0
    z: float = 150e3
    mass: float = float(BEAM["mass"])
    turn: float = 0.4
    azimuth: float = 0.0
    charges: tuple[int, ...] = (1, -1, 1)


def pions(decay: Decay) -> list[tuple[float, float, float]]:
    """Momentum and slopes of each pion: a star of three, boosted along the kaon."""
    star = math.sqrt((decay.mass / 3.0) ** 2 - M_PI**2)
    along = np.array([decay.tx, decay.ty, 1.0]) / math.sqrt(1.0 + decay.tx**2 + decay.ty**2)
    side = np.array([math.cos(decay.azimuth), math.sin(decay.azimuth), 0.0])
    side -= along * (side @ along)
    side /= np.linalg.norm(side)
    gamma, beta_gamma = math.hypot(1.0, decay.p / decay.mass), decay.p / decay.mass
    found = []
    for k in range(3):
        angle = decay.turn + 2.0 * math.pi / 3.0 * k
        forward = gamma * star * math.cos(angle) + beta_gamma * decay.mass / 3.0
        vector = forward * along + star * math.sin(angle) * side
        found.append((float(np.linalg.norm(vector)), vector[0] / vector[2], vector[1] / vector[2]))
    return found


def add(event: Any, decay: Decay, tracks: int = 3, shift: float = 0.0, kink: float = 0.0) -> None:
    """The decay's tracks; of the first, all y move by ``shift`` and one of them by ``kink`` more."""
    dz = decay.z - float(BEAM["z_reference"])
    at = decay.x + decay.tx * dz, decay.y + decay.ty * dz
    for k, (p, tx, ty) in enumerate(pions(decay)[:tracks]):
        start = at[0] + tx * (FIRST - decay.z), at[1] + ty * (FIRST - decay.z)
        x, y = hits.points(SETUP, p, decay.charges[k], *start, tx, ty)
        if k == 0:
            y = y + shift + kink * np.array([0.0, 1.0, 0.0, 0.0])
        hits.add_particle(event, x, y)


def accepted(decay: Decay, **changes: Any) -> bool:
    block = hits.events(1)
    add(block[0], decay, **changes)
    n = int(hits.three_track_sums(SETUP, block)[0])
    assert n in (0, 1)
    return n == 1


def calibrated(decays: list[Decay]) -> BeamCalibration:
    block = hits.events(len(decays))
    for event, decay in zip(block, decays, strict=True):
        add(event, decay)
    sums = hits.three_track_sums(SETUP, block)
    assert sums[0] == len(decays)
    return calibration_from_sums(sums, SETUP, "test")


def draws(n: int, low: float, high: float, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(low, high, n)


def test_momentum_and_slopes_are_means_with_their_errors() -> None:
    n, nominal = 120, Decay()
    p, tx, ty = draws(n, 73e3, 77e3, 1), nominal.tx + draws(n, -1e-4, 1e-4, 2), draws(n, -2e-4, 1e-4, 3)
    turn, azimuth = draws(n, 0.0, 2.0, 4), draws(n, 0.0, 3.0, 5)
    rows = np.column_stack([p, tx, ty, turn, azimuth]).tolist()
    found = calibrated([Decay(p=r[0], tx=r[1], ty=r[2], turn=r[3], azimuth=r[4]) for r in rows])
    assert found.events == n
    for measured, true, digit in (
        (found.momentum, p, 1e-3),
        (found.slope_x, tx, 2e-9),
        (found.slope_y, ty, 2e-9),
    ):
        assert measured.value == pytest.approx(true.mean(), abs=digit)
        # squares of slopes are kept to 1e-9
        assert measured.stat == pytest.approx(true.std() / math.sqrt(n), rel=0.02)


def test_place_of_the_axis_at_its_reference() -> None:
    """Another slope than the nominal one is followed back from the vertices, wherever they are."""
    n = 120
    z, turn = draws(n, 110e3, 175e3, 6), draws(n, 0.0, 2.0, 7)
    rows = np.column_stack([z, turn]).tolist()
    found = calibrated(
        [Decay(z=r[0], turn=r[1], azimuth=r[1], x=3.0, y=-4.0, tx=Decay().tx + 5e-5, ty=-3e-5) for r in rows]
    )
    assert found.x.value == pytest.approx(3.0, abs=2e-3)
    assert found.y.value == pytest.approx(-4.0, abs=2e-3)
    assert found.x.stat == pytest.approx(float(BEAM["size_x"]) / math.sqrt(n), rel=1e-9)
    assert found.y.stat == pytest.approx(float(BEAM["size_y"]) / math.sqrt(n), rel=1e-9)
    assert found.z_reference == float(BEAM["z_reference"])
    packed = [found.momentum.value, found.slope_x.value, found.slope_y.value, found.x.value, found.y.value]
    assert found.packed().tolist() == [*packed, found.z_reference]


@pytest.mark.parametrize("azimuth", [0.0, 1.0, 2.5])
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"mass": BEAM["mass"] + 9.9}, True),
        ({"mass": BEAM["mass"] + 10.1}, False),
        ({"mass": BEAM["mass"] - 9.9}, True),
        ({"mass": BEAM["mass"] - 10.1}, False),
        ({"z": BEAM["z_min"] + 500.0}, True),
        ({"z": BEAM["z_min"] - 500.0}, False),
        ({"z": BEAM["z_max"] - 500.0}, True),
        ({"z": BEAM["z_max"] + 500.0}, False),
        ({"p": BEAM["momentum"] + 4.95 * BEAM["momentum_spread"]}, True),
        ({"p": BEAM["momentum"] + 5.05 * BEAM["momentum_spread"]}, False),
        ({"p": BEAM["momentum"] - 4.95 * BEAM["momentum_spread"]}, True),
        ({"p": BEAM["momentum"] - 5.05 * BEAM["momentum_spread"]}, False),
        ({"charges": (-1, 1, 1)}, True),
        ({"charges": (1, 1, 1)}, False),
        ({"charges": (-1, -1, 1)}, False),
    ],
)
def test_what_is_a_fully_reconstructed_decay(changes: dict[str, Any], expected: bool, azimuth: float) -> None:
    assert accepted(Decay(azimuth=azimuth)._replace(**changes)) == expected


@pytest.mark.parametrize(("shift", "expected"), [(29.5, True), (-29.5, True), (30.5, False), (-30.5, False)])
def test_tracks_must_meet(shift: float, expected: bool) -> None:
    """Three lines in the x-z plane, one of them higher by d: d / 3 is the rms of their six distances."""
    assert accepted(Decay(), shift=shift) == expected


@pytest.mark.parametrize(("chi2", "expected"), [(19.5, True), (20.5, False)])
def test_every_track_must_be_good(chi2: float, expected: bool) -> None:
    block = hits.events(1)
    add(block[0], Decay(), kink=1.0)
    one = hits.fit(SETUP, hits.records(block[0]["particles"])[0])
    assert one is not None
    assert accepted(Decay(), kink=math.sqrt(chi2 / one["chi2"])) == expected


def test_three_tracks_and_no_fourth() -> None:
    assert not accepted(Decay(), tracks=2)
    x, y = hits.points(SETUP, 20e3, 1, 0.0, 0.0, 1e-3, 0.0)
    for missing, expected in (((), 0), ((3,), 1)):
        block = hits.events(1)
        add(block[0], Decay())
        hits.add_particle(block[0], x, y, missing=missing)
        assert hits.three_track_sums(SETUP, block)[0] == expected
    # what is no track does not stand in the way of three that are
    block = hits.events(1)
    hits.add_particle(block[0], x, y, missing=(0, 3))
    add(block[0], Decay())
    assert hits.three_track_sums(SETUP, block)[0] == 1


def test_too_few_decays_are_refused() -> None:
    sums = np.zeros(10, dtype=np.int64)
    sums[0] = 99
    with pytest.raises(InputDataError, match="only 99 fully reconstructed"):
        calibration_from_sums(sums, SETUP, "test")
