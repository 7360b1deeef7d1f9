from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from hnlpeak.background.bands import sideband_design
from hnlpeak.background.sideband import SidebandBackground
from hnlpeak.background.sideband_fit import SidebandEstimates, fit_sidebands
from hnlpeak.spectrum.window import gaussian_fraction, search_window

EDGES = np.linspace(100.0, 490.0, 3901)
CENTRES = 0.5 * (EDGES[1:] + EDGES[:-1])


def card(**changes: object) -> SidebandBackground:
    table: dict[str, object] = {
        "method": "sideband",
        "order": 2,
        "alternative_order": 3,
        "order_choice": "fixed",
        "inner": 1.5,
        "outer": 11.25,
        "low_limit": "150 MeV",
        "high_limit": "475 MeV",
        "reference": "test",
        "confidence": "E",
    }
    return SidebandBackground.model_validate({**table, **changes})


def estimate(
    density: NDArray[np.float64], masses: list[float], sigma: float = 4.0, **changes: object
) -> SidebandEstimates:
    bands = card(**changes)
    windows = [search_window(mass, sigma, k=1.0, edges=EDGES) for mass in masses]
    cumulative = np.concatenate([[0.0], np.cumsum(density)])[None, :]
    return fit_sidebands(
        sideband_design(windows, EDGES, bands),
        cumulative,
        np.zeros(len(masses), dtype=np.int64),
        order=bands.order,
        alternative_order=bands.alternative_order,
        order_choice=bands.order_choice,
    )


def parabola(mass: float) -> NDArray[np.float64]:
    """Number of events per bin of a parabola, integrated exactly."""

    def integral(m: NDArray[np.float64]) -> NDArray[np.float64]:
        x = m - mass
        return np.asarray(30.0 * x - 0.1 * x**2 + 0.002 * x**3)

    return np.diff(integral(EDGES))


@pytest.mark.parametrize("mass", [200.0, 300.0, 155.0, 470.0])
def test_a_polynomial_is_recovered_also_at_the_edges(mass: float) -> None:
    density = parabola(mass)
    inside = (mass - 4.0 < CENTRES) & (mass + 4.0 > CENTRES)
    found = estimate(density, [mass])
    assert found.background[0] == pytest.approx(density[inside].sum(), rel=1e-5)
    # other functions agree on b, but their freedom costs
    assert found.alternative[0] == pytest.approx(found.background[0], rel=1e-4)
    assert 0.1 * found.stat[0] < found.syst[0] < 3.0 * found.stat[0]
    assert found.deviance[0] == pytest.approx(0.0, abs=1e-3)
    assert found.status[0] == ("ok" if 156.0 < mass < 469.0 else "one-sided")


def test_minimum_and_error_agree_with_a_general_minimiser() -> None:
    rng = np.random.Generator(np.random.Philox(21))
    counts = rng.poisson(0.5 * np.exp(-(CENTRES - 200.0) / 100.0)).astype(float)
    found = estimate(counts, [250.0])
    t = (CENTRES - 250.0) / 45.0
    band = (np.abs(CENTRES - 250.0) > 6.0) & (np.abs(CENTRES - 250.0) < 45.0)
    design = np.stack([np.ones_like(t), t, t * t], axis=1)

    def loss(theta: NDArray[np.float64]) -> float:
        f = design[band] @ theta
        return float(np.sum(f - counts[band] * np.log(np.maximum(f, 1e-12)))) if np.all(f > 0.0) else 1e9

    start = np.array([counts[band].mean(), 0.0, 0.0])
    best = minimize(
        loss, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10, "maxiter": 4000}
    )
    window = np.abs(CENTRES - 250.0) < 4.0
    jacobian = design[window].sum(axis=0)
    information = design[band].T @ (design[band] / (design[band] @ best.x)[:, None])
    error = np.sqrt(jacobian @ np.linalg.solve(information, jacobian))
    # bins are grouped to half a resolution in the package, not here
    assert found.background[0] == pytest.approx(jacobian @ best.x, abs=0.1 * error)
    assert found.stat[0] == pytest.approx(error, rel=0.01)
    assert found.events[0] == counts[band].sum()


@pytest.mark.parametrize(("order", "inner"), [(0, 1.5), (2, 1.5), (3, 1.5), (2, 3.0)])
def test_leakage_is_the_shift_of_a_fit_to_injected_signal(order: int, inner: float) -> None:
    mass, sigma, flat = 300.0, 4.0, np.full(CENTRES.size, 5.0)
    signal = np.array([gaussian_fraction(a, b, mean=mass, sigma=sigma) for a, b in pairwise(EDGES)])
    options = {"order": order, "alternative_order": order + 1, "inner": inner}
    before, after = (estimate(flat + s * signal, [mass], **options) for s in (0.0, 1.0))
    shift = after.background[0] - before.background[0]
    assert before.leakage[0] == pytest.approx(shift, rel=0.01, abs=1e-6)
    if order == 0:
        # the estimate of a flat fit in 1.5 to 11.25 sigma with a window of +- 1 sigma: 0.134 x 2 / 19.5
        assert inner == 1.5
        assert shift == pytest.approx(0.1336 * 2.0 / 19.5, rel=0.02)


def test_empty_side_bands_have_a_defined_answer() -> None:
    found = estimate(np.zeros(CENTRES.size), [300.0])
    assert found.background[0] == 0.0
    # the error that one event in the side bands would have made: 8 MeV of window over 78 MeV
    assert found.stat[0] == pytest.approx(8.0 / 78.0, rel=0.02)
    assert 0.0 < found.syst[0] < found.stat[0]
    assert found.status[0] == "order-lowered"


def test_sparse_side_bands_lower_the_order_and_stay_non_negative() -> None:
    rng = np.random.Generator(np.random.Philox(5))
    masses = [float(m) for m in range(170, 460, 10)]
    for _ in range(20):
        found = estimate(rng.poisson(0.02, CENTRES.size).astype(float), masses, sigma=2.0)
        assert np.all(found.background >= 0.0)
        assert np.all(np.isfinite(found.error))
        assert np.all(found.stat > 0.0)
        few = found.events < 12
        assert np.all(found.order[few] < 2)
        assert all("order-lowered" in s for s, low in zip(found.status, few, strict=True) if low)


def test_limits_of_the_card_bound_the_side_bands() -> None:
    density = np.where(CENTRES < 280.0, 1000.0, 1.0)
    assert estimate(density, [300.0], low_limit="280 MeV").background[0] == pytest.approx(80.0, rel=1e-4)
    assert estimate(density, [300.0]).background[0] > 1000.0


def test_no_side_bands_is_a_status() -> None:
    found = estimate(np.ones(CENTRES.size), [300.0], low_limit="297 MeV", high_limit="303 MeV")
    assert found.status == ("no-side-bands",)
    assert np.isnan(found.background[0])
