"""The sentences of the proceedings about production and decay, as tests over the whole range."""

from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.theory.lifetime import decay_probability, lifetime, mean_free_path
from hnlpeak.theory.mesons import meson
from hnlpeak.theory.production import end_point, light_branching_fraction, rho
from hnlpeak.theory.two_body import hnl_energy, lab_momentum, momentum

TEN_KM = 1e7
SEARCHED = {"e": (170.0, 448.0, 75e3), "mu": (300.0, 375.0, 74e3)}


@pytest.mark.parametrize("nature", ["dirac", "majorana"])
@pytest.mark.parametrize("lepton", ["e", "mu"])
def test_mean_free_path_above_ten_kilometres(lepton, nature):
    """For |U|^2 < 1e-4 and any mass searched for: at the mean energy."""
    low, high, beam = SEARCHED[lepton]
    mass = np.arange(low, high + 0.5, 1.0)
    p = lab_momentum(meson="K+", lepton=lepton, mass=mass, meson_momentum=beam)
    path = mean_free_path(mass=mass, momentum=p, u2={lepton: 1e-4}, nature=nature)
    assert path.min() > TEN_KM
    # The claim is not empty: at a hundred times the mixing it fails.
    assert mean_free_path(mass=mass, momentum=p, u2={lepton: 1e-2}, nature=nature).min() < TEN_KM


def test_worst_case_of_the_mean_free_path():
    """Physics notes, section 1.5: 25.8 km (Majorana) and 51.6 km (Dirac) at 448 MeV."""
    p = lab_momentum(meson="K+", lepton="e", mass=448.0, meson_momentum=75e3)
    for nature, km in (("majorana", 25.79), ("dirac", 51.57)):
        path = mean_free_path(mass=448.0, momentum=p, u2={"e": 1e-4}, nature=nature)
        assert 1e-6 * path == pytest.approx(km, rel=1e-3)


@pytest.mark.parametrize("lepton", ["e", "mu"])
def test_decays_in_flight_can_be_neglected(lepton):
    """Less than one HNL in a hundred decays within 140 m, even the slowest (emitted backwards)."""
    low, high, beam = SEARCHED[lepton]
    mass = np.arange(low, high + 0.5, 1.0)
    kaon = meson("K+").mass
    energy, p = (f(meson="K+", lepton=lepton, mass=mass) for f in (hnl_energy, momentum))
    slowest = np.abs(np.hypot(beam, kaon) / kaon * p - beam / kaon * energy)
    lost = decay_probability(length=1.4e5, mass=mass, momentum=slowest, u2={lepton: 1e-4}, nature="majorana")
    assert lost.max() < 0.01


def test_lifetime_above_fifty_nanoseconds():
    """The assumption of the later papers (arXiv:2005.09575): at 448 MeV it holds up to |U_e4|^2 of 1.1e-3."""
    assert lifetime(mass=448.0, u2={"e": 1.1e-3}) > 50.0
    assert lifetime(mass=448.0, u2={"e": 1.2e-3}) < 50.0


@pytest.mark.parametrize(
    ("lepton", "low", "high"),
    [("e", 139.65, 408.81), ("mu", 78.76, 374.81)],
)
def test_product_of_branching_fraction_and_rho_is_of_order_one(lepton, low, high):
    """Of order one (0.3 to 3) over most of the range; above one between the masses of the physics notes."""
    mass = np.arange(0.0, end_point(meson="K+", lepton=lepton), 0.01)
    product = light_branching_fraction(meson="K+", lepton=lepton).value * rho(
        meson="K+", lepton=lepton, mass=mass
    )
    of_order_one = (product > 0.3) & (product < 3.0)
    assert of_order_one.mean() > 0.7
    above = mass[product > 1.0]
    assert (above[0], above[-1]) == pytest.approx((low, high), abs=0.02)
    assert len(above) == pytest.approx((above[-1] - above[0]) / 0.01, abs=2)


@pytest.mark.parametrize(
    ("lepton", "mass", "product"),
    [("e", 170.0, 1.360), ("e", 448.0, 0.379), ("mu", 300.0, 2.479), ("mu", 375.0, 0.9925)],
)
def test_product_at_the_ends_of_the_searches(lepton, mass, product):
    value = light_branching_fraction(meson="K+", lepton=lepton).value * rho(
        meson="K+", lepton=lepton, mass=mass
    )
    assert value == pytest.approx(product, rel=1e-3)
