"""Beam particles that interact in GTK3: how many, where, conservation in the laboratory, and that GTK brings them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hnlpeak.chain.loop import new_buffers
from hnlpeak.core.errors import UsageError
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.experiment.columns import column_names
from hnlpeak.experiment.settings import with_settings
from hnlpeak.searches.interactions import interaction_template, interactions_per_decay, with_interactions_of
from hnlpeak.searches.plan import plan
from hnlpeak.simulation.foregone import FOLLOW_ALL
from hnlpeak.simulation.generation import Total, generate
from hnlpeak.simulation.sample import INTERACTIONS, background_sample
from hnlpeak.simulation.streams import decay_stream

PLAIN = load_analysis("na62-2015-ke2")
ANALYSIS = with_settings(PLAIN, ["detectors.GTK.installed=true"])
SPACE = 2000


def triggered(number: int) -> np.ndarray[Any, Any]:
    """Events of interactions that trigger."""
    sample = interaction_template(ANALYSIS, number)
    buffers = new_buffers(len(column_names(ANALYSIS.experiment.timed_systems)), number)
    totals = np.zeros(Total.WIDTH, dtype=np.int64)
    n = generate(
        number,
        0,
        ANALYSIS.experiment.setup,
        sample.table,
        FOLLOW_ALL,
        decay_stream(3, INTERACTIONS, 0),
        buffers,
        totals,
    )
    assert totals[Total.IN_FIDUCIAL] == 0
    return buffers.block[:n]


def test_they_begin_in_the_matter_and_keep_the_energy() -> None:
    events = triggered(SPACE)
    assert 0.1 * SPACE < events.size < 0.5 * SPACE
    assert np.all(events["z_decay"] == 102.4e3)
    assert np.std(events["x_decay"]) == pytest.approx(16.0, rel=0.2)
    momentum = np.array(
        [event["particles"]["segments"]["p"][: event["n_daughters"], 0].sum() for event in events]
    )
    assert np.all(momentum < 1.05 * events["kaon_p"] + 1e3)
    assert np.mean(momentum) > 0.3 * 75e3


def test_their_number_follows_from_the_beam() -> None:
    """Kaons alone, from scratch: silicon in their interaction lengths, and decays from 105 to 180 m."""
    card = ANALYSIS.experiment.card
    alone = card.beam.model_copy(update={"companions": {}})
    only = card.model_copy(update={"beam": alone})
    path = 75.0 / 0.493677 * 3.7112
    decayed = math.exp(-2.6 / path) - math.exp(-77.6 / path)
    # 16.3 mb against 20.0 and 31.3 mb; silicon 108.4 g/cm2 for protons, 137.7 g/cm2 for pions
    power = math.log(31.3 / 16.3) / math.log(31.3 / 20.0)
    t = 0.00101 / (137.7 / 108.4) ** power
    expected = -math.expm1(-t) / decayed
    changed = replace(ANALYSIS, experiment=replace(ANALYSIS.experiment, card=only))
    assert interactions_per_decay(changed) == pytest.approx(expected, rel=1e-4)
    # pions and protons need another particle's tag: a tenth more
    assert 1.05 < interactions_per_decay(ANALYSIS) / expected < 1.3


def test_matter_of_what_is_not_installed_is_not_there() -> None:
    assert interactions_per_decay(PLAIN) == 0.0
    data = background_sample("data", ["kmu2"], 1000)
    assert with_interactions_of(PLAIN, data, 1e9) is data
    assert INTERACTIONS in plan(ANALYSIS, kaons=1e6).data.components  # type: ignore[union-attr]
    assert INTERACTIONS not in plan(PLAIN, kaons=1e6).data.components  # type: ignore[union-attr]


def test_matter_before_the_decays_is_refused() -> None:
    with pytest.raises(UsageError, match=r"lies before fiducial\.z_first"):
        with_settings(PLAIN, ["beam_matter.GTK3.z_first=90 m"])
