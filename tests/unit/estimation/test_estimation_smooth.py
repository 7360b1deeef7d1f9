"""Smooth templates: the sum and the shape stay, lumps do not."""

from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.estimation.smooth import smoothed

EDGES = np.linspace(100.0, 500.0, 4001)
MIDDLES = 0.5 * (EDGES[1:] + EDGES[:-1])
LOW, HIGH = 150.0, 475.0
INSIDE = (MIDDLES > LOW) & (MIDDLES < HIGH)
WINDOWS = np.arange(160.0, 470.0, 10.0)


def shape(m: np.ndarray) -> np.ndarray:
    """Two falling exponentials and a broad hill."""
    hill = np.exp(-0.5 * ((m - 330.0) / 70.0) ** 2)
    return np.exp(-(m - 150.0) / 60.0) + 0.05 * np.exp(-(m - 150.0) / 400.0) + 0.2 * hill


def in_windows(values: np.ndarray) -> np.ndarray:
    return np.histogram(MIDDLES, bins=WINDOWS, weights=values)[0]


def drawn(events: float, seed: int) -> np.ndarray:
    mean = shape(MIDDLES)
    return np.random.default_rng(seed).poisson(mean * events / mean[INSIDE].sum()).astype(float)


@pytest.mark.parametrize("weight", [1.0, 3e-4, 7e5])
def test_sum_and_other_bins_stay_whatever_the_weight(weight: float) -> None:
    values = weight * drawn(3000.0, 1)
    found = smoothed(EDGES, values, weight * values, low=LOW, high=HIGH)
    assert found[INSIDE].sum() == pytest.approx(values[INSIDE].sum(), rel=1e-9)
    assert np.array_equal(found[~INSIDE], values[~INSIDE])
    assert np.all(found[INSIDE] > 0.0)
    assert found == pytest.approx(
        weight * smoothed(EDGES, values / weight, values / weight, low=LOW, high=HIGH)
    )


@pytest.mark.parametrize("events", [1e3, 1e5, 1e7])
def test_the_shape_is_found_better_than_by_counting(events: float) -> None:
    truth = in_windows(shape(MIDDLES) * events / shape(MIDDLES)[INSIDE].sum())
    pulls = []
    for seed in range(20):
        values = drawn(events, seed)
        found = in_windows(smoothed(EDGES, values, values, low=LOW, high=HIGH))
        pulls.append((found - truth) / np.sqrt(truth))
    spread = np.sqrt(np.mean(np.square(pulls)))
    assert spread < 0.75  # 9 parameters for 31 windows: 0.54 and what order 8 cannot follow
    assert np.abs(np.mean(pulls, axis=0)).max() < 1.5


def test_one_heavy_event_is_no_peak() -> None:
    values = np.zeros(MIDDLES.size)
    values[2000] = 17.0
    found = smoothed(EDGES, values, 17.0 * values, low=LOW, high=HIGH)
    assert found[INSIDE] == pytest.approx(np.full(INSIDE.sum(), 17.0 / INSIDE.sum()))


def test_lumps_of_a_few_weighted_events_are_smaller_than_they_were() -> None:
    rng, values, squares = np.random.default_rng(5), np.zeros(MIDDLES.size), np.zeros(MIDDLES.size)
    places = rng.choice(np.flatnonzero(INSIDE), 60)
    weights = rng.exponential(size=60) ** 2
    np.add.at(values, places, weights)
    np.add.at(squares, places, weights**2)
    found = smoothed(EDGES, values, squares, low=LOW, high=HIGH)
    assert found[INSIDE].max() < 6.0 * found[INSIDE].mean()
    assert np.abs(np.diff(found[INSIDE])).max() < 0.01 * found[INSIDE].max()


def test_nothing_stays_nothing() -> None:
    nothing = np.zeros(MIDDLES.size)
    assert np.array_equal(smoothed(EDGES, nothing, nothing, low=LOW, high=HIGH), nothing)


@pytest.mark.parametrize(("events", "flat"), [(19, True), (20, False)])
def test_each_parameter_has_ten_events(events: int, flat: bool) -> None:
    """All events at the low end ask for a slope: of fewer than twenty the function has its height alone."""
    values = np.zeros(MIDDLES.size)
    values[np.flatnonzero(INSIDE)[: 20 * events : 20]] = 1.0
    found = smoothed(EDGES, values, values, low=LOW, high=HIGH)[INSIDE]
    assert bool(found[0] == pytest.approx(found[-1])) is flat
    assert found[0] >= found[-1]


def test_a_flat_spectrum_is_not_bent() -> None:
    """Akaike's criterion asks for one or two parameters there: nine for 31 windows would spread by .54 of an error."""
    pulls = []
    mean = np.where(INSIDE, 40.0, 0.0)
    for seed in range(20):
        values = np.random.default_rng(seed).poisson(mean).astype(float)
        found = in_windows(smoothed(EDGES, values, values, low=LOW, high=HIGH))
        pulls.append((found - in_windows(mean)) / np.sqrt(in_windows(mean)))
    assert np.sqrt(np.mean(np.square(pulls))) < 0.4
