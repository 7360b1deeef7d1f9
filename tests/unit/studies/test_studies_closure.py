"""The p-value by which pseudo-experiments judge b and its error."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import betainc
from scipy.stats import poisson

from hnlpeak.statistics import Gaussian, p_value
from hnlpeak.studies.closure import _p_rows, _pull_rows, background_mid_p


def test_an_estimate_above_its_error_is_taken_at_its_word() -> None:
    n, b, sigma = np.array([0.0, 2.0, 7.0]), np.array([3.0, 3.0, 0.9]), np.array([1.0, 1.0, 0.9])
    made = background_mid_p(n, b, sigma, kind="gaussian")
    np.testing.assert_array_equal(made, p_value(n, background=Gaussian(b, sigma), mid_p=True))


def test_an_estimate_below_its_error_is_the_control_region_that_it_is_worth() -> None:
    """b = 0.1 +- 0.4: a quarter of an event in 2.5 windows; half of the outcome itself counts."""
    for kind in ("gaussian", "poisson"):
        made = background_mid_p(np.array([2.0]), np.array([0.1]), np.array([0.4]), kind=kind)
        share = 1.0 / 3.5
        # of 2.25 events in all: at least two, at least three in the window (none of that many is left)
        assert made[0] == pytest.approx(0.5 * betainc(2.0, 1.25, share), rel=1e-12)
    below = background_mid_p(np.array([2.0]), np.array([-0.3]), np.array([0.4]), kind="gaussian")
    assert below[0] == pytest.approx(0.5 * share**2, rel=1e-12)


@pytest.mark.parametrize(("b", "tau"), [(0.2, 4.0), (0.5, 2.0), (2.0, 3.0)])
def test_it_is_uniform_on_average_over_control_regions(b: float, tau: float) -> None:
    """Outcomes are summed: its mean is that of a uniform number, in units of the width of one. A p-value that errs on
    the safe side fails this."""
    y, n = np.arange(60.0)[:, None], np.arange(60.0)
    chance = poisson.pmf(y, tau * b) * poisson.pmf(n, b)
    estimate, error = (np.broadcast_to(x, chance.shape) for x in (y / tau, np.sqrt(np.maximum(y, 1.0)) / tau))
    number = np.broadcast_to(n, chance.shape)
    some = chance > 1e-9
    made = background_mid_p(number[some], estimate[some], error[some], kind="poisson")
    assert np.sum(chance[some] * made) == pytest.approx(0.5, abs=0.06)


def test_what_all_experiments_have_alike_is_in_the_error_of_the_mean() -> None:
    """Pulls of width 1 about 0.5: off by 0.5, which one pseudo-experiment for all may be."""
    pulls = 0.5 + np.random.default_rng(1).standard_normal(400)
    alone, _ = _pull_rows("b", 300.0, pulls)
    shared, width = _pull_rows("b", 300.0, pulls, 0.5)
    assert (alone.verdict, shared.verdict, width.verdict) == ("fail", "pass", "pass")
    assert shared.error == pytest.approx(np.hypot(alone.error, 0.5))


def test_p_values_may_be_off_by_what_all_experiments_have_alike() -> None:
    p = np.random.default_rng(2).random(400) ** 1.5
    alone = list(_p_rows(300.0, p))
    moved = list(_p_rows(300.0, p, np.minimum(p + 0.1, 1.0), np.maximum(p - 0.1, 0.0)))
    assert [row.value for row in alone] == [row.value for row in moved]
    assert [row.verdict for row in alone] == ["fail", "fail"]
    assert [row.verdict for row in moved] == ["pass", "pass"]
    # 0.1 higher none is below 0.1, which moves the share more than the other way
    assert moved[1].error == pytest.approx(np.hypot(alone[1].error, np.mean(p < 0.1)))


def test_p_values_without_a_number_are_not_measured() -> None:
    rows = list(_p_rows(300.0, np.full(5, np.nan), np.full(5, np.nan)))
    assert [row.verdict for row in rows] == ["not measured", "not measured"]
