"""Coverage by exact Poisson sums, against three-digit values from other high-precision solvers."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy.stats import poisson

from hnlpeak.core.errors import UsageError
from hnlpeak.statistics import (
    METHODS,
    Binomial,
    Gaussian,
    Known,
    Poisson,
    Treatment,
    coverage,
    coverage_of_limit,
    method_call,
    minimum_coverage,
    rolke_lopez,
)

# two-sided coverage / probability that the upper end is not below mu, at 90 %
TABLE = [
    (0.5, 1.0, "unbounded", 0.711, 0.777),
    (0.5, 1.0, "bounded", 0.934, 1.0),
    (0.5, 1.0, "trolke", 0.934, 1.0),
    (0.5, 2.0, "unbounded", 0.876, 0.918),
    (0.5, 2.0, "trolke-bounded", 0.876, 0.918),
    (1.0, 1.0, "unbounded", 0.812, 0.865),
    (1.0, 1.0, "bounded", 0.947, 1.0),
    (1.0, 1.0, "trolke", 0.812, 0.865),
    (1.0, 1.0, "trolke-bounded", 0.812, 0.865),
    (3.0, 0.0, "unbounded", 0.917, 0.950),
    (3.0, 0.0, "bounded", 0.966, 1.0),
    (3.0, 1.0, "unbounded", 0.857, 0.908),
    (3.0, 1.0, "bounded", 0.949, 1.0),
    (3.0, 1.0, "trolke", 0.857, 0.908),
    (3.0, 1.0, "trolke-bounded", 0.949, 1.0),
    (3.0, 8.0, "unbounded", 0.865, 0.921),
    (3.0, 8.0, "bounded", 0.865, 0.921),
    (10.0, 1.0, "unbounded", 0.865, 0.921),
    (10.0, 1.0, "bounded", 0.944, 1.0),
    (10.0, 15.0, "bounded", 0.890, 0.940),
]


# the same for y ~ Poisson(tau b): tau, b, mu, treatment
ON_OFF = [
    (2.0, 1.0, 1.0, "unbounded", 0.843, 0.882),
    (2.0, 1.0, 1.0, "bounded", 0.961, 1.0),
    (2.0, 1.0, 1.0, "trolke", 0.923, 0.962),
    (2.0, 1.0, 1.0, "trolke-bounded", 0.924, 0.963),
    (2.0, 3.0, 3.0, "unbounded", 0.891, 0.942),
    (2.0, 3.0, 3.0, "bounded", 0.900, 0.950),
    (2.0, 3.0, 3.0, "trolke", 0.891, 0.942),
    (2.0, 3.0, 3.0, "trolke-bounded", 0.900, 0.950),
    (5.0, 5.0, 1.0, "unbounded", 0.892, 0.939),
    (5.0, 5.0, 1.0, "bounded", 0.952, 1.0),
    (5.0, 5.0, 1.0, "trolke", 0.904, 0.951),
    (5.0, 5.0, 1.0, "trolke-bounded", 0.952, 1.0),
]


@pytest.mark.parametrize(("b", "mu", "treatment", "two_sided", "not_below"), TABLE)
def test_coverage_with_known_background(b, mu, treatment, two_sided, not_below):
    got = coverage(mu, background=Known(b), treatment=treatment)
    assert got.contained == pytest.approx(two_sided, abs=6e-4)
    assert got.not_below == pytest.approx(not_below, abs=6e-4)


@pytest.mark.parametrize(("tau", "b", "mu", "treatment", "two_sided", "not_below"), ON_OFF)
def test_coverage_with_a_control_region(tau, b, mu, treatment, two_sided, not_below):
    got = coverage(mu, background=Poisson(tau * b, tau), treatment=treatment)
    assert got.contained == pytest.approx(two_sided, abs=6e-4)
    assert got.not_below == pytest.approx(not_below, abs=6e-4)


@pytest.mark.parametrize("method", ["rolke-lopez", "cls", "bayes"])
@pytest.mark.parametrize("mu", [0.0, 6.0])
@pytest.mark.parametrize(
    ("background", "efficiency"),
    [
        (Gaussian(3.0, 1.0), Known(0.5)),
        (Gaussian(3.0, 1.0), Gaussian(0.5, 0.05)),
        (Gaussian(3.0, 0.2), Gaussian(0.5, 0.1)),
        (Known(3.0), Gaussian(0.5, 0.1)),
        (Poisson(6.0, 2.0), Binomial(20, 40)),
    ],
)
def test_sums_against_toys(method, mu, background, efficiency):
    """20 000 pseudo-experiments; threshold 1e-6, plus 1e-3 for cells."""
    rng = np.random.Generator(np.random.Philox(551))
    size, b, e = 20_000, 3.0, 0.5
    if isinstance(background, Poisson):
        measured = Poisson(rng.poisson(background.y, size), background.tau)
    elif isinstance(background, Gaussian):
        values = rng.normal(b, background.sigma, size)
        floor = 1e-3 * background.sigma if method == "bayes" else -np.inf
        measured = Gaussian(np.maximum(values, floor), background.sigma)
    else:
        measured = background
    if isinstance(efficiency, Binomial):
        seen = Binomial(np.maximum(rng.binomial(40, e, size), 1), 40)
    elif isinstance(efficiency, Gaussian):
        seen = Gaussian(np.abs(rng.normal(e, efficiency.sigma, size)), efficiency.sigma)
    else:
        seen = efficiency
    result = method_call(method)(rng.poisson(e * mu + b, size), background=measured, efficiency=seen)
    got = coverage(mu, background=background, efficiency=efficiency, method=method)
    above = np.asarray(result.upper) >= mu
    for share, p in ((above.mean(), got.not_below), ((above & (result.lower <= mu)).mean(), got.contained)):
        assert abs(share - p) < 4.9 * np.sqrt(p * (1.0 - p) / size) + 1e-3


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_a_coverage(method):
    signal = np.array([0.0, 2.0, 7.0])
    got = coverage(signal, background=Known([[1.0], [4.0]]), method=method)
    assert got.contained.shape == got.not_below.shape == (2, 3)
    assert np.all(got.contained <= got.not_below + 1e-12)
    assert np.all(got.contained > 0.7)
    one = coverage(7.0, background=Known(4.0), method=method)
    assert type(one.contained) is float
    assert one.contained == pytest.approx(got.contained[1, 2], abs=1e-9)


def test_upper_limits_that_never_undercover_with_a_known_background():
    """Exact CLs and Bayes with a flat prior, by construction."""
    for method in ("cls-exact", "bayes"):
        got = coverage(np.linspace(0.1, 9.0, 30), background=Known(2.0), method=method)
        assert np.all(got.not_below > 0.9 - 1e-9)


def test_smallest_coverage_per_mass():
    b = np.array([0.5, 3.0, 40.0])
    got = minimum_coverage(background=Gaussian(b, 0.2 * b))
    assert got.contained.shape == (3,)
    assert np.all((got.contained > 0.75) & (got.contained < 0.9005))
    assert got.contained[0] < got.contained[2]
    for i in range(3):
        there = coverage(got.at_contained[i], background=Gaussian(b[i], 0.2 * b[i]))
        assert there.contained == pytest.approx(got.contained[i], abs=1e-6)
    scaled = minimum_coverage(background=Gaussian(3.0, 0.6), efficiency=Known(1e-6))
    assert scaled.contained == pytest.approx(got.contained[1], abs=1e-6)


def test_coverage_of_limits_as_a_scan_has_them():
    b = np.array([0.5, 3.0, 40.0])
    background = Gaussian(b, 0.2 * b)
    limit = rolke_lopez(np.array([0, 5, 30]), background=background).upper
    got = coverage_of_limit(limit, background=background, points=80)
    for i in range(3):
        one = Gaussian(b[i], 0.2 * b[i])
        there = coverage(limit[i], background=one)
        assert got.contained[i] == pytest.approx(there.contained, abs=1e-12)
        assert got.not_below[i] == pytest.approx(there.not_below, abs=1e-12)
        smallest = minimum_coverage(background=one).contained
        assert got.minimum.contained[i] == pytest.approx(min(smallest, there.contained), abs=1e-3)
    open_end = coverage_of_limit(np.inf, background=Known(3.0))
    assert np.isnan(open_end.contained)
    assert open_end.minimum.contained == pytest.approx(0.86, abs=0.02)


def test_coverage_at_a_limit_against_toys():
    """200 000 pseudo-experiments at the limit of 3 events on 2 +- 0.5; threshold 1e-6, plus 1e-3 for cells."""
    rng = np.random.Generator(np.random.Philox(10))
    size, truth = 200_000, Gaussian(2.0, 0.5)
    limit = rolke_lopez(3, background=truth).upper
    toys = rolke_lopez(rng.poisson(limit + 2.0, size), background=Gaussian(rng.normal(2.0, 0.5, size), 0.5))
    got = coverage_of_limit(limit, background=truth)
    for p, right in (
        (got.not_below, toys.upper >= limit),
        (got.contained, (toys.lower <= limit) & (toys.upper >= limit)),
    ):
        assert abs(right.mean() - p) < 4.9 * np.sqrt(p * (1.0 - p) / size) + 1e-3


def test_large_backgrounds_take_no_memory_and_what_is_beyond_is_refused():
    tracemalloc.start()
    got = coverage(np.array([0.0, 1000.0]), background=Gaussian(1e6, 1e3))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300e6
    assert got.contained[1] == pytest.approx(0.937, abs=0.01)
    with pytest.raises(UsageError, match=r"would sum .* outcomes"):
        coverage(1.0, background=Gaussian(1e13, 1e6))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"signal": -1.0, "background": Known(1.0)}, "signal must be >= 0"),
        ({"signal": 1.0, "background": Gaussian(-1.0, 1.0)}, "background must be >= 0"),
        ({"signal": 1.0, "background": Known(1.0), "cl": [0.9, 0.95]}, "cl must be one number"),
        ({"signal": 1.0, "background": Known(1.0), "method": "magic"}, "method must be one of"),
    ],
)
def test_coverage_of_nonsense(arguments, words):
    with pytest.raises(UsageError, match=words):
        coverage(**arguments)


@pytest.mark.parametrize("b", [0.1, 0.7, 2.3, 8.0])
@pytest.mark.parametrize("treatment", ["bounded", "unbounded"])
def test_smallest_coverage_of_a_known_background_lies_beyond_an_end(b: float, treatment: Treatment):
    """Between ends a set of neighbouring counts is accepted, whose probability has no minimum inside: the infimum is
    at an end of some interval, on the side where that count has left. All of them are tried."""
    counts = np.arange(0.0, 80.0)
    made = rolke_lopez(counts, background=Known(b), treatment=treatment)
    lower, upper = np.nan_to_num(made.lower, nan=1e9), np.nan_to_num(made.upper, nan=-1.0)
    reach = 8.0 + 4.0 * np.sqrt(b)
    ends = np.concatenate([upper * (1.0 + 1e-9), lower * (1.0 - 1e-9), [0.0]])
    signal = ends[(ends >= 0.0) & (ends < reach)][:, None]
    chance = poisson.pmf(counts, signal + b)
    contained = np.sum(chance * ((lower <= signal) & (signal <= upper)), axis=1)
    not_below = np.sum(chance * (signal <= upper), axis=1)
    got = minimum_coverage(background=Known(b), treatment=treatment)
    assert got.contained == pytest.approx(contained.min(), abs=1e-6)
    assert got.not_below == pytest.approx(not_below.min(), abs=1e-6)


@pytest.mark.parametrize(
    "background",
    [Gaussian(0.42, 1.03), Gaussian(0.4, 0.78), Gaussian(0.97, 0.2), Gaussian(3.0, 0.05), Poisson(3.0, 2.0)],
)
def test_smallest_coverage_is_that_of_a_dense_grid(background: Gaussian | Poisson):
    """A grid of 40 was up to 0.016 above it."""
    b = float(background.value) if isinstance(background, Gaussian) else 1.5
    signal = np.linspace(0.0, 8.0 + 4.0 * np.sqrt(b + 1.0), 4000)
    dense = coverage(signal, background=background)
    for points in (40, 80):
        got = coverage_of_limit(2.0, background=background, points=points).minimum
        assert np.min(dense.contained) - 1e-3 < got.contained < np.min(dense.contained) + 1e-4
        assert np.min(dense.not_below) - 1e-3 < got.not_below < np.min(dense.not_below) + 1e-4
