"""Inner bremsstrahlung beside a massive N against the amplitude itself, with Dirac matrices, and by counting."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hnlpeak.theory.modes import inner_bremsstrahlung as ib
from hnlpeak.theory.modes import two_body_hnl
from hnlpeak.theory.species import MASS, Species

K = 493.677
MUON = float(MASS[Species.MUON_PLUS])
ELECTRON = float(MASS[Species.POSITRON])
METRIC = np.diag([1.0, -1.0, -1.0, -1.0])


def dirac():
    sigma = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    zero, one = np.zeros((2, 2)), np.eye(2)
    gamma = [np.block([[one, zero], [zero, -one]]).astype(complex)]
    gamma += [np.block([[zero, s], [-s, zero]]) for s in sigma]
    return gamma


GAMMA = dirac()
ONE = np.eye(4)
FIVE = 1j * GAMMA[0] @ GAMMA[1] @ GAMMA[2] @ GAMMA[3]


def dot(a, b):
    return a @ METRIC @ b


def slash(a):
    return sum(METRIC[i, i] * a[i] * GAMMA[i] for i in range(4))


def currents(parent, p, k, m):
    """Emission from the lepton, from the meson, and the contact term, one matrix a Lorentz index."""
    left = ONE - FIVE
    return [
        slash(parent) @ left @ (m * ONE - slash(p + k)) @ GAMMA[mu] / (2 * dot(p, k))
        + parent[mu] / dot(parent, k) * slash(parent - k) @ left
        + GAMMA[mu] @ left
        for mu in range(4)
    ]


def squared(parent, p, k, m, heavy, spin=None):
    """Sum over the spins of N and the photon's polarisations; over those of the lepton, or for one ``spin``."""
    q = parent - p - k
    lepton = slash(p) - m * ONE
    if spin is not None:
        lepton = lepton @ (ONE + FIVE @ slash(spin)) / 2
    total = 0.0
    for mu, current in enumerate(currents(parent, p, k, m)):
        bar = GAMMA[0] @ current.conj().T @ GAMMA[0]
        total -= METRIC[mu, mu] * np.trace((slash(q) + heavy * ONE) @ current @ lepton @ bar).real
    return total


def decays(lepton, heavy, n=40):
    """(x, v, P, p, k) of points of the Dalitz plane, spread evenly in ln(x) and v."""
    rng = np.random.default_rng(7)
    m = float(MASS[lepton])
    r, s = (m / K) ** 2, (heavy / K) ** 2
    for _ in range(n):
        x = (1 - (np.sqrt(r) + np.sqrt(s)) ** 2) * 10 ** rng.uniform(-3, 0)
        root = np.sqrt((1 - x - r - s) ** 2 - 4 * r * s)
        v = (1 - x + r - s + rng.uniform(-1, 1) * root) / (2 * (1 - x))
        e, k = 0.5 * K * (1 + r - s - x * (1 - v)), 0.5 * K * x
        p = np.sqrt(e * e - m * m)
        c = (k * e - 0.5 * K * K * x * v) / (k * p)
        yield (
            x,
            v,
            np.array([K, 0, 0, 0]),
            np.array([e, p * np.sqrt(1 - c * c), 0, p * c]),
            np.array([k, 0, 0, k]),
        )


CASES = [
    (Species.MUON_PLUS, 0.0),
    (Species.MUON_PLUS, 200.0),
    (Species.MUON_PLUS, 350.0),
    (Species.POSITRON, 300.0),
]


@pytest.mark.parametrize(("lepton", "heavy"), CASES)
def test_amplitude_is_gauge_invariant_and_squared_right(lepton, heavy):
    m = float(MASS[lepton])
    r, s = (m / K) ** 2, (heavy / K) ** 2
    for x, v, parent, p, k in decays(lepton, heavy):
        with_k = sum(METRIC[mu, mu] * k[mu] * c for mu, c in enumerate(currents(parent, p, k, m)))
        ward = (slash(parent - p - k) + heavy * ONE) @ with_k @ (slash(p) - m * ONE)
        assert np.abs(ward).max() < 1e-9 * K**3
        expected = squared(parent, p, k, m, heavy)
        assert ib.squared_amplitude(x, v, r, s) * K**2 == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("lepton", "heavy"), CASES[:3])
def test_polarisation_beside_a_photon(lepton, heavy):
    """(rate for a spin along an axis) - (against it), over their sum, is the polarisation's component along it."""
    m = float(MASS[lepton])
    for _, _, parent, p, k in decays(lepton, heavy, 15):
        found = np.array(ib.ib_spin(*p[1:], p[0], *k[1:], k[0], K, m, heavy))
        assert np.linalg.norm(found) < 1 + 1e-9
        for axis in np.eye(3):
            along = axis @ p[1:]
            spin = np.concatenate([[along / m], axis + along / (m * (p[0] + m)) * p[1:]])
            up, down = squared(parent, p, k, m, heavy, spin), squared(parent, p, k, m, heavy, -spin)
            assert (up - down) / (up + down) == pytest.approx(found @ axis, abs=1e-6)


def test_massless_limit_is_the_published_density():
    r = (MUON / K) ** 2
    for x, v, *_ in decays(Species.MUON_PLUS, 0.0):
        expected = 8 * r * ib.ib_density(np.array(x), np.array(1 + r - x * (1 - v)), r)
        assert ib.squared_amplitude(x, v, r, 0.0) == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize(("lepton", "heavy"), [*CASES[1:], (Species.POSITRON, 440.0)])
def test_sampled_decays_follow_the_amplitude(lepton, heavy, draw):
    """Share with a photon, photon spectrum and lepton energies at given photon energy: sampler against integrals."""
    m = float(MASS[lepton])
    r, s = (m / K) ** 2, (heavy / K) ** 2
    params = two_body_hnl.pack(K, lepton, heavy)
    n = 300_000
    sample = draw("hnl", n, params=params)
    x_min = 2 * ib.PHOTON_ENERGY_MIN / K
    share = ib.ib_probability(x_min, r, s)
    radiative = sample.rows == 2
    assert abs(radiative.sum() - n * share) < 5 * np.sqrt(n * share)
    photons = sample.energy[radiative, 1]
    x = 2 * photons / K
    grid = np.geomspace(x_min, 1 - (np.sqrt(r) + np.sqrt(s)) ** 2, 300)[:-1]
    cdf = 1 - np.array([ib.ib_probability(g, r, s) for g in grid]) / share
    assert stats.kstest(x, lambda u: np.interp(np.log(u), np.log(grid), cdf)).pvalue > 1e-6
    lost = K - sample.energy[radiative].sum(axis=1)
    momentum = sample.momentum[radiative].sum(axis=1)
    np.testing.assert_allclose(np.sqrt(lost**2 - np.sum(momentum**2, axis=1)), heavy, atol=1e-5 * K)


def test_soft_limit_of_the_rate():
    """dB/dlnE of soft photons in the eikonal form: 2 alpha / pi [(E_l / p) artanh(p / E_l) - 1] for any N."""
    for lepton, heavy in CASES:
        m = float(MASS[lepton])
        p = ib.pack_leptonic(lepton, heavy_mass=heavy)[1]
        beta = p / np.hypot(p, m)
        r, s = (m / K) ** 2, (heavy / K) ** 2
        slope = (ib.ib_probability(1e-6, r, s) - ib.ib_probability(2e-6, r, s)) / np.log(2.0)
        eikonal = 2 * ib.ALPHA / np.pi * (np.arctanh(beta) / beta - 1)
        assert slope == pytest.approx(eikonal, rel=1e-4)
