"""What holds for any mass, meson, lepton and mixture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hnlpeak.theory.domain import LEPTON_MASS
from hnlpeak.theory.lifetime import decay_probability, lifetime, mean_free_path
from hnlpeak.theory.mesons import MESONS
from hnlpeak.theory.production import branching_fraction, end_point, rho
from hnlpeak.theory.two_body import hnl_energy, lepton_energy, momentum, polarisation
from hnlpeak.theory.widths import MASS_MAX, branching_ratios, partial_widths, total_width

REPRODUCIBLE = settings(derandomize=True, deadline=None)
mesons = st.sampled_from(sorted(MESONS))
leptons = st.sampled_from(["e", "mu"])
masses = st.floats(1.0, MASS_MAX)
shares = st.floats(1e-12, 1.0)


@st.composite
def mixtures(draw):
    values = {
        flavour: draw(shares) for flavour in draw(st.sets(st.sampled_from(["e", "mu", "tau"]), min_size=1))
    }
    return {flavour: value / 3.0 for flavour, value in values.items()}


@REPRODUCIBLE
@given(mesons, leptons, st.floats(0.0, 1e5))
def test_rho_is_never_negative_and_positive_below_the_end_point(meson, lepton, mass):
    value = rho(meson=meson, lepton=lepton, mass=mass)
    assert np.isfinite(value)
    assert (value > 0.0) == (mass < end_point(meson=meson, lepton=lepton))


@REPRODUCIBLE
@given(mesons, leptons, st.floats(1e-6, 3e-4))
def test_rho_goes_to_zero_as_the_square_root_of_the_distance(meson, lepton, distance):
    """Where the lepton is slow: the distance to the end point is small against its mass."""
    end, unit = end_point(meson=meson, lepton=lepton), LEPTON_MASS[lepton]
    near, far = (
        rho(meson=meson, lepton=lepton, mass=end - step * unit) for step in (distance, 4.0 * distance)
    )
    assert far / near == pytest.approx(2.0, rel=2e-3)


@REPRODUCIBLE
@given(mesons, leptons, st.floats(0.0, 0.999999))
def test_rest_frame_energies_add_up(meson, lepton, fraction):
    channel = {"meson": meson, "lepton": lepton, "mass": fraction * end_point(meson=meson, lepton=lepton)}
    assert lepton_energy(**channel) + hnl_energy(**channel) == pytest.approx(MESONS[meson].mass, rel=1e-12)
    p = momentum(**channel)
    assert np.hypot(p, channel["mass"]) == pytest.approx(hnl_energy(**channel), rel=1e-9)
    assert abs(polarisation(**channel)) <= 1.0 + 1e-12


@REPRODUCIBLE
@given(mesons, leptons, st.floats(0.0, 400.0), st.floats(0.0, 1.0))
def test_branching_fraction_is_linear_in_mixing(meson, lepton, mass, u2):
    channel = {"meson": meson, "lepton": lepton, "mass": mass}
    unit = branching_fraction(**channel, u2=1.0)
    assert branching_fraction(**channel, u2=u2) == pytest.approx(u2 * unit, rel=1e-12, abs=1e-300)


@REPRODUCIBLE
@given(masses, mixtures())
def test_branching_ratios_sum_to_one(mass, u2):
    ratios = branching_ratios(mass=mass, u2=u2)
    assert sum(ratios.values()) == pytest.approx(1.0, rel=1e-12)
    assert min(ratios.values()) >= 0.0


@REPRODUCIBLE
@given(masses, mixtures())
def test_majorana_lives_half_as_long(mass, u2):
    dirac, majorana = (partial_widths(mass=mass, u2=u2, nature=nature) for nature in ("dirac", "majorana"))
    for channel, width in dirac.items():
        assert majorana[channel] == pytest.approx(2.0 * width, rel=1e-12)
    ratio = lifetime(mass=mass, u2=u2, nature="dirac") / lifetime(mass=mass, u2=u2, nature="majorana")
    assert ratio == pytest.approx(2.0, rel=1e-12)


@REPRODUCIBLE
@given(masses, mixtures())
def test_flavours_add_linearly(mass, u2):
    alone = sum(value * total_width(mass=mass, u2={flavour: 1.0}) for flavour, value in u2.items())
    assert total_width(mass=mass, u2=u2) == pytest.approx(alone, rel=1e-12)


@REPRODUCIBLE
@given(masses, st.floats(1.0, MASS_MAX), mixtures())
def test_heavier_decays_faster(one, other, u2):
    light, heavy = sorted((one, other))
    # Near equality the quadrature's 1e-11 decides the order.
    assert total_width(mass=heavy, u2=u2) >= total_width(mass=light, u2=u2) * (1.0 - 1e-9)


@REPRODUCIBLE
@given(masses, st.floats(1.0, 1e6), st.floats(0.0, 1e9), mixtures())
def test_path_scales_with_boost_and_bounds_the_probability(mass, p, length, u2):
    path = mean_free_path(mass=mass, momentum=p, u2=u2)
    assert path == pytest.approx(p / mass * 299.792458 * lifetime(mass=mass, u2=u2), rel=1e-12)
    probability = decay_probability(length=length, mass=mass, momentum=p, u2=u2)
    assert 0.0 <= probability <= min(1.0, length / path * (1.0 + 1e-12))
