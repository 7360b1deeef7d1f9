from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from single_function import Single

from hnlpeak.background.bands import SidebandDesign, shape_design, sideband_design
from hnlpeak.background.expectation import expected_groups
from hnlpeak.background.functions import Family, SidebandModel
from hnlpeak.background.sideband import SidebandBackground
from hnlpeak.background.sideband_fit import fit_sidebands
from hnlpeak.core.card import read_card
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.limits.peaked import peaked
from hnlpeak.limits.shape_fit import ShapeLimits, shape_limits
from hnlpeak.spectrum.window import gaussian_fraction, search_window
from hnlpeak.statistics import Gaussian, SharedRate, rolke_lopez

LIBRARY, _, _ = read_card(AnalysisCard, "na62-2015-ke2", folder="analyses")
assert isinstance(LIBRARY.background, SidebandBackground)
CARD = LIBRARY.background
EDGES = np.linspace(100.0, 490.0, 1951)
CENTRES = 0.5 * (EDGES[1:] + EDGES[:-1])
SIGMA, MASS = 4.0, 300.0
PEAK = np.array([gaussian_fraction(a, b, mean=MASS, sigma=SIGMA) for a, b in pairwise(EDGES)])
INSIDE = gaussian_fraction(-SIGMA, SIGMA, mean=0.0, sigma=SIGMA)
Q = 2.705543454095404


def density(per_mev: float) -> NDArray[np.float64]:
    x = (CENTRES - MASS) / 45.0
    return per_mev * np.diff(EDGES) * (1.0 - 0.4 * x + 0.1 * x * x)


def layout(toys: int, k: float = 1.0) -> tuple[SidebandDesign, SidebandDesign]:
    windows = [search_window(MASS, SIGMA, k=k, edges=EDGES)] * toys
    return shape_design(windows, EDGES, CARD), sideband_design(windows, EDGES, CARD)


