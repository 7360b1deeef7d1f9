from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammainc, ndtr
from scipy.stats import poisson

from hnlpeak.core.errors import UsageError
from hnlpeak.statistics import Gaussian, Known, Poisson, deviations, p_value, significance


@pytest.mark.parametrize(("n", "b"), [(1, 0.01), (3, 1.0), (10, 3.0), (1000, 1000.0), (60, 5.0)])
def test_known_background_is_the_poisson_tail(n, b):
    assert p_value(n, background=Known(b)) == pytest.approx(poisson.sf(n - 1, b), rel=1e-10)


@pytest.mark.parametrize("n", [1, 2, 7, 30, 99, 100, 101])
def test_tails_of_few_counts_are_those_of_the_gamma_function(n):
    rates = np.concatenate([[1e-6, 1e-3, 0.1], n + np.linspace(-0.9, 0.9, 7), np.geomspace(1.0, 1e3, 40)])
    found = np.array([p_value(n, background=Known(rate)) for rate in rates])
    expected = gammainc(n, rates)
    assert found[expected > 1e-290] == pytest.approx(expected[expected > 1e-290], rel=1e-12)
    assert p_value(n, background=Known(0.0)) == 0.0


@pytest.mark.parametrize(
    ("n", "b", "sigma"),
    [
        (3, 1.0, 0.3),
        (10, 3.0, 1.0),
        (40, 3.0, 1.0),
        (5, -1.0, 2.0),
        (2, -30.0, 2.0),
        (1, 0.01, 1.0),
        (130, 100.0, 4.0),
    ],
)
def test_uncertain_background_is_the_average_tail(n, b, sigma):
    def weighted(rate):
        return gammainc(n, rate) * math.exp(-0.5 * ((rate - b) / sigma) ** 2)

    edges = np.linspace(max(0.0, b - 10.0 * sigma), b + 40.0 * sigma, 200)
    pieces = [quad(weighted, *pair, epsabs=0.0, epsrel=1e-9)[0] for pair in itertools.pairwise(edges)]
    expected = sum(pieces) / (sigma * math.sqrt(2.0 * math.pi) * ndtr(b / sigma))
    assert p_value(n, background=Gaussian(b, sigma)) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("background", [Known(0.0), Known(2.0), Gaussian(2.0, 1.0), Gaussian(0.0, 0.5)])
def test_p_value_of_counts(background):
    p = p_value(np.arange(30), background=background)
    assert p[0] == 1.0
    assert np.all((p >= 0.0) & (p <= 1.0))
    assert np.all(np.diff(p) <= 0.0)


def test_p_value_matches_toys():
    rng = np.random.Generator(np.random.Philox(7))
    rates = rng.normal(4.0, 1.5, 400_000)
    n = rng.poisson(rates[rates >= 0.0])
    p = p_value(9, background=Gaussian(4.0, 1.5))
    assert np.mean(n >= 9) == pytest.approx(p, abs=4.9 * math.sqrt(p / n.size))


def test_p_value_tends_to_the_asymptotic_one():
    b, sigma = 1e6, 1000.0
    n = b + 3.0 * math.hypot(math.sqrt(b), sigma)
    assert significance(n, background=Gaussian(b, sigma)) == pytest.approx(3.0, rel=0.01)
    assert p_value(n, background=Gaussian(b, sigma)) == pytest.approx(ndtr(-3.0), rel=0.05)


def test_significance_is_signed_and_vectorised():
    z = significance([0, 4, 9], background=Known(4.0))
    expected = [-math.sqrt(8.0), 0.0, math.sqrt(2.0 * (9.0 * math.log(9.0 / 4.0) - 5.0))]
    np.testing.assert_allclose(z, expected, rtol=1e-12)
    assert significance(2, background=Known(0.0)) == math.inf
    assert isinstance(significance(2, background=Gaussian(1.0, 0.1)), float)


@pytest.mark.parametrize("function", [p_value, significance])
def test_numbers_without_sense(function):
    with pytest.raises(UsageError, match="n must be >= 0"):
        function(-1, background=Known(1.0))
    with pytest.raises(UsageError, match="background must be >= 0"):
        function(1, background=Known(-1.0))


@pytest.mark.parametrize(("n", "y", "tau"), [(20, 20, 2.0), (3, 1, 0.5), (140, 400, 5.0)])
def test_significance_of_on_and_off_counts_is_li_and_ma(n, y, tau):
    total = n + y
    want = math.sqrt(
        2.0 * (n * math.log((1.0 + tau) * n / total) + y * math.log((1.0 + 1.0 / tau) * y / total))
    )
    assert abs(significance(n, background=Poisson(y, tau))) == pytest.approx(want, rel=1e-12)
    assert np.sign(significance(n, background=Poisson(y, tau))) == np.sign(n - y / tau)


def test_on_off_without_a_control_count():
    """All n events on: n ln(1 + tau) of the likelihood ratio, (1 + tau)^-n of the probability."""
    assert significance(4, background=Poisson(0, 3.0)) == pytest.approx(math.sqrt(8.0 * math.log(4.0)))
    assert p_value(4, background=Poisson(0, 3.0)) == pytest.approx(4.0**-4)
    assert p_value(0, background=Poisson([0, 7], 3.0)).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(("n", "y", "tau"), [(5, 4, 2.0), (12, 3, 1.0), (1, 9, 0.3)])
def test_on_off_p_value_is_binomial(n, y, tau):
    total, share = n + y, 1.0 / (1.0 + tau)
    want = sum(math.comb(total, k) * share**k * (1.0 - share) ** (total - k) for k in range(n, total + 1))
    assert p_value(n, background=Poisson(y, tau)) == pytest.approx(want, rel=1e-12)


def test_on_off_p_value_is_never_too_small_too_often():
    n, y = np.arange(60)[:, None], np.arange(120)[None, :]
    for b, tau in [(1.0, 1.0), (4.0, 3.0), (8.0, 0.5)]:
        p = p_value(n, background=Poisson(y, tau))
        weight = poisson.pmf(n, b) * poisson.pmf(y, tau * b)
        for alpha in (0.1, 0.01, 1e-3):
            assert weight[p <= alpha].sum() <= alpha


def test_deviations():
    np.testing.assert_allclose(deviations(ndtr([-5.0, -1.0, 0.0, 2.0])), [5.0, 1.0, 0.0, -2.0], atol=1e-12)
    assert deviations(0.0) == math.inf
    with pytest.raises(UsageError, match="p must lie between 0 and 1"):
        deviations(1.5)
