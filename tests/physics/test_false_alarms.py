"""How often background alone makes an excess, where the error of its estimate is large."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom, norm, poisson

from hnlpeak.background.bands import sideband_design
from hnlpeak.background.functions import SidebandModel
from hnlpeak.background.sideband import SidebandBackground
from hnlpeak.background.toy_fits import fit_toys, toy_start
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.limits.excess import local_p_value, local_significance, of_one_event
from hnlpeak.spectrum.window import search_window
from hnlpeak.statistics import Gaussian, p_value, significance

CARD = load_analysis("na62-2015-ke2").card.background
assert isinstance(CARD, SidebandBackground)
EDGES = np.linspace(100.0, 500.0, 4001)
CENTRES = 0.5 * (EDGES[1:] + EDGES[:-1])
TOYS, THREE = 2000, float(norm.sf(3.0))
Matrix = NDArray[np.float64]


def claims(n: Matrix, b: Matrix, sigma: Matrix, chance: Matrix, z: float) -> tuple[float, float]:
    """P(p-value says ``z`` deviations or more) and P(significance does), over outcomes and their chances."""
    level = float(norm.sf(z))
    # no p-value is less than that, and averages over b take their time
    some = of_one_event(n, sigma) <= level
    p = local_p_value(n[some], b[some], sigma[some], kind="gaussian")
    said = local_significance(n, b, sigma, kind="gaussian")
    return float(np.sum(chance[some][p <= level])), float(np.sum(chance[said >= z]))


RATES, RATIOS = (0.1, 1.0, 10.0), (0.3, 0.5, 1.0, 3.0, 10.0)


@pytest.mark.parametrize("b", RATES)
@pytest.mark.parametrize("ratio", RATIOS)
def test_claims_are_no_more_frequent_than_they_say_with_a_control_region(b: float, ratio: float) -> None:
    """Control events are drawn (as sums) about 1 / ratio^2: the estimate has the error sqrt(y) / tau, one event's if
    there is none. With a Gaussian b alone 4 sigma at b = 10 +- 5 were 24 and 36 times too frequent."""
    mean, tau = ratio**-2, 1.0 / (ratio * ratio * b)
    y, n = (np.arange(int(m + 10.0 * np.sqrt(m) + 12.0), dtype=float) for m in (mean, b))
    chance = poisson.pmf(y, mean)[:, None] * poisson.pmf(n, b)
    some = chance > 1e-11
    control, number = (np.broadcast_to(x, chance.shape)[some] for x in (y[:, None], n))
    estimate, error = control / tau, np.sqrt(np.maximum(control, 1.0)) / tau
    for z in (2.0, 3.0, 4.0):
        assert max(claims(number, estimate, error, chance[some], z)) < norm.sf(z)


@pytest.mark.parametrize("b", RATES)
@pytest.mark.parametrize("ratio", RATIOS)
def test_claims_are_no_more_frequent_than_they_say_with_a_gaussian_measurement(
    b: float, ratio: float
) -> None:
    """The ensemble of the Gaussian constraint itself: b is measured with an error that does not depend on it."""
    sigma = ratio * b
    pull = np.linspace(-5.0, 5.0, 101)
    n = np.arange(int(b + 10.0 * np.sqrt(b) + 12.0), dtype=float)
    chance = (norm.pdf(pull) / norm.pdf(pull).sum())[:, None] * poisson.pmf(n, b)
    some = chance > 1e-9
    estimate, number = (np.broadcast_to(x, chance.shape)[some] for x in (b + sigma * pull[:, None], n))
    for z in (2.0, 3.0, 4.0):
        assert max(claims(number, estimate, np.full(number.shape, sigma), chance[some], z)) < norm.sf(z)


def rates(mass: float, sigma: float, b: float, slope: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """P(p-value below that of 3 sigma) and P(3 sigma) of each fit to side bands about the true ``b``, and its sigma_b
    over b. Given a fit, counts in the window are summed, not drawn."""
    windows = [search_window(mass, sigma, k=1.0, edges=EDGES)]
    design = sideband_design(windows, EDGES, CARD)
    density = np.exp(-slope * (CENTRES - mass) / (11.25 * sigma))
    truth = b * density / density[windows[0].first : windows[0].last].sum()
    counts = np.random.Generator(np.random.Philox(7)).poisson(truth, (TOYS, truth.size))
    total = np.concatenate([np.zeros((TOYS, 1)), np.cumsum(counts, axis=1)], axis=1)[:, None]
    expected = np.concatenate([[0.0], np.cumsum(truth)])[None]
    rows, model = np.zeros(1, dtype=np.int64), SidebandModel(2, 3)
    fits = fit_toys(design, total, rows, model, start=toy_start(design, expected, rows, model))
    n = np.arange(int(b + 12.0 * np.sqrt(b) + 12.0), dtype=np.float64)[:, None]
    shape = (n.size, TOYS)
    number, estimate, error = (
        np.broadcast_to(x, shape) for x in (n, fits.background[:, 0], fits.error[:, 0])
    )
    chance = poisson.pmf(n, b)
    some = of_one_event(number, error) <= THREE
    below = np.zeros(shape, dtype=bool)
    below[some] = local_p_value(number[some], estimate[some], error[some], kind="gaussian") <= THREE
    alarms = below, local_significance(number, estimate, error, kind="gaussian") >= 3.0
    ratio = fits.error[:, 0] / np.maximum(fits.background[:, 0], 1e-300)
    return np.sum(chance * alarms[0], axis=0), np.sum(chance * alarms[1], axis=0), ratio


@pytest.mark.parametrize(
    ("mass", "sigma", "b", "slope"),
    [(290.0, 4.9, 0.3, 1.0), (290.0, 4.9, 1.17, 1.0), (290.0, 4.9, 3.0, 1.0), (180.0, 11.0, 1.17, 0.0)],
)
def test_three_sigma_are_as_rare_as_they_say(mass: float, sigma: float, b: float, slope: float) -> None:
    """Of all rows, of those whose b is below its error, where a Gaussian b makes 2 to 12 times as many, and of those
    whose b is below a third of it, where it makes 3 to 60 times as many."""
    by_p, by_z, ratio = rates(mass, sigma, b, slope)
    assert np.sum(ratio > 1.0) >= 20
    for few in (ratio > 0.0, ratio > 1.0, ratio > 3.0):
        assert by_p[few].mean() < THREE
        assert by_z[few].mean() < THREE


def test_five_events_on_next_to_nothing() -> None:
    """b = 0.13 +- 0.22 says no more than one event in a control region 1 / 0.22 times the window."""
    n, b, sigma = (np.array([x]) for x in (5.0, 0.13, 0.22))
    p = local_p_value(n, b, sigma, kind="gaussian")[0]
    # P(at least 5 of 6 events in the window), each with the probability of its share
    share = 0.22 / 1.22
    assert p == pytest.approx(binom.sf(4, 6, share), rel=1e-12)
    z = local_significance(n, b, sigma, kind="gaussian")[0]
    assert z == pytest.approx(norm.isf(p), rel=1e-9)
    assert z == pytest.approx(3.09, abs=0.01)


@pytest.mark.parametrize("kind", ["gaussian", "poisson"])
def test_less_background_never_explains_more(kind: Literal["gaussian", "poisson"]) -> None:
    """p falls with n and does not fall with b, from far below its error to far above it."""
    for sigma in (0.05, 0.38, 1.0, 4.0):
        n, b = np.meshgrid(np.arange(0.0, 60.0, 3.0), sigma * np.geomspace(1e-4, 12.0, 60), indexing="ij")
        error = np.full(n.shape, sigma)
        p = local_p_value(n, b, error, kind=kind)
        z = local_significance(n, b, error, kind=kind)
        some = p[1:] > 1e-250
        assert np.all(np.diff(p, axis=0)[some] < 0.0)
        assert np.all(np.diff(p, axis=1) >= -1e-9 * p[:, 1:])
        assert np.all(np.diff(z, axis=0) >= -1e-9)
        assert np.all(np.diff(z, axis=1)[z[:, 1:] > 0.0] <= 1e-9)


@pytest.mark.parametrize("kind", ["gaussian", "poisson"])
def test_nothing_jumps(kind: Literal["gaussian", "poisson"]) -> None:
    """Neither with b nor with sigma_b, at sigma_b = b or where the bound begins to act: steps go with their length."""
    step, base = 1e-4, np.geomspace(0.02, 20.0, 60)
    n, size, ratio = np.meshgrid(
        [0.0, 1.0, 3.0, 10.0, 30.0], base, [0.3, 1.0 - 0.5 * step, 3.0], indexing="ij"
    )
    b, sigma = size, size * ratio
    for db, ds in ((step, 0.0), (0.0, step)):
        near = (n, b * (1.0 + db), sigma * (1.0 + ds))
        p, q = (np.log(local_p_value(*row, kind=kind)) for row in ((n, b, sigma), near))
        some = p > np.log(1e-250)
        # d ln p / d ln b and d ln p / d ln sigma are at most some n
        assert np.all(np.abs(q - p)[some] < 3.0 * step * (n[some] + 3.0))
        y, z = (local_significance(*row, kind=kind) for row in ((n, b, sigma), near))
        assert np.all(np.abs(z - y)[some] < 3.0 * step * (n[some] + 3.0))


def test_a_well_known_background_is_as_before() -> None:
    """b = 20 +- 1: asymptotic, and averaged over b, up to 6 sigma."""
    n = np.arange(0.0, 55.0)
    b, sigma = np.full(n.shape, 20.0), np.full(n.shape, 1.0)
    constraint = Gaussian(b, sigma)
    np.testing.assert_array_equal(
        local_p_value(n, b, sigma, kind="gaussian"), p_value(n, background=constraint)
    )
    np.testing.assert_array_equal(
        local_significance(n, b, sigma, kind="gaussian"), significance(n, background=constraint)
    )
