"""K_l2 with inner bremsstrahlung and K_e2 gamma SD+: rates, spectra, polarisation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from hnlpeak.theory.modes import MODES, ke2g_sd
from hnlpeak.theory.modes import inner_bremsstrahlung as ib
from hnlpeak.theory.species import MASS, Species

KAON_MASS = 493.677
R = {
    "kmu2": (float(MASS[Species.MUON_PLUS]) / KAON_MASS) ** 2,
    "ke2": (float(MASS[Species.POSITRON]) / KAON_MASS) ** 2,
}
# Tree-level rates above a photon energy (MeV) and in windows of the true missing mass (MeV)
ABOVE = {
    "kmu2": {1: 8.83e-3, 5: 5.61e-3, 10: 4.26e-3, 20: 2.98e-3, 50: 1.47e-3},
    "ke2": {1: 2.03e-6, 5: 1.34e-6, 10: 1.05e-6, 20: 7.70e-7, 50: 4.27e-7},
}
WINDOWS = {
    "kmu2": {
        (50, 100): 2.68e-3,
        (100, 150): 1.43e-3,
        (150, 200): 8.80e-4,
        (200, 250): 5.66e-4,
        (250, 300): 3.64e-4,
        (300, 375): 2.86e-4,
    },
    "ke2": {
        (50, 100): 5.83e-7,
        (100, 150): 3.25e-7,
        (150, 200): 2.15e-7,
        (200, 250): 1.52e-7,
        (250, 300): 1.11e-7,
        (300, 375): 1.16e-7,
        (170, 448): 5.73e-7,
    },
}


def branching_fraction(name):
    measured = MODES[name].branching_fraction
    assert measured is not None
    return measured.value


@pytest.mark.parametrize(("name", "cut"), [(name, cut) for name in ABOVE for cut in ABOVE[name]])
def test_rate_above_a_photon_energy(name, cut):
    rate = branching_fraction(name) * ib.ib_probability(2 * cut / KAON_MASS, R[name])
    assert rate == pytest.approx(ABOVE[name][cut], rel=0.006)


@pytest.mark.parametrize("name", R)
def test_rate_is_the_integral_of_the_density(name):
    """Closed integral over v, Gauss-Legendre over ln x, against adaptive quadrature of rho_IB itself."""
    r, x_min = R[name], 20 / KAON_MASS

    def inner(x):
        low, high = 1 - x + r / (1 - x), 1 + r
        # y - low = span exp(s) clusters points at the collinear edge
        span = high - low
        value, _ = integrate.quad(
            lambda s: float(ib.ib_density(x, low + span * np.exp(s), r)) * span * np.exp(s),
            -45.0,
            0.0,
            epsabs=0.0,
            epsrel=1e-8,
            limit=200,
        )
        return value

    total, _ = integrate.quad(inner, x_min, 1 - r - 1e-12, epsabs=0.0, epsrel=1e-6, limit=200)
    expected = ib.ALPHA / (2 * np.pi) / (1 - r) ** 2 * total
    assert ib.ib_probability(x_min, r) == pytest.approx(expected, rel=2e-5)


@pytest.mark.parametrize(("name", "window"), [(name, w) for name in WINDOWS for w in WINDOWS[name]])
def test_sampled_rate_in_missing_mass(name, window, draw):
    """Rates in windows of true missing mass, by counting: statistics, plus the digits of the table."""
    n = 400_000
    sample = draw(name, n)
    missing = np.sqrt(np.maximum(0, KAON_MASS**2 * (1 + R[name]) - 2 * KAON_MASS * sample.energy[:, 0]))
    inside = np.count_nonzero((missing > window[0]) & (missing < window[1]) & (sample.rows == 2))
    expected = WINDOWS[name][window] / branching_fraction(name) * n
    assert abs(inside - expected) < 5 * np.sqrt(expected) + 0.01 * expected


def ib_rate_in_mass(name, low, high):
    r = R[name]

    def inner(y):
        # the collinear edge bounds x on both sides: x and 1 - x at the roots of (y - (1 - x))(1 - x) = r
        root = np.sqrt(max(0.0, y * y - 4 * r))
        bounds = (1 - 0.5 * (y + root), 1 - 0.5 * (y - root))
        return integrate.quad(
            lambda x: float(ib.ib_density(np.array(x), np.array(y), r)), *bounds, epsrel=1e-8, limit=300
        )[0]

    y = [1 + r - (m / KAON_MASS) ** 2 for m in (high, low)]
    total = integrate.quad(inner, *y, epsrel=1e-7)[0]
    return branching_fraction(name) * ib.ALPHA / (2 * np.pi) / (1 - r) ** 2 * total


def test_rate_in_the_2007_search_region():
    assert ib_rate_in_mass("kmu2", 300, 375) == pytest.approx(2.86e-4, rel=0.01)


@pytest.mark.parametrize("name", R)
def test_share_with_a_photon(name, draw):
    n = 400_000
    share = ib.ib_probability(2 * ib.PHOTON_ENERGY_MIN / KAON_MASS, R[name])
    count = np.count_nonzero(draw(name, n).rows == 2)
    assert abs(count - n * share) < 5 * np.sqrt(n * share)


@pytest.mark.parametrize("name", R)
def test_photon_spectrum(name, draw):
    """Photon energies against the distribution function from the (independently tested) rate above a cut."""
    sample = draw(name, 400_000)
    x = 2 * sample.energy[sample.rows == 2, 1] / KAON_MASS
    assert x.min() > 2 * ib.PHOTON_ENERGY_MIN / KAON_MASS
    grid = np.geomspace(x.min() * 0.999, (1 - R[name]) * (1 - 1e-9), 400)
    total = ib.ib_probability(2 * ib.PHOTON_ENERGY_MIN / KAON_MASS, R[name])
    cdf = 1 - np.array([ib.ib_probability(g, R[name]) for g in grid]) / total
    assert stats.kstest(x, lambda v: np.interp(np.log(v), np.log(grid), cdf)).pvalue > 1e-6


def four_products(sample, radiative):
    p, e = sample.momentum[radiative], sample.energy[radiative]
    lepton = np.concatenate([p[:, 0], e[:, :1]], axis=1)
    photon = np.concatenate([p[:, 1], e[:, 1:2]], axis=1)
    kaon = np.array([0, 0, 0, KAON_MASS])
    return lepton, photon, kaon, kaon - lepton - photon


def dot(a, b):
    return a[..., 3] * b[..., 3] - np.sum(a[..., :3] * b[..., :3], axis=-1)


def test_muon_spin_beside_a_photon(draw):
    """The spin comes from |M|^2 ~ G.l - m G.s: rebuild G, find rho_IB in G.l, its direction; no structure."""
    sample = draw("kmu2", 400_000, params=ib.pack_leptonic(Species.MUON_PLUS))
    radiative = sample.rows == 2
    lepton, photon, kaon, neutrino = four_products(sample, radiative)
    lq, kq = dot(lepton, photon), dot(neutrino, photon)
    v = kaon / dot(kaon, photon)[:, None] - lepton / lq[:, None]
    g = dot(v, v)[:, None] * neutrino - (kq / lq)[:, None] * v
    g += (dot(neutrino, v) / lq - kq / lq**2)[:, None] * photon
    m = float(MASS[Species.MUON_PLUS])
    x, y = 2 * photon[:, 3] / KAON_MASS, 2 * lepton[:, 3] / KAON_MASS
    ratio = -dot(g, lepton) / ib.ib_density(x, y, R["kmu2"])
    np.testing.assert_allclose(ratio, np.median(ratio), rtol=1e-6)
    # |M|^2 for spins along and against the polarisation: their asymmetry is its length
    s = sample.spin[radiative, 0]
    length = np.linalg.norm(s, axis=1)
    axis = s / length[:, None]
    along = np.sum(axis * lepton[:, :3], axis=1)
    a = np.concatenate(
        [axis + (along / (m * (lepton[:, 3] + m)))[:, None] * lepton[:, :3], (along / m)[:, None]], 1
    )
    np.testing.assert_allclose(dot(a, lepton), 0.0, atol=1e-6)
    np.testing.assert_allclose(dot(a, a), -1.0, rtol=1e-9)
    np.testing.assert_allclose(-m * dot(g, a) / dot(g, lepton), length, rtol=1e-6)
    soft = photon[:, 3] < 0.5
    direction = -lepton[soft, :3] / np.linalg.norm(lepton[soft, :3], axis=1, keepdims=True)
    assert np.sum(s[soft] * direction, axis=1).min() > 0.97


def test_two_body_spin_is_against_the_momentum(draw):
    sample = draw("kmu2", 400_000)
    plain = sample.rows == 1
    p = sample.momentum[plain, 0]
    np.testing.assert_allclose(sample.spin[plain, 0], -p / 235.5318, atol=1e-6)


def test_sd_plus_rate():
    """The measured part, extended by the density: about 1.5e-5, and V + A = 0.125 at x = 1 gives the same."""
    r = R["ke2"]
    assert branching_fraction("ke2g-sd") == pytest.approx(1.5e-5, rel=0.08)
    total, _ = integrate.dblquad(
        lambda y, x: float(ke2g_sd.sd_plus_density(np.array(x), np.array(y), r)),
        0,
        1 - r,
        lambda x: 1 - x,
        1 + r,
    )
    a_sd = branching_fraction("ke2") * ib.ALPHA / (8 * np.pi) / (r * (1 - r) ** 2) * (KAON_MASS / 156.0) ** 2
    assert a_sd * 0.125**2 * total == pytest.approx(branching_fraction("ke2g-sd"), rel=0.05)


@pytest.mark.parametrize(
    ("window", "share"),
    [((0, 100), 0.197), ((100, 170), 0.286), ((170, 250), 0.303), ((250, 350), 0.187), ((350, 448), 0.027)],
)
def test_sd_plus_in_missing_mass(window, share, draw):
    n = 200_000
    y = 2 * draw("ke2g-sd", n).energy[:, 0] / KAON_MASS
    missing = KAON_MASS * np.sqrt(np.maximum(0, 1 + R["ke2"] - y))
    found = np.mean((missing > window[0]) & (missing < window[1]))
    assert abs(found - share) < 5 * np.sqrt(share / n) + 0.001


def test_sd_plus_photon_spectrum(draw):
    """Massless-lepton limit: x^3 (1 - x) (1 + lambda (1 - x))^2."""
    x = 2 * draw("ke2g-sd", 200_000).energy[:, 1] / KAON_MASS
    slope = ke2g_sd.FORM_FACTOR_SLOPE
    density = np.polynomial.Polynomial([0, 0, 0, 1, -1]) * np.polynomial.Polynomial([1 + slope, -slope]) ** 2
    cdf = density.integ()
    assert stats.kstest(x, lambda v: cdf(v) / cdf(1.0)).pvalue > 1e-6
