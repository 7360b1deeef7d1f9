"""M+ -> l+ N, pi0 decays, pi and mu decays, and the kinematics they stand on."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel
from hnlpeak.core.kinematics import (
    around,
    boost,
    boost_from_rest,
    boost_spin,
    boost_to_rest,
    two_body_momentum,
    unit_vector,
)
from hnlpeak.theory.modes import decay_muon, decay_pion, pi0, two_body_hnl
from hnlpeak.theory.species import MASS, Species
from hnlpeak.theory.two_body import polarisation

K, PI = 493.677, 139.57039
MUON, ELECTRON = float(MASS[Species.MUON_PLUS]), float(MASS[Species.POSITRON])


def philox(seed):
    return np.random.Generator(np.random.Philox(seed))


@pytest.mark.parametrize(
    ("heavy", "lepton", "momentum", "energy"),
    [
        (0, 1, 246.8382, 246.8388),
        (0, 3, 235.5318, 258.1452),
        (170, 1, 217.5680, 217.5686),
        (300, 1, 155.6852, 155.6860),
        (300, 3, 129.3166, 166.9925),
        (375, 3, 47.1933, 115.7191),
        (448, 1, 43.5612, 43.5642),
    ],
)
def test_two_body_kinematics(heavy, lepton, momentum, energy, draw):
    sample = draw("hnl", 100, params=two_body_hnl.pack(K, Species(lepton), heavy))
    plain = sample.rows == 1
    np.testing.assert_allclose(np.linalg.norm(sample.momentum[plain, 0], axis=1), momentum, atol=1e-3)
    np.testing.assert_allclose(sample.energy[plain, 0], energy, atol=1e-3)
    assert np.all(sample.species[:, 0] == lepton)


@pytest.mark.parametrize(
    ("heavy", "helicity"),
    [
        (0, -1),
        (50, -0.612),
        (100, -0.050),
        (170, 0.376),
        (200, 0.465),
        (250, 0.542),
        (300, 0.546),
        (350, 0.450),
        (375, 0.298),
    ],
)
def test_muon_helicity(heavy, helicity, draw):
    sample = draw("hnl", 50, params=two_body_hnl.pack(K, Species.MUON_PLUS, heavy))
    plain = sample.rows == 1
    p, spin = sample.momentum[plain, 0], sample.spin[plain, 0]
    along = np.sum(spin * p, axis=1) / np.linalg.norm(p, axis=1)
    np.testing.assert_allclose(along, helicity, atol=6e-4)
    np.testing.assert_allclose(np.linalg.norm(spin, axis=1), abs(helicity), atol=6e-4)


@pytest.mark.parametrize("heavy", [50.0, 200.0, 448.0])
def test_positrons_from_heavy_neutrinos_are_right_handed(heavy):
    assert 0.9997 < two_body_hnl.lepton_helicity(K, ELECTRON, heavy) <= 1.0


@pytest.mark.parametrize(("meson", "mass"), [("K+", K), ("pi+", PI)])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_helicity_agrees_with_the_rates(meson, mass, share):
    """The sampler takes masses, the theory room names; both have the formula, in different algebra."""
    heavy = share * (mass - MUON)
    expected = polarisation(meson=meson, lepton="mu", mass=heavy)
    assert two_body_hnl.lepton_helicity(mass, MUON, heavy) == pytest.approx(expected, rel=1e-6)


def test_pion_parent(draw):
    sample = draw("hnl", 200, params=two_body_hnl.pack(PI, Species.POSITRON, 110.0))
    energy = PI - sample.energy[:, :2].sum(axis=1)
    lost = energy**2 - np.sum(sample.momentum[:, :2].sum(axis=1) ** 2, axis=1)
    np.testing.assert_allclose(np.sqrt(lost), 110.0, atol=1e-6)


@pytest.mark.parametrize(
    ("meson", "lepton", "heavy"),
    [
        (K, Species.MUON_PLUS, 389.0),
        (K, Species.POSITRON, -1.0),
        (K, Species.PION_PLUS, 100.0),
        (PI, Species.MUON_PLUS, 34.0),
        (K, Species.POSITRON, math.nan),
        (math.inf, Species.POSITRON, 100.0),
        (100.0, Species.MUON_PLUS, 0.0),
    ],
)
def test_closed_or_senseless_channels_are_refused(meson, lepton, heavy):
    with pytest.raises(UsageError, match="got"):
        two_body_hnl.pack(meson, lepton, heavy)


def test_pi0_dalitz_share(draw):
    n = 400_000
    sample = draw("pipi0", n)
    share = 0.01174 / (0.01174 + 0.98823)
    assert abs(np.count_nonzero(sample.rows == 4) - n * share) < 5.5 * np.sqrt(n * share)


def dalitz_pairs(draw):
    sample = draw("pipi0", 400_000)
    pairs = sample.rows == 4
    np.testing.assert_array_equal(np.unique(sample.species[pairs][:, :4], axis=0), [[5, 0, 1, 2]])
    return sample.momentum[pairs], sample.energy[pairs]


def test_pi0_mass_from_daughters(draw):
    sample = draw("pipi0", 400_000)
    present = (sample.species >= 0)[:, 1:]
    e = np.sum(sample.energy[:, 1:] * present, axis=1)
    p = np.sum(sample.momentum[:, 1:] * present[..., None], axis=1)
    np.testing.assert_allclose(np.sqrt(e**2 - np.sum(p**2, axis=1)), 134.9768, atol=1e-6)


def test_dalitz_pair_mass(draw):
    """Kroll-Wada spectrum, integrated in q^2 here, drawn in ln q^2 with rejection there."""
    p, e = dalitz_pairs(draw)
    q2 = (e[:, 2] + e[:, 3]) ** 2 - np.sum((p[:, 2] + p[:, 3]) ** 2, axis=1)
    m2 = 134.9768**2
    z = np.geomspace(4 * ELECTRON**2 / m2, 1, 20_001)
    eps = 4 * ELECTRON**2 / (m2 * z)
    form = (1 + pi0.FORM_FACTOR_SLOPE.value * z) ** 2
    density = (1 - z) ** 3 / z * (1 + eps / 2) * np.sqrt(np.maximum(0, 1 - eps)) * form
    cdf = integrate.cumulative_trapezoid(density, z, initial=0.0)
    assert stats.kstest(q2 / m2, lambda v: np.interp(v, z, cdf / cdf[-1])).pvalue > 1e-6
    # the rate relative to gamma gamma, 2 alpha / 3 pi times the integral, is the known 1.188 %
    assert 2 / (3 * np.pi * 137.036) * cdf[-1] == pytest.approx(0.01174 / 0.98823, rel=0.02)


def test_dalitz_pair_direction(draw):
    """1 + c^2 + eps (1 - c^2) in the pair's frame, through its second moment at small eps."""
    p, e = dalitz_pairs(draw)
    pair_p, pair_e = p[:, 2] + p[:, 3], e[:, 2] + e[:, 3]
    pi_p, pi_e = pair_p + p[:, 1], pair_e + e[:, 1]
    mass = np.sqrt(pair_e**2 - np.sum(pair_p**2, axis=1))
    cosines = []
    for i in np.flatnonzero(mass > 10):
        ax, ay, az, _ = boost_to_rest(*pi_p[i], pi_e[i], *pair_p[i], pair_e[i], mass[i])
        bx, by, bz, _ = boost_to_rest(*p[i, 2], e[i, 2], *pair_p[i], pair_e[i], mass[i])
        a, b = np.array([ax, ay, az]), np.array([bx, by, bz])
        cosines.append(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    c2 = np.square(cosines)
    # <c^2> = (1/3 + 1/5) / (1 + 1/3) = 0.4 for eps = 0; below 0.01 here
    assert abs(c2.mean() - 0.4) < 5.5 * c2.std() / np.sqrt(len(c2)) + 0.001


def test_photons_of_pi0_are_flat_in_energy(draw):
    """A spinless pi0 of fixed energy: the photon's energy is uniform between its limits."""
    sample = draw("pipi0", 400_000)
    two = sample.rows == 3
    p = np.linalg.norm(sample.momentum[two, 0], axis=1)[0]
    e = math.hypot(p, 134.9768)
    assert stats.kstest(sample.energy[two, 1], stats.uniform((e - p) / 2, p).cdf).pvalue > 1e-6


@kernel
def _decay_muons(rng, charge, s, out):
    for i in range(len(out)):
        out[i, 0], out[i, 1], out[i, 2] = decay_muon(rng, charge, s[0], s[1], s[2], MUON, ELECTRON)


@kernel
def _decay_pions(rng, charge, out):
    for i in range(len(out)):
        out[i, 0], out[i, 1], out[i, 2], out[i, 3], out[i, 4], out[i, 5] = decay_pion(rng, charge, PI, MUON)


@pytest.mark.parametrize("charge", [1.0, -1.0])
@pytest.mark.parametrize("spin", [(0.0, 0.0, 0.0), (0.6, 0.0, -0.8), (0.0, 0.4, 0.3)])
def test_michel_spectrum(charge, spin):
    n = 200_000
    p = np.zeros((n, 3))
    _decay_muons(philox(11), charge, np.array(spin), p)
    x = np.linalg.norm(p, axis=1) / (0.5 * (MUON - ELECTRON**2 / MUON))
    assert stats.kstest(x, lambda v: v**3 * (2 - v)).pvalue > 1e-6
    length = np.linalg.norm(spin)
    axis = np.array(spin) / length if length else np.array([0.0, 0.0, 1.0])
    c = p @ axis / np.linalg.norm(p, axis=1)
    # given x the distribution function in c is (1 + c) / 2 + a (c^2 - 1) / 4
    a = charge * length * (2 * x - 1) / (3 - 2 * x)
    assert stats.kstest((1 + c) / 2 + a * (c * c - 1) / 4, "uniform").pvalue > 1e-6
    assert abs(c.mean() - charge * length / 9) < 5.5 / np.sqrt(3 * n)


@pytest.mark.parametrize(("helicity", "mean"), [(-1.0, 0.30), (0.0, 0.35), (1.0, 0.40)])
def test_energy_share_of_the_positron(helicity, mean):
    """<E_e / E_mu> of a fast mu+: <x (1 + cos) / 2>."""
    n = 200_000
    p = np.zeros((n, 3))
    _decay_muons(philox(12), 1.0, np.array([0.0, 0.0, helicity]), p)
    share = (np.linalg.norm(p, axis=1) + p[:, 2]) / MUON
    assert share.mean() == pytest.approx(mean, abs=0.002)


@pytest.mark.parametrize("charge", [1.0, -1.0])
def test_pion_decay(charge):
    found = np.zeros((20_000, 6))
    _decay_pions(philox(13), charge, found)
    p, s = found[:, :3], found[:, 3:]
    np.testing.assert_allclose(np.linalg.norm(p, axis=1), 29.792, atol=1e-3)
    np.testing.assert_allclose(s, -charge * p / np.linalg.norm(p, axis=1, keepdims=True), rtol=1e-9)
    assert stats.kstest(p[:, 2] / 29.792, stats.uniform(-1, 2).cdf).pvalue > 1e-6


@pytest.mark.parametrize(
    ("momentum", "expected"),
    [
        (3.4352e3, 1.0),
        (5.2e3, 0.28),
        (6.7e3, 0.0),
        (10.6e3, -0.42),
        (17.8e3, -0.69),
        (24.9e3, -0.81),
        (32e3, -0.87),
        (39e3, -0.91),
        (57e3, -0.97),
    ],
)
def test_muon_polarisation_in_the_laboratory(momentum, expected):
    """mu+ from K_mu2 at 75 GeV: helicity -1 in the kaon frame, the spin carried to the laboratory."""
    p_star, e_star = two_body_momentum(K, MUON, 0.0), math.hypot(two_body_momentum(K, MUON, 0.0), MUON)
    e_kaon = math.hypot(75e3, K)
    cosine = (math.hypot(momentum, MUON) * K / e_kaon - e_star) / (p_star * 75e3 / e_kaon)
    cosine = max(-1.0, cosine)
    direction = np.array([math.sqrt(1 - cosine**2), 0.0, cosine])
    p = p_star * direction
    spin = np.array(boost_spin(*-direction, *p, e_star, MUON, 0.0, 0.0, 75e3 / e_kaon))
    assert np.linalg.norm(spin) == pytest.approx(1.0, rel=1e-6)
    lab = np.array(boost(*p, e_star, 0.0, 0.0, 75e3 / e_kaon))
    assert np.linalg.norm(lab[:3]) == pytest.approx(momentum, rel=1e-3)
    assert spin @ lab[:3] / np.linalg.norm(lab[:3]) == pytest.approx(expected, abs=0.025)


def test_boosts():
    p, m = np.array([30.0, -200.0, 75e3]), K
    e = math.sqrt(p @ p + m * m)
    there = boost_from_rest(1.0, -2.0, 3.0, 10.0, *p, e, m)
    np.testing.assert_allclose(there, boost(1.0, -2.0, 3.0, 10.0, *(p / e)), rtol=1e-8)
    back = boost_to_rest(*there, *p, e, m)
    np.testing.assert_allclose(back, (1.0, -2.0, 3.0, 10.0), rtol=1e-7)
    assert there[3] ** 2 - np.sum(np.square(there[:3])) == pytest.approx(86.0, rel=1e-4)
    np.testing.assert_allclose(boost(0.0, 0.0, 0.0, m, *(p / e))[:3], p, rtol=1e-9)
    assert boost(1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0) == (1.0, 2.0, 3.0, 4.0)


def test_spin_is_kept_by_boosts_along_the_momentum():
    e = math.hypot(200.0, MUON)
    np.testing.assert_allclose(
        boost_spin(0.3, 0.4, -0.5, 0.0, 0.0, 200.0, e, MUON, 0.0, 0.0, 0.7), (0.3, 0.4, -0.5), rtol=1e-12
    )


@pytest.mark.parametrize("axis", [(0.0, 0.0, 1.0), (0.0, 0.0, -1.0), (0.6, -0.48, 0.64), (1.0, 0.0, 0.0)])
@pytest.mark.parametrize("cosine", [-1.0, -0.3, 0.999999, 1.0])
def test_around(axis, cosine):
    rng = philox(4)
    n = np.array([around(rng, *axis, cosine) for _ in range(500)])
    np.testing.assert_allclose(n @ np.array(axis), cosine, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(n, axis=1), 1.0, rtol=1e-12)
    # azimuths average out: five and a half times the error of the mean
    side = n.mean(axis=0) - cosine * np.array(axis)
    assert np.linalg.norm(side) <= 5.5 * math.sqrt((1 - cosine**2) / 500) + 1e-12


def test_unit_vectors():
    rng = philox(6)
    n = np.array([unit_vector(rng) for _ in range(5000)])
    np.testing.assert_allclose(np.linalg.norm(n, axis=1), 1.0, rtol=1e-12)
    for i in range(3):
        assert stats.kstest(n[:, i], stats.uniform(-1, 2).cdf).pvalue > 1e-6


def test_closed_channel_has_no_momentum():
    assert two_body_momentum(100.0, 60.0, 50.0) == 0.0
