from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import minimize

from hnlpeak.background.bands import SidebandDesign, sideband_design
from hnlpeak.background.functions import FAMILIES, Family, OrderChoice, SidebandModel
from hnlpeak.background.sideband import SidebandBackground
from hnlpeak.background.sideband_fit import SidebandEstimates, fit_sidebands, goodness_of_fit
from hnlpeak.background.toy_fits import fit_toys, toy_start
from hnlpeak.core.errors import UsageError
from hnlpeak.spectrum.window import gaussian_fraction, search_window

EDGES = np.linspace(100.0, 490.0, 3901)
CENTRES = 0.5 * (EDGES[1:] + EDGES[:-1])
SIGMA = 4.0


def design(masses: list[float], order: int = 2, alternative: int = 3) -> SidebandDesign:
    card = SidebandBackground.model_validate(
        {
            "method": "sideband",
            "order": order,
            "alternative_order": alternative,
            "inner": 1.5,
            "outer": 11.25,
            "low_limit": "150 MeV",
            "high_limit": "475 MeV",
            "reference": "test",
            "confidence": "E",
        }
    )
    return sideband_design([search_window(m, SIGMA, k=1.0, edges=EDGES) for m in masses], EDGES, card)


def cumulative(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([np.zeros((*counts.shape[:-1], 1)), np.cumsum(counts, axis=-1)], axis=-1)


def estimate(
    counts: NDArray[np.float64],
    masses: list[float],
    *,
    family: Family = "exp-polynomial",
    order: int = 2,
    alternative: int = 3,
    choice: OrderChoice = "fixed",
) -> SidebandEstimates:
    return fit_sidebands(
        design(masses, order, alternative),
        cumulative(counts)[None],
        np.zeros(len(masses), dtype=np.int64),
        order=order,
        alternative_order=alternative,
        family=family,
        order_choice=choice,
    )


def falling(per_mev: float, length: float, curvature: float = 0.0) -> NDArray[np.float64]:
    x = CENTRES - 300.0
    return per_mev * np.exp(-x / length + curvature * x * x) * (EDGES[1] - EDGES[0])


@pytest.mark.parametrize(("length", "curvature"), [(120.0, 0.0), (20.0, 0.0), (30.0, 2e-4), (1e9, 0.0)])
def test_an_exponential_is_recovered(length: float, curvature: float) -> None:
    density = falling(40.0, length, curvature)
    found = estimate(density, [300.0])
    truth = density[np.abs(CENTRES - 300.0) < SIGMA].sum()
    assert found.background[0] == pytest.approx(truth, rel=2e-5)
    assert found.alternative[0] == pytest.approx(truth, rel=1e-4)
    assert 0.0 < found.syst[0] < 3.0 * found.stat[0]
    assert found.deviance[0] == pytest.approx(0.0, abs=1e-3)
    # a parabola cannot follow the steep ones
    if length == 20.0:
        wrong = estimate(density, [300.0], family="polynomial")
        assert abs(wrong.background[0] / truth - 1.0) > 0.01


def test_minimum_and_error_agree_with_a_general_minimiser() -> None:
    rng = np.random.Generator(np.random.Philox(31))
    counts = rng.poisson(falling(4.0, 40.0)).astype(float)
    found = estimate(counts, [300.0])
    t = (CENTRES - 300.0) / 45.0
    powers = np.stack([np.ones_like(t), t, t * t], axis=1)
    band, window = (np.abs(t) > 6.0 / 45.0) & (np.abs(t) < 1.0), np.abs(t) < SIGMA / 45.0

    def loss(theta: NDArray[np.float64]) -> float:
        exponent = powers[band] @ theta
        return float(np.sum(np.exp(exponent) - counts[band] * exponent))

    def slope(theta: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(powers[band].T @ (np.exp(powers[band] @ theta) - counts[band]))

    best = minimize(loss, np.array([-1.0, 0.0, 0.0]), jac=slope, method="BFGS", options={"gtol": 1e-6}).x
    f = np.exp(powers @ best)
    jacobian = powers[window].T @ f[window]
    covariance = np.linalg.inv(powers[band].T @ (powers[band] * f[band][:, None]))
    error = np.sqrt(jacobian @ covariance @ jacobian)
    # bins are grouped to half a resolution in the package, not here
    assert found.background[0] == pytest.approx(f[window].sum(), abs=0.1 * error)
    assert found.stat[0] == pytest.approx(error, rel=0.02)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_leakage_is_the_shift_of_a_fit_to_injected_signal(family: Family, order: int) -> None:
    signal = np.array(
        [gaussian_fraction(a, b, mean=300.0, sigma=SIGMA) for a, b in itertools.pairwise(EDGES)]
    )
    background = falling(50.0, 150.0)
    before, after = (
        estimate(background + s * signal, [300.0], family=family, order=order, alternative=order + 1)
        for s in (0.0, 1.0)
    )
    shift = after.background[0] - before.background[0]
    # both families are misfits of low order to this spectrum: the second derivative of the fit is left out
    assert before.leakage[0] == pytest.approx(shift, rel=0.03, abs=2e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_empty_side_bands_have_a_defined_answer(family: Family) -> None:
    found = estimate(np.zeros(CENTRES.size), [300.0], family=family)
    assert found.background[0] == 0.0
    assert found.stat[0] == pytest.approx(8.0 / 78.0, rel=0.02)
    assert 0.0 < found.syst[0] < found.stat[0]
    assert found.status[0] == "order-lowered"


def test_sparse_side_bands_keep_finite_errors() -> None:
    rng = np.random.Generator(np.random.Philox(5))
    masses = [float(m) for m in range(170, 460, 10)]
    for rate in (0.005, 0.02, 0.1):
        found = estimate(rng.poisson(rate, CENTRES.size).astype(float), masses)
        assert np.all(found.background >= 0.0)
        assert np.all(np.isfinite(found.error) & (found.stat > 0.0))


@pytest.mark.parametrize("family", FAMILIES)
def test_akaike_takes_the_order_that_the_spectrum_has(family: Family) -> None:
    x = (CENTRES - 300.0) / 45.0
    shapes = {
        "polynomial": [1.0 + 0.0 * x, 1.0 - 0.5 * x, 1.0 - 0.5 * x + 0.4 * x * x],
        "exp-polynomial": [np.exp(0.0 * x), np.exp(-x), np.exp(-x + 0.5 * x * x)],
    }[family]
    for order, shape in enumerate(shapes):
        density = 100.0 * np.maximum(shape, 0.01)
        found = estimate(density, [300.0], family=family, order=4, alternative=5, choice="akaike")
        assert found.order[0] == order
        assert found.status[0] == "ok"
        # the alternative stays one order above
        higher = estimate(density, [300.0], family=family, order=order + 1, alternative=order)
        assert found.alternative[0] == pytest.approx(higher.background[0], rel=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("choice", ["average", "fixed", "akaike"])
def test_toys_are_fitted_as_the_spectrum_is(family: Family, choice: OrderChoice) -> None:
    masses = [200.0, 300.0, 400.0, 470.0]
    rng = np.random.Generator(np.random.Philox(9))
    for per_mev in (20.0, 0.3):
        expected = falling(per_mev, 80.0)
        counts = rng.poisson(expected, (6, expected.size)).astype(float)
        rows, model = np.zeros(4, dtype=np.int64), SidebandModel(2, 3, family, choice)
        start = toy_start(design(masses), cumulative(expected)[None], rows, model)
        many = fit_toys(design(masses), cumulative(counts)[:, None], rows, model, start=start)
        for toy, one in enumerate(counts):
            single = estimate(one, masses, family=family, choice=choice)
            assert many.background[toy] == pytest.approx(single.background, abs=1e-4 * single.stat.min())
            assert many.error[toy] == pytest.approx(single.error, rel=1e-3)
            assert many.leakage[toy] == pytest.approx(single.leakage, rel=1e-3)


@pytest.mark.parametrize(("order", "alternative"), [(3, 4), (2, 5), (5, 4)])
def test_functions_beyond_what_the_bands_are_laid_out_for_are_refused(order: int, alternative: int) -> None:
    """Two orders more than the function's own are tried: compiled code would read and write beyond its arrays."""
    counts = falling(50.0, 150.0)
    most = max(order + 2, alternative)
    with pytest.raises(UsageError, match=f"laid out for functions up to order 4, asked for {most}"):
        fit_sidebands(
            design([300.0]),
            cumulative(counts)[None],
            np.zeros(1, dtype=np.int64),
            order=order,
            alternative_order=alternative,
        )
    assert np.isfinite(estimate(counts, [300.0], order=order, alternative=alternative).background[0])


def test_probability_of_a_larger_deviance() -> None:
    """That of chi2; none without degrees of freedom."""
    deviance, freedom = np.array([3.0, 12.0, 40.0, 5.0]), np.array([3.0, 10.0, 20.0, 0.0])
    found = goodness_of_fit(deviance, freedom)
    assert found[:3] == pytest.approx(stats.chi2.sf(deviance[:3], freedom[:3]))
    assert np.isnan(found[3])
