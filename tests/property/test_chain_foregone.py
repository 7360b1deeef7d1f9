"""Events that no selection can take are left early: what is selected stays the same to the last count."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from hnlpeak.chain.beam import calibrate
from hnlpeak.chain.sample_run import SampleResult, run_sample
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.selection.foregone import foregone_of, last_veto
from hnlpeak.simulation.foregone import FOLLOW_ALL
from hnlpeak.simulation.sample import background_sample, mode_sample

DECAYS = 300_000
ANALYSES = ("na62-2015-ke2", "na62-2007-kmu2")


@cache
def cards(name: str) -> Analysis:
    return load_analysis(name)


@cache
def beam(name: str) -> BeamCalibration:
    sample = mode_sample("foregone/beam", "pi3", 20_000)
    return calibrate(sample, cards(name).experiment, RunContext(seed=3))


@cache
def made(name: str, every: int, mode: str = "") -> SampleResult:
    analysis = cards(name)
    samples = analysis.card.samples.model_copy(update={"cutflow_every": every})
    card = analysis.card.model_copy(update={"samples": samples})
    modes = card.samples.background_modes
    sample = (
        mode_sample("foregone/template", mode, DECAYS // 3, forced_loss=0.3)
        if mode
        else background_sample("foregone", modes, DECAYS)
    )
    return run_sample(sample, analysis.experiment, card, beam(name), RunContext(seed=8))


@pytest.mark.parametrize("name", ANALYSES)
def test_spectra_of_the_short_way_are_those_of_the_long_way(name: str) -> None:
    short, whole = made(name, 16), made(name, 1)
    assert short.decays_in_fiducial == whole.decays_in_fiducial
    # one event in 16 stands for those whose photons lose them before the trigger is asked
    assert abs(short.triggered - whole.triggered) < 4.0 * np.sqrt(16 * whole.triggered)
    for selection in whole.spectrum.selections:
        for source in whole.spectrum.components:
            a, b = (s.spectrum.project(selection, components=[source]) for s in (short, whole))
            assert np.array_equal(a.values, b.values)
    assert any(flow.passed[:, -1].sum() > 3 for flow in whole.cutflows)


@pytest.mark.parametrize("name", ANALYSES)
def test_rows_of_the_cutflow_are_exact_after_the_last_veto_and_unbiased_before(name: str) -> None:
    short, whole = made(name, 16), made(name, 1)
    foregone = 0.0
    for a, b in zip(short.cutflows, whole.cutflows, strict=True):
        assert (a.every, b.every, b.estimated) == (16, 1, 0)
        exact = slice(a.estimated, None)
        assert np.array_equal(a.passed[:, exact], b.passed[:, exact])
        # of what a veto ends one in 16 counts: the variance of a sum is 15 times the sum
        early = slice(0, a.estimated)
        pulls = (a.passed - b.passed)[:, early] / np.sqrt(15.0 * np.maximum(b.passed[:, early], 16.0))
        assert np.all(np.abs(pulls) < 5.0)
        foregone += np.abs(a.passed - b.passed)[:, early].sum()
    assert foregone > 0.0


def test_weighted_samples_keep_their_sums() -> None:
    name = "na62-2015-ke2"
    short, whole = made(name, 16, "ke3"), made(name, 1, "ke3")
    for selection in whole.spectrum.selections:
        a, b = (s.spectrum.project(selection) for s in (short, whole))
        assert np.array_equal(a.values, b.values)
        assert np.array_equal(a.variances, b.variances)
    assert whole.cutflows[0].passed[0, -1] > 0.0


def test_what_is_foregone_is_read_from_the_cuts() -> None:
    analysis = cards("na62-2015-ke2")
    found = foregone_of(analysis.card, analysis.experiment)
    systems = analysis.experiment.card.systems()
    windows = {system: window for system, window in zip(systems, found.windows, strict=False) if window > 0.0}
    assert windows == dict.fromkeys(("LAV", "IRC", "SAC", "CHANTI", "MUV3"), 5.0)
    assert (found.most_tracks, found.extra, found.every) == (1, 300.0, 64)
    assert (found.accepted, found.energies) == (True, True)
    assert last_veto(analysis.card, "tight") == 15
    muons = cards("na62-2007-kmu2")
    found = foregone_of(muons.card, muons.experiment)
    assert (found.extra, found.moved, found.accepted, found.energies) == (3000.0, 60.0, True, False)
    followed = analysis.card.model_copy(
        update={"samples": analysis.card.samples.model_copy(update={"cutflow_every": 1})}
    )
    none = foregone_of(followed, analysis.experiment)
    assert none._replace(aims=FOLLOW_ALL.aims, lepton_mass=FOLLOW_ALL.lepton_mass) == FOLLOW_ALL
    # a cut that one selection goes without ends nothing
    tight, loose = analysis.card.selections
    without = loose.model_copy(update={"without": ["LAV", "one track"]})
    partly = foregone_of(
        analysis.card.model_copy(update={"selections": [tight, without]}), analysis.experiment
    )
    assert partly.windows[systems.index("LAV")] == 0.0
    assert partly.windows[systems.index("IRC")] == 5.0
    assert partly.most_tracks == FOLLOW_ALL.most_tracks
