"""How often background alone makes an excess of three deviations, where the side bands hold next to nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, poisson

from hnlpeak.background.bands import sideband_design
from hnlpeak.background.functions import SidebandModel
from hnlpeak.background.sideband import SidebandBackground
from hnlpeak.background.toy_fits import fit_toys, toy_start
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.limits.excess import less_than_one_event, local_p_value, local_significance
from hnlpeak.spectrum.window import search_window

CARD = load_analysis("na62-2015-ke2").card.background
assert isinstance(CARD, SidebandBackground)
EDGES = np.linspace(100.0, 500.0, 4001)
CENTRES = 0.5 * (EDGES[1:] + EDGES[:-1])
TOYS, THREE = 3000, float(norm.sf(3.0))


def rates(mass: float, sigma: float, b: float, slope: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """P(p-value below that of 3 sigma) and P(3 sigma) of each fit to side bands about the true ``b``, and where the
    estimate is below its error. Given a fit, counts in the window are summed, not drawn."""
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
    alarms = (
        local_p_value(number, estimate, error, kind="gaussian") <= THREE,
        local_significance(number, estimate, error, kind="gaussian") >= 3.0,
    )
    some = less_than_one_event(fits.background[:, 0], fits.error[:, 0])
    return np.sum(chance * alarms[0], axis=0), np.sum(chance * alarms[1], axis=0), some


@pytest.mark.parametrize(
    ("mass", "sigma", "b", "slope"),
    [(290.0, 4.9, 0.3, 1.0), (290.0, 4.9, 1.17, 1.0), (290.0, 4.9, 3.0, 1.0), (180.0, 11.0, 1.17, 0.0)],
)
def test_three_sigma_are_as_rare_as_they_say(mass: float, sigma: float, b: float, slope: float) -> None:
    """Of all rows, and of those whose b is below its error, where a Gaussian b makes 2 to 12 times as many."""
    by_p, by_z, few = rates(mass, sigma, b, slope)
    assert few.sum() >= 20
    # where the true b is 3 a few fits in a hundred are below their error
    for alarms, known in ((by_p, 0.1), (by_p[few], 1.0), (by_z, 0.1), (by_z[few], 1.0)):
        error = alarms.std() / np.sqrt(alarms.size)
        assert alarms.mean() < 1.25 * THREE + 3.0 * error
        assert error < known * THREE


def test_five_events_on_next_to_nothing() -> None:
    """b = 0.13 +- 0.22 is 0.13 / 0.22 = 0.59 of an event in a control region 1 / 0.22 times as large."""
    n, b, sigma = (np.array([x]) for x in (5.0, 0.13, 0.22))
    p = local_p_value(n, b, sigma, kind="gaussian")[0]
    y, tau = 0.13 / 0.22, 1.0 / 0.22
    # P(at least 5 of 5 + y in the window) by an integral of the beta density
    x = np.linspace(0.0, 1.0 / (1.0 + tau), 200_001)
    beta = x**4 * (1.0 - x) ** y
    whole = np.linspace(0.0, 1.0, 200_001)
    norm_of = np.trapezoid(whole**4 * (1.0 - whole) ** y, whole)
    assert p == pytest.approx(np.trapezoid(beta, x) / norm_of, rel=1e-6)
    z = local_significance(n, b, sigma, kind="gaussian")[0]
    assert z == pytest.approx(norm.isf(0.5 * p), rel=1e-9)
    assert 3.3 < z < 3.6


def test_less_background_never_explains_more() -> None:
    """p falls with n and rises with b, from b = 0 to b = sigma, without a jump at 0."""
    n, b = np.meshgrid([1.0, 3.0, 9.0, 10.0], [0.0, 1e-9, 6.6e-4, 0.01, 0.1, 0.3, 0.379], indexing="ij")
    sigma = np.full(n.shape, 0.38)
    for numbers in (
        local_p_value(n, b, sigma, kind="gaussian"),
        -local_significance(n, b, sigma, kind="gaussian"),
    ):
        assert np.all(np.diff(numbers, axis=0) < 0.0)
        assert np.all(np.diff(numbers, axis=1) > 0.0)
    p = local_p_value(n, b, sigma, kind="gaussian")
    # all of n events in a window that has 0.38 / 1.38 of both regions
    np.testing.assert_allclose(p[:, 0], (0.38 / 1.38) ** n[:, 0], rtol=1e-9)
    np.testing.assert_allclose(p[:, 1], p[:, 0], rtol=1e-6)
