"""Side bands whose shape no single function has: is b +- sigma_b honest, and is the choice of the function said?

Pulls of toys about humps and dips of width 0.7 of the bands' reach. One order against the next (2 and 3) saw none of
it: bias -1.2 sigma at b = 120 and -3.7 sigma at b = 1200 with a systematic error of nothing.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from hnlpeak.background.bands import sideband_design
from hnlpeak.background.functions import OrderChoice
from hnlpeak.background.sideband import SidebandBackground
from hnlpeak.background.sideband_fit import SidebandEstimates, fit_sidebands
from hnlpeak.spectrum.window import Window, search_window
from hnlpeak.statistics import Gaussian, rolke_lopez, significance

MASS, SIGMA, TOYS = 300.0, 1.5, 1500
EDGES = np.linspace(275.0, 325.0, 501)
T = (0.5 * (EDGES[1:] + EDGES[:-1]) - MASS) / (11.25 * SIGMA)
HUMP, DIP, FLAT = np.exp(-T * T / 0.98), 1.0 - 0.5 * np.exp(-T * T / 0.98), np.ones_like(T)
CARD = SidebandBackground.model_validate(
    {
        "method": "sideband",
        "order": 2,
        "alternative_order": 3,
        "inner": 1.5,
        "outer": 11.25,
        "low_limit": "150 MeV",
        "high_limit": "475 MeV",
        "reference": "test",
        "confidence": "E",
    }
)


def window(edges: NDArray[np.float64] = EDGES) -> Window:
    return search_window(MASS, SIGMA, k=1.0, edges=edges)


def fitted(
    counts: NDArray[np.float64], edges: NDArray[np.float64] = EDGES, choice: OrderChoice = "average"
) -> SidebandEstimates:
    rows = len(counts)
    return fit_sidebands(
        sideband_design([window(edges)] * rows, edges, CARD),
        np.concatenate([np.zeros((rows, 1)), np.cumsum(counts, axis=1)], axis=1),
        np.arange(rows),
        order=2,
        alternative_order=3,
        order_choice=choice,
    )


def toys(shape: NDArray[np.float64], b: float, seed: int = 4) -> NDArray[np.float64]:
    at = window()
    rng = np.random.Generator(np.random.Philox(seed))
    return rng.poisson(shape * b / shape[at.first : at.last].sum(), (TOYS, shape.size)).astype(float)


def rms(pulls: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(pulls**2)))


@pytest.mark.parametrize(("b", "bias"), [(120.0, -1.16), (1200.0, -3.66)])
def test_a_hump_that_one_order_misses_is_in_the_error(b: float, bias: float) -> None:
    counts = toys(HUMP, b)
    one, found = fitted(counts, choice="fixed"), fitted(counts)
    # what the issue is: order 2 alone, and order 3 beside it, are off together
    assert np.mean((one.background - b) / one.stat) == pytest.approx(bias, abs=0.15)
    assert np.median(np.abs(one.alternative - one.background) / one.stat) < 0.1
    pulls = (found.background - b) / found.error
    assert abs(pulls.mean()) < 0.5
    assert 0.85 < rms(pulls) < 1.15
    # with b from order 2 the error covers the bias
    assert rms((one.background - b) / one.error) < 1.25
    said = np.mean(["function-matters" in status for status in found.status])
    assert said > (0.85 if b > 1000.0 else 0.12)


@pytest.mark.parametrize(("shape", "b", "largest"), [(FLAT, 3.0, 1.1), (FLAT, 120.0, 1.0), (DIP, 120.0, 1.2)])
def test_pulls_of_averages(shape: NDArray[np.float64], b: float, largest: float) -> None:
    found = fitted(toys(shape, b))
    pulls = (found.background - b) / found.error
    assert 0.8 < rms(pulls) < largest
    assert np.all(found.syst > 0.0)


def test_the_price_on_a_flat_spectrum_is_small() -> None:
    counts = toys(FLAT, 120.0)
    one, found = fitted(counts, choice="fixed"), fitted(counts)
    n = np.random.Generator(np.random.Philox(6)).poisson(120.0, TOYS)
    before = rolke_lopez(n, background=Gaussian(one.background, one.stat)).upper
    after = rolke_lopez(n, background=Gaussian(found.background, found.error)).upper
    assert 1.0 < after.mean() / before.mean() < 1.06
    assert np.mean(["function-matters" in status for status in found.status]) < 0.08


def test_no_false_peak_on_the_expectation_of_a_hump() -> None:
    """1274 expected in the window, side bands without fluctuations: order 2 says 1210.6 +- 17 and Z = 1.6."""
    at = window()
    truth = HUMP * 1274.0 / HUMP[at.first : at.last].sum()
    one, found = fitted(truth[None], choice="fixed"), fitted(truth[None])
    before = significance(1274.0, background=Gaussian(one.background, one.stat))
    after = significance(1274.0, background=Gaussian(found.background, found.error))
    assert one.background[0] == pytest.approx(1210.6, abs=1.0)
    assert one.syst[0] > 0.5 * (1274.0 - one.background[0])
    assert before[0] > 1.5
    assert abs(after[0]) < 0.15
    assert "function-matters" in found.status[0]


def test_wide_bins_with_two_groups_have_an_error_for_their_function() -> None:
    """Bins of 5 MeV, a resolution of 1.1 MeV, a falling spectrum: a constant through both sides was 1.2 sigma high."""
    edges = np.arange(402.5, 480.0, 5.0)
    centres = 0.5 * (edges[1:] + edges[:-1])
    rate = 86.0 * np.exp(-(centres - 440.0) / 11.0)
    rng = np.random.Generator(np.random.Philox(8))
    counts = rng.poisson(rate, (TOYS, rate.size)).astype(float)
    at = search_window(440.0, 1.11, k=1.0, edges=edges)
    found = fit_sidebands(
        sideband_design([at] * TOYS, edges, CARD),
        np.concatenate([np.zeros((TOYS, 1)), np.cumsum(counts, axis=1)], axis=1),
        np.arange(TOYS),
        order=2,
        alternative_order=3,
    )
    b = float(rate[at.first : at.last].sum())
    constant = (counts[:, at.first - 1] + counts[:, at.last]) / 2.0
    assert np.mean((constant - b) / np.sqrt(constant / 2.0)) > 1.0
    assert rms((found.background - b) / found.error) < 1.2
    assert np.all(found.syst > 0.0)
    assert all("order-lowered" in status for status in found.status)


def test_a_single_group_has_its_own_size_as_error() -> None:
    """Nothing says how the background goes on from one bin."""
    edges = np.array([280.0, 295.0, 297.0, 298.5, 301.5, 303.0])
    narrow = CARD.model_copy(update={"low_limit": 294.0, "high_limit": 302.0})
    counts = np.array([9.0, 9.0, 9.0, 9.0, 9.0])
    found = fit_sidebands(
        sideband_design([window(edges)], edges, narrow),
        np.concatenate([[0.0], np.cumsum(counts)])[None],
        np.zeros(1, dtype=np.int64),
        order=2,
        alternative_order=3,
    )
    assert found.events[0] == 9.0
    assert found.syst[0] == pytest.approx(found.background[0])
    assert {"one-sided", "function-matters"} <= set(found.status[0].split())
