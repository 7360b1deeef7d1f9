from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import xlogy
from scipy.stats import poisson

from hnlpeak.core.errors import UsageError
from hnlpeak.statistics import (
    METHODS,
    Binomial,
    Gaussian,
    Interval,
    Known,
    Poisson,
    Status,
    bayes,
    cls,
    cls_marginal,
    coverage,
    feldman_cousins,
    feldman_cousins_p,
    method_call,
    one_sided,
    power_constrained,
    rolke_lopez,
)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_broadcasts_and_answers_scalars_with_scalars(name):
    call = method_call(name)
    one = call(3, background=Gaussian(2.0, 0.5), efficiency=Known(0.5), cl=0.9)
    assert isinstance(one, Interval)
    assert all(type(x) is float for x in (one.lower, one.upper, one.estimate))
    assert isinstance(one.status, Status)
    assert one.estimate == pytest.approx(2.0)
    many = call(np.array([0, 3]), background=Gaussian(np.array([[2.0], [4.0]]), 0.5), efficiency=Known(0.5))
    assert many.upper.shape == many.lower.shape == many.status.shape == (2, 2)
    assert many.upper[0, 1] == pytest.approx(one.upper, rel=1e-9)
    assert many.lower[0, 1] == pytest.approx(one.lower, rel=1e-9, abs=1e-12)
    assert call(np.zeros(0), background=Known(1.0)).upper.shape == (0,)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_scales_with_the_efficiency_and_rises_with_n_and_cl(name):
    call = method_call(name)
    n = np.arange(8)
    upper = call(n, background=Known(2.0)).upper
    assert np.all(np.diff(upper) > -1e-9)
    tiny = call(n, background=Known(2.0), efficiency=Known(1e-9)).upper
    np.testing.assert_allclose(tiny, 1e9 * upper, rtol=1e-9)
    assert np.all(call(n, background=Known(2.0), cl=0.95).upper > upper)
    assert "{" not in METHODS[name].words(0.9)
    assert "90 %" in METHODS[name].words(0.9)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"n": -1, "background": Known(1.0)}, "n must be >= 0"),
        ({"n": 1, "background": Known(-1.0)}, "background must be >= 0"),
        ({"n": 1, "background": Known(1.0), "efficiency": Known(0.0)}, "efficiency must be > 0"),
        ({"n": 1, "background": Known(1.0), "cl": 1.0}, "cl must lie between"),
        ({"n": math.nan, "background": Known(1.0)}, "n must be finite"),
        ({"n": [1, 2], "background": Known([1.0, 2.0, 3.0])}, "do not broadcast"),
        ({"n": 1, "background": 2.0}, "background must be"),
    ],
)
def test_every_method_names_what_is_wrong(name, arguments, words):
    with pytest.raises(UsageError, match=words):
        method_call(name)(**arguments)


def test_names_and_treatments():
    with pytest.raises(UsageError, match="method must be one of rolke-lopez, cls, feldman-cousins, bayes"):
        method_call("magic")
    with pytest.raises(UsageError, match="treatment applies to rolke-lopez only"):
        method_call("cls", "bounded")
    got = method_call("rolke-lopez", "unbounded")(0, background=Known(5.0))
    assert got.status is Status.EMPTY


@pytest.mark.parametrize(
    ("call", "arguments", "words"),
    [
        (bayes, {"n": 1.5, "background": Known(1.0)}, "n must be whole"),
        (bayes, {"n": 1, "background": Gaussian(0.0, 1.0)}, "background must be > 0 for bayes"),
        (one_sided, {"n": 1, "background": Known(1.0), "cl": 0.5}, "cl must lie between 0.5 and 1"),
        (power_constrained, {"n": 1, "background": Known(1.0), "power": 0.05}, "power must lie between"),
        (cls, {"n": 1, "background": Known(1.0), "kind": "toys"}, "kind must be one of"),
        (
            feldman_cousins,
            {"n": 1, "background": Known(1.0), "efficiency": Binomial(1, 2)},
            "Known or Gaussian",
        ),
        (
            feldman_cousins,
            {"n": 1, "background": Poisson(1, 2), "efficiency": Gaussian(1.0, 0.1)},
            "efficiency must be Known",
        ),
    ],
)
def test_what_a_method_does_not_do(call, arguments, words):
    with pytest.raises(UsageError, match=words):
        call(**arguments)


