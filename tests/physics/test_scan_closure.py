"""Signal injected into toy spectra comes back, with the coverage that the intervals promise."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from hnlpeak.background.bands import sideband_design
from hnlpeak.background.sideband_fit import SidebandEstimates, fit_sidebands
from hnlpeak.core.card import read_card
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.spectrum.window import gaussian_fraction, search_window
from hnlpeak.statistics import Gaussian, Known, p_value, rolke_lopez

CARD, _, _ = read_card(AnalysisCard, "na62-2015-ke2", folder="analyses")
EDGES = np.linspace(140.0, 490.0, 7001)
CENTRES = 0.5 * (EDGES[1:] + EDGES[:-1])
TOYS = 800
EPSILON = math.erf(1.0 / math.sqrt(2.0))


def sigma(mass: float) -> float:
    """Resolution like that of the 2015 set-up, MeV (physics.md 3.6)."""
    return float(np.interp(mass, [170.0, 250.0, 350.0, 400.0, 448.0], [11.2, 6.4, 3.07, 1.9, 0.88]))


def search(
    mass: float, per_window: float, events: float, seed: int
) -> tuple[NDArray[np.float64], SidebandEstimates, float]:
    """Counts in the window and background estimates of toys, and the signal expected inside the window."""
    width = sigma(mass)
    falling = np.exp(-(CENTRES - mass) / 120.0)
    rate = per_window * falling / (2.0 * width) * (EDGES[1] - EDGES[0])
    shape = np.array([gaussian_fraction(a, b, mean=mass, sigma=width) for a, b in pairwise(EDGES)])
    rng = np.random.Generator(np.random.Philox(seed))
    counts = rng.poisson(rate + events * shape, (TOYS, CENTRES.size))
    cumulative = np.concatenate([np.zeros((TOYS, 1)), np.cumsum(counts, axis=1)], axis=1)
    window = search_window(mass, width, k=1.0, edges=EDGES)
    background = fit_sidebands(
        sideband_design([window] * TOYS, EDGES, CARD.background),
        cumulative,
        np.arange(TOYS),
        order=CARD.background.order,
        alternative_order=CARD.background.alternative_order,
    )
    inside = events * EPSILON * window.efficiency_ratio
    return cumulative[:, window.last] - cumulative[:, window.first], background, inside


@pytest.mark.parametrize("mass", [190.0, 250.0, 310.0, 380.0, 440.0])
@pytest.mark.parametrize("events", [0.0, 20.0, 60.0])
def test_injected_events_are_recovered_after_the_leakage(mass: float, events: float) -> None:
    n, background, inside = search(mass, 30.0, events, seed=int(mass + events))
    estimate = n - background.background
    expected = inside - events * float(np.mean(background.leakage))
    error = float(np.std(estimate)) / math.sqrt(TOYS)
    assert np.mean(estimate) == pytest.approx(expected, abs=4.9 * error)


def test_intervals_cover_the_injected_signal() -> None:
    n, background, inside = search(310.0, 30.0, 60.0, seed=77)
    efficiency = 1.0 - background.leakage / EPSILON
    interval = rolke_lopez(
        n,
        background=Gaussian(background.background, background.error),
        efficiency=Gaussian(efficiency, np.zeros(TOYS)),
        cl=0.90,
    )
    covered = np.mean((interval.lower <= inside) & (inside <= interval.upper))
    assert covered == pytest.approx(0.90, abs=4.9 * math.sqrt(0.09 / TOYS))


@pytest.mark.parametrize(("mass", "events"), [(172.0, 30.0), (352.0, 10.0)])
def test_upper_limits_cover_where_signal_leaks(mass: float, events: float) -> None:
    """14 % of a peak at 172 MeV comes back as background: upper limits that ignore it cover .85 and not .95."""
    n, background, inside = search(mass, 30.0, events / EPSILON, seed=79)
    net = 1.0 - background.leakage / EPSILON

    def covered(efficiency: NDArray[np.float64]) -> float:
        return float(
            np.mean(
                rolke_lopez(
                    n,
                    background=Gaussian(background.background, background.error),
                    efficiency=Known(efficiency),
                ).upper
                >= inside
            )
        )

    assert 0.95 - 4.9 * math.sqrt(0.0475 / TOYS) < covered(net) < 1.0
    assert covered(np.ones(TOYS)) <= covered(net)


def test_p_values_of_background_are_not_too_small() -> None:
    n, background, _ = search(310.0, 30.0, 0.0, seed=78)
    p = np.asarray(p_value(n, background=Gaussian(background.background, background.error)))
    for level in (0.5, 0.2, 0.05, 0.01):
        allowed = level + 4.9 * math.sqrt(level * (1.0 - level) / TOYS)
        assert np.mean(p <= level) < allowed
    # and not too large: half of the toys lie below the median, but for discreteness
    assert np.mean(p <= 0.5) > 0.5 - 4.9 * math.sqrt(0.25 / TOYS) - 0.05
