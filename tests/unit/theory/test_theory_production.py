"""Production: end points, maxima, exact limits, domains."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from hnlpeak.core.errors import UsageError
from hnlpeak.theory.domain import LEPTON_MASS
from hnlpeak.theory.mesons import MESONS, meson
from hnlpeak.theory.production import branching_fraction, end_point, light_branching_fraction, rho
from hnlpeak.theory.two_body import hnl_energy, lab_momentum, lepton_energy, momentum, polarisation

OPEN = [
    (name, lepton) for name in MESONS for lepton in LEPTON_MASS if end_point(meson=name, lepton=lepton) > 0
]


def exact_rho(name: str, lepton: str, mass: float) -> mpmath.mpf:
    with mpmath.workdps(40):
        x = (mpmath.mpf(LEPTON_MASS[lepton]) / mpmath.mpf(meson(name).mass)) ** 2
        y = (mpmath.mpf(mass) / mpmath.mpf(meson(name).mass)) ** 2
        kallen = 1 + x**2 + y**2 - 2 * (x + y + x * y)
        return (x + y - (x - y) ** 2) / (x * (1 - x) ** 2) * mpmath.sqrt(kallen)


@pytest.mark.parametrize(
    ("name", "lepton", "expected"),
    [("K+", "e", 493.1660), ("K+", "mu", 388.0186), ("pi+", "e", 139.0594), ("pi+", "mu", 33.9120)],
)
def test_end_points(name, lepton, expected):
    assert end_point(meson=name, lepton=lepton) == pytest.approx(expected, abs=6e-5)


@pytest.mark.parametrize(
    ("lepton", "where", "value", "product"),
    [("e", 285.03, 1.38275e5, 2.1875), ("mu", 263.07, 4.12611, 2.6226)],
)
def test_maxima_in_kaon_decays(lepton, where, value, product):
    mass = np.arange(200.0, 340.0, 0.005)
    curve = rho(meson="K+", lepton=lepton, mass=mass)
    assert mass[np.argmax(curve)] == pytest.approx(where, abs=0.02)
    assert curve.max() == pytest.approx(value, rel=6e-6)
    assert light_branching_fraction(meson="K+", lepton=lepton).value * curve.max() == pytest.approx(
        product, rel=3e-5
    )


@pytest.mark.parametrize(("name", "lepton"), OPEN)
def test_rho_is_one_at_zero_and_zero_from_the_threshold_on(name, lepton):
    end = end_point(meson=name, lepton=lepton)
    assert rho(meson=name, lepton=lepton, mass=0.0) == 1.0
    beyond = np.array([end, np.nextafter(end, np.inf), end + 1.0, 10.0 * meson(name).mass, 1e300])
    assert np.all(rho(meson=name, lepton=lepton, mass=beyond) == 0.0)
    assert np.all(branching_fraction(meson=name, lepton=lepton, mass=beyond, u2=1.0) == 0.0)


@pytest.mark.parametrize(("name", "lepton"), OPEN)
def test_rho_keeps_its_digits_everywhere(name, lepton):
    end = end_point(meson=name, lepton=lepton)
    for mass in (1e-6 * end, 1e-3 * end, 0.3 * end, 0.9 * end, end * (1 - 1e-6), end * (1 - 1e-11)):
        exact = exact_rho(name, lepton, mass)
        # The threshold itself, a difference of doubles, is known to 1e-16 of the meson's mass.
        tolerance = 1e-13 + 2e-16 * meson(name).mass / (end - mass)
        assert rho(meson=name, lepton=lepton, mass=mass) == pytest.approx(float(exact), rel=tolerance)


def test_closed_light_channel():
    assert np.all(rho(meson="K+", lepton="tau", mass=np.array([0.0, 100.0])) == 0.0)
    assert light_branching_fraction(meson="K+", lepton="tau").value == 0.0
    assert branching_fraction(meson="pi+", lepton="tau", mass=1.0, u2=1e-4) == 0.0


def test_scalar_in_scalar_out_and_shapes_kept():
    assert isinstance(rho(meson="K+", lepton="e", mass=300.0), float)
    assert isinstance(branching_fraction(meson="K+", lepton="e", mass=300, u2=1e-6), float)
    mixed = branching_fraction(meson="K+", lepton="e", mass=300.0, u2=np.array([0.0, 1e-6]))
    assert mixed[1] == branching_fraction(meson="K+", lepton="e", mass=300.0, u2=1e-6)
    assert mixed[0] == 0.0
    grid = np.linspace(1.0, 400.0, 12).reshape(3, 4)
    curve = rho(meson="K+", lepton="mu", mass=grid)
    assert curve.shape == (3, 4)
    assert curve[1, 2] == rho(meson="K+", lepton="mu", mass=float(grid[1, 2]))


def test_measured_fractions_are_used_where_they_exist():
    measured = light_branching_fraction(meson="D_s+", lepton="mu")
    assert (measured.value, measured.error) == pytest.approx((5.43e-3, 0.15e-3))
    missing = light_branching_fraction(meson="D_s+", lepton="e")
    assert missing == light_branching_fraction(meson="D_s+", lepton="e", normalisation="tree")
    assert missing.source.startswith("tree level")


@pytest.mark.parametrize("function", [rho, momentum, lepton_energy, hnl_energy, polarisation])
@pytest.mark.parametrize("mass", [-1.0, np.nan, np.inf, "heavy", np.array([100.0, -1e-9])])
def test_senseless_masses_are_refused(function, mass):
    with pytest.raises(UsageError, match="mass"):
        function(meson="K+", lepton="e", mass=mass)


def test_unknown_names_list_the_known_ones():
    with pytest.raises(UsageError, match=r"K0.*pi\+, K\+, D\+, D_s\+, B\+"):
        rho(meson="K0", lepton="e", mass=1.0)
    with pytest.raises(UsageError, match=r"'electron'.*e, mu, tau"):
        rho(meson="K+", lepton="electron", mass=1.0)
    with pytest.raises(UsageError, match="normalisation"):
        light_branching_fraction(meson="K+", lepton="e", normalisation="guess")


@pytest.mark.parametrize("u2", [-1e-9, 1.5, np.nan, "much"])
def test_senseless_mixing_is_refused(u2):
    with pytest.raises(UsageError, match="u2"):
        branching_fraction(meson="K+", lepton="e", mass=300.0, u2=u2)


@pytest.mark.parametrize("function", [momentum, lepton_energy, hnl_energy, polarisation])
def test_kinematics_end_at_the_end_point(function):
    end = end_point(meson="K+", lepton="mu")
    assert np.isfinite(function(meson="K+", lepton="mu", mass=end))
    with pytest.raises(UsageError, match="ends at"):
        function(meson="K+", lepton="mu", mass=end + 1e-6)
    with pytest.raises(UsageError, match="ends at"):
        function(meson="K+", lepton="tau", mass=0.0)


def test_polarisation_limits():
    assert polarisation(meson="K+", lepton="mu", mass=0.0) == pytest.approx(-1.0, abs=1e-12)
    assert polarisation(meson="K+", lepton="mu", mass=LEPTON_MASS["mu"]) == 0.0
    assert polarisation(meson="K+", lepton="mu", mass=end_point(meson="K+", lepton="mu")) == 0.0


def test_lab_momentum_is_the_boosted_mean():
    rest = lab_momentum(meson="K+", lepton="mu", mass=300.0, meson_momentum=0.0)
    assert rest == pytest.approx(momentum(meson="K+", lepton="mu", mass=300.0), rel=1e-12)
    energy, p = (f(meson="K+", lepton="mu", mass=300.0) for f in (hnl_energy, momentum))
    gamma = np.hypot(75e3, meson("K+").mass) / meson("K+").mass
    boosted = [gamma * (energy + np.sqrt(1 - gamma**-2) * p * cosine) for cosine in (-1.0, 1.0)]
    mean = np.hypot(lab_momentum(meson="K+", lepton="mu", mass=300.0, meson_momentum=75e3), 300.0)
    assert mean == pytest.approx(np.mean(boosted), rel=1e-12)
