"""One rate in several experiments: against single experiments, a general minimiser, and doubled exposures."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

from hnlpeak.core.errors import UsageError
from hnlpeak.statistics import (
    SHARED_METHODS,
    Binomial,
    Counted,
    Gaussian,
    Known,
    Poisson,
    SharedRate,
    Status,
    expected_limit,
    method_call,
    rolke_lopez,
    significance,
)
from hnlpeak.statistics.counted import lattice

N = np.array([0.0, 3.0, 5.0, 12.0, 110.0, 20.0])
B = np.array([3.0, 0.5, 5.0, 10.0, 100.0, 25.0])
SIGMA = np.array([0.6, 0.2, 1.0, 1.5, 5.0, 2.5])


def counted(kind: str, factor: float = 1.0, n: np.ndarray = N) -> Counted:
    """The experiments above with ``factor`` times the exposure."""
    background = {
        "gaussian": Gaussian(factor * B, np.sqrt(factor) * SIGMA),
        "poisson": Poisson((B / SIGMA) ** 2 * factor, B / SIGMA**2),
        "known": Known(factor * B),
    }[kind]
    return Counted.of(factor * n, background=background)


@pytest.mark.parametrize("method", SHARED_METHODS)
@pytest.mark.parametrize("kind", ["gaussian", "poisson", "known"])
def test_one_experiment_is_the_method_alone(kind: str, method: str) -> None:
    background = {"gaussian": Gaussian(B, SIGMA), "poisson": Poisson((B / SIGMA) ** 2, B / SIGMA**2)}
    alone = method_call(method)(N, background=background.get(kind, Known(B)))
    found = SharedRate.of([counted(kind)], [0.25]).interval(method=method)
    np.testing.assert_allclose(0.25 * np.asarray(found.upper), alone.upper, rtol=1e-11)
    np.testing.assert_allclose(0.25 * np.asarray(found.lower), alone.lower, rtol=1e-11)


@pytest.mark.parametrize("method", SHARED_METHODS)
@pytest.mark.parametrize("kind", ["gaussian", "poisson", "known"])
def test_two_equal_experiments_are_one_of_doubled_exposure(kind: str, method: str) -> None:
    one = counted(kind)
    both = SharedRate.of([one, one], [3.0, 3.0])
    doubled = SharedRate.of([counted(kind, 2.0)], [6.0])
    np.testing.assert_allclose(
        both.interval(method=method).upper, doubled.interval(method=method).upper, rtol=1e-10
    )
    np.testing.assert_allclose(both.significance, doubled.significance, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(both.bands(method=method), doubled.bands(method=method), rtol=1e-9)


def test_a_common_error_of_one_experiment_is_its_own() -> None:
    own = rolke_lopez(N, background=Gaussian(B, SIGMA), efficiency=Gaussian(1.0, 0.1))
    common = SharedRate.of([counted("gaussian")], [1.0], [0.1]).interval()
    np.testing.assert_allclose(common.upper, own.upper, rtol=1e-9)


def test_a_common_error_costs_more_than_two_of_their_own() -> None:
    """Errors of their own average out, one that both have does not: as in one experiment of doubled exposure."""
    n = B + 4.0 * np.sqrt(B)
    background = Gaussian(B, SIGMA)
    apart = [Counted.of(n, background=background, efficiency=Gaussian(1.0, 0.2))] * 2
    together = [Counted.of(n, background=background)] * 2
    own = np.asarray(SharedRate.of(apart, [1.0, 1.0]).interval().upper)
    common = np.asarray(SharedRate.of(together, [1.0, 1.0], [0.2, 0.2]).interval().upper)
    doubled = rolke_lopez(
        2.0 * n, background=Gaussian(2.0 * B, np.sqrt(2.0) * SIGMA), efficiency=Gaussian(2.0, 0.4)
    )
    assert np.all(common > own)
    np.testing.assert_allclose(common, doubled.upper, rtol=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_against_a_general_minimiser(seed: int) -> None:
    """Different experiments, backgrounds of both kinds, an error that they share: q on a grid by brute force."""
    rng = np.random.Generator(np.random.Philox(seed))
    b, s, n = rng.uniform(0.5, 30.0, 2), rng.uniform(0.2, 3.0, 2), rng.poisson(12.0, 2).astype(float)
    signal, common = rng.uniform(0.2, 2.0, 2), rng.uniform(0.02, 0.3, 2)
    terms = [
        Counted.of([n[0]], background=Gaussian(b[:1], s[:1])),
        Counted.of([n[1]], background=Poisson((b[1:] / s[1:]) ** 2, b[1:] / s[1:] ** 2)),
    ]
    made = SharedRate.of(terms, signal[:, None], common[:, None])

    def profile(rate: float) -> float:
        def at(eta: float) -> float:
            total = eta * eta
            for i, term in enumerate(terms):
                t = np.array([rate * signal[i] * max(1.0 + common[i] * eta, 0.0)])
                total += float(term.profile(np.array([0]), t)[0][0])
            return total

        return float(
            minimize_scalar(
                at, bounds=(-1.0 / common.max(), 8.0), method="bounded", options={"xatol": 1e-10}
            ).fun
        )

    rates = np.linspace(0.0, 30.0, 16)
    found = np.array([made.profile(np.array([0]), np.array([rate]))[0][0] for rate in rates])
    np.testing.assert_allclose(found, [profile(rate) for rate in rates], rtol=1e-7, atol=1e-7)
    upper, least = float(np.asarray(made.interval().upper)[0]), float(made.best[1][0])
    assert profile(upper) - least == pytest.approx(2.705543454, abs=1e-6)
    step = 1e-5 * max(upper, 1.0)
    slope = (profile(upper + step) - profile(upper - step)) / (2.0 * step)
    assert made.profile(np.array([0]), np.array([upper]))[1][0] == pytest.approx(slope, rel=1e-3)


@pytest.mark.parametrize("efficiency", [Known(1.0), Gaussian(1.0, 0.37), Binomial(6.0, 30.0)])
@pytest.mark.parametrize("kind", ["gaussian", "poisson", "known"])
def test_the_slope_is_that_of_the_profile(kind: str, efficiency: Known | Gaussian | Binomial) -> None:
    background = {"gaussian": Gaussian(B, SIGMA), "poisson": Poisson((B / SIGMA) ** 2, B / SIGMA**2)}
    made = Counted.of(N, background=background.get(kind, Known(B)), efficiency=efficiency)
    every = np.arange(N.size)
    for factor in (0.1, 0.5, 1.0, 2.0):
        t = factor * made.scale()
        h = 1e-4 * t
        differences = (made.profile(every, t + h)[0] - made.profile(every, t - h)[0]) / (2.0 * h)
        np.testing.assert_allclose(made.profile(every, t)[1], differences, rtol=1e-5, atol=1e-6)


def profile_by_hand(n: float, b: float, sigma: float, r: float, t: float) -> float:
    """-2 ln of the ratio for a Gaussian background and efficiency, by minimising over both."""

    def at(e: float) -> float:
        # the background in closed form: b' + t e = mean, a root of a quadratic
        a = b + t * e - sigma**2
        mean = 0.5 * (a + np.sqrt(a * a + 4.0 * sigma**2 * n))
        poisson = mean - n + n * np.log(n / mean)
        return float(2.0 * poisson + ((mean - t * e - b) / sigma) ** 2 + ((e - 1.0) / r) ** 2)

    return float(minimize_scalar(at, bounds=(-1.0, 4.0), method="bounded", options={"xatol": 1e-9}).fun)


@pytest.mark.parametrize("rows", [((15, 4, 0.8, 0.2), (1, 4, 0.5, 0.2)), ((20, 5, 1, 0.3), (2, 5, 1, 0.3))])
def test_two_experiments_with_efficiencies_of_their_own(rows: tuple[tuple[float, ...], ...]) -> None:
    """Best rate and both ends by brute force over the efficiencies."""

    def total(rate: float) -> float:
        return sum(profile_by_hand(*row, rate) for row in rows)

    grid = np.linspace(0.0, 20.0, 201)
    start = grid[np.argmin([total(rate) for rate in grid])]
    best = minimize_scalar(
        total, bounds=(start - 0.1, start + 0.1), method="bounded", options={"xatol": 1e-8}
    )
    level = best.fun + 2.705543454095404
    terms = [
        Counted.of([float(n)], background=Gaussian(float(b), sigma), efficiency=Gaussian(1.0, r))
        for n, b, sigma, r in rows
    ]
    made = SharedRate.of(terms, [1.0, 1.0])
    found = made.interval()
    assert np.asarray(found.estimate)[0] == pytest.approx(best.x, rel=1e-4)
    upper = brentq(lambda rate: total(rate) - level, best.x, 200.0)
    assert np.asarray(found.upper)[0] == pytest.approx(upper, rel=1e-6)
    if total(0.0) > level:
        lower = brentq(lambda rate: total(rate) - level, 0.0, best.x)
        assert np.asarray(found.lower)[0] == pytest.approx(lower, rel=1e-6)
    assert made.significance[0] == pytest.approx(np.sqrt(total(0.0) - best.fun), rel=1e-6)


def test_limits_at_the_average_background_are_the_medians_of_the_asymptotic_bands() -> None:
    terms = [counted("gaussian", n=B), counted("poisson", 2.0, n=B)]
    made = SharedRate.of(terms, [1.0, 1.5], [0.05, 0.05])
    for method in SHARED_METHODS:
        np.testing.assert_allclose(
            made.interval(method=method).upper, made.bands(method=method)[2], rtol=1e-8
        )
    assert np.all(np.diff(made.bands(), axis=0) > 0.0)


@pytest.mark.parametrize("kind", ["gaussian", "poisson"])
def test_quantiles_over_the_lattice_are_those_of_sums(kind: str) -> None:
    draws = 4096
    upper = SharedRate.of([counted(kind).drawn(lattice(3, draws))], [1.0]).interval(rtol=1e-6).upper
    median = np.median(np.asarray(upper).reshape(-1, draws), axis=1)
    background = Gaussian(B, SIGMA) if kind == "gaussian" else Poisson((B / SIGMA) ** 2, B / SIGMA**2)
    known = np.asarray(expected_limit(background=background).median)
    # Poisson: the median may step to the limit of a neighbouring count
    np.testing.assert_allclose(median, known, rtol=0.02 if kind == "gaussian" else 0.06)


def test_limits_of_two_experiments_cover() -> None:
    """2000 draws at a true rate: the two-sided 90 % interval of the product, and its upper end."""
    rng = np.random.Generator(np.random.Philox(3))
    draws, rate = 2000, 6.0
    truth = ((8.0, 1.2, 1.0), (20.0, 2.0, 1.6))
    eta = rng.normal(size=draws)
    terms = []
    for b, s, signal in truth:
        n = rng.poisson(b + rate * signal * np.maximum(1.0 + 0.1 * eta, 0.0))
        terms.append(Counted.of(n, background=Gaussian(b + s * rng.normal(size=draws), s)))
    found = SharedRate.of(terms, [signal for *_, signal in truth], [0.1, 0.1]).interval()
    lower, upper = np.asarray(found.lower), np.asarray(found.upper)
    assert np.mean(upper >= rate) == pytest.approx(0.95, abs=4.9 * np.sqrt(0.05 * 0.95 / draws))
    assert np.mean((lower <= rate) & (rate <= upper)) == pytest.approx(0.90, abs=4.9 * np.sqrt(0.09 / draws))


def test_the_product_is_as_significant_as_its_parts() -> None:
    n = B + 3.0 * np.sqrt(B)
    parts = [float(z) ** 2 for z in np.atleast_1d(significance(n, background=Gaussian(B, SIGMA)))]
    both = SharedRate.of([counted("gaussian", n=n)] * 2, [1.0, 1.0]).significance ** 2
    np.testing.assert_allclose(both, 2.0 * np.array(parts), rtol=1e-9)


def test_what_makes_no_sense_is_said() -> None:
    one = counted("gaussian")
    with pytest.raises(UsageError, match="one number of elements"):
        SharedRate.of([one, Counted.of(1.0, background=Known(1.0))], [1.0, 1.0])
    with pytest.raises(UsageError, match="signal"):
        SharedRate.of([one], [0.0])
    with pytest.raises(UsageError, match="common"):
        SharedRate.of([one], [1.0], [0.1, 0.1])
    for method, cl in product(["bayes", "feldman-cousins"], [0.9]):
        with pytest.raises(UsageError, match="rolke-lopez, cls, one-sided"):
            SharedRate.of([one], [1.0]).interval(method=method, cl=cl)
    with pytest.raises(UsageError, match="between 0 and 1"):
        SharedRate.of([one], [1.0]).interval(cl=1.5)


def test_a_signal_that_is_hardly_known_has_no_limit() -> None:
    one = Counted.of([5.0], background=Known(1.0), efficiency=Gaussian(1.0, 0.8))
    found = SharedRate.of([one], [1.0]).interval()
    assert np.isinf(np.asarray(found.upper)[0])
    assert np.asarray(found.status)[0] == Status.UNBOUNDED
