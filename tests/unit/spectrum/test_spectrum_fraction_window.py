"""Windows that hold a stated fraction of the signal in whole bins of the squared mass."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.spectrum.spectrum import Spectrum
from hnlpeak.spectrum.window import (
    fraction_window,
    gaussian_fraction,
    search_window,
    window_record,
    window_rule,
    window_share,
    window_words,
)

EDGES = np.linspace(-400.0, 500.0, 45_001)


def window(mass: float = 320.0, sigma: float = 2.0, **changes: Any) -> Any:
    options = {"fraction": 0.68, "bin_width": 500.0, "edges": EDGES, **changes}
    options.setdefault("inside", lambda low, high: gaussian_fraction(low, high, mean=mass, sigma=sigma))
    return fraction_window(mass, sigma, **options)


@pytest.mark.parametrize("mass", [305.0, 320.3, 350.0, 374.9])
@pytest.mark.parametrize(("sigma", "fraction"), [(3.0, 0.68), (1.2, 0.9), (2.0, 0.3)])
@pytest.mark.parametrize("width", [200.0, 1000.0])
def test_fewest_bins_about_the_mass_that_hold_the_fraction(
    mass: float, sigma: float, fraction: float, width: float
) -> None:
    found = window(mass, sigma, fraction=fraction, bin_width=width)
    bins = np.arange(0.0, 500.0**2, width)
    middle = int(np.searchsorted(bins, mass**2, side="right") - 1)
    gauss = stats.norm(mass, sigma)
    for k in range(middle):
        low, high = math.sqrt(bins[middle - k]), math.sqrt(bins[middle + k + 1])
        if gauss.cdf(high) - gauss.cdf(low) >= fraction:
            break
    assert found.low == pytest.approx(low, abs=0.0101)
    assert found.high == pytest.approx(high, abs=0.0101)
    assert EDGES[found.first] == found.low
    assert EDGES[found.last] == found.high
    assert found.k == pytest.approx(0.5 * (high - low) / sigma, rel=1e-9)


@pytest.mark.parametrize(
    "changes",
    [
        {"mass": 0.0},
        {"mass": math.nan},
        {"sigma": 0.0},
        {"bin_width": 0.0},
        {"fraction": 0.0},
        {"fraction": 1.0},
    ],
)
def test_numbers_without_sense_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="window needs"):
        window(**changes)


def test_windows_that_do_not_exist_or_leave_the_spectrum() -> None:
    with pytest.raises(UsageError, match=r"holds 0\.68 of the signal"):
        window(inside=lambda *_: 0.5)
    with pytest.raises(UsageError, match="leaves the spectrum"):
        window(edges=np.linspace(319.9, 320.1, 5))


@pytest.mark.parametrize(("edges", "mass"), [([0.0, 100.0, 200.0], 110.0), ([0.0, 100.0, 200.0], 190.0)])
def test_a_window_narrower_than_a_bin_is_the_bin_that_holds_the_mass(edges: list[float], mass: float) -> None:
    for found in (
        search_window(mass, 0.1, k=1.0, edges=np.array(edges)),
        window(mass, 0.1, bin_width=20.0, edges=np.array(edges), fraction=0.01),
    ):
        assert (found.low, found.high) == (100.0, 200.0)
        assert found.snapped


def test_share_of_a_rule() -> None:
    assert window_share(1.0) == pytest.approx(0.682689492, rel=1e-8)
    assert window_share(1.5) == pytest.approx(0.866385597, rel=1e-8)
    assert window_share(window_rule({"fraction": 0.6827, "bin_mev2": 300.0})) == 0.6827


class Histogram:
    """Weights as another library hands them over."""

    def __init__(self, values: list[float], variances: list[float]) -> None:
        self.axes = [np.array([[0.0, 1.0], [1.0, 2.0]])]
        self._values, self._variances = values, variances

    def values(self) -> np.ndarray:
        return np.array(self._values)

    def variances(self) -> np.ndarray:
        return np.array(self._variances)


@pytest.mark.parametrize(
    ("values", "variances"),
    [([1.5, 2.0], [1.0, -1.0]), ([1.5, math.nan], [1.0, 1.0]), ([1e300, 1.5], [1.0, 1.0])],
)
def test_weights_that_cannot_be_are_input_errors(values: list[float], variances: list[float]) -> None:
    with pytest.raises(InputDataError, match="given"):
        Spectrum.from_uhi(Histogram(values, variances), simulated=True, origin="given")


def test_weights_may_be_negative_and_their_squares_may_not() -> None:
    made = Spectrum.from_uhi(Histogram([-1.5, 2.0], [2.25, 4.0]), simulated=True)
    assert made.project(made.selections[0]).values.tolist() == [-1.5, 2.0]


def flat(low: float, high: float) -> float:
    """A signal that is flat over a MeV about 10 MeV."""
    return max(0.0, min(high, 10.5) - max(low, 9.5))


def test_fraction_that_is_just_reached_is_enough() -> None:
    """Bins of 100 MeV^2 about 10 MeV: [10, 14.14] holds exactly one half."""
    found = fraction_window(10.0, 1.0, fraction=0.5, bin_width=100.0, inside=flat, edges=EDGES)
    assert found.low == pytest.approx(10.0, abs=1e-9)
    assert found.high == pytest.approx(math.sqrt(200.0), abs=0.0101)
    wider = fraction_window(10.0, 1.0, fraction=0.51, bin_width=100.0, inside=flat, edges=EDGES)
    assert wider.low == pytest.approx(0.0, abs=1e-9)
    assert wider.high == pytest.approx(math.sqrt(300.0), abs=0.0101)
    assert wider.efficiency_ratio == pytest.approx(1.0)


def test_the_ratio_is_the_signal_in_the_bins_over_that_in_the_exact_window() -> None:
    """The exact window 10 to 14.14 MeV holds .5; the bins from 9.8 MeV on .7."""
    edges = np.array([0.0, 9.8, 14.0, 20.0])
    found = fraction_window(10.0, 1.0, fraction=0.5, bin_width=100.0, inside=flat, edges=edges)
    assert (found.low, found.high, found.snapped) == (9.8, 14.0, True)
    assert found.efficiency_ratio == pytest.approx(0.7 / 0.5)


@pytest.mark.parametrize("ends", [(10.1, 20.0), (0.0, 14.1)])
def test_a_window_that_leaves_the_spectrum_at_one_end(ends: tuple[float, float]) -> None:
    with pytest.raises(UsageError, match="leaves the spectrum"):
        fraction_window(10.0, 1.0, fraction=0.5, bin_width=100.0, inside=flat, edges=np.linspace(*ends, 50))


def test_a_window_that_ends_where_the_spectrum_does() -> None:
    edges = np.array([10.0, math.sqrt(100.0 * 2.0)])
    found = fraction_window(10.0, 1.0, fraction=0.5, bin_width=100.0, inside=flat, edges=edges)
    assert (found.first, found.last, found.snapped) == (0, 1, False)


def test_rules_come_back_from_their_records_and_say_what_they_are() -> None:
    for rule, words in (
        (1.5, "1.5 sigma"),
        (window_rule({"fraction": 0.6827, "bin_mev2": 300.0}), "68.27 % of the signal"),
    ):
        assert window_rule(window_record(rule)) == rule
        assert window_words(rule) == words
    assert window_record(window_rule({"fraction": 0.5, "bin_mev2": 300.0})) == {
        "fraction": 0.5,
        "bin_mev2": 300.0,
    }
