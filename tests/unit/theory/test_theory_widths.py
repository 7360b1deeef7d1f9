"""Widths: phase-space integrals and closed forms at 30 digits, thresholds, domains, neglected channels."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from hnlpeak.core.errors import UsageError
from hnlpeak.theory.constants import CKM, FERMI_CONSTANT, SIN2_THETA_W
from hnlpeak.theory.domain import LEPTON_MASS
from hnlpeak.theory.lifetime import decay_probability, lifetime, mean_free_path
from hnlpeak.theory.mesons import MESONS
from hnlpeak.theory.particles import particle
from hnlpeak.theory.phase_space import opposite_chirality, same_chirality
from hnlpeak.theory.seesaw import nucleosynthesis_floor, seesaw_floor
from hnlpeak.theory.widths import MASS_MAX, branching_ratios, partial_widths, total_width


def exact_same_chirality(x_u: float, x_d: float, x_l: float) -> float:
    """The defining integral as it stands in the literature, at 30 digits."""
    with mpmath.workdps(30):
        u, d, ell = (mpmath.mpf(x) for x in (x_u, x_d, x_l))

        def kallen(a, b, c):
            return a**2 + b**2 + c**2 - 2 * (a * b + b * c + c * a)

        def integrand(s):
            root = mpmath.sqrt(abs(kallen(s, ell**2, d**2) * kallen(1, s, u**2)))
            return (s - ell**2 - d**2) * (1 + u**2 - s) * root / s

        start, end = (d + ell) ** 2, (1 - u) ** 2
        return float(12 * mpmath.quad(integrand, [start, (start + end) / 2, end]))


def exact_neutral_leptons(x: float, *, same_flavour: bool) -> float:
    """Closed form of N -> nu l+ l- (Gorbunov, Shaposhnikov 2007) over G_F^2 m_N^5 / (192 pi^3)."""
    with mpmath.workdps(60):
        x, s2, sign = mpmath.mpf(x), mpmath.mpf(SIN2_THETA_W), 1 if same_flavour else -1
        c1 = (1 + sign * 4 * s2 + 8 * s2**2) / 4
        c2 = s2 * (2 * s2 + sign) / 2
        root = mpmath.sqrt(1 - 4 * x**2)
        log = mpmath.log((1 - 3 * x**2 - (1 - x**2) * root) / (x**2 * (1 + root)))
        first = (1 - 14 * x**2 - 2 * x**4 - 12 * x**6) * root + 12 * x**4 * (x**4 - 1) * log
        second = x**2 * (2 + 10 * x**2 - 12 * x**4) * root + 6 * x**4 * (1 - 2 * x**2 + 2 * x**4) * log
        return float(c1 * first + 4 * c2 * second)


@pytest.mark.parametrize(
    "arguments",
    [
        (0.0, 0.0, 0.3),
        (0.3, 0.0, 0.0),
        (0.3, 0.0, 0.001),
        (0.001, 0.0, 0.3),
        (0.2, 0.1, 0.4),
        (0.48, 0.0, 0.5),
    ],
)
def test_same_chirality_against_mpmath(arguments):
    ours = same_chirality(*(np.asarray(x) for x in arguments))
    assert float(ours) == pytest.approx(exact_same_chirality(*arguments), rel=1e-10)


@pytest.mark.parametrize("x", [0.0, 0.01, 0.2, 0.4])
def test_same_chirality_with_one_massive_particle_has_a_closed_form(x):
    log = np.log(x) if x else 0.0
    expected = 1 - 8 * x**2 + 8 * x**6 - x**8 - 24 * x**4 * log
    for arguments in ((x, 0.0, 0.0), (0.0, x, 0.0), (0.0, 0.0, x)):
        ours = same_chirality(*(np.asarray(value) for value in arguments))
        assert float(ours) == pytest.approx(expected, rel=1e-9)


def test_integrals_are_symmetric_and_end_at_the_threshold():
    a, b, c = (np.asarray(x) for x in (0.1, 0.25, 0.4))
    assert same_chirality(a, b, c) == pytest.approx(same_chirality(c, a, b), rel=1e-10)
    assert opposite_chirality(a, b, c) == pytest.approx(opposite_chirality(a, c, b), rel=1e-10)
    closed = np.array([0.5, 0.7, 3.0])
    assert np.all(same_chirality(closed, np.zeros(3), closed) == 0.0)
    assert np.all(opposite_chirality(np.zeros(3), closed, closed) == 0.0)


@pytest.mark.parametrize("lepton", ["e", "mu"])
@pytest.mark.parametrize("flavour", ["e", "mu", "tau"])
def test_neutral_leptons_against_the_closed_form(flavour, lepton):
    for mass in (2.2 * LEPTON_MASS[lepton], 240.0, 450.0):
        scale = FERMI_CONSTANT**2 * mass**5 / (192 * np.pi**3)
        ours = partial_widths(mass=mass, u2={flavour: 1.0}, nature="dirac")[f"nu {lepton} {lepton}"] / scale
        expected = exact_neutral_leptons(LEPTON_MASS[lepton] / mass, same_flavour=flavour == lepton)
        assert ours == pytest.approx(expected, rel=1e-9)


def test_neutral_leptons_keep_their_digits_at_the_threshold():
    """The closed form in doubles is pure noise here: the width falls as the fourth power of the distance."""
    mass = 2.0 * LEPTON_MASS["mu"] * (1.0 + 1e-4)
    scale = FERMI_CONSTANT**2 * mass**5 / (192 * np.pi**3)
    ours = partial_widths(mass=mass, u2={"mu": 1.0}, nature="dirac")["nu mu mu"] / scale
    expected = exact_neutral_leptons(LEPTON_MASS["mu"] / mass, same_flavour=True)
    assert 0.0 < expected < 1e-12
    assert ours == pytest.approx(expected, rel=1e-9)


def test_muon_decay_calibrates_the_three_lepton_width():
    """A muon decays to e nu nu by the same integral, up to radiative corrections of 0.4 %."""
    m = LEPTON_MASS["mu"]
    zero = np.asarray(0.0)
    width = (
        FERMI_CONSTANT**2
        * m**5
        / (192 * np.pi**3)
        * same_chirality(np.asarray(LEPTON_MASS["e"] / m), zero, zero)
    )
    assert 6.582119569e-13 / float(width) == pytest.approx(particle(13).lifetime, rel=0.005)


def test_two_body_widths_are_those_of_the_reverse_decays():
    """As tau- -> pi- nu: for a massless lepton Gamma(N -> l pi) = G_F^2 f^2 V^2 m^3 (1 - r)^2 / (16 pi)."""
    m, f = 480.0, 130.2
    ours = partial_widths(mass=m, u2={"e": 1.0}, nature="dirac")
    r = (MESONS["pi+"].mass / m) ** 2
    expected = FERMI_CONSTANT**2 * f**2 * CKM["ud"].value ** 2 * m**3 * (1 - r) ** 2 / (16 * np.pi)
    assert ours["e pi"] == pytest.approx(expected, rel=1e-5)
    r0 = (particle(111).mass / m) ** 2
    assert ours["nu pi0"] * 2 * CKM["ud"].value ** 2 * ((1 - r) / (1 - r0)) ** 2 == pytest.approx(
        expected, rel=1e-9
    )


@pytest.mark.parametrize(
    ("channel", "flavour", "threshold"),
    [
        ("nu e e", "e", 2 * LEPTON_MASS["e"]),
        ("nu mu mu", "tau", 2 * LEPTON_MASS["mu"]),
        ("e mu nu", "e", LEPTON_MASS["e"] + LEPTON_MASS["mu"]),
        ("e mu nu", "mu", LEPTON_MASS["e"] + LEPTON_MASS["mu"]),
        ("nu pi0", "tau", particle(111).mass),
        ("e pi", "e", LEPTON_MASS["e"] + MESONS["pi+"].mass),
        ("mu pi", "mu", LEPTON_MASS["mu"] + MESONS["pi+"].mass),
    ],
)
def test_channels_open_at_their_thresholds(channel, flavour, threshold):
    mass = threshold * np.array([0.5, 1.0, 1.001, 1.002])
    width = partial_widths(mass=mass, u2={flavour: 1.0}, nature="dirac")[channel]
    assert np.all(width[:2] == 0.0)
    assert 0.0 < width[2] < width[3]


def test_flavours_decay_to_their_own_lepton():
    only = {"e pi": "e", "mu pi": "mu"}
    for channel, flavour in only.items():
        for mixing in LEPTON_MASS:
            width = partial_widths(mass=450.0, u2={mixing: 1.0})[channel]
            assert (width > 0.0) == (mixing == flavour)
    assert partial_widths(mass=450.0, u2={"tau": 1.0})["e mu nu"] == 0.0


@pytest.mark.parametrize("mass", [0.0, -1.0, np.nan, np.nextafter(MASS_MAX, 1e3), 600.0])
def test_masses_outside_the_domain_are_refused(mass):
    for function in (partial_widths, total_width, branching_ratios, lifetime):
        with pytest.raises(UsageError, match=r"HNL mass.*493\.677"):
            function(mass=mass, u2={"e": 1e-4})


@pytest.mark.parametrize(
    ("u2", "words"),
    [
        ({"x": 0.1}, "flavour"),
        ({"e": -0.1}, "U_e4"),
        ({"e": 0.7, "mu": 0.7}, "sum"),
        ({"e": np.nan}, "U_e4"),
        (1e-4, "map"),
        ({"e": np.array([0.1, 0.2])}, "one number"),
    ],
)
def test_senseless_mixtures_are_refused(u2, words):
    with pytest.raises(UsageError, match=words):
        total_width(mass=300.0, u2=u2)


def test_nature_is_one_of_two():
    with pytest.raises(UsageError, match="dirac, majorana"):
        lifetime(mass=300.0, u2={"e": 1e-4}, nature="weyl")


def test_without_mixing_nothing_decays():
    assert lifetime(mass=300.0, u2={}) == np.inf
    assert mean_free_path(mass=300.0, momentum=1e4, u2={"e": 0.0}) == np.inf
    assert mean_free_path(mass=300.0, momentum=0.0, u2={"e": 0.0}) == 0.0
    assert decay_probability(length=1e5, mass=300.0, momentum=1e4, u2={"e": 0.0}) == 0.0
    with pytest.raises(UsageError, match="mixing"):
        branching_ratios(mass=300.0, u2={"e": 0.0})


def test_shapes_and_broadcasting():
    grid = np.linspace(150.0, 450.0, 6).reshape(2, 3)
    assert total_width(mass=grid, u2={"e": 1.0}).shape == (2, 3)
    assert isinstance(lifetime(mass=300.0, u2={"e": 1.0}), float)
    path = mean_free_path(mass=300.0, momentum=np.array([1e4, 2e4]), u2={"e": 1e-4})
    assert path[1] == pytest.approx(2 * path[0], rel=1e-12)
    inside = decay_probability(length=1.4e5, mass=300.0, momentum=np.array([1e4, 2e4]), u2={"e": 1e-4})
    assert inside == pytest.approx(1.4e5 / path, rel=1e-2)


def test_neglected_channels_are_small():
    """N -> l pi pi0 by vector dominance (as tau -> nu pi pi0) is below 0.3 % of the width."""
    pion, rho_meson = MESONS["pi+"].mass, particle(213).mass
    for mass, bound in ((450.0, 0.0015), (490.0, 0.003)):
        s = np.linspace(4 * pion**2, mass**2, 4001)
        form_factor = (rho_meson**2 / (rho_meson**2 - s)) ** 2
        density = (1 - s / mass**2) ** 2 * (1 + 2 * s / mass**2) * (1 - 4 * pion**2 / s) ** 1.5 * form_factor
        width = (
            (FERMI_CONSTANT * CKM["ud"].value) ** 2 * mass**3 / (384 * np.pi**3) * np.trapezoid(density, s)
        )
        assert 0.0 < width / total_width(mass=mass, u2={"e": 1.0}, nature="dirac") < bound


def test_seesaw_floor():
    """0.05 eV / 300 MeV = 1.7e-10."""
    assert seesaw_floor(mass=300.0) == pytest.approx(1.667e-10, rel=1e-3)
    assert seesaw_floor(mass=300.0, neutrino_mass=1e-7) == pytest.approx(2 * seesaw_floor(mass=300.0))
    for mass in (0.0, -1.0, 1e-9):
        with pytest.raises(UsageError, match="mass"):
            seesaw_floor(mass=mass)


def test_nucleosynthesis_floor_is_where_the_lifetime_is_the_longest_allowed():
    floor = nucleosynthesis_floor(mass=300.0, flavour="mu", longest=2e7)
    assert lifetime(mass=300.0, u2={"mu": floor}) == pytest.approx(2e7, rel=1e-12)
    assert np.all(np.diff(nucleosynthesis_floor(mass=np.linspace(20.0, 490.0, 40), flavour="e")) < 0.0)
    with pytest.raises(UsageError, match="longest"):
        nucleosynthesis_floor(mass=300.0, flavour="mu", longest=0.0)
