"""Forced Dalitz decays: weights by the number of their electrons undo them, photons of the lepton or not."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from hnlpeak.core.errors import UsageError
from hnlpeak.simulation.sample import Bias, mode_sample
from hnlpeak.theory.modes import MAX_DAUGHTERS, Daughter, sample_mode
from hnlpeak.theory.modes.pi0 import DALITZ, TWO_PHOTON
from hnlpeak.theory.species import Species

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


def test_what_has_no_pi0_cannot_be_forced() -> None:
    with pytest.raises(UsageError, match="Dalitz decays can be forced of a pi0; 'kmu2' has none"):
        mode_sample("x", "kmu2", 1, forced_dalitz=0.4)
    with pytest.raises(UsageError, match="between 0 and 1"):
        mode_sample("x", "pipi0", 1, forced_dalitz=1.0)


def test_natural_decays_have_weight_one() -> None:
    assert not mode_sample("x", "pi00", 1).weighted
    assert set(mode_sample("x", "pi00", 1).table.bias[Bias.LEAST : Bias.SOFT2]) == {1.0}
