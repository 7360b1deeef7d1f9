from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import erfinv

from hnlpeak.core.errors import UsageError
from hnlpeak.statistics import TREATMENTS, Gaussian, Known, Status, rolke_lopez
from hnlpeak.statistics.counting import Counting
from hnlpeak.statistics.explicit_curve import curve_end
from hnlpeak.statistics.rational_step import rational_end
from hnlpeak.statistics.rolke_lopez import _fill

LEVEL_90 = 2.0 * erfinv(0.9) ** 2


def brute_force_q(mu, n, b, sigma_b, e, sigma_e):
    """-2 ln of the profile likelihood ratio from the likelihood itself, minimised over both nuisances."""

    def minus_two_log(x):
        background, efficiency = b + x[0] * sigma_b, e + x[1] * sigma_e
        s = mu * efficiency + background
        if s <= 0.0:
            return 1e300
        saturated = n - n * math.log(n) if n > 0 else 0.0
        return 2.0 * (s - n * math.log(s) - saturated) + x[0] ** 2 + x[1] ** 2

    options = {"xatol": 1e-10, "fatol": 1e-13, "maxiter": 20_000, "maxfev": 20_000}
    start = minimize(minus_two_log, [0.0, 0.0], method="Nelder-Mead", options=options)
    return minimize(minus_two_log, start.x, method="Nelder-Mead", options=options).fun


@pytest.mark.parametrize(
    ("n", "b", "sigma_b", "e", "sigma_e"),
    [
        (5, 5.0, 1.0, 1.0, 0.0),
        (12, 3.0, 0.5, 0.3, 0.03),
        (2, 4.0, 1.5, 0.5, 0.1),
        (1, 1.0, 2.0, 1.0, 0.3),
        (0, 0.7, 0.4, 0.2, 0.05),
        (150, 100.0, 12.0, 0.02, 0.001),
        (9, 2.0, 0.0, 1.0, 0.4),
        (8, -1.0, 1.0, 0.25, 0.02),
    ],
)
def test_ends_solve_the_profile_likelihood(n, b, sigma_b, e, sigma_e):
    result = rolke_lopez(
        n, background=Gaussian(b, sigma_b), efficiency=Gaussian(e, sigma_e), treatment="unbounded"
    )
    assert result.status == Status.OK
    ends = [result.upper] + ([result.lower] if result.lower > 0.0 else [])
    for end in ends:
        assert brute_force_q(end, n, b, sigma_b, e, sigma_e) == pytest.approx(LEVEL_90, rel=1e-7)
    if result.lower == 0.0:
        assert brute_force_q(0.0, n, b, sigma_b, e, sigma_e) <= LEVEL_90


def test_bounded_ratio_is_to_zero_signal():
    result = rolke_lopez(2, background=Gaussian(8.0, 1.5), efficiency=Gaussian(0.5, 0.05))
    at_zero = brute_force_q(0.0, 2, 8.0, 1.5, 0.5, 0.05)
    assert brute_force_q(result.upper, 2, 8.0, 1.5, 0.5, 0.05) - at_zero == pytest.approx(LEVEL_90, rel=1e-7)


@pytest.mark.parametrize("b", [0.0, 1e-6, 0.5, 3.0, 40.0, 1e4])
@pytest.mark.parametrize("cl", [0.68, 0.9, 0.95])
def test_no_event_and_known_background(b, cl):
    """Half the quantile, whatever the background (bounded); less the background otherwise."""
    half = erfinv(cl) ** 2
    assert rolke_lopez(0, background=Known(b), cl=cl).upper == pytest.approx(half, rel=1e-12)
    other = rolke_lopez(0, background=Known(b), cl=cl, treatment="unbounded")
    if b < half:
        assert other.upper == pytest.approx(half - b, rel=1e-12)
    else:
        assert other.status == Status.EMPTY


@pytest.mark.parametrize(
    ("sigma", "expected"), [(0.5, (LEVEL_90 + 0.25) / 2), (3.0, 3.0 * math.sqrt(LEVEL_90))]
)
def test_no_event_and_measured_background(sigma, expected):
    result = rolke_lopez(0, background=Gaussian(0.0, sigma))
    assert result.upper == pytest.approx(expected, rel=1e-12)


def test_both_solvers_agree_for_a_certain_efficiency():
    """The explicit curve and the local Gaussian model are different mathematics."""
    for n, b, variance in [(5.0, 5.0, 1.0), (40.0, 20.0, 9.0), (2.0, 0.3, 0.01), (4e4, 4e4, 1e6)]:
        upper, pull = curve_end(n, variance, n - b, LEVEL_90, 1.0)
        c = Counting(n, b, variance, 0.0, None, 0.0, 0.0, None, False)
        again = rational_end(c, LEVEL_90, 1.0, n - b, math.inf, (2.0 * upper, 0.7 * pull))
        assert again == pytest.approx(upper, rel=1e-12)