# ---- identities


@pytest.mark.parametrize("background", [Gaussian(5.0, 1.0), Known(0.3), Poisson(40, 4.0)])
@pytest.mark.parametrize("efficiency", [Known(1.0), Gaussian(1.0, 0.1), Binomial(20, 40)])
def test_upper_end_is_a_one_sided_profile_limit(background, efficiency):
    n = np.array([0.0, 3.0, 12.0, 40.0])
    two_sided = rolke_lopez(n, background=background, efficiency=efficiency, cl=0.90)
    limit = one_sided(n, background=background, efficiency=efficiency, cl=0.95)
    np.testing.assert_allclose(limit.upper, two_sided.upper, rtol=1e-11)
    assert np.all(limit.lower == 0.0)


@pytest.mark.parametrize("b", [0.2, 5.0, 300.0])
@pytest.mark.parametrize("efficiency", [Known(0.2), Gaussian(0.2, 0.02), Binomial(20, 100)])
@pytest.mark.parametrize("kind", ["gaussian", "poisson", "known"])
def test_at_the_background_cls_is_rolke_lopez(b, efficiency, kind):
    """CLb = 1/2 there, so that 2 p(s+b) = 1 - cl."""
    background = {"gaussian": Gaussian(b, 0.2 * b), "poisson": Poisson(9.0 * b, 9.0), "known": Known(b)}[kind]
    got = cls(b, background=background, efficiency=efficiency)
    want = rolke_lopez(b, background=background, efficiency=efficiency)
    assert got.upper == pytest.approx(want.upper, rel=1e-9)


def test_rolke_lopez_lies_between_cls_at_90_and_95_for_an_excess():
    n, background = np.array([7.0, 10.0, 14.0, 20.0]), Gaussian(5.0, 1.0)
    middle = rolke_lopez(n, background=background, cl=0.90).upper
    low = cls(n, background=background, cl=0.90).upper
    high = cls(n, background=background, cl=0.95).upper
    assert np.all((low < middle) & (middle < high))
    # and tends to the latter
    assert np.all(np.diff((high - middle) / (high - low)) < 0.0)
    deficit = np.array([0.0, 2.0, 4.0])
    assert np.all(
        rolke_lopez(deficit, background=background).upper < cls(deficit, background=background).upper
    )


@pytest.mark.parametrize("b", [0.0, 0.5, 3.0, 50.0])
def test_known_background_exact_cls_is_bayes_is_a_ratio_of_poisson_tails(b):
    n = np.array([0, 1, 4, 11])
    ratio = [
        brentq(lambda s, n=n: poisson.cdf(n, s + b) / poisson.cdf(n, b) - 0.1, 0.0, 100.0, xtol=1e-12)
        for n in n
    ]
    np.testing.assert_allclose(cls(n, background=Known(b), kind="exact").upper, ratio, rtol=1e-8)
    np.testing.assert_allclose(bayes(n, background=Known(b)).upper, ratio, rtol=1e-8)


@pytest.mark.parametrize(
    ("n", "b", "upper"),
    [  # P(N <= n; s + b) / P(N <= n; b) = 0.1, 40 digits
        (0, 100.0, 2.30258509299405),
        (0, 1e4, 2.30258509299405),
        (12, 60.0, 2.8484162018543),
        (70, 200.0, 3.51211305380834),
        (300, 1000.0, 3.28510457059236),
        (1000, 1300.0, 9.75308599067743),
    ],
)
def test_exact_cls_far_below_the_background(n, b, upper):
    """Both tails are tiny there: 1e-44 to e^-10000."""
    assert cls(n, background=Known(b), kind="exact").upper == pytest.approx(upper, rel=1e-9)
    assert cls_marginal(n, background=Known(b)).upper == pytest.approx(upper, rel=1e-9)
    # an error too small to matter leaves it
    assert cls(n, background=Gaussian(b, 1e-6), kind="exact").upper == pytest.approx(upper, rel=1e-4)


