"""Structure and its interference in K+ -> mu+ nu gamma: the published densities, the rates, and the sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hnlpeak.theory.modes import inner_bremsstrahlung as ib
from hnlpeak.theory.modes.kmu2 import MODE, STRUCTURE
from hnlpeak.theory.modes.structure import (
    DECAY_CONSTANT,
    NO_STRUCTURE,
    Structure,
    form_factors,
    structure_amplitude,
)
from hnlpeak.theory.modes.structure_spin import structure_spin
from hnlpeak.theory.species import MASS, Species

KAON = 493.677
R = (float(MASS[Species.MUON_PLUS]) / KAON) ** 2


def published(x: float, y: float, plus: float, minus: float) -> float:
    """Sum of the densities, as hep-ph/9209261 writes them: F = 113 MeV, V and A negative."""
    w, ratio = x + y - 1.0 - R, KAON / (DECAY_CONSTANT.value / 2.0**0.5)
    a, b = -plus / 2.0**0.5, -minus / 2.0**0.5
    sd_plus = w * ((x + y - 1.0) * (1.0 - x) - R)
    sd_minus = (1.0 - y + R) * ((1.0 - x) * (1.0 - y) + R)
    edge = (1.0 - y + R) / (x * w)
    int_plus = edge * ((1.0 - x) * (1.0 - x - y) + R)
    int_minus = edge * (x * x - (1.0 - x) * (1.0 - x - y) - R)
    emitted = ratio**2 / (4.0 * R) * (a * a * sd_plus + b * b * sd_minus)
    return 8.0 * R * (emitted + ratio * (a * int_plus + b * int_minus))


@pytest.mark.parametrize(("plus", "minus"), [(0.125, 0.0), (0.0, 0.052), (0.14, 0.06)])
def test_the_density_is_the_published_one(plus: float, minus: float) -> None:
    for x in (0.05, 0.3, 0.6, 0.9):
        low = R / (1.0 - x)
        for t in (0.01, 0.3, 0.7, 0.99):
            v = low + t * (1.0 - low)
            y = 1.0 + R - x * (1.0 - v)
            found = structure_amplitude(x, v, R, plus, minus)
            assert found == pytest.approx(published(x, y, plus, minus), rel=1e-9)


def test_with_bremsstrahlung_it_is_never_negative() -> None:
    for x in np.linspace(0.01, 0.95, 48):
        for v in np.linspace(R / (1.0 - x), 1.0, 40):
            whole = ib.squared_amplitude(x, v, R, 0.0) + structure_amplitude(
                x, v, R, *form_factors(x, *STRUCTURE)
            )
            assert whole > -1e-12


@pytest.mark.parametrize(
    ("structure", "fraction"),
    [
        (STRUCTURE._replace(minus=0.0), 8.37e-6 + 1.47e-5),
        (STRUCTURE._replace(plus=0.0), 1.92e-6 - 4.61e-5),
    ],
)
def test_rates_are_those_of_the_public_analysis(structure: Structure, fraction: float) -> None:
    """Emission and interference of each helicity, to the digits that it gives and its f_K of 156.1 MeV."""
    x_min = 2.0 * ib.PHOTON_ENERGY_MIN / KAON
    more = ib.ib_probability(x_min, R, 0.0, structure) - ib.ib_probability(x_min, R, 0.0, NO_STRUCTURE)
    assert MODE.branching_fraction is not None
    assert MODE.branching_fraction.value * more == pytest.approx(fraction, rel=0.02)


def test_photons_are_sampled_by_the_sum(draw: Callable[..., Any]) -> None:
    """Hard photons, in parts of the range of the lepton's direction: fewer near the muon, more against it."""
    params, x_min, x_max = MODE.pack(), 0.6, 0.9
    params[ib._P_IB] = 1.0
    params[ib._LN_X_MIN], params[ib._LN_X_RANGE] = np.log(x_min), np.log(x_max / x_min)
    sample = draw("kmu2", 40_000, params=params)
    assert np.all(sample.rows == 2)
    e, k = sample.energy[:, 0], sample.energy[:, 1]
    shares = (2.0 * (e + k) / KAON - 1.0 - R) / (2.0 * k / KAON)
    edges = np.array([0.0, 0.15, 0.3, 0.6, 1.0])
    counts = np.histogram(shares, edges)[0]
    nodes, weights = np.polynomial.legendre.leggauss(60)
    grid_x = x_min + 0.5 * (x_max - x_min) * (nodes + 1.0)
    expected = np.zeros(4)
    for x, w in zip(grid_x, weights, strict=True):
        low = R / (1.0 - x)
        for i in range(4):
            a, b = max(low, edges[i]), edges[i + 1]
            if a >= b:
                continue
            v = a + 0.5 * (b - a) * (nodes + 1.0)
            whole = [
                x
                * (
                    ib.squared_amplitude(x, t, R, 0.0)
                    + structure_amplitude(x, t, R, *form_factors(x, *STRUCTURE))
                )
                for t in v
            ]
            expected[i] += w * 0.5 * (b - a) * float(np.dot(weights, whole))
    expected *= counts.sum() / expected.sum()
    assert np.all(np.abs(counts - expected) < 5.0 * np.sqrt(expected))


def point(rng: np.random.Generator) -> tuple[float, float, tuple[float, ...], tuple[float, ...]]:
    """A point (x, v) of K+ -> mu+ nu gamma with momenta (x, y, z, E) of the muon and the photon, turned at random."""
    m = float(MASS[Species.MUON_PLUS])
    x = rng.uniform(0.05, 0.9)
    v = rng.uniform(R / (1.0 - x), 1.0)
    y = 1.0 + R - x * (1.0 - v)
    e, k = 0.5 * KAON * y, 0.5 * KAON * x
    p, c = np.sqrt(e * e - m * m), (0.5 * y - v) / np.sqrt(0.25 * y * y - R)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    muon = turn @ [0.0, 0.0, p]
    photon = turn @ [k * np.sqrt(max(0.0, 1.0 - c * c)), 0.0, k * c]
    return x, v, (*muon, e), (*photon, k)


def test_spin_with_structure() -> None:
    """Amplitudes by helicity add up to both densities, and without structure to the spin of bremsstrahlung."""
    m, rng = float(MASS[Species.MUON_PLUS]), np.random.Generator(np.random.Philox(9))
    moved = 0.0
    for _ in range(50):
        x, v, muon, photon = point(rng)
        *spin, density = structure_spin(muon, photon, KAON, m, *form_factors(x, *STRUCTURE))
        whole = ib.squared_amplitude(x, v, R, 0.0) + structure_amplitude(
            x, v, R, *form_factors(x, *STRUCTURE)
        )
        assert density == pytest.approx(KAON**2 * whole, rel=1e-9)
        assert np.linalg.norm(spin) <= 1.0 + 1e-12
        *bare, _ = structure_spin(muon, photon, KAON, m, 0.0, 0.0)
        np.testing.assert_allclose(bare, ib.ib_spin(*muon, *photon, KAON, m, 0.0), rtol=1e-9, atol=1e-9)
        moved = max(moved, float(np.linalg.norm(np.subtract(spin, bare))))
    assert moved > 0.1