def cumulative(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([np.zeros((len(counts), 1)), np.cumsum(counts, axis=1)], axis=1)


def grouped(design: SidebandDesign, total: NDArray[np.float64]) -> NDArray[np.float64]:
    """Events in each group: an Asimov spectrum is its own expectation."""
    rows = np.arange(len(total))[:, None]
    return total[rows, design.last] - total[rows, design.first]


def limits(
    counts: NDArray[np.float64], *, family: Family = "polynomial", order: int = 2, single: bool = False
) -> ShapeLimits:
    toys = len(counts)
    one = layout(1)[0]
    design = one._make(np.repeat(column, toys, axis=0) for column in one)
    return shape_limits(
        design,
        cumulative(counts),
        np.arange(toys),
        expected=grouped(design, cumulative(counts)),
        peak=design.signal / INSIDE,
        model=(Single if single else SidebandModel)(order, order + 1, family),
    )


@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize(("events", "seed"), [(0.0, 1), (0.0, 2), (60.0, 3)])
def test_against_a_general_minimiser(single: bool, events: float, seed: int) -> None:
    """Every function minimised for itself by another code; their sum by weights exp[-(2 F + k) / 2]."""
    rng = np.random.Generator(np.random.Philox(seed))
    counts = rng.poisson(density(10.0) + events * PEAK).astype(float)
    design = layout(1)[0]
    m = int(design.groups[0])
    total = cumulative(counts[None])[0]
    n = total[design.last[0, :m]] - total[design.first[0, :m]]
    peak = design.signal[0, :m] / INSIDE
    ends = np.append(EDGES[design.first[0, :m]], EDGES[design.last[0, m - 1]])
    x = (0.5 * (ends[1:] + ends[:-1]) - MASS) / (11.25 * SIGMA)
    nodes = x[:, None] + 0.5 * np.diff(ends)[:, None] / (11.25 * SIGMA) * np.array([-1.0, 1.0]) / np.sqrt(3.0)
    scale = n.sum() / m

    def deviance(theta: NDArray[np.float64], s: float, exponential: bool) -> float:
        p = np.polynomial.polynomial.polyval(nodes, theta)
        mean = scale * (np.exp(p) if exponential else p).mean(axis=1)
        if np.any(mean <= 0.0):
            return 1e9
        full = mean + s * peak
        return float(2.0 * np.sum(full - n + n * np.log(np.maximum(n, 1e-300) / full)))

    functions = [(2, False), (3, False), (4, False), (2, True)][: 1 if single else 4]
    starts = {f: np.r_[0.0 if f[1] else 1.0, np.zeros(f[0])] for f in functions}

    def profile(s: float) -> float:
        found = []
        for order, exponential in functions:
            made = minimize(
                deviance,
                starts[order, exponential],
                args=(s, exponential),
                method="Nelder-Mead",
                options={"xatol": 1e-9, "fatol": 1e-10, "maxiter": 9000, "maxfev": 9000, "adaptive": True},
            )
            starts[order, exponential] = made.x
            found.append(made.fun + order + 1.0)
        return float(min(found) - 2.0 * np.log(np.sum(np.exp(-0.5 * (np.array(found) - min(found))))))

    best = limits(counts[None], single=single)
    estimate, upper = float(best.estimate[0]), float(best.upper[0])
    least = profile(estimate)
    assert profile(upper) - least == pytest.approx(Q, abs=0.02)
    assert best.significance[0] ** 2 == pytest.approx(profile(0.0) - least, abs=0.02)
    for s in (0.7 * estimate, 1.3 * estimate + 1.0):
        assert profile(s) > least - 2e-3


@pytest.mark.parametrize(("per_mev", "events"), [(0.05, 6.0), (0.05, 0.0), (0.3, 12.0)])
def test_the_likelihood_knows_nothing_of_what_was_asked_before(per_mev: float, events: float) -> None:
    """Few events: an exponential may make the events of the peak itself or leave them to it, two valleys."""
    toys = 60
    rng = np.random.Generator(np.random.Philox(11))
    total = cumulative(rng.poisson(density(per_mev) + events * PEAK, (toys, CENTRES.size)).astype(float))
    one = layout(1)[0]
    design = one._make(np.repeat(column, toys, axis=0) for column in one)
    counts = grouped(design, total)
    made = peaked(design, counts, design.signal / INSIDE, SidebandModel(2, 3), counts)
    made = made[np.flatnonzero(made.usable())]
    assert made.size > 0.9 * toys
    every, signals = np.arange(made.size), np.linspace(0.0, 24.0, 33)
    up = np.array([made.profile(every, np.full(made.size, u))[0] for u in signals])
    down = np.array([made.profile(every, np.full(made.size, u))[0] for u in signals[::-1]])[::-1]
    np.testing.assert_allclose(up, down, rtol=0.0, atol=1e-6)
    best, least, _ = SharedRate.of([made], [1.0]).best
    assert np.all(least <= up.min(axis=0) + 1e-6)
    np.testing.assert_allclose(made.profile(every, best)[0], least, rtol=0.0, atol=1e-6)


def test_estimates_are_unbiased_and_limits_cover() -> None:
    toys, events = 1500, 120.0
    rng = np.random.Generator(np.random.Philox(8))
    found = limits(rng.poisson(density(10.0) + events * PEAK, (toys, CENTRES.size)).astype(float))
    truth = events * INSIDE
    error = found.estimate.std()
    assert found.estimate.mean() == pytest.approx(truth, abs=4.9 * error / np.sqrt(toys))
    # the upper end of a two-sided interval at 90 % fails in 5 %
    failed = np.mean(found.upper < truth)
    assert failed == pytest.approx(0.05, abs=4.9 * np.sqrt(0.05 * 0.95 / toys))


@pytest.mark.parametrize("family", ["polynomial", "exp-polynomial"])
def test_the_shape_is_worth_more_than_the_window(family: Family) -> None:
    """On a smooth background, both with statistical errors and the window with its leakage."""
    for per_mev in (3.0, 30.0):
        counts = density(per_mev)[None]
        window = fit_sidebands(
            layout(1)[1],
            cumulative(counts),
            np.zeros(1, dtype=np.int64),
            order=2,
            alternative_order=3,
            family=family,
        )
        counting = rolke_lopez(
            window.background,
            background=Gaussian(window.background, window.stat),
            efficiency=Gaussian(1.0 - window.leakage / INSIDE, np.zeros(1)),
        )
        found = limits(counts, family=family, single=True)
        assert found.expected[0] == pytest.approx(found.upper[0], rel=1e-2)
        assert 0.8 < found.expected[0] / counting.upper[0] < 0.98


def test_a_peak_that_is_flat_in_the_window_is_a_count() -> None:
    """Without a shape and without tails nothing is gained."""
    # edges of groups lie at 1.25 sigma
    design, bands = layout(1, k=1.25)
    low, high = MASS - 1.25 * SIGMA, MASS + 1.25 * SIGMA
    m = int(design.groups[0])
    overlap = np.minimum(EDGES[design.last[0, :m]], high) - np.maximum(EDGES[design.first[0, :m]], low)
    signal = np.zeros_like(design.signal)
    signal[0, :m] = np.maximum(overlap, 0.0) / (high - low)
    zero, one = np.zeros(1), np.ones(1)
    for per_mev in (20.0, 200.0):
        total = cumulative(density(per_mev)[None])
        rows = np.zeros(1, dtype=np.int64)
        found = shape_limits(
            design._replace(signal=signal),
            total,
            rows,
            expected=grouped(design, total),
            peak=signal,
            model=Single(2, 3),
        )
        window = fit_sidebands(bands, total, rows, order=2, alternative_order=3)
        counting = rolke_lopez(
            window.background,
            background=Gaussian(window.background, window.stat),
            efficiency=Gaussian(one, zero),
        )
        # the fit uses the strips between window and side bands as well, 1.25 to 1.5 sigma
        assert found.upper[0] == pytest.approx(counting.upper[0], rel=0.03)


def test_several_functions_cost_more_than_one() -> None:
    """What the choice of the function does to b is in the likelihood: wider than one function, never narrower."""
    rng = np.random.Generator(np.random.Philox(9))
    counts = rng.poisson(density(10.0), (200, CENTRES.size)).astype(float)
    several, single = limits(counts), limits(counts, single=True)
    assert 1.0 < several.upper.mean() / single.upper.mean() < 1.1


def hump(b: float) -> NDArray[np.float64]:
    """A hump of 0.7 of the bands' reach, which no function of the fit has, with b events in the window."""
    shape = np.exp(-(((CENTRES - MASS) / (11.25 * SIGMA)) ** 2) / 0.98)
    return shape * b / shape[np.abs(CENTRES - MASS) < SIGMA].sum()


@pytest.mark.parametrize("b", [30.0, 300.0])
def test_limits_on_a_background_of_another_shape_cover_and_are_not_above_counting(b: float) -> None:
    """The fit once took the function's error as a spurious signal of one function, and lost to counting."""
    toys, events = 300, 20.0
    rng = np.random.Generator(np.random.Philox(10))
    counts = rng.poisson(hump(b) + events / INSIDE * PEAK, (toys, CENTRES.size)).astype(float)
    one = layout(1)[1]
    found = limits(counts)
    fits = fit_sidebands(
        one._make(np.repeat(column, toys, axis=0) for column in one),
        cumulative(counts),
        np.arange(toys),
        order=2,
        alternative_order=3,
    )
    n = counts[:, np.abs(CENTRES - MASS) < SIGMA].sum(axis=1)
    counting = rolke_lopez(
        n,
        background=Gaussian(fits.background, fits.error),
        efficiency=Gaussian(1.0 - fits.leakage / INSIDE, np.zeros(toys)),
    )
    assert np.mean(found.upper >= events) > 0.95 - 4.9 * np.sqrt(0.05 * 0.95 / toys)
    assert np.median(found.upper) < 1.02 * np.median(counting.upper)


def test_no_events_and_no_bands() -> None:
    found = limits(np.zeros((1, CENTRES.size)))
    assert found.estimate[0] == 0.0
    # nothing seen anywhere: the bounded limit of zero events, for the part of the peak inside the bands
    assert found.upper[0] == pytest.approx(0.5 * Q * INSIDE, rel=0.02)
    nothing = shape_limits(
        layout(1)[0],
        np.zeros((1, EDGES.size)),
        np.zeros(1, dtype=np.int64),
        expected=np.full_like(layout(1)[0].signal, np.nan),
        peak=layout(1)[0].signal,
        model=SidebandModel(2, 3),
    )
    assert np.isnan(nothing.upper[0])
    assert np.isnan(nothing.order[0])


@pytest.mark.parametrize("family", ["polynomial", "exp-polynomial"])
def test_few_events_lower_the_order_and_leave_no_mass_without_a_number(family: Family) -> None:
    """0.3 events in the window: 27 of 400 such fits of order 2 had no end and said nothing."""
    rng = np.random.Generator(np.random.Philox(12))
    found = limits(rng.poisson(density(0.3 / 8.0), (400, CENTRES.size)).astype(float), family=family)
    for column in (found.estimate, found.significance, found.upper, found.expected):
        assert np.all(np.isfinite(column))
    assert np.all((found.order >= 0) & (found.order <= 2))
    assert np.mean(found.order < 2) > 0.9
    assert np.all(limits(density(10.0)[None]).order == 2)


def test_limits_expected_from_the_side_bands_do_not_know_of_a_signal() -> None:
    """The same background with a peak of 200 events: what is expected without one stays, but for its leakage."""
    windows = [search_window(MASS, SIGMA, k=1.0, edges=EDGES)]
    whole, bands = layout(1)
    rows = np.zeros(1, dtype=np.int64)
    model = SidebandModel(2, 3, order_choice="fixed")

    def expected(counts: NDArray[np.float64]) -> float:
        total = cumulative(counts[None])
        groups = expected_groups(bands, whole, windows, EDGES, total, rows, model)
        found = shape_limits(
            whole, total, rows, expected=groups, peak=whole.signal / INSIDE, model=SidebandModel(2, 3)
        )
        return float(found.expected[0])

    clean, dirty = density(10.0), density(10.0) + 200.0 * PEAK
    assert expected(clean) == pytest.approx(limits(clean[None]).upper[0], rel=1e-3)
    assert expected(dirty) == pytest.approx(expected(clean), rel=0.06)
    # the fit without a peak to the spectrum with one is above by more
    assert limits(dirty[None]).expected[0] > 1.3 * expected(clean)