def test_averaged_cls():
    """With a known efficiency it is the Bayesian limit with the same prior of the background."""
    n = np.array([0, 3, 9, 40])
    for background in (Known(3.0), Poisson(6, 2.0), Poisson(0, 1.0)):
        want = bayes(n, background=background).upper
        np.testing.assert_allclose(cls_marginal(n, background=background).upper, want, rtol=1e-8)
    # arXiv:1905.07770: one event on 0.91 +- 0.41, B < 4.2e-11 at a single-event sensitivity of 1.28e-11
    assert cls_marginal(1, background=Gaussian(0.91, 0.41)).upper == pytest.approx(4.2 / 1.28, abs=0.1)
    with pytest.raises(UsageError, match="n must be whole for cls-marginal"):
        cls_marginal(1.5, background=Known(1.0))


@pytest.mark.parametrize("efficiency", [Gaussian(0.5, 0.1), Binomial(20, 40)], ids=["gaussian", "binomial"])
def test_averaged_cls_against_toys(efficiency):
    """400 000 draws of what is not known; threshold 1e-6."""
    rng = np.random.Generator(np.random.Philox(1992))
    size, upper = 400_000, cls_marginal(4, background=Gaussian(3.0, 1.0), efficiency=efficiency).upper
    b = rng.normal(3.0, 1.0, size)
    e = rng.normal(0.5, 0.1, size) if isinstance(efficiency, Gaussian) else rng.beta(20, 21, size)
    b = b[b >= 0.0]
    both, alone = poisson.cdf(4, b + upper * e[: b.size]), poisson.cdf(4, b)
    assert abs(both.mean() - 0.1 * alone.mean()) < 4.9 * (both - 0.1 * alone).std() / math.sqrt(b.size)


@pytest.mark.parametrize("call", [feldman_cousins, METHODS["cls-exact"].call])
def test_what_would_take_hours_is_refused_with_the_time(call):
    with pytest.raises(UsageError, match=r"would take about \d+ minutes .* rolke-lopez and cls are fast"):
        call(10**13, background=Gaussian(1e13, 1e5))


@pytest.mark.parametrize("background", [Known(3.0), Gaussian(3.0, 0.6), Poisson(27, 9.0)])
def test_no_event_excludes_exp_minus_s(background):
    """Exact CLs and Bayes for n = 0 do not depend on the background: ln 10 at 90 %."""
    assert cls(0, background=background, kind="exact").upper == pytest.approx(math.log(10.0), rel=1e-6)
    assert bayes(0, background=background).upper == pytest.approx(math.log(10.0), rel=1e-9)


def test_exact_and_asymptotic_cls_meet_at_large_counts():
    n = np.array([1900.0, 2000.0, 2100.0])
    exact = cls(n, background=Gaussian(2000.0, 50.0), kind="exact").upper
    np.testing.assert_allclose(exact, cls(n, background=Gaussian(2000.0, 50.0)).upper, rtol=5e-3)


def test_exact_cls_of_a_control_region_approaches_the_gaussian():
    control = cls(7, background=Poisson(2500, 500.0), kind="exact").upper
    gaussian = cls(7, background=Gaussian(5.0, 0.1), kind="exact").upper
    assert control == pytest.approx(gaussian, rel=2e-3)


def test_power_constraint():
    background = Gaussian(5.0, 1.0)
    n = np.array([0.0, 1.0, 5.0, 12.0])
    limit = power_constrained(n, background=background)
    free = rolke_lopez(n, background=background, cl=0.8, treatment="unbounded")
    assert list(limit.status) == [Status.SUBSTITUTED, Status.SUBSTITUTED, Status.OK, Status.OK]
    np.testing.assert_allclose(limit.upper[2:], free.upper[2:], rtol=1e-11)
    assert limit.upper[0] == limit.upper[1]
    # at power 1/2 the floor is the median of what background alone gives: the one-sided limit at n = b
    median = power_constrained(0.0, background=background, power=0.5).upper
    assert median == pytest.approx(one_sided(5.0, background=background).upper, rel=1e-9)


