"""Wall of a beam pipe: what crosses it at a small angle meets metres of matter, what passes by meets nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy import stats

from hnlpeak.detectors import beam_pipe
from hnlpeak.detectors.beam_pipe import BeamPipe
from hnlpeak.theory.species import Species

Shoot = Callable[..., NDArray[Any]]
P_MIN = 1e-6
INNER, WALL, X0 = 77.9, 1.1, 88.97
PION_LENGTH = 136.7 / 2.699 * 10.0  # mm: g/cm2 and g/cm3 of aluminium, PDG


def pipe(**changes: object) -> BeamPipe:
    table = {
        "kind": "beam_pipe",
        "system": "pipe",
        "sections": ["1 m", "11 m"],
        "inner_radius": f"{INNER} mm",
        "wall": f"{WALL} mm",
        "radiation_length": f"{X0} mm",
        "interaction_lengths": {"aluminium": 2.518},
        "reference": "test",
        "confidence": "E",
    }
    return BeamPipe.model_validate({**table, **changes})


def crossing(slope: float) -> float:
    """x at z = 0 of a course with this slope that meets the wall in the middle of the section."""
    return INNER - 6e3 * slope


@pytest.mark.parametrize("slope", [0.002, 0.005, 0.015])
@pytest.mark.parametrize("energy", [3e3, 30e3])
def test_photons_convert_as_the_way_through_the_wall_says(shoot: Shoot, slope: float, energy: float) -> None:
    block = shoot(beam_pipe.pack(pipe()), Species.PHOTON, energy, crossing(slope), tx=slope, n=40_000)
    strength = 0.97 * (energy + 20.0) / (energy + 72.0)
    chance = 1.0 - math.exp(-7.0 / 9.0 * strength * WALL / slope / X0)
    pairs = block["n_particles"] > 1
    assert stats.binomtest(int(pairs.sum()), pairs.size, chance).pvalue > P_MIN
    born = block["particles"][pairs, 1]["segments"][:, 0]
    radius = np.hypot(born["x"], born["y"])
    assert np.all((radius > INNER - 0.01) & (radius < INNER + WALL + 0.01))
    assert np.all((born["z"] > 6e3 - 1.0) & (born["z"] < 6e3 + WALL / slope + 1.0))


@pytest.mark.parametrize("species", [Species.PHOTON, Species.POSITRON, Species.MUON_PLUS, Species.PION_PLUS])
@pytest.mark.parametrize(("x", "tx"), [(60.0, 0.001), (85.0, 0.001), (0.0, 0.0)])
def test_nothing_happens_beside_the_wall(shoot: Shoot, species: Species, x: float, tx: float) -> None:
    block = shoot(beam_pipe.pack(pipe()), species, 20e3, x, tx=tx, n=100)
    assert (block["n_particles"] == 1).all()
    assert (block["state"]["tx"] == tx).all()
    assert (block["state"]["ty"] == 0.0).all()


def test_pions_end_in_the_wall(shoot: Shoot) -> None:
    """Stiff enough not to scatter out of it."""
    slope = 0.005
    block = shoot(beam_pipe.pack(pipe()), Species.PION_PLUS, 1e7, crossing(slope), tx=slope, n=40_000)
    ended = block["state"]["alive"] == 0
    chance = 1.0 - math.exp(-WALL / slope / PION_LENGTH)
    assert stats.binomtest(int(ended.sum()), ended.size, chance).pvalue > P_MIN


def test_steep_muons_scatter_as_in_a_plate(shoot: Shoot) -> None:
    slope, p = 0.015, 20e3
    block = shoot(beam_pipe.pack(pipe()), Species.MUON_PLUS, p, crossing(slope), tx=slope, n=20_000)
    lengths = WALL / slope / X0
    highland = 13.6 / p * math.sqrt(lengths)
    assert np.std(block["state"]["ty"]) == pytest.approx(highland, rel=0.1)
    # the kink lies in the wall, not at the end of the section
    way = block["state"]["y"] / block["state"]["ty"]
    assert np.median(way) == pytest.approx(5e3, rel=0.03)


def test_grazing_particles_scatter_out_early(shoot: Shoot) -> None:
    """At half a milliradian the wall is 2.2 m long: a soft muon is out of it long before, on either side."""
    slope, p = 0.0005, 5e3
    block = shoot(beam_pipe.pack(pipe()), Species.MUON_PLUS, p, crossing(slope), tx=slope, n=5_000)
    outwards = block["state"]["tx"] > 0.0
    assert 0.2 < outwards.mean() < 0.8
    straight = 13.6 / p * math.sqrt(WALL / slope / X0)
    assert np.std(block["state"]["ty"]) < 0.6 * straight


def test_electrons_radiate_as_much_as_they_lose(shoot: Shoot) -> None:
    """Photons above the threshold are particles; those below take 4/3 of it in a radiation length."""
    slope, p = 0.015, 50e3
    block = shoot(beam_pipe.pack(pipe()), Species.ELECTRON, p, crossing(slope), tx=slope, n=20_000)
    untouched = block["n_particles"] == 1
    lengths = WALL / slope / X0
    # Tsai: number of photons above a share u of the electron's energy
    u = 1e3 / p
    number = lengths * (4.0 / 3.0 * math.log(1.0 / u) - 4.0 / 3.0 * (1.0 - u) + 0.5 * (1.0 - u * u))
    assert untouched.mean() == pytest.approx(math.exp(-number), abs=0.03)
    left = p * (1.0 - 4.0 / 3.0 * u * lengths)
    assert block["state"]["p"][untouched].mean() == pytest.approx(left, rel=0.005)


def test_soft_photons_are_lost_in_the_wall(shoot: Shoot) -> None:
    block = shoot(beam_pipe.pack(pipe()), Species.PHOTON, 400.0, crossing(0.005), tx=0.005, n=100)
    assert (block["state"]["alive"] == 0).all()
    assert (block["n_particles"] == 1).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sections": ["11 m", "1 m"]}, "order of z"),
        ({"sections": ["1 m", "1 m"]}, "order of z"),
        ({"threshold": "0 MeV"}, "threshold must be above 0"),
    ],
)
def test_faults_are_named(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        pipe(**changes)
