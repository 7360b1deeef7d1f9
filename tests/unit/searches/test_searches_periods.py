"""Samples shared out to periods, branching fractions of the card, and the samples of a control run."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hnlpeak.core.measured import Measured
from hnlpeak.estimation.peak import mode_fraction
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.reconstruction.candidates import Candidates
from hnlpeak.searches import samples
from hnlpeak.searches.plan import plan
from hnlpeak.simulation.sample import (
    Bias,
    background_sample,
    conjugated,
    in_periods,
    mode_sample,
    with_photon_loss,
)

ANALYSIS = load_analysis("na62-2007-kmu2")


def test_all_decays_are_shared_out() -> None:
    sample = background_sample("data", ["kmu2", "kmu3"], 1001)
    parts = in_periods(sample, ["a", "b", "c"], [0.5, 0.3, 0.2])
    assert [part.name for part in parts] == ["data/a", "data/b", "data/c"]
    assert [part.decays for part in parts] == [500, 301, 200]


def test_modes_are_mixed_by_the_fractions_of_the_card() -> None:
    data = plan(ANALYSIS, kaons=1e6).data
    assert data is not None
    shares = dict(zip(data.table.sources.tolist(), np.diff(data.table.cumulative, prepend=0.0), strict=True))
    names = [name for name in data.components if name != "halo"]
    chosen = ANALYSIS.card.fractions
    ratio = shares[names.index("kmu3")] / shares[names.index("kmu2")]
    assert chosen["kmu3"] == 0.03353
    assert ratio == pytest.approx(chosen["kmu3"] / chosen["kmu2"])
    assert mode_fraction("kmu3", chosen).value == 0.03353
    # what the card does not choose is that of nature
    assert mode_fraction("ke2", chosen) == mode_fraction("ke2")


def test_pseudo_data_lose_photons_and_templates_do_not() -> None:
    todo = plan(ANALYSIS, kaons=1e6)
    assert todo.data is not None
    assert todo.data.table.bias[Bias.PHOTON_LOSS] == pytest.approx(0.101)
    assert not todo.data.weighted
    for sample in (*todo.templates.values(), *todo.signal.values(), todo.normalisation):
        assert sample.table.bias[Bias.PHOTON_LOSS] == 0.0


def test_the_control_run_holds_decays_of_the_other_charge() -> None:
    todo = plan(ANALYSIS, kaons=ANALYSIS.card.exposure.decays)
    run = ANALYSIS.card.background.scaled_run()
    assert run is not None
    assert run.cross_talk is not None
    assert todo.control is not None
    assert todo.cross_talk is not None
    assert todo.control.components == ("pi3", "halo")
    assert todo.control.table.bias[Bias.CONJUGATE] == todo.cross_talk.table.bias[Bias.CONJUGATE] == 1.0
    assert todo.control_decays == run.cross_talk.decays
    decays = run.cross_talk.decays * ANALYSIS.card.fractions["pi3"]
    simulated = ANALYSIS.experiment.decays_simulated_per_fiducial
    assert todo.control.decays == pytest.approx(run.muons + decays * simulated, rel=1e-6)


def test_conjugation_and_losses_leave_the_sample_as_it_was() -> None:
    sample = background_sample("data", ["kmu2", "pi3"], 100)
    changed = with_photon_loss(conjugated(sample), 0.2)
    assert sample.table.bias[Bias.CONJUGATE] == sample.table.bias[Bias.PHOTON_LOSS] == 0.0
    assert changed.table.bias[Bias.CONJUGATE] == 1.0
    assert not changed.weighted


@pytest.mark.parametrize(
    ("shares", "message"), [((0.5, 0.4), "must add up to 1, got 0.9"), ((1.0, None), "distinct names")]
)
def test_bad_periods(shares: tuple[float, float | None], message: str) -> None:
    card = ANALYSIS.experiment.card
    first, second = card.periods
    if shares[1] is None:
        periods = [first, first]
    else:
        periods = [p.model_copy(update={"share": s}) for p, s in zip((first, second), shares, strict=True)]
    changed = card.model_copy(update={"periods": periods})
    assert any(re.search(message, fault) for fault in changed.contradictions())


def test_candidates_of_all_periods_follow_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(sample, *_, **__):  # type: ignore[no-untyped-def]
        columns = {"number": np.arange(3.0), "p_mev": np.full(3, float(sample.decays))}
        return Candidates(columns, True, sample.components, sample.name, float(sample.decays))

    monkeypatch.setattr(samples, "simulate_candidates", made)
    beam = BeamCalibration(*[Measured(1.0)] * 5, z_reference=0.0, events=1, source="toy")
    whole = samples.Samples(ANALYSIS, plan(ANALYSIS, kaons=1e5), (beam, beam), RunContext(seed=1))
    found = whole.candidates(mode_sample("x", "kmu2", 100))
    assert found.columns["p_mev"].tolist() == [61.0] * 3 + [39.0] * 3
    assert found.columns["number"].tolist() == [0.0, 1.0, 2.0, 61.0, 62.0, 63.0]
    assert found.decays_in_fiducial == 100.0
