"""Chance of the tag that the trigger requires: of the particle itself, and of another by chance."""

from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.chain.loop import BLOCK_DECAYS, new_buffers
from hnlpeak.experiment.columns import column_names
from hnlpeak.experiment.experiment import Experiment, build_setup, load_experiment
from hnlpeak.simulation.foregone import FOLLOW_ALL
from hnlpeak.simulation.generation import Total, generate
from hnlpeak.simulation.sample import mode_sample, with_parent
from hnlpeak.simulation.streams import decay_stream
from hnlpeak.trigger.beam_tag import tag_chance, tagger_required


def experiment() -> Experiment:
    return load_experiment("na62-2015")


def triggered(setup, sample, decays: int) -> int:
    totals, rng = np.zeros(Total.WIDTH, dtype=np.int64), decay_stream(3, sample.name, 0)
    buffers = new_buffers(len(column_names(experiment().timed_systems)))
    for first in range(0, decays, BLOCK_DECAYS):
        generate(BLOCK_DECAYS, first, setup, sample.table, FOLLOW_ALL, rng, buffers, totals)
    return int(totals[Total.TRIGGERED])


def test_chance_is_the_mean_over_intensities() -> None:
    made = experiment()
    beam, setup = made.card.beam, made.setup[0]
    own = float(setup["parents"]["tag_chance"][1])
    f = np.linspace(beam.intensity_min, beam.intensity_max, 100_001)
    kaons = beam.rate * (beam.meson_fraction * float(setup["parents"]["tag_chance"][0]) + 0.70 * own)
    expected = 1.0 - (1.0 - own) * np.exp(-kaons * f * 2.0 * 10.0).mean()
    assert tag_chance(made, 1) == pytest.approx(expected, rel=1e-6)
    assert 0.004 < tag_chance(made, None) < 0.010  # 9e-3 in 20 ns at 1 % of the intensity


def test_no_tag_is_asked_for() -> None:
    made = load_experiment("na62-2007")
    assert not tagger_required(made)
    assert tag_chance(made, None) == 1.0


def test_tagged_decays_are_those_that_would_trigger() -> None:
    """Pions that trigger with another particle's tag: as many as when all pions are simulated, tag or not."""
    made = experiment()
    # a hundred times the intensity, so that there are some
    beam = made.card.beam.model_copy(update={"intensity_min": 0.2, "intensity_max": 1.0})
    made = Experiment(card := made.card.model_copy(update={"beam": beam}), "", build_setup(card))
    sample, n = mode_sample("tagged", "pie2", 1), 100 * BLOCK_DECAYS
    few = triggered(made.setup, with_parent(sample, 1, tagged=True), n) * tag_chance(made, 1)
    all_of_them = triggered(made.setup, with_parent(sample, 1, tagged=False), n)
    assert all_of_them > 1000
    assert abs(few - all_of_them) < 5.0 * np.sqrt(few + all_of_them)


def test_another_particle_fires_the_trigger() -> None:
    """Kaons that the tagger misses are triggered with the tag of another, in the trigger's window alone."""
    made = experiment()
    blind = made.setup.copy()
    blind.setflags(write=True)
    blind[0]["parents"]["sectors"][0] = 1.0  # no sector fires
    blind.setflags(write=False)
    n = 400 * BLOCK_DECAYS
    seen, missed = (triggered(setup, mode_sample("blind", "ke2", 1), n) for setup in (made.setup, blind))
    expected = seen / float(made.setup[0]["parents"]["tag_chance"][0]) * tag_chance(made, None)
    assert abs(missed - expected) < 5.0 * np.sqrt(expected)
    assert missed > 300
