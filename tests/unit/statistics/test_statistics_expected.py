from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import poisson

from hnlpeak.core.errors import UsageError
from hnlpeak.statistics import (
    EXPECTED_DEFINITIONS,
    EXPECTED_LABELS,
    METHODS,
    Binomial,
    Gaussian,
    Known,
    Poisson,
    expected_limit,
    mean_limit,
    method_call,
    rolke_lopez,
)
from hnlpeak.statistics.quantiles import quantiles

NAMES = ("m2s", "m1s", "median", "p1s", "p2s")


@pytest.mark.parametrize(("b", "sigma"), [(0.3, 0.1), (3.0, 0.5), (5.0, 5.0), (100.0, 10.0), (4e4, 1e3)])
def test_bands_hold_their_share_of_toys(b, sigma):
    """Fractions of pseudo-experiments at or below each band; threshold 1e-6, plus 5e-4 for cells."""
    rng = np.random.Generator(np.random.Philox(20150601))
    size = 40_000
    rates = rng.normal(b, sigma, 4 * size)
    rates = rates[rates >= 0.0][:size]
    toys = rolke_lopez(rng.poisson(rates), background=Gaussian(rng.normal(rates, sigma), sigma)).upper
    expected = expected_limit(background=Gaussian(b, sigma))
    for name, p in zip(NAMES, ndtr([-2.0, -1.0, 0.0, 1.0, 2.0]), strict=True):
        limit = getattr(expected, name)
        allowed = 4.9 * math.sqrt(p * (1.0 - p) / size) + 5e-4
        # two-sided, with room for the atom that a discrete distribution may have at the quantile
        assert np.mean(toys < limit * (1.0 - 1e-6)) < p + allowed
        assert np.mean(toys <= limit * (1.0 + 1e-6)) > p - allowed


@pytest.mark.parametrize("b", [0.2, 4.0, 60.0])
def test_fixed_background_is_a_poisson_quantile(b):
    expected = expected_limit(background=Gaussian(b, 0.1 * b), definition="fixed")
    for name, p in zip(NAMES, ndtr([-2.0, -1.0, 0.0, 1.0, 2.0]), strict=True):
        n = poisson.ppf(p, b)
        limit = rolke_lopez(n, background=Gaussian(b, 0.1 * b)).upper
        assert getattr(expected, name) == pytest.approx(limit, rel=1e-10)


def test_known_background_needs_no_measurement():
    certain = expected_limit(background=Known(7.0))
    fixed = expected_limit(background=Known(7.0), definition="fixed")
    assert [getattr(certain, name) for name in NAMES] == [getattr(fixed, name) for name in NAMES]


def test_asimov_is_the_limit_at_the_background():
    b = np.array([0.5, 5.0, 500.0])
    expected = expected_limit(background=Gaussian(b, 0.2 * b), definition="asimov")
    np.testing.assert_allclose(
        expected.median, rolke_lopez(b, background=Gaussian(b, 0.2 * b)).upper, rtol=1e-12
    )


@pytest.mark.parametrize("definition", [name for name in EXPECTED_DEFINITIONS if name != "asymptotic"])
@pytest.mark.parametrize("treatment", ["bounded", "unbounded"])
def test_bands_are_ordered(definition, treatment):
    b = np.array([0.0, 0.01, 0.7, 3.0, 30.0, 1e4])
    expected = expected_limit(
        background=Gaussian(b, 0.1 * b + 0.05), definition=definition, treatment=treatment
    )
    table = np.array([getattr(expected, name) for name in NAMES])
    assert table.shape == (5, 6)
    assert np.all(np.diff(table, axis=0) >= 0.0)
    assert np.all(table >= 0.0)


def test_smooth_along_a_scan():
    """A background that varies slowly with mass gives a median without steps (second difference)."""
    b = np.geomspace(300.0, 5.0, 120)
    expected = expected_limit(background=Gaussian(b, 0.05 * b + 1.0))
    assert np.abs(np.diff(np.log(expected.median), 2)).max() < 2e-3


def test_groups_of_counts_are_as_good_as_single_counts():
    """Below sigma = 5 counts go one by one, above in pairs."""
    limits = [expected_limit(background=Gaussian(900.0, sigma)).median for sigma in (4.98, 5.02)]
    assert limits[1] / limits[0] == pytest.approx(1.0, abs=3e-3)


def test_efficiency_scales_and_its_error_widens():
    one = expected_limit(background=Gaussian(4.0, 1.0))
    tenth = expected_limit(background=Gaussian(4.0, 1.0), efficiency=Known(0.1))
    loose = expected_limit(background=Gaussian(4.0, 1.0), efficiency=Gaussian(0.1, 0.02))
    assert tenth.median == pytest.approx(10.0 * one.median, rel=1e-9)
    assert loose.median > tenth.median
    endless = expected_limit(background=Gaussian(4.0, 1.0), efficiency=Gaussian(0.1, 0.08))
    assert endless.median == math.inf


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"background": Known(-1.0)}, "background must be >= 0"),
        ({"background": Known(1.0), "definition": "median"}, "definition must be one of"),
        ({"background": Known(1.0), "efficiency": Known(0.0)}, "efficiency must be > 0"),
        ({"background": Known(1.0), "cl": [0.9, 0.95]}, "cl must be one number"),
    ],
)
def test_numbers_without_sense(arguments, message):
    with pytest.raises(UsageError, match=message):
        expected_limit(**arguments)


