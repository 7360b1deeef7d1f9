"""What a level of the trigger asks for: systems with and without a signal, chambers crossed, chance vetoes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from hnlpeak.experiment.experiment import load_experiment
from hnlpeak.trigger.decision import accidental_veto, level_passes, multiplicity_passes
from hnlpeak.trigger.downscale import trigger_rates

A, B, C = 1, 2, 4


@pytest.mark.parametrize(
    ("bits", "require", "veto", "passes"),
    [
        (A | B, A | B, 0, True),
        (A | B | C, A | B, 0, True),  # more than is asked for
        (A, A | B, 0, False),  # one of two is not enough
        (0, A, 0, False),
        (0, 0, 0, True),  # nothing is asked for
        (A, A, B, True),
        (A | B, A, B, False),
        (A | C, A, B | C, False),  # one veto of two is enough
        (B, 0, B, False),
        (A, 0, B | C, True),
    ],
)
def test_all_that_is_required_and_nothing_that_vetoes(
    bits: int, require: int, veto: int, passes: bool
) -> None:
    assert level_passes(bits, require, veto) is passes


@pytest.mark.parametrize(("crossings", "passes"), [(2, False), (3, True), (9, True), (14, True), (15, False)])
def test_both_ends_of_the_multiplicity_pass(crossings: int, passes: bool) -> None:
    assert multiplicity_passes(crossings, 3, 14) is passes


@pytest.mark.parametrize(("rate", "intensity"), [(0.5, 1.0), (0.02, 3.0), (2.0, 0.1), (5.0, 1.0)])
def test_an_accidental_veto_falls_into_the_window_with_the_poisson_chance(
    rate: float, intensity: float
) -> None:
    """1 - exp(-rate intensity)."""
    rng, n = np.random.default_rng(5), 4000
    vetoed = sum(accidental_veto(rate, intensity, rng) for _ in range(n))
    assert stats.binomtest(vetoed, n, 1.0 - math.exp(-rate * intensity)).pvalue > 1e-6


def test_a_veto_without_accidental_signals_takes_no_random_number() -> None:
    """Decays of experiments without them keep theirs."""
    rng, other = np.random.default_rng(6), np.random.default_rng(6)
    assert not any(accidental_veto(0.0, 1.0, rng) for _ in range(10))
    assert rng.random() == other.random()
    assert not accidental_veto(1.0, 0.0, rng)  # a dark beam


def test_rates_of_2015_are_those_of_the_mean_intensity() -> None:
    """750 MHz with 6 % kaons between .4 and 1.3 % of it; 75 m of a decay length of 75 GeV / 493.7 MeV x 3.711 m."""
    experiment = load_experiment("na62-2015")
    beam = experiment.card.beam
    decays = (
        1e9 * beam.rate * beam.meson_fraction * 0.0085 * (1.0 - math.exp(-75e3 / (75e3 / 493.677 * 3711.0)))
    )
    rates = trigger_rates(experiment, triggers_per_decay=0.05, downscale=4)
    assert rates.decays == pytest.approx(decays, rel=1e-3)
    assert rates.triggers == pytest.approx(0.05 * decays, rel=1e-3)
    assert rates.recorded == pytest.approx(0.0125 * decays, rel=1e-3)