def test_unbounded_where_the_efficiency_allows_anything():
    loose = Gaussian(1.0, 1.2)
    # averaged over efficiencies above zero there is a limit
    for name in set(METHODS) - {"cls-marginal"}:
        assert method_call(name)(3, background=Known(1.0), efficiency=loose).status is Status.UNBOUNDED, name


# ---- Feldman-Cousins


@pytest.mark.parametrize(
    ("b", "n", "lower", "upper"),
    [  # PRD 57 (1998) 3873, table IV
        (0.0, 0, 0.00, 2.44),
        (0.0, 1, 0.11, 4.36),
        (0.0, 2, 0.53, 5.91),
        (0.0, 3, 1.10, 7.42),
        (0.0, 5, 1.84, 9.99),
        (0.0, 10, 5.50, 16.50),
        (3.0, 2, 0.00, 3.04),
        (3.0, 5, 0.00, 6.99),
        (3.0, 6, 0.15, 8.47),
        (3.0, 9, 1.88, 12.30),
        (3.0, 10, 2.63, 13.50),
        # where the bare belt gives less: 1.08, 0.953, 0.771
        (2.0, 0, 0.00, 1.26),
        (3.0, 0, 0.00, 1.08),
        (3.0, 3, 0.00, 4.42),
        (5.0, 0, 0.00, 0.98),
    ],
)
def test_published_unified_intervals(b, n, lower, upper):
    got = feldman_cousins(n, background=Known(b))
    assert got.lower == pytest.approx(lower, abs=6e-3)
    assert got.upper == pytest.approx(upper, abs=6e-3)


def test_bare_belt_by_name():
    bare = method_call("feldman-cousins-bare")(0, background=Known(np.array([2.0, 3.0, 5.0])))
    np.testing.assert_allclose(bare.upper, [1.0805, 0.9530, 0.7706], atol=2e-4)
    with pytest.raises(UsageError, match="belt must be one of monotone, bare"):
        feldman_cousins(0, background=Known(1.0), belt="smooth")


def test_unified_intervals_against_a_belt_on_a_grid():
    """An independent construction: ranks of counts on a grid of signals, then the maximum over backgrounds."""
    n = np.arange(60)
    signal = np.arange(0.0, 14.0, 0.01)[:, None]
    backgrounds = np.arange(0.0, 12.0, 0.02)
    upper = np.zeros((backgrounds.size, 9))
    lower = np.zeros((backgrounds.size, 9))
    for j, b in enumerate(backgrounds):
        p = poisson.pmf(n, signal + b)
        order = np.argsort(-p / poisson.pmf(n, np.maximum(n, b)), axis=1, kind="stable")
        before = np.cumsum(np.take_along_axis(p, order, 1), axis=1) - np.take_along_axis(p, order, 1)
        accepted = np.zeros(p.shape, dtype=bool)
        np.put_along_axis(accepted, order, before < 0.9, axis=1)
        for count in range(9):
            inside = np.flatnonzero(accepted[:, count])
            lower[j, count], upper[j, count] = signal[inside[0], 0], signal[inside[-1], 0]
    upper = np.maximum.accumulate(upper[::-1])[::-1]
    lower = np.minimum.accumulate(lower)
    for b in (0.0, 0.6, 1.5, 3.2, 6.0):
        row = int(np.argmin(np.abs(backgrounds - b)))
        got = feldman_cousins(np.arange(9), background=Known(b))
        np.testing.assert_allclose(got.upper, upper[row], atol=0.031)
        np.testing.assert_allclose(got.lower, lower[row], atol=0.031)


@pytest.mark.parametrize("background", [Gaussian(3.0, 1e-6), Poisson(3e6, 1e6)])
@pytest.mark.parametrize("name", ["feldman-cousins", "feldman-cousins-bare", "cls-exact", "cls-marginal"])
def test_an_irrelevant_error_of_the_background_changes_nothing(name, background):
    n = np.array([0.0, 1.0, 3.0, 6.0])
    got, known = (method_call(name)(n, background=what) for what in (background, Known(3.0)))
    np.testing.assert_allclose(got.upper, known.upper, rtol=6e-3)
    np.testing.assert_allclose(got.lower, known.lower, rtol=6e-3, atol=1e-9)


