"""What distinguishes the nine models: Poisson background, binomial efficiency, physical values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import erfinv

from hnlpeak.core.errors import UsageError
from hnlpeak.statistics import Binomial, Gaussian, Known, Poisson, Status, rolke_lopez
from hnlpeak.statistics.conditional import conditional
from hnlpeak.statistics.counting import Counting
from hnlpeak.statistics.likelihood_set import no_signal
from hnlpeak.statistics.rolke_lopez import _fill

LEVEL_90 = 2.0 * erfinv(0.9) ** 2
# three ways to say 8 events of background and an efficiency of 0.4, all but certain
BACKGROUNDS = {"known": Known(8.0), "gaussian": Gaussian(8.0, 1e-7), "poisson": Poisson(8e14, 1e14)}
EFFICIENCIES = {"known": Known(0.4), "gaussian": Gaussian(0.4, 1e-8), "binomial": Binomial(4e14, 1e15)}


def on_off(n, y, tau):
    return Counting(n, y / tau, y / tau**2, y, tau, 0.0, 0.0, None, False)


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("efficiency", EFFICIENCIES)
@pytest.mark.parametrize("treatment", ["unbounded", "bounded", "trolke", "trolke-bounded"])
def test_nine_models_are_one_where_nothing_is_uncertain(background, efficiency, treatment):
    n = np.array([0.0, 2.0, 3.5, 8.0, 13.0, 40.0])
    result = rolke_lopez(
        n,
        background=BACKGROUNDS[background],
        efficiency=EFFICIENCIES[efficiency],
        treatment=treatment,
    )
    known = rolke_lopez(n, background=Known(8.0), efficiency=Known(0.4), treatment=treatment)
    np.testing.assert_allclose(result.lower, known.lower, rtol=1e-9)
    np.testing.assert_allclose(result.upper, known.upper, rtol=1e-9)
    np.testing.assert_array_equal(result.status, known.status)


@pytest.mark.parametrize(
    ("n", "y", "tau"), [(20.0, 20.0, 2.0), (7.0, 3.0, 0.5), (100.0, 10.0, 1.0), (3.0, 90.0, 10.0)]
)
def test_no_signal_is_the_li_ma_statistic(n, y, tau):
    """T.-P. Li, Y.-Q. Ma, ApJ 272 (1983) 317, eq. 17, squared."""
    expected = 2.0 * (n * math.log((1.0 + tau) * n / (n + y)) + y * math.log((1.0 + 1.0 / tau) * y / (n + y)))
    assert no_signal(on_off(n, y, tau))[0] == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize(("y", "tau"), [(0.0, 1.0), (2.0, 2.0), (4.5, 0.7), (300.0, 3.0)])
def test_no_event_and_a_control_region(y, tau):
    """q is a straight line: 2 t above 2 y ln(1 + 1/tau)."""
    half = 0.5 * LEVEL_90
    assert rolke_lopez(0, background=Poisson(y, tau)).upper == pytest.approx(half, rel=1e-11)
    other = rolke_lopez(0, background=Poisson(y, tau), treatment="unbounded")
    left = half - y * math.log1p(1.0 / tau)
    if left > 0.0:
        assert other.upper == pytest.approx(left, rel=1e-11)
    else:
        assert other.status == Status.EMPTY


@pytest.mark.parametrize(("n", "tau"), [(5.0, 1.0), (3.0, 4.0), (12.0, 0.5), (40.0, 0.1)])
def test_empty_control_region(n, tau):
    """Below n / (1 + tau) signal counts the background is above zero and q = 2 [n ln(1 + tau) - tau t]."""
    result = rolke_lopez(n, background=Poisson(0.0, tau))
    line = (n * math.log1p(tau) - 0.5 * LEVEL_90) / tau
    none = rolke_lopez(n, background=Known(0.0))
    assert result.upper == pytest.approx(none.upper, rel=1e-12)
    expected = none.lower if line >= n / (1.0 + tau) else max(line, 0.0)
    assert result.lower == pytest.approx(expected, rel=1e-11)
    nearly = rolke_lopez(n, background=Poisson(1e-200, tau))
    assert nearly.lower == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("n", [0.0, 3.0, 9.0, 25.0])
def test_poisson_and_gaussian_background_meet_at_large_control_counts(n):
    tau = 1e4
    poisson = rolke_lopez(n, background=Poisson(9.0 * tau, tau), efficiency=Binomial(300, 1000))
    gaussian = rolke_lopez(n, background=Gaussian(9.0, 3.0 / math.sqrt(tau)), efficiency=Binomial(300, 1000))
    assert poisson.upper == pytest.approx(gaussian.upper, rel=1e-4)


def test_all_trials_passed():
    """The efficiency is 1 until mu |k| = m; beyond, it falls below 1 and the end moves out."""
    few = rolke_lopez(1253, background=Known(1000.0), efficiency=Binomial(10, 10))
    many = rolke_lopez(1253, background=Known(1000.0), efficiency=Binomial(1e4, 1e4))
    certain = rolke_lopez(1253, background=Known(1000.0))
    assert [few.lower, many.lower] == pytest.approx([certain.lower] * 2, rel=1e-12)
    assert many.upper == pytest.approx(certain.upper, rel=1e-12)
    assert few.upper > 1.005 * certain.upper


def test_one_success_has_an_upper_end_however_far():
    """With z successes q grows as 2 z ln mu, so that every level is reached."""
    result = rolke_lopez(40, background=Gaussian(10.0, 2.0), efficiency=Binomial(1, 50), cl=0.9999)
    assert result.status == Status.OK
    assert 1e3 * result.estimate < result.upper < math.inf
    narrow = rolke_lopez(40, background=Gaussian(10.0, 2.0), efficiency=Binomial(100, 5000), cl=0.9999)
    assert narrow.upper < 4.0 * narrow.estimate


@pytest.mark.parametrize("trials", [None, 30.0])
@pytest.mark.parametrize("tau", [None, 2.0])
@pytest.mark.parametrize("t", [2.0, 11.0, 60.0])
def test_slope_of_the_profile(tau, trials, t):
    """dq/dt = -2 k e, by the envelope theorem, against differences."""
    z, r2 = (6.0, 1.0 / 6.0 - 1.0 / 30.0) if trials else (0.0, 0.04)
    c = Counting(14.0, 5.0, 2.5, 10.0 if tau else 0.0, tau, r2, z, trials, False)
    h = 1e-4 * t
    _, k, ratio, e = conditional(c, t, 1.0)
    assert e == pytest.approx(1.0 + ratio * k * t, rel=1e-9)
    difference = (conditional(c, t + h, 1.0)[0] - conditional(c, t - h, 1.0)[0]) / (2.0 * h)
    assert difference == pytest.approx(-2.0 * k * (1.0 + ratio * k * t), rel=1e-6)


def test_physical_background_with_a_large_error():
    """A Gaussian background may fluctuate below zero, and then allows any signal beside it."""
    free = rolke_lopez(0, background=Gaussian(1000.0, 500.0))
    physical = rolke_lopez(0, background=Gaussian(1000.0, 500.0), physical=True)
    assert physical.upper < 0.006 * free.upper
    assert physical.upper >= 0.5 * LEVEL_90 * (1.0 - 1e-12)
    for efficiency in (Gaussian(1.0, 1e-9), Binomial(1e15, 1e15)):
        again = rolke_lopez(0, background=Gaussian(1000.0, 500.0), efficiency=efficiency, physical=True)
        assert again.upper == pytest.approx(physical.upper, rel=1e-9)


def test_physical_values_matter_only_where_a_parameter_would_be_negative():
    n, near = np.array([3.0, 8.0, 20.0]), Gaussian(8.0, 1.0)
    free = rolke_lopez(n, background=near, efficiency=Gaussian(0.3, 0.03))
    physical = rolke_lopez(n, background=near, efficiency=Gaussian(0.3, 0.03), physical=True)
    np.testing.assert_array_equal(physical.upper, free.upper)
    np.testing.assert_array_equal(physical.lower, free.lower)


def test_physical_efficiency_is_never_disconnected():
    arguments = {"background": Known(1.0), "efficiency": Gaussian(1.0, 0.6)}
    free, physical = (rolke_lopez(0, physical=flag, **arguments) for flag in (False, True))
    assert (free.status, physical.status) == (Status.DISCONNECTED, Status.OK)
    assert physical.upper == free.upper


def test_shapes_of_all_constraints_broadcast():
    result = rolke_lopez(
        np.arange(6.0).reshape(2, 1, 3),
        background=Poisson([[4.0], [9.0]], 2.0),
        efficiency=Binomial(20, [40, 50, 60]),
    )
    assert result.upper.shape == (2, 2, 3)
    alone = rolke_lopez(5.0, background=Poisson(9.0, 2.0), efficiency=Binomial(20, 60))
    assert (alone.lower, alone.upper) == (result.lower[1, 1, 2], result.upper[1, 1, 2])
    assert isinstance(alone.upper, float)
    assert alone.estimate == pytest.approx((5.0 - 4.5) * 3.0)


def test_a_model_is_compiled_only_when_it_is_used():
    before = set(_fill.signatures)
    rolke_lopez(3, background=Gaussian(1.0, 0.3))
    rolke_lopez(3, background=Known(1.0), efficiency=Gaussian(0.5, 0.1), physical=True, treatment="trolke")
    for signature in set(_fill.signatures) - before:
        assert [str(kind) for kind in signature[1:3]] == ["none", "none"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Poisson(-1.0, 2.0), "y must be >= 0, got -1"),
        (lambda: Poisson(4.0, 0.0), "tau must be > 0, got 0"),
        (lambda: Poisson([1.0, math.nan], 1.0), "y must be finite"),
        (lambda: Binomial(0, 10), "z must be > 0, got 0"),
        (lambda: Binomial(11, 10), "z must be <= m, got z = 11 and m = 10"),
        (lambda: Binomial([1, 2], [3, 4, 5]), "do not broadcast"),
        (lambda: rolke_lopez(3, background=Binomial(1, 2)), "background must be Known"),
        (lambda: rolke_lopez(3, background=Known(1.0), efficiency=Poisson(1, 2)), "efficiency must be Known"),
        (
            lambda: rolke_lopez(3, background=Gaussian(-1.0, 1.0), physical=True),
            "physical values must be >= 0",
        ),
    ],
)
def test_numbers_without_sense(make, message):
    with pytest.raises(UsageError, match=message):
        make()


@pytest.mark.parametrize(
    ("n", "b", "z", "m"),
    [
        (3, 1.0, 0.1, 10.0),
        (3, 1.0, 0.09, 50.0),
        (10, 2.0, 0.08, 1000.0),
        (1, 0.0, 0.12, 5.0),
        (0, 0.0, 0.07, 3.0),
    ],
)
def test_less_than_one_success_has_its_end(n, b, z, m):
    """The profile is flat there over decades of the signal: q at the end, by minimising over ln e on a fine grid."""
    upper = rolke_lopez(n, background=Known(b), efficiency=Binomial(z, m)).upper
    odds = np.linspace(-60.0, 5.0, 650_001)
    e = 1.0 / (1.0 + np.exp(-odds))
    s = upper * e + b
    best = z * np.log(z / m) + (m - z) * np.log1p(-z / m)
    count = s - n + (n * np.log(n / s) if n else 0.0)
    q = 2.0 * (count - z * np.log(e) - (m - z) * np.log1p(-e) + best)
    assert q.min() == pytest.approx(2.7055434540954, rel=1e-6)
