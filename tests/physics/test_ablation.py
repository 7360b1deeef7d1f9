"""Systems act: what moves when one is removed, and that nothing moves for one that was not there."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from hnlpeak.core.measured import Measured
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.experiment.remove import without
from hnlpeak.studies.ablation import MOVED, Ablation, quantities

KE3, HIGH = "background ke3, 337 to 448 MeV", "background halo, 337 to 448 MeV"


@cache
def analysis() -> Analysis:
    """The search of 2015 with the templates of K_e3 and of the halo alone, larger ones."""
    made = load_analysis("na62-2015-ke2")
    samples = made.card.samples
    kept = [
        t.model_copy(update={"decays": 4_000_000 if t.mode == "ke3" else 1_000_000})
        for t in samples.templates
        if t.mode in ("ke3", "halo")
    ]
    card = made.card.model_copy(update={"samples": samples.model_copy(update={"templates": kept})})
    return replace(made, card=card)


@cache
def measured(system: str | None) -> dict[str, Measured]:
    chosen = analysis() if system is None else without(analysis(), system)
    return quantities(chosen, RunContext(seed=3), share=0.02, key=f"test/{system}")


def pull(system: str, quantity: str) -> float:
    return Ablation("", system, quantity, measured(None)[quantity], measured(system)[quantity]).pull


@pytest.mark.parametrize(
    ("system", "quantity"),
    [("LAV", KE3), ("LKr", KE3), ("KTAG", HIGH), ("MUV3", "triggers for each decay")],
)
def test_removed_systems_are_missed(system: str, quantity: str) -> None:
    assert pull(system, quantity) > MOVED


def test_the_tracker_that_was_not_there_is_not_missed() -> None:
    pulls = np.array([pull("GTK", quantity) for quantity in measured("GTK")])
    assert np.abs(pulls).max() < MOVED
    assert (pulls**2).mean() < 3.0


def test_without_a_tagger_nothing_is_lost_to_it() -> None:
    before, after = (measured(name)["acceptance of the normalisation"] for name in (None, "KTAG"))
    assert after.value / before.value == pytest.approx(
        1.0 / 0.985, abs=4.0 * before.stat / before.value * 2**0.5
    )