@pytest.mark.parametrize(
    ("background", "efficiency"),
    [
        (Known(3.0), Known(0.5)),
        (Gaussian(3.0, 0.6), Known(0.5)),
        (Gaussian(3.0, 0.6), Gaussian(0.5, 0.05)),
        (Poisson(12, 4.0), Known(0.5)),
    ],
)
def test_p_value_at_the_ends_is_one_minus_cl(background, efficiency):
    got = feldman_cousins(8, background=background, efficiency=efficiency, belt="bare")
    inside = np.array([got.lower * (1 + 1e-6), 0.5 * (got.lower + got.upper), got.upper * (1 - 1e-6)])
    outside = np.array([got.lower * (1 - 1e-6), got.upper * (1 + 1e-6)])
    assert np.all(feldman_cousins_p(inside, 8, background=background, efficiency=efficiency) > 0.1 - 1e-5)
    assert np.all(feldman_cousins_p(outside, 8, background=background, efficiency=efficiency) < 0.1 + 1e-5)


@pytest.mark.parametrize(
    ("background", "efficiency"),
    [
        (Gaussian(3.0, 1.0), Known(1.0)),
        (Gaussian(3.0, 0.3), Gaussian(1.0, 0.2)),
        (Gaussian(3.0, 1.5), Gaussian(1.0, 0.1)),
        (Known(3.0), Gaussian(1.0, 0.2)),
        (Poisson(6, 2.0), Known(1.0)),
    ],
)
@pytest.mark.parametrize("n", [1.0, 7.0, 9.0])
def test_summed_p_values_against_toys(background, efficiency, n):
    """20 000 pseudo-experiments of the same definition, the statistic by brute force; threshold 1e-6."""
    mu, size = 4.0, 20_000
    rng = np.random.Generator(np.random.Philox(1998))
    known_b = isinstance(background, Known)
    if isinstance(background, Poisson):
        b, sigma = 3.0, 0.0
    else:
        b, sigma = (3.0, 0.0) if known_b else (background.value, background.sigma)
    r = efficiency.sigma if isinstance(efficiency, Gaussian) else 0.0
    one, measured_b = np.array([1.0]), np.array([b])
    q_obs, b_fit, e_fit = brute_q(mu, np.array([n]), measured_b, one, sigma, r, background)
    # what shares the count of the data belongs to their tail: the statistic half a count nearer
    away = mu + b - n
    half = math.copysign(min(0.5, 0.5 * abs(away)), away)
    q_own, _, _ = brute_q(mu, np.array([n + half]), measured_b, one, sigma, r, background)
    counts = rng.poisson(mu * e_fit[0] + b_fit[0], size).astype(float)
    if isinstance(background, Poisson):
        measured = rng.poisson(background.tau * b_fit[0], size) / background.tau
    else:
        measured = rng.normal(b_fit[0], sigma, size)
    seen = rng.normal(e_fit[0], r, size)
    q, _, _ = brute_q(mu, counts, measured, seen, sigma, r, background)
    fewer, more = (q_own, q_obs) if half > 0.0 else (q_obs, q_own)
    deficit = counts < measured + mu * seen
    share = np.mean(q >= np.where(deficit, fewer[0], more[0]) * (1.0 - 1e-7))
    p = feldman_cousins_p(mu, n, background=background, efficiency=efficiency)
    assert abs(share - p) < 4.9 * math.sqrt(p * (1.0 - p) / size) + 1e-4


def brute_q(mu, n, b, e, sigma, r, background):
    """Bounded statistic and best nuisance parameters, by bisection of the stationarity condition."""
    full, b_fit, e_fit = _minimum(mu, n, b, e, sigma, r, background)
    none, _, _ = _minimum(0.0, n, b, e, sigma, r, background)
    return np.where(n < b, full - none, full), b_fit, e_fit


