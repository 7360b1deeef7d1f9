"""The beam tagger: sectors that fire, efficiency and mistags, time resolution."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.stats import binom

from hnlpeak.core.kernel import kernel
from hnlpeak.detectors.beam_cherenkov import BeamCherenkov, fired_sectors, signal, tag
from hnlpeak.detectors.event import new_block
from hnlpeak.experiment.experiment import load_experiment

CARD = {
    "kind": "beam_cherenkov",
    "system": "TAG",
    "z": "15 m",
    "sectors": 8,
    "coincidence": 5,
    "photoelectrons": {"K+": 16.0, "pi+": 0.59},
    "time_resolution": "0.28 ns",
    "reference": "test",
    "confidence": "E",
}


@kernel
def _tags(n, setups, parent, rng, events, times):
    setup, event, seen = setups[0], events[0], 0
    for _ in range(n):
        event.n_times[setup.tag_system] = 0
        if tag(setup, setup.parents[parent], event, rng):
            times[seen] = event.times[setup.tag_system, 0]
            seen += 1
    return seen


def test_sectors_are_binomial() -> None:
    spec = BeamCherenkov.model_validate(CARD)
    for mean in (0.0, 0.59, 16.0):
        expected = binom.pmf(np.arange(9), 8, 1.0 - np.exp(-mean / 8.0))
        np.testing.assert_allclose(fired_sectors(spec, mean), expected, atol=1e-14)


def test_kaons_and_pions_of_2015() -> None:
    """Five of eight sectors: 98-99 % of the kaons and 1e-4 of the pions, as the detector is described."""
    spec = BeamCherenkov.model_validate(CARD)
    assert 0.98 < signal(spec, "K+").chance < 0.99
    assert 0.5e-4 < signal(spec, "pi+").chance < 2e-4
    assert signal(spec, "p").chance == 0.0


def test_drawn_tags_have_chance_and_resolution() -> None:
    setup, n = load_experiment("na62-2015").setup, 400_000
    times = np.zeros(n)
    chance = float(setup[0]["parents"]["tag_chance"][0])
    seen = _tags(n, setup, 0, np.random.Generator(np.random.Philox(1)), new_block(1), times)
    assert abs(seen - n * chance) < 5.0 * np.sqrt(n * chance * (1.0 - chance))
    # 16 photo-electrons of 0.28 ns; a little less for those with few sectors
    assert 0.068 < times[:seen].std() < 0.076


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [("coincidence", 9, "above sectors"), ("sectors", 17, "sectors"), ("sectors", 0, "sectors")],
)
def test_bad_taggers(key: str, value: int, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        BeamCherenkov.model_validate({**CARD, key: value})
