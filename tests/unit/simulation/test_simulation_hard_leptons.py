"""Forced hard leptons: weights bring back the spectrum of nature, and many more make small missing masses."""

from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel
from hnlpeak.core.random import Stream, begin
from hnlpeak.simulation.sample import mode_sample
from hnlpeak.theory.modes import MAX_DAUGHTERS, Daughter, sample_mode
from hnlpeak.theory.modes.masses import KAON

N = 400_000


@kernel
def _make(code, params, rng, out, decays):  # type: ignore[no-untyped-def]
    for i in range(decays.shape[0]):
        begin(rng, i, 1)
        sample_mode(code, rng, params, out)
        decays[i] = out[0]


def leptons(mode: str, share: float, key: int) -> tuple[np.ndarray, np.ndarray]:
    """Energies of the charged leptons of a mode in the kaon frame, MeV, and weights."""
    table = mode_sample("x", mode, 1, forced_hard=share).table
    decays, out = np.zeros((N, Daughter.WIDTH)), np.ones((MAX_DAUGHTERS, Daughter.WIDTH))
    _make(table.codes[0], table.parameters[0], Stream(key, 1), out, decays)
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


def test_hard_leptons_are_many() -> None:
    """Missing masses below 200 MeV: five times as many with half of the leptons forced."""
    limit = (KAON**2 - 200.0**2) / (2.0 * KAON)
    plain, _ = leptons("ke3", 0.0, 1)
    forced, weights = leptons("ke3", 0.5, 2)
    hard = forced > limit
    assert hard.sum() > 5.0 * (plain > limit).sum()
    assert weights[hard].max() < 0.25


def test_what_cannot_be_forced_is_refused() -> None:
    with pytest.raises(UsageError, match=r"hard leptons can be forced in k.*; in 'kmu2' they cannot"):
        mode_sample("x", "kmu2", 1, forced_hard=0.4)
    with pytest.raises(UsageError, match="from 0 to below 1, got 1"):
        mode_sample("x", "ke3", 1, forced_hard=1.0)
