"""Collisions of beam hadrons: conservation, multiplicities and leading particles against measured ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from hnlpeak.core.kernel import kernel
from hnlpeak.theory import hadron_collision as hadrons
from hnlpeak.theory.modes.slots import Daughter
from hnlpeak.theory.species import CHARGE, MASS, Species

N = 20_000
BEAM = {"p": Species.PROTON, "pi+": Species.PION_PLUS, "K+": Species.KAON_PLUS}


@kernel
def _fill(rng, params, energy, rows, table):
    for i in range(rows.size):
        rows[i] = hadrons.collide(rng, params, table[i], energy, 0.6, 0.0, 0.8)


def energy_of(name: str) -> float:
    m, target = float(MASS[BEAM[name]]), hadrons.NUCLEON_MASS
    return math.sqrt(m * m + target * target + 2.0 * math.hypot(75e3, m) * target)


def collisions(name: str, nu: float = 1.0) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Species (-1 where there is none) and rows of N collisions."""
    rows, table = np.zeros(N, dtype=np.int64), np.zeros((N, hadrons.MAX_SECONDARIES, Daughter.WIDTH))
    params = hadrons.pack_collision(name, 75e3, nu)
    _fill(np.random.Generator(np.random.Philox(4)), params, energy_of(name), rows, table)
    there = np.arange(table.shape[1]) < rows[:, None]
    return np.where(there, table[..., 0].astype(np.int64), -1), table


@pytest.mark.parametrize("name", BEAM)
def test_what_is_seen_and_what_is_not_conserve_all(name: str) -> None:
    species, table = collisions(name)
    seen = species >= 0
    energy = np.where(seen, table[..., 4], 0.0).sum(axis=1)
    lost = energy_of(name) - energy
    momentum = np.where(seen[..., None], table[..., 1:4], 0.0).sum(axis=1)
    # the neutrons or kaons that are missing have a mass, or nothing is missing
    mass2 = lost**2 - np.sum(momentum**2, axis=1)
    none = np.abs(lost) < 1e-6
    assert np.abs(momentum[none]).max() < 1e-6
    assert np.sqrt(mass2[~none].min()) > 0.497e3 - 1e-3
    shell = table[..., 4] ** 2 - np.sum(table[..., 1:4] ** 2, axis=-1)
    np.testing.assert_allclose(shell[seen], MASS[species[seen]] ** 2, atol=1.0)
    charge = np.where(seen, CHARGE[species], 0.0).sum(axis=1)
    assert set(np.unique(charge)) <= {1.0, 2.0}  # on a neutron, on a proton


def test_numbers_of_particles() -> None:
    """Charged particles of pp at 69 GeV: 5.89 +- 0.07 (Mirabelle); photons half as many as charged pions each two."""
    species, _ = collisions("p")
    charged = np.sum(np.isin(species, [5, 6, 7]), axis=1)
    assert hadrons.mean_charged(131.3) == pytest.approx(5.89, abs=0.1)
    assert charged.mean() == pytest.approx(hadrons.mean_charged(energy_of("p") ** 2 * 1e-6), rel=0.04)
    # dispersion by Wroblewski, 0.576 (n - 1); both kinds of nucleon together are a little wider
    assert charged.std() == pytest.approx(0.576 * (charged.mean() - 1.0), rel=0.12)
    # collisions with many are drawn again where there is not energy enough: 7 % fewer in silicon
    in_nucleus = np.sum(np.isin(collisions("p", 2.04)[0], [5, 6, 7]), axis=1)
    assert in_nucleus.mean() / charged.mean() == pytest.approx(1.52, rel=0.1)


def test_leading_protons_are_spread_over_all_energies() -> None:
    """About flat in x_F from 0.2 on, half of the energy on average, as measured: in silicon."""
    species, table = collisions("p", 2.04)
    forward = (species[:, 0] == Species.PROTON) & (table[:, 0, 1:4] @ np.array([0.6, 0.0, 0.8]) > 0.0)
    x = table[forward, 0, 1:4] @ np.array([0.6, 0.0, 0.8]) / (0.5 * energy_of("p"))
    assert x.mean() == pytest.approx(0.5, abs=0.1)
    shares = np.histogram(x, bins=4, range=(0.2, 1.0))[0] / x.size
    assert shares.min() > 0.12
    assert shares.max() < 0.32


def test_transverse_momenta() -> None:
    species, table = collisions("pi+")
    axis = np.array([0.6, 0.0, 0.8])
    pions = table[np.isin(species, [5, 6])][:, 1:4]
    across = pions - (pions @ axis)[:, None] * axis
    assert np.linalg.norm(across, axis=1).mean() == pytest.approx(330.0, rel=0.06)
