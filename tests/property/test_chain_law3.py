"""A result is a function of cards, seed and exposure alone; forced samples are unbiased."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from hnlpeak.chain.beam import calibrate
from hnlpeak.chain.replay import replay
from hnlpeak.chain.sample_run import SampleResult, run_sample, simulate_candidates, tally_candidates
from hnlpeak.chain.shards import selection_of
from hnlpeak.core.errors import UsageError
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.experiment.columns import column_names
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.selection.tally import Tally, new_tally
from hnlpeak.simulation.sample import Sample, background_sample, mode_sample
from hnlpeak.simulation.streams import SHARD_DECAYS, shard_sizes, stream

P_MIN = 1e-6


@cache
def analysis() -> Analysis:
    return load_analysis("na62-2015-ke2")


@cache
def beam() -> BeamCalibration:
    return calibrate(
        mode_sample("calibration/test", "pi3", 20_000), analysis().experiment, RunContext(seed=3)
    )


def made(
    sample: Sample, *, seed: int = 5, workers: int = 1, executor: ProcessPoolExecutor | None = None
) -> SampleResult:
    cards = analysis()
    return run_sample(
        sample,
        cards.experiment,
        cards.card,
        beam(),
        RunContext(seed=seed, workers=workers, executor=executor),
    )


def assert_same(a: SampleResult, b: SampleResult) -> None:
    assert (a.decays, a.decays_in_fiducial, a.triggered) == (b.decays, b.decays_in_fiducial, b.triggered)
    for first, second in zip(a.cutflows, b.cutflows, strict=True):
        assert np.array_equal(first.passed, second.passed)
        assert np.array_equal(first.only_failed, second.only_failed)
        for source in a.spectrum.components:
            values = [s.project(first.selection, components=[source])[1] for s in (a.spectrum, b.spectrum)]
            assert np.array_equal(*values)


def test_workers_threads_and_processes_change_nothing() -> None:
    sample = background_sample("law3", analysis().card.samples.background_modes, 2 * SHARD_DECAYS + 1000)
    alone = made(sample)
    assert alone.cutflows[0].passed[:, -1].sum() > 0
    assert_same(alone, made(sample, workers=3))
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert_same(alone, made(sample, workers=2, executor=pool))
    assert not np.array_equal(made(sample, seed=6).cutflows[0].passed, alone.cutflows[0].passed)


@pytest.mark.parametrize("forced", [0.0, 0.3])
def test_candidates_in_memory_are_those_of_the_fast_loop(forced: float) -> None:
    sample = mode_sample("law3/pipi0", "pipi0", 20_001, forced_loss=forced)
    cards = analysis()
    samples = cards.card.samples.model_copy(update={"cutflow_every": 1})
    card = cards.card.model_copy(update={"samples": samples})
    candidates = simulate_candidates(sample, cards.experiment, card, beam(), seed=5)
    looped = run_sample(sample, cards.experiment, card, beam(), RunContext(seed=5))
    tallied = tally_candidates(candidates, card)
    assert len(candidates) > 1000
    for a, b in zip(looped.cutflows, tallied.cutflows, strict=True):
        assert np.array_equal(a.passed, b.passed)
        assert np.array_equal(a.only_failed, b.only_failed)
    assert looped.decays_in_fiducial == candidates.decays_in_fiducial


def test_an_event_can_be_replayed_alone() -> None:
    cards = analysis()
    sample = mode_sample("law3/ke3", "ke3", 3_000)
    candidates = simulate_candidates(sample, cards.experiment, cards.card, beam(), seed=5)
    pick = len(candidates) // 2
    number = int(candidates.columns["number"][pick])
    event, columns = replay(sample, cards.experiment, cards.card, beam(), seed=5, shard=0, number=number)
    assert event["number"] == number
    assert columns == {name: values[pick] for name, values in candidates.columns.items()}
    with pytest.raises(UsageError, match="shards 0 to 0"):
        replay(sample, cards.experiment, cards.card, beam(), seed=5, shard=1, number=number)


def test_streams_belong_to_seed_sample_and_shard() -> None:
    keys = [(1, "a", 0), (2, "a", 0), (1, "b", 0), (1, "a", 1)]
    first = [stream(*key).random(4) for key in keys]
    assert np.array_equal(first[0], stream(1, "a", 0).random(4))
    assert len({tuple(numbers) for numbers in first}) == len(keys)
    for bad in [(-1, 0), (2**64, 0), (1, -1), (1, 2**32)]:
        with pytest.raises(UsageError, match="is outside 0 to"):
            stream(bad[0], "a", bad[1])


@pytest.mark.parametrize("decays", [1, SHARD_DECAYS - 1, SHARD_DECAYS, 3 * SHARD_DECAYS + 7])
def test_shards_hold_all_decays(decays: int) -> None:
    sizes = shard_sizes(decays)
    assert sum(sizes) == decays
    assert all(0 < size <= SHARD_DECAYS for size in sizes)


def _random_tally(rng: np.random.Generator) -> Tally:
    columns = column_names(analysis().experiment.timed_systems)
    empty = new_tally(selection_of(analysis().card, columns), components=3, totals=3, weighted=True)
    names = ("spectrum", "squares", "passed", "only_failed", "totals")
    return Tally(empty.unit, *(rng.integers(0, 2**50, getattr(empty, name).shape) for name in names))


def test_tallies_add_exactly_in_any_order() -> None:
    rng = np.random.default_rng(8)
    parts = [_random_tally(rng) for _ in range(6)]
    forth = sum(parts[1:], parts[0])
    back = sum(parts[-2::-1], parts[-1])
    for name in ("spectrum", "squares", "passed", "only_failed", "totals"):
        assert np.array_equal(getattr(forth, name), getattr(back, name))
        assert np.array_equal(getattr(forth, name), sum(getattr(part, name) for part in parts))


def _yields(sample: Sample) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums of weights, and their variances, by m2_miss, quiet LAV, and no extra cluster."""
    cards = analysis()
    columns = simulate_candidates(sample, cards.experiment, cards.card, beam(), seed=5).columns
    weight = columns["weight"]
    category = (
        np.digitize(columns["m2_miss_mev2"], [-2e4, 2e4, 6e4])
        + 4 * (columns["dt_lav_ns"] > 5.0)
        + 8 * (columns["e_extra_mev"] < 300.0)
    )
    sums = np.bincount(category, weights=weight, minlength=16)
    return sums, np.bincount(category, weights=weight**2, minlength=16)


@pytest.mark.parametrize(
    ("mode", "forced", "decays", "plain_decays"),
    [
        ("kmu2", {"forced_decay": 0.5}, 200_000, 1_500_000),
        ("pipi0", {"forced_loss": 0.2}, 100_000, 200_000),
        ("pipi0", {"forced_dalitz": 0.4}, 50_000, 100_000),
    ],
)
def test_forced_samples_agree_with_plain_ones(
    mode: str, forced: dict[str, float], decays: int, plain_decays: int
) -> None:
    plain, plain_variance = _yields(mode_sample("plain", mode, plain_decays))
    weighted, variance = _yields(mode_sample("forced", mode, decays, **forced))
    scale = plain_decays / decays
    used = plain > 20
    used = plain > 20
    assert used.sum() >= 4
    difference = (plain - scale * weighted)[used]
    error2 = (plain_variance + scale**2 * variance)[used]
    assert stats.chi2.sf((difference**2 / error2).sum(), used.sum()) > P_MIN
