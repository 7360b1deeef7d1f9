"""The p-value by which pseudo-experiments judge b and its error."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import betainc
from scipy.stats import poisson

from hnlpeak.statistics import Gaussian, p_value
from hnlpeak.studies.closure import background_mid_p


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