def _minimum(mu, n, b, e, sigma, r, background):
    # stationary: n / (1 + k) = mu e(k) + b(k)
    tau = background.tau if isinstance(background, Poisson) else None

    def nuisance(k):
        free = b + sigma**2 * k if tau is None else tau * b / (tau - k)
        return free, e + mu * r**2 * k

    low, high = np.full(n.shape, -1.0), np.full(n.shape, 1e6 if tau is None else tau * (1 - 1e-12))
    for _ in range(200):
        k = 0.5 * (low + high)
        free, eff = nuisance(k)
        rising = (mu * eff + free) * (1.0 + k) > n
        high, low = np.where(rising, k, high), np.where(rising, low, k)
    free, eff = nuisance(0.5 * (low + high))
    s = np.maximum(mu * eff + free, 1e-300)
    q = 2.0 * (s - n + xlogy(n, n) - xlogy(n, s))
    if tau is None:
        q += ((b - free) / sigma) ** 2 if sigma > 0.0 else 0.0
    else:
        y = tau * b
        q += 2.0 * (tau * free - y + xlogy(y, y) - xlogy(y, tau * free))
    if r > 0.0:
        q += ((e - eff) / r) ** 2
    return q, free, eff


def test_coverage_of_the_unified_interval_is_never_below_nominal():
    got = coverage(np.linspace(0.0, 9.0, 37), background=Known(2.0), method="feldman-cousins")
    assert got.contained.min() > 0.9 - 1e-9


# ---- Bayes


@pytest.mark.parametrize("n", [0, 2, 9])
@pytest.mark.parametrize(
    ("background", "efficiency"),
    [
        (Gaussian(3.0, 1.0), Known(1.0)),
        (Gaussian(3.0, 1.0), Gaussian(0.5, 0.05)),
        (Poisson(6, 2.0), Gaussian(0.5, 0.1)),
        (Known(3.0), Binomial(20, 40)),
    ],
)
def test_posterior_by_quadrature(n, background, efficiency):
    """Likelihood averaged over gamma and beta priors on a grid, integrated over the signal."""
    from scipy.stats import beta, gamma

    prior_b = {
        Gaussian: gamma(9.0, scale=1.0 / 3.0),
        Poisson: gamma(7.0, scale=0.5),
        Known: None,
    }[type(background)]
    e_mean, e_sigma = (0.5, getattr(efficiency, "sigma", 0.0))
    prior_e = {
        Gaussian: gamma((e_mean / e_sigma) ** 2, scale=e_sigma**2 / e_mean) if e_sigma else None,
        Binomial: beta(21.0, 21.0),
        Known: None,
    }[type(efficiency)]
    b, wb = _grid(prior_b, 3.0)
    e, we = _grid(prior_e, 1.0)

    def density(mu):
        return wb @ poisson.pmf(n, mu * e[None, :] + b[:, None]) @ we

    upper = bayes(n, background=background, efficiency=efficiency).upper
    x, w = np.polynomial.legendre.leggauss(24)
    below = _integral(density, np.linspace(0.0, upper, 5), x, w)
    above = _integral(density, np.geomspace(upper, 40.0 * upper, 25), x, w)
    assert below / (below + above) == pytest.approx(0.9, abs=2e-6)


def _grid(prior, value):
    if prior is None:
        return np.array([value]), np.ones(1)
    x, w = np.polynomial.legendre.leggauss(80)
    low, high = prior.ppf(1e-13), prior.isf(1e-13)
    nodes = low + 0.5 * (high - low) * (x + 1.0)
    weights = w * prior.pdf(nodes)
    return nodes, weights / weights.sum()


def _integral(density, edges, x, w):
    total = 0.0
    for low, high in itertools.pairwise(edges):
        total += (
            0.5
            * (high - low)
            * sum(
                weight * density(low + 0.5 * (high - low) * (node + 1.0))
                for node, weight in zip(x, w, strict=True)
            )
        )
    return total


def test_bayes_with_any_size_of_background():
    b = 4e4
    got = bayes(int(b), background=Gaussian(b, 1e-3 * b)).upper
    # Gaussian limit of a flat prior cut at zero: Phi^-1(0.95) of the total spread
    assert got == pytest.approx(1.6448536 * math.sqrt(b + (1e-3 * b) ** 2), rel=0.01)
