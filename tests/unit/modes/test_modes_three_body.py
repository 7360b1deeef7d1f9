"""K_l3 and K -> 3 pi: Dalitz densities, kinematic ranges, polarisation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from hnlpeak.theory.modes import MODES, kl3
from hnlpeak.theory.species import MASS, Species

K, PI, PI0 = 493.677, 139.57039, 134.9768
SPECIES = {"ke3": Species.POSITRON, "kmu3": Species.MUON_PLUS}
LEPTON = {"ke3": float(MASS[Species.POSITRON]), "kmu3": float(MASS[Species.MUON_PLUS])}
SLOPE = kl3.LAMBDA_PLUS.value / PI**2
F_MINUS = (kl3.LAMBDA_ZERO.value - kl3.LAMBDA_PLUS.value) * (K**2 - PI0**2) / PI**2
EVENTS = 100_000


@pytest.fixture(scope="module")
def draw_bare(draw):
    """Decays in which the lepton radiates no photon."""
    kept = {}

    def bare(name, n):
        if (name, n) not in kept:
            kept[name, n] = draw(name, n, params=kl3.without_radiation(kl3.pack_kl3(SPECIES[name])))
        return kept[name, n]

    return bare


def dot(a, b):
    return a[..., 3] * b[..., 3] - np.sum(a[..., :3] * b[..., :3], axis=-1)


def kl3_four_vectors(sample):
    e_pi = np.sum(np.where(sample.species[:, 1:] >= 0, sample.energy[:, 1:], 0), axis=1)
    p_pi = np.sum(np.where(sample.species[:, 1:, None] >= 0, sample.momentum[:, 1:], 0), axis=1)
    pion = np.concatenate([p_pi, e_pi[:, None]], axis=1)
    lepton = np.concatenate([sample.momentum[:, 0], sample.energy[:, :1]], axis=1)
    return lepton, pion, np.array([0, 0, 0, K]) - lepton - pion


def trace(lepton, pion, neutrino):
    """|M|^2 / 8 of the V - A current with two form factors, from four-vectors alone."""
    kaon = np.array([0, 0, 0, K])
    t = dot(kaon - pion, kaon - pion)
    f = (1 + SLOPE * t)[:, None]
    current = f * (kaon + pion) + F_MINUS * (kaon - pion)
    g = 2 * dot(neutrino, current)[:, None] * current - dot(current, current)[:, None] * neutrino
    return dot(g, lepton), g


@pytest.mark.parametrize("name", LEPTON)
def test_density_is_the_trace(name, draw_bare):
    lepton, pion, neutrino = kl3_four_vectors(draw_bare(name, EVENTS))
    m = LEPTON[name]
    n = 500
    density = [
        kl3.kl3_density(e, x, K, PI0, m, SLOPE, F_MINUS)
        for e, x in zip(pion[:n, 3], lepton[:n, 3], strict=True)
    ]
    # a constant, 4 m_K, relates the two; 1e-8 of the largest value covers cancellations near the edge
    expected = trace(lepton[:n], pion[:n], neutrino[:n])[0] / (4 * K)
    np.testing.assert_allclose(density, expected, rtol=1e-6, atol=1e-8 * max(density))


def pion_spectrum(m):
    """Distribution function of E_pi by integration of the density over E_l at each E_pi."""
    top = (K**2 + PI0**2 - m**2) / (2 * K)
    grid = np.linspace(PI0, top, 301)
    nodes, weights = np.polynomial.legendre.leggauss(8)

    def at(e):
        t, p = K**2 + PI0**2 - 2 * K * e, np.sqrt(max(0.0, e * e - PI0**2))
        half = 0.5 * p * (1 - m**2 / t)
        e_l = 0.5 * (K - e) * (1 + m**2 / t) + half * nodes
        return half * sum(
            w * kl3.kl3_density(e, x, K, PI0, m, SLOPE, F_MINUS) for w, x in zip(weights, e_l, strict=True)
        )

    values = np.array([at(e) for e in grid[:-1]] + [0.0])
    cdf = integrate.cumulative_simpson(values, x=grid, initial=0.0)
    return grid, cdf / cdf[-1]


@pytest.mark.parametrize("name", LEPTON)
def test_pion_spectrum(name, draw_bare):
    _, pion, _ = kl3_four_vectors(draw_bare(name, EVENTS))
    grid, cdf = pion_spectrum(LEPTON[name])
    assert stats.kstest(pion[:, 3], lambda e: np.interp(e, grid, cdf)).pvalue > 1e-6


@pytest.mark.parametrize("name", LEPTON)
def test_flat_after_reweighting(name, draw_bare):
    """Divided by the matrix element the Dalitz plane is flat: E_l uniform between its limits at each E_pi."""
    lepton, pion, neutrino = kl3_four_vectors(draw_bare(name, EVENTS))
    m = LEPTON[name]
    t, p = K**2 + PI0**2 - 2 * K * pion[:, 3], np.linalg.norm(pion[:, :3], axis=1)
    c = (lepton[:, 3] - 0.5 * (K - pion[:, 3]) * (1 + m**2 / t)) / (0.5 * p * (1 - m**2 / t))
    assert np.all(np.abs(c) < 1 + 1e-6)
    keep = np.abs(c) < 0.9  # the density of K_e3 vanishes at the edges
    weight = 1 / trace(lepton, pion, neutrino)[0][keep]
    for moment, expected in ((c[keep], 0.0), (c[keep] ** 2, 0.27)):
        centred = weight * (moment - expected)
        assert abs(centred.sum()) < 5.5 * np.sqrt(np.sum(centred**2))


def test_muon_polarisation_is_that_of_the_current(draw_bare):
    sample = draw_bare("kmu3", EVENTS)
    lepton, pion, neutrino = kl3_four_vectors(sample)
    unpolarised, g = trace(lepton, pion, neutrino)
    s, m = sample.spin[:, 0], LEPTON["kmu3"]
    np.testing.assert_allclose(np.linalg.norm(s, axis=1), 1.0, rtol=1e-6)
    along = np.sum(s * lepton[:, :3], axis=1)
    a = np.concatenate(
        [s + (along / (m * (lepton[:, 3] + m)))[:, None] * lepton[:, :3], (along / m)[:, None]], 1
    )
    np.testing.assert_allclose(m * dot(g, a), unpolarised, rtol=1e-5, atol=1e-7 * unpolarised.max())


def test_muon_helicity_follows_its_energy(draw_bare):
    """A pi0 at rest leaves a scalar current, helicity -1 as in K -> mu nu; else the vector current wins."""
    sample = draw_bare("kmu3", EVENTS)
    lepton, pion, _ = kl3_four_vectors(sample)
    helicity = np.sum(sample.spin[:, 0] * lepton[:, :3], axis=1) / np.linalg.norm(lepton[:, :3], axis=1)
    slow = np.linalg.norm(pion[:, :3], axis=1) < 25.0
    assert slow.sum() > 50
    assert helicity[slow].mean() < -0.8
    assert helicity.mean() > 0.0


def missing(sample, row, mass):
    """Missing mass of the kaon less one track with an assumed mass."""
    p2 = np.sum(sample.momentum[:, row] ** 2, axis=-1)
    return np.sqrt(np.maximum(0, (K - np.sqrt(p2 + mass**2)) ** 2 - p2))


@pytest.mark.parametrize(
    ("name", "mass", "low", "high"),
    [
        ("pi3", PI, 279.1, 354.1),
        ("pi00", PI, 270.0, 354.1),
        ("ke3", LEPTON["ke3"], 135.0, 493.2),
        ("kmu3", LEPTON["kmu3"], 135.0, 388.0),
    ],
)
def test_missing_mass_range(name, mass, low, high, draw):
    found = missing(draw(name, EVENTS), 0, mass)
    assert low - 0.1 <= found.min() < low + 0.02 * (high - low)
    assert high - 0.05 * (high - low) < found.max() <= high + 0.1


def three_pion_cdf(odd, even, g, h, k):
    grid = np.linspace(0, ((K - odd) ** 2 - 4 * even**2) / (2 * K), 2001)
    s12 = (K - odd) ** 2 - 2 * K * grid
    width = np.sqrt(grid * (grid + 2 * odd) * np.maximum(0, 1 - 4 * even**2 / s12))
    u = (s12 - (K**2 + odd**2 + 2 * even**2) / 3) / PI**2
    v2 = (2 * K * width / PI**2) ** 2 / 3
    cdf = integrate.cumulative_trapezoid(width * (1 + g * u + h * u * u + k * v2), grid, initial=0.0)
    return grid, cdf / cdf[-1]


@pytest.mark.parametrize(
    ("name", "row", "even", "slopes"),
    [("pi3", 2, PI, (-0.21134, 0.0185, -0.00463)), ("pi00", 0, PI0, (0.626, 0.052, 0.0054))],
)
def test_odd_pion_spectrum(name, row, even, slopes, draw):
    kinetic = draw(name, EVENTS).energy[:, row] - PI
    grid, cdf = three_pion_cdf(PI, even, *slopes)
    assert stats.kstest(kinetic, lambda t: np.interp(t, grid, cdf)).pvalue > 1e-6
    flat = three_pion_cdf(PI, even, 0, 0, 0)
    assert stats.kstest(kinetic, lambda t: np.interp(t, *flat)).pvalue < 1e-20


def test_like_pions_are_exchangeable(draw):
    energy = draw("pi3", EVENTS).energy
    difference = energy[:, 0] - energy[:, 1]
    assert abs(difference.mean()) < 5.5 * difference.std() / np.sqrt(EVENTS)


@pytest.mark.parametrize("name", ["pi3", "pi00", "ke3", "kmu3"])
def test_slopes_are_of_this_mode(name):
    """The modes of one family differ in their parameters, hence in their samples."""
    twin = {"pi3": "pi00", "pi00": "pi3", "ke3": "kmu3", "kmu3": "ke3"}[name]
    assert not np.array_equal(MODES[name].pack(), MODES[twin].pack())