@pytest.mark.parametrize(
    ("r", "treatment", "status"),
    [
        (0.40, "bounded", Status.OK),
        (0.60, "bounded", Status.DISCONNECTED),
        (0.70, "bounded", Status.UNBOUNDED),
        (0.60, "unbounded", Status.OK),
        (0.70, "unbounded", Status.DISCONNECTED),
        (2.0, "unbounded", Status.UNBOUNDED),
    ],
)
def test_uncertain_efficiency_and_no_event(r, treatment, status):
    """q rises from q(0) by (e / sigma_e)^2 at most, then falls to (e / sigma_e)^2; here q(0) = 2."""
    result = rolke_lopez(0, background=Known(1.0), efficiency=Gaussian(1.0, r), treatment=treatment)
    assert result.status == status
    assert math.isinf(result.upper) == (status == Status.UNBOUNDED)


def test_large_counts_are_gaussian():
    n, b, sigma = 4.1e4, 4.0e4, 1.0e3
    result = rolke_lopez(n, background=Gaussian(b, sigma))
    assert result.upper == pytest.approx(n - b + 1.6449 * math.sqrt(n + sigma**2), rel=2e-3)


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1e6, 1e12])
def test_signal_scale(scale):
    one = rolke_lopez(7, background=Gaussian(3.0, 1.0), efficiency=Gaussian(1.0, 0.1))
    other = rolke_lopez(7, background=Gaussian(3.0, 1.0), efficiency=Gaussian(scale, 0.1 * scale))
    assert other.upper * scale == pytest.approx(one.upper, rel=1e-12)
    assert other.lower * scale == pytest.approx(one.lower, rel=1e-12)


def test_scalars_and_arrays():
    scalar = rolke_lopez(3, background=Gaussian(1.0, 0.3))
    assert isinstance(scalar.upper, float)
    assert isinstance(scalar.status, Status)
    grid = rolke_lopez(
        np.array([[0], [3], [9]]),
        background=Gaussian([1.0, 4.0], 0.3),
        efficiency=Gaussian(0.5, [0.0, 0.1]),
        cl=0.95,
    )
    assert grid.upper.shape == grid.status.shape == (3, 2)
    assert grid.status.dtype == np.int8
    alone = rolke_lopez(9, background=Gaussian(4.0, 0.3), efficiency=Gaussian(0.5, 0.1), cl=0.95)
    assert (grid.lower[2, 1], grid.upper[2, 1]) == (alone.lower, alone.upper)
    assert rolke_lopez([], background=Known(1.0)).upper.shape == (0,)


def test_trolke_rules_say_that_they_acted():
    assert rolke_lopez(0, background=Known(1.0), treatment="trolke").status == Status.SUBSTITUTED
    assert rolke_lopez(2, background=Gaussian(20.0, 1.0), treatment="trolke").status == Status.SUBSTITUTED
    assert rolke_lopez(2, background=Gaussian(20.0, 1.0), treatment="trolke-bounded").status == Status.OK
    far = rolke_lopez(0, background=Known(1e12), treatment="trolke")
    assert 0.0 < far.upper < 2.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n": -1}, "n must be >= 0"),
        ({"n": math.nan}, "n must be finite"),
        ({"n": "many"}, "n must be a number"),
        ({"cl": 1.0}, "cl must lie between 0 and 1"),
        ({"cl": 90}, "cl must lie between 0 and 1, got 90"),
        ({"efficiency": Known(0.0)}, "efficiency must be > 0"),
        ({"efficiency": Gaussian(-0.1, 0.1)}, "efficiency must be > 0"),
        ({"background": Known(-1.0)}, "background must be >= 0"),
        ({"background": 3.0}, "background must be Known"),
        ({"n": [1, 2], "cl": [0.9, 0.8, 0.7]}, "do not broadcast"),
        ({"treatment": "conservative"}, "treatment must be one of " + ", ".join(TREATMENTS)),
    ],
)
def test_numbers_without_sense(change, message):
    arguments = {"n": 3, "background": Known(1.0)} | change
    with pytest.raises(UsageError, match=message):
        rolke_lopez(arguments.pop("n"), **arguments)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Gaussian(1.0, -0.1), "sigma must be >= 0"),
        (lambda: Gaussian(math.nan, 1.0), "value must be finite"),
        (lambda: Known([1.0, math.inf]), "value must be finite"),
    ],
)
def test_constraints_without_sense(make, message):
    with pytest.raises(UsageError, match=message):
        make()


def test_any_array_runs_the_same_compiled_code():
    rolke_lopez(np.arange(4.0), background=Gaussian(3.0, 1.0))
    before = len(_fill.signatures)
    frozen = np.arange(4.0)
    frozen.flags.writeable = False
    rolke_lopez(frozen, background=Gaussian(frozen, 1.0))
    rolke_lopez(np.arange(8, dtype=np.int16)[::2], background=Gaussian(np.float32(3.0), frozen.astype(">f8")))
    assert len(_fill.signatures) == before
