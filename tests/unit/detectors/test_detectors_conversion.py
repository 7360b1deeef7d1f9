"""Photons become pairs in matter: how often, with which shares, and what the spectrometer and the calorimeter see."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import hits
from hnlpeak.detectors.matter import slab_surface
from hnlpeak.detectors.shape import Shape
from hnlpeak.detectors.surface import Surface
from hnlpeak.theory.species import MASS, Species

Shoot = Callable[..., NDArray[Any]]
P_MIN = 1e-6
ENERGY = 40e3
STRENGTH = (
    0.97 * (ENERGY + 20.0) / (ENERGY + 72.0)
)  # of pair production, in units of 7/9 per radiation length


def slab(radiation_lengths: float) -> list[Surface]:
    return [slab_surface(1e3, Shape(), radiation_lengths, name="slab")]


@pytest.mark.parametrize("radiation_lengths", [0.0045, 0.05, 0.2])
def test_pairs_are_as_frequent_as_the_radiation_length_says(shoot: Shoot, radiation_lengths: float) -> None:
    """The radiation length is 7/9 of the mean free path of pair production of hard photons."""
    block = shoot(slab(radiation_lengths), Species.PHOTON, ENERGY, n=100_000)
    chance = 1.0 - math.exp(-7.0 / 9.0 * STRENGTH * radiation_lengths)
    pairs = block["n_particles"] == 3
    assert stats.binomtest(int(pairs.sum()), pairs.size, chance).pvalue > P_MIN
    assert set(np.unique(block["n_particles"])) == {1, 3}
    made = block["particles"][pairs, 1:3]["segments"][:, :, 0]
    assert (made["species"] == [Species.POSITRON, Species.ELECTRON]).all()
    assert (made["z"] == 1e3).all()
    assert not block["particles"][pairs, 1:3]["n_chambers"].any()


def bethe_heitler(energy: float) -> float:
    """Pair production in aluminium over 7/9 per radiation length: parametrisation in Geant4's physics manual."""
    x = math.log(energy / float(MASS[Species.POSITRON]))
    f = [
        sum(c * x**n for n, c in enumerate(coefficients))
        for coefficients in (
            (8.7842e2, -1.9625e3, 1.2949e3, -2.0028e2, 1.2575e1, -2.8333e-1),
            (-1.0342e1, 1.7692e1, -8.2381, 1.3063, -9.0815e-2, 2.3586e-3),
            (-4.5263e2, 1.1161e3, -8.6749e2, 2.1773e2, -2.0467e1, 6.5372e-1),
        )
    ]
    z, a, radiation_length = 13.0, 26.98, 24.01  # g/cm2
    microbarn = z * (z + 1.0) * (f[0] + f[1] * z + f[2] / z)
    return microbarn * 1e-30 * 6.02214e23 / a * radiation_length * 9.0 / 7.0


@pytest.mark.parametrize("energy", [30.0, 100.0, 300.0, 1e3, 1e4, 5e4])
def test_soft_photons_make_fewer_pairs(shoot: Shoot, energy: float) -> None:
    pairs = (shoot(slab(0.5), Species.PHOTON, energy, n=100_000)["n_particles"] == 3).mean()
    found = -math.log1p(-pairs) / (0.5 * 7.0 / 9.0)
    assert found == pytest.approx(bethe_heitler(energy), abs=0.05)


def test_electrons_and_muons_make_no_pairs(shoot: Shoot) -> None:
    for species in (Species.MUON_PLUS, Species.POSITRON):
        assert (shoot(slab(0.2), species, ENERGY)["n_particles"] == 1).all()


def test_pairs_share_the_photons_energy(shoot: Shoot) -> None:
    block = shoot(slab(0.2), Species.PHOTON, ENERGY, n=200_000)
    pairs = block["particles"][block["n_particles"] == 3, 1:3]["segments"][:, :, 0]
    share = pairs["p"][:, 0] / ENERGY
    assert pairs["p"].sum(axis=1) == pytest.approx(ENERGY, rel=1e-12)
    # integral of 9/7 (1 - 4/3 x + 4/3 x^2)
    assert stats.kstest(share, lambda x: 9.0 / 7.0 * (x - 2.0 / 3.0 * x**2 + 4.0 / 9.0 * x**3)).pvalue > P_MIN
    kick = pairs["p"] * pairs["tx"]  # transverse momenta balance and are of the order of the electron's mass
    assert kick.sum(axis=1) == pytest.approx(0.0, abs=1e-9)
    assert np.median(np.hypot(kick, pairs["p"] * pairs["ty"])) == pytest.approx(
        MASS[Species.POSITRON], rel=0.5
    )


