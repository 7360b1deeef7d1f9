from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.core.errors import UsageError
from hnlpeak.statistics import Gaussian, rolke_lopez, significance
from hnlpeak.statistics.equivalent import equivalent_poisson


@pytest.mark.parametrize(("b", "sigma"), [(5.0, 1.0), (0.3, 0.1), (1e4, 50.0), (0.9, 0.9)])
def test_the_control_measurement_has_the_estimate_and_its_error(b: float, sigma: float) -> None:
    made = equivalent_poisson(b, sigma)
    assert made.y / made.tau == pytest.approx(b)
    assert np.sqrt(made.y) / made.tau == pytest.approx(sigma)
    assert (made.y, made.tau) == (pytest.approx((b / sigma) ** 2), pytest.approx(b / sigma**2))


def test_a_real_control_measurement_comes_back() -> None:
    y, tau = 12.0, 4.0
    made = equivalent_poisson(y / tau, np.sqrt(y) / tau)
    assert (made.y, made.tau) == (pytest.approx(y), pytest.approx(tau))


def test_nothing_seen_is_a_count_of_zero() -> None:
    made = equivalent_poisson([0.0, 2.0], [0.25, 1.0])
    assert made.y == pytest.approx([0.0, 4.0])
    assert made.tau == pytest.approx([4.0, 2.0])
    limits = rolke_lopez([0.0, 3.0], background=equivalent_poisson(0.0, 0.25))
    assert np.all(np.isfinite(limits.upper))


def test_less_than_one_event_has_the_control_region_that_one_event_would_have() -> None:
    b, sigma = np.array([0.0, 1e-12, 0.1, 0.2, 0.25]), 0.25
    made = equivalent_poisson(b, sigma)
    assert made.tau == pytest.approx(4.0)
    assert made.y == pytest.approx(4.0 * b)
    beyond = equivalent_poisson(0.25 * (1.0 + 1e-9), sigma)
    assert (float(beyond.y), float(beyond.tau)) == (pytest.approx(1.0), pytest.approx(4.0))


def test_large_counts_are_gaussian() -> None:
    b, sigma, n = 1000.0, 20.0, np.array([950.0, 1000.0, 1100.0])
    poisson, gaussian = equivalent_poisson(b, sigma), Gaussian(b, sigma)
    assert rolke_lopez(n, background=poisson).upper == pytest.approx(
        rolke_lopez(n, background=gaussian).upper, rel=0.01
    )
    assert significance(n, background=poisson) == pytest.approx(
        significance(n, background=gaussian), abs=0.03
    )


@pytest.mark.parametrize(
    ("b", "sigma", "name"), [(-1.0, 1.0, "b"), (1.0, 0.0, "sigma"), (1.0, 1e-200, "range")]
)
def test_bad_numbers_are_refused(b: float, sigma: float, name: str) -> None:
    with pytest.raises(UsageError, match=name), np.errstate(all="ignore"):
        equivalent_poisson(b, sigma)
