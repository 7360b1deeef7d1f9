"""Forced Dalitz decays: weights by the number of their electrons undo them, photons of the lepton or not."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from hnlpeak.core.errors import UsageError
from hnlpeak.simulation.sample import Bias, mode_sample
from hnlpeak.theory.modes import MAX_DAUGHTERS, Daughter, sample_mode
from hnlpeak.theory.modes.inner_bremsstrahlung import ib_probability
from hnlpeak.theory.modes.kmu2 import STRUCTURE
from hnlpeak.theory.modes.masses import KAON
from hnlpeak.theory.modes.pi0 import DALITZ, TWO_PHOTON
from hnlpeak.theory.species import MASS, Species

N = 20_000


def weights(sample) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of Dalitz electrons, and weights, of decays of a sample of one mode."""
    rng, out = np.random.Generator(np.random.Philox(3)), np.zeros((MAX_DAUGHTERS, Daughter.WIDTH))
    table = sample.table
    more = np.zeros(N, dtype=np.int64)
    for i in range(N):
        rows = sample_mode(int(table.codes[0]), rng, table.parameters[0], out)
        more[i] = np.sum(out[:rows, Daughter.SPECIES] == Species.ELECTRON)
    assert table.bias[Bias.COUNTED] == Species.ELECTRON
    return more, table.bias[Bias.LEAST + more]


@pytest.mark.parametrize(("mode", "pions"), [("pipi0", 1), ("ke3", 1), ("pi00", 2)])
def test_forced_dalitz_decays_are_weighted_away(mode: str, pions: int) -> None:
    sample = mode_sample("x", mode, 1, forced_dalitz=0.4)
    assert sample.weighted
    more, weight = weights(sample)
    natural = DALITZ.value / (DALITZ.value + TWO_PHOTON.value)
    for k in range(pions + 1):
        expected = comb(pions, k) * natural**k * (1.0 - natural) ** (pions - k)
        found = weight * (more == k)
        assert abs(found.mean() - expected) < 5.0 * found.std() / np.sqrt(N)
    assert abs(weight.mean() - 1.0) < 5.0 * weight.std() / np.sqrt(N)


def test_forced_hard_photons_are_weighted_away() -> None:
    """Energies of photons, softer and harder than what is forced, are as likely as by the integral of the density."""
    sample, hard = mode_sample("x", "kmu2", 1, forced_radiation=0.7, hard_photon=20.0), 20.0
    assert sample.weighted
    bias, params = sample.table.bias, sample.table.parameters[0]
    rng, out = np.random.Generator(np.random.Philox(5)), np.zeros((MAX_DAUGHTERS, Daughter.WIDTH))
    energies = np.zeros(N)
    for i in range(N):
        if sample_mode(int(sample.table.codes[0]), rng, params, out) > 1:
            energies[i] = out[1, Daughter.ENERGY]
    weight = bias[Bias.LEAST + (energies >= bias[Bias.COUNTED_ENERGY]).astype(int)]
    r = (MASS[Species.MUON_PLUS] / KAON) ** 2
    above = [ib_probability(2.0 * e / KAON, r, structure=STRUCTURE) for e in (0.1, 1.0, hard, 60.0, 120.0)]
    expected = [1.0 - above[0], *(a - b for a, b in zip(above, [*above[1:], 0.0], strict=True))]
    edges = [-1.0, 0.05, 1.0, hard, 60.0, 120.0, 300.0]
    for low, high, chance in zip(edges[:-1], edges[1:], expected, strict=True):
        found = weight * ((energies >= low) & (energies < high))
        assert np.count_nonzero(found) > 3
        assert abs(found.mean() - chance) < 5.0 * found.std() / np.sqrt(N)
    assert np.mean(energies > hard) > 0.65


def test_photons_cannot_be_forced_beyond_their_end() -> None:
    with pytest.raises(UsageError, match="below their end, got 300 MeV"):
        mode_sample("x", "kmu2", 1, forced_radiation=0.7, hard_photon=300.0)


def test_what_has_no_pi0_cannot_be_forced() -> None:
    with pytest.raises(UsageError, match="Dalitz decays can be forced of a pi0; 'kmu2' has none"):
        mode_sample("x", "kmu2", 1, forced_dalitz=0.4)
    with pytest.raises(UsageError, match="between 0 and 1"):
        mode_sample("x", "pipi0", 1, forced_dalitz=1.0)


def test_natural_decays_have_weight_one() -> None:
    assert not mode_sample("x", "pi00", 1).weighted
    assert set(mode_sample("x", "pi00", 1).table.bias[Bias.LEAST : Bias.SOFT2]) == {1.0}