def test_quantiles_of_atoms_and_slices():
    low, high, mass = np.array([1.0, 2.0, 5.0]), np.array([1.0, 4.0, math.inf]), np.array([0.25, 0.5, 0.25])
    got = quantiles(low, high, mass, np.array([0.1, 0.25, 0.5, 0.75, 0.9]))
    np.testing.assert_allclose(got, [1.0, 1.0, 3.0, 4.0, math.inf], rtol=1e-9)


def test_trolke_sensitivity_and_quantiles():
    """GetSensitivity and GetLimitsQuantile of ROOT 6.40 at b = 5, sigma = 1."""
    inputs = {"background": Gaussian(5.0, 1.0), "treatment": "trolke"}
    assert mean_limit(**inputs) == pytest.approx(4.856, abs=6e-4)
    fixed = expected_limit(definition="fixed", **inputs)
    got = [getattr(fixed, name) for name in NAMES]
    np.testing.assert_allclose(got, [0.609, 2.089, 4.867, 7.510, 11.328], atol=6e-4)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_expected_limits(method):
    """Fixed background: the limits of Poisson quantiles, each labelled."""
    expected = expected_limit(background=Known(2.5), definition="fixed", method=method)
    assert expected.definition == "fixed"
    limit = method_call(method)(
        poisson.ppf(ndtr([-2.0, -1.0, 0.0, 1.0, 2.0]), 2.5), background=Known(2.5)
    ).upper
    np.testing.assert_allclose([getattr(expected, name) for name in NAMES], limit, rtol=1e-9)
    assert set(EXPECTED_LABELS) == set(EXPECTED_DEFINITIONS)


@pytest.mark.parametrize("method", ["cls", "bayes", "one-sided"])
def test_bands_of_other_methods_hold_their_share_of_toys(method):
    rng = np.random.Generator(np.random.Philox(20150602))
    size, b, sigma = 20_000, 6.0, 1.2
    rates = rng.normal(b, sigma, size)
    rates = rates[rates >= 0.0]
    measured = np.maximum(rng.normal(rates, sigma), 1e-3 * sigma)
    toys = method_call(method)(rng.poisson(rates), background=Gaussian(measured, sigma)).upper
    expected = expected_limit(background=Gaussian(b, sigma), method=method)
    for name, p in zip(NAMES, ndtr([-2.0, -1.0, 0.0, 1.0, 2.0]), strict=True):
        allowed = 4.9 * math.sqrt(p * (1.0 - p) / size) + 1e-3
        assert np.mean(toys < getattr(expected, name) * (1.0 - 1e-6)) < p + allowed
        assert np.mean(toys <= getattr(expected, name) * (1.0 + 1e-6)) > p - allowed


@pytest.mark.parametrize(("y", "tau"), [(0.0, 2.0), (12.0, 4.0), (900.0, 30.0)])
def test_bands_for_a_control_region(y, tau):
    rng = np.random.Generator(np.random.Philox(20150603))
    size = 40_000
    rates = rng.gamma(y + 1.0, 1.0 / tau, size)
    toys = rolke_lopez(rng.poisson(rates), background=Poisson(rng.poisson(tau * rates), tau)).upper
    expected = expected_limit(background=Poisson(y, tau))
    for name, p in zip(NAMES, ndtr([-2.0, -1.0, 0.0, 1.0, 2.0]), strict=True):
        allowed = 4.9 * math.sqrt(p * (1.0 - p) / size) + 1e-3
        assert np.mean(toys < getattr(expected, name) * (1.0 - 1e-6)) < p + allowed
        assert np.mean(toys <= getattr(expected, name) * (1.0 + 1e-6)) > p - allowed


def test_efficiency_by_trials():
    trials = expected_limit(background=Gaussian(4.0, 1.0), efficiency=Binomial(10_000, 100_000))
    known = expected_limit(background=Gaussian(4.0, 1.0), efficiency=Known(0.1))
    assert trials.median == pytest.approx(known.median, rel=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "magic"}, "method must be one of"),
        ({"method": "cls", "treatment": "trolke"}, "treatment applies to rolke-lopez only"),
        ({"method": "bayes", "definition": "asymptotic"}, "belongs to method cls"),
        ({"method": "bayes", "definition": "asimov"}, "n must be whole"),
    ],
)
def test_what_a_method_does_not_expect(arguments, message):
    with pytest.raises(UsageError, match=message):
        expected_limit(background=Known(1.3), **arguments)
