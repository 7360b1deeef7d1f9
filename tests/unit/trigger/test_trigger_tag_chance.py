"""The mean chance of the trigger's tag, from its definition: no decay is simulated here."""

from __future__ import annotations

import math
from typing import Any

import pytest
from scipy.integrate import quad

from hnlpeak.experiment.experiment import Experiment, build_setup, load_experiment
from hnlpeak.trigger.beam_tag import tag_chance, tagger_required


def made(*, low: float = 0.2, high: float = 3.0, levels: list[dict[str, Any]] | None = None) -> Experiment:
    """The experiment of 2015 in a beam of other intensities, with other names in its trigger's levels."""
    card = load_experiment("na62-2015").card
    beam = card.beam.model_copy(update={"intensity_min": low, "intensity_max": high})
    trigger = list(card.trigger)
    for level, changes in enumerate(levels or []):
        trigger[level] = trigger[level].model_copy(update=changes)
    card = card.model_copy(update={"beam": beam, "trigger": trigger})
    return Experiment(card, "", build_setup(card))


def by_definition(experiment: Experiment, own: float) -> float:
    """1 - (1 - c) <exp(-R f w)>, the mean over intensities by numerical integration."""
    beam, setup = experiment.card.beam, experiment.setup[0]
    window = 2.0 * experiment.card.trigger[1].window
    chances = setup["parents"]["tag_chance"]
    rate = beam.rate * (beam.meson_fraction * float(chances[0]) + (0.70 * float(chances[1])))

    def silent(f: float) -> float:
        return math.exp(-rate * f * window)

    low, high = beam.intensity_min, beam.intensity_max
    mean = silent(low) if low == high else quad(silent, low, high)[0] / (high - low)
    return 1.0 - (1.0 - own) * mean


@pytest.mark.parametrize(("low", "high"), [(0.2, 3.0), (0.004, 0.013), (0.0, 2.0), (1.5, 1.5)])
def test_chances_with_and_without_an_own_signal(low: float, high: float) -> None:
    experiment = made(low=low, high=high)
    assert tag_chance(experiment, None) == pytest.approx(by_definition(experiment, 0.0), rel=1e-6)
    for parent in (0, 1):
        own = float(experiment.setup[0]["parents"]["tag_chance"][parent])
        assert 1.0 - tag_chance(experiment, parent) == pytest.approx(
            1.0 - by_definition(experiment, own), rel=1e-6
        )


def test_a_dark_beam_leaves_the_own_chance() -> None:
    experiment = made(low=0.0, high=0.0)
    assert tag_chance(experiment, None) == 0.0
    own = float(experiment.setup[0]["parents"]["tag_chance"][0])
    assert tag_chance(experiment, 0) == pytest.approx(own, rel=1e-12)


def test_a_tag_is_required_by_any_level_that_names_the_tagger() -> None:
    assert tagger_required(made())
    assert tagger_required(made(levels=[{"require": ["CHOD", "KTAG"]}, {"require": ["RICH"]}]))


def test_a_tagger_that_no_level_names_changes_nothing() -> None:
    """Other systems are asked for instead, and the chance is 1 whoever flies."""
    experiment = made(levels=[{"require": ["CHOD"]}, {"require": ["RICH"]}])
    assert not tagger_required(experiment)
    assert [tag_chance(experiment, parent) for parent in (None, 0, 1)] == [1.0, 1.0, 1.0]
