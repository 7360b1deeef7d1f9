"""Leptons near the ends of their spectrum: weights bring back nature, and windows there have many more decays."""

from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel
from hnlpeak.core.random import Stream, begin
from hnlpeak.simulation.sample import mode_sample
from hnlpeak.theory.modes import MAX_DAUGHTERS, Daughter, sample_mode
from hnlpeak.theory.modes.kl3 import lepton_density, without_radiation
from hnlpeak.theory.modes.masses import KAON

N = 400_000


@kernel
def _make(code, params, rng, out, decays):  # type: ignore[no-untyped-def]
    for i in range(decays.shape[0]):
        begin(rng, i, 1)
        sample_mode(code, rng, params, out)
        decays[i] = out[0]


def leptons(mode: str, share: float, key: int, *, bare: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Energies of the charged leptons of a mode in the kaon frame, MeV, and weights."""
    table = mode_sample("x", mode, 1, forced_spread=share).table
    decays, out = np.zeros((N, Daughter.WIDTH)), np.ones((MAX_DAUGHTERS, Daughter.WIDTH))
    params = without_radiation(table.parameters[0]) if bare else table.parameters[0]
    _make(table.codes[0], params, Stream(key, 1), out, decays)
    return decays[:, Daughter.ENERGY], decays[:, Daughter.WEIGHT]


@pytest.mark.parametrize("mode", ["ke3", "kmu3"])
@pytest.mark.parametrize("share", [0.2, 0.8])
def test_weights_bring_back_the_spectrum(mode: str, share: float) -> None:
    plain, ones = leptons(mode, 0.0, 1)
    forced, weights = leptons(mode, share, 2)
    assert np.all(ones == 1.0)
    assert weights.max() <= 1.0 / (1.0 - share) + 1e-12
    assert abs(weights.mean() - 1.0) < 4.5 * weights.std() / np.sqrt(N)
    edges = np.linspace(plain.min(), plain.max(), 25)
    counts = np.histogram(plain, edges)[0]
    sums, squares = (np.histogram(forced, edges, weights=w)[0] for w in (weights, weights**2))
    enough = counts > 25
    pull = (sums - counts)[enough] / np.sqrt(squares + counts)[enough]
    assert enough.sum() > 18
    assert np.abs(pull).max() < 4.5
    assert float(pull @ pull) < enough.sum() + 5.0 * np.sqrt(2.0 * enough.sum())


@pytest.mark.parametrize(("low", "high", "times"), [(160.0, 200.0, 5.0), (440.0, 449.0, 1.8)])
def test_leptons_near_the_ends_are_many(low: float, high: float, times: float) -> None:
    """Missing masses of 160 to 200 and of 440 to 449 MeV, with half of the leptons forced."""
    least, most = (float(KAON**2 - mass**2) / (2.0 * KAON) for mass in (high, low))
    plain, _ = leptons("ke3", 0.0, 1)
    forced, weights = leptons("ke3", 0.5, 2)
    some, before = ((least < energy) & (energy < most) for energy in (forced, plain))
    assert some.sum() > times * before.sum()
    assert np.median(weights[some]) < 1.0 / times


@pytest.mark.parametrize("mode", ["ke3", "kmu3"])
def test_the_density_of_leptons_is_the_integral_over_pions(mode: str) -> None:
    """Against plain decays, drawn by another way."""
    params = mode_sample("x", mode, 1, forced_spread=0.5).table.parameters[0]
    plain, _ = leptons(mode, 0.0, 3, bare=True)
    edges = np.linspace(plain.min(), plain.max(), 21)
    middles = 0.5 * (edges[1:] + edges[:-1])
    fine = np.linspace(-0.5, 0.5, 41)
    means = np.array(
        [np.mean([lepton_density(params, e + f * (edges[1] - edges[0])) for f in fine]) for e in middles]
    )
    counts = np.histogram(plain, edges)[0]
    expected = N * means / means.sum()
    pull = (counts - expected) / np.sqrt(expected)
    assert np.abs(pull).max() < 4.5


def test_what_cannot_be_forced_is_refused() -> None:
    with pytest.raises(
        UsageError,
        match=r"leptons near the ends of their spectrum can be forced in k.*; in 'kmu2' they cannot",
    ):
        mode_sample("x", "kmu2", 1, forced_spread=0.4)
    with pytest.raises(UsageError, match="from 0 to below 1, got 1"):
        mode_sample("x", "ke3", 1, forced_spread=1.0)