def photons(n: int, edit: hits.Edit | None = None) -> tuple[Any, NDArray[Any]]:
    """Photons from z = 150 m that cross all chambers of 2015 and meet the calorimeter at x = -300, y = 250 mm."""
    experiment = hits.experiment("na62-2015", edit)
    ty = 250.0 / (241.093e3 - 150e3)
    return experiment.setup[0], hits.fly(
        experiment.setup, Species.PHOTON, ENERGY, n=n, z=150e3, x=-300.0, ty=ty
    )


def test_spectrometer_and_calorimeter_see_the_pair() -> None:
    """A pair of the first chamber crosses the other three, bent apart by the dipole; one of the RICH stays together."""
    n = 60_000
    setup, block = photons(n)
    first = np.isin(block["particles"][:, 1]["segments"][:, 0]["z"], [183.508e3]) & (
        block["n_particles"] >= 3
    )
    chance = 1.0 - math.exp(-7.0 / 9.0 * STRENGTH * 0.0045)
    assert stats.binomtest(int(first.sum()), n, chance).pvalue > P_MIN
    pairs = block["particles"][first, 1:3]
    seen = (pairs["n_chambers"] == 3).all(axis=1)
    assert seen.mean() > 0.4  # the softer one may leave at the side
    drift = pairs["hits"]["x"][:, :, 3] - pairs["hits"]["x"][:, :, 1]
    hard = seen & (pairs["segments"]["p"][:, :, 0].min(axis=1) > 10e3)
    assert hard.sum() > 50
    expected = float(setup["magnet_kick"]) / pairs["segments"]["p"][hard, :, 0] * (218.885e3 - 196.995e3)
    bent = drift[hard] / (expected * [1, -1])  # a few radiate before the dipole
    assert np.median(bent, axis=0) == pytest.approx(1.0, rel=0.01)
    assert (np.abs(bent - 1.0) < 0.05).mean() > 0.9
    late = (block["n_particles"] == 3) & (block["particles"][:, 1]["segments"][:, 0]["z"] > 219e3)
    matter = 0.022 + 0.050 + 0.203 + 0.084 + 2 * 0.047
    before = 4 * 0.0045
    chance = math.exp(-7.0 / 9.0 * STRENGTH * before) * (1.0 - math.exp(-7.0 / 9.0 * STRENGTH * matter))
    assert stats.binomtest(int(late.sum()), n, chance).pvalue > P_MIN
    together = block["clusters"][late & (block["n_clusters"] == 1), 0]
    assert together.size > 0.9 * late.sum()
    assert np.median(together["energy"]) == pytest.approx(ENERGY, rel=0.01)
    assert abs(together["x"] + 300.0).max() < 60.0


def test_without_matter_there_are_no_pairs() -> None:
    def vacuum(table: dict[str, Any]) -> None:
        hits.detector(table, "RICH")["matter"] = []
        del hits.detector(table, "CHOD")["radiation_lengths"]
        hits.detector(table, "STRAW")["radiation_lengths"] = 1e-9

    _, block = photons(20_000, vacuum)
    assert (block["n_particles"] == 1).all()


def test_electrons_are_missed_like_photons_of_their_energy() -> None:
    setup = hits.experiment("na62-2015").setup
    z = 120e3
    for species in (Species.PHOTON, Species.ELECTRON):
        block = hits.fly(setup, species, 200.0, n=50_000, z=z, x=700.0)  # the first ring of the LAV
        lav = hits.experiment("na62-2015").card.systems().index("LAV")
        missed = int((block["n_times"][:, lav] == 0).sum())
        assert stats.binomtest(missed, 50_000, 1e-3).pvalue > P_MIN


def test_forced_pairs_keep_expectation_values() -> None:
    """Chambers before the magnet convert 0.25 of the share of forced losses each; weights undo it."""
    setup = hits.experiment("na62-2015").setup
    start = {"z": 183e3, "y": 300.0}
    block = hits.fly(setup, Species.PHOTON, ENERGY, n=50_000, forced_loss=0.4, **start)
    z = block["particles"][:, 1]["segments"][:, 0]["z"]
    first = (block["n_particles"] >= 3) & (z == 183.508e3)
    assert stats.binomtest(int(first.sum()), first.size, 0.1).pvalue > P_MIN
    chance = 1.0 - math.exp(-7.0 / 9.0 * STRENGTH * 0.0045)
    assert block["weight"][first].sum() / first.size == pytest.approx(chance, rel=0.05)
