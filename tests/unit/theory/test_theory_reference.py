"""The tables of tests/reference/theory_*.csv, line by line."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from hnlpeak.theory.constants import SPEED_OF_LIGHT
from hnlpeak.theory.lifetime import lifetime, mean_free_path
from hnlpeak.theory.mesons import meson
from hnlpeak.theory.production import branching_fraction, light_branching_fraction, rho
from hnlpeak.theory.two_body import hnl_energy, lab_momentum, lepton_energy, momentum, polarisation
from hnlpeak.theory.widths import CHANNELS, branching_ratios, total_width

REFERENCE = Path(__file__).parents[2] / "reference"


def table(name: str) -> list[dict[str, str]]:
    lines = (REFERENCE / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def rows(name: str, *keys: str) -> list[object]:
    return [pytest.param(row, id="-".join(row[key] for key in keys)) for row in table(name)]


@pytest.mark.parametrize("row", rows("theory_rho.csv", "meson", "lepton", "mass_mev"))
def test_rho_and_branching_fraction(row):
    channel = {"meson": row["meson"], "lepton": row["lepton"], "mass": float(row["mass_mev"])}
    # Seven printed digits: half a unit of the last one is 5e-7 at worst.
    assert rho(**channel) == pytest.approx(float(row["rho"]), rel=6e-7, abs=0.0)
    assert branching_fraction(**channel, u2=1.0) == pytest.approx(float(row["b_rho"]), rel=6e-7, abs=0.0)
    assert branching_fraction(**channel, u2=1e-6) == pytest.approx(
        1e-6 * float(row["b_rho"]), rel=6e-7, abs=0.0
    )


@pytest.mark.parametrize("row", rows("theory_two_body.csv", "mass_mev", "lepton"))
def test_two_body_kinematics(row):
    channel = {"meson": "K+", "lepton": row["lepton"], "mass": float(row["mass_mev"])}
    assert momentum(**channel) == pytest.approx(float(row["momentum_mev"]), abs=6e-5)
    assert lepton_energy(**channel) == pytest.approx(float(row["lepton_energy_mev"]), abs=6e-5)
    assert hnl_energy(**channel) == pytest.approx(float(row["hnl_energy_mev"]), abs=6e-5)


@pytest.mark.parametrize("row", rows("theory_tree_level.csv", "meson", "lepton"))
def test_tree_level_rates(row):
    channel = {"meson": row["meson"], "lepton": row["lepton"]}
    record = meson(row["meson"])
    assert record.mass == pytest.approx(float(row["meson_mass_mev"]), rel=1e-7)
    assert record.lifetime == pytest.approx(1e9 * float(row["lifetime_s"]), rel=5e-4)
    # The table was made with lifetimes rounded to four digits: compare the partial widths.
    scale = 1e9 * float(row["lifetime_s"]) / record.lifetime
    light = light_branching_fraction(**channel, normalisation="tree")
    assert light.value * scale == pytest.approx(float(row["b_light"]), rel=7e-5)
    heavy = branching_fraction(**channel, mass=float(row["hnl_mass_mev"]), u2=1.0, normalisation="tree")
    assert heavy * scale == pytest.approx(float(row["b_per_u2"]), rel=7e-5)


@pytest.mark.parametrize("row", rows("theory_widths.csv", "flavour", "mass_mev"))
def test_widths_and_lifetime(row):
    flavour, mass = row["flavour"], float(row["mass_mev"])
    ratios = branching_ratios(mass=mass, u2={flavour: 1.0})
    for channel in CHANNELS:
        assert 100.0 * ratios[channel] == pytest.approx(float(row[channel]), abs=0.0051), channel
    width = total_width(mass=mass, u2={flavour: 1.0}, nature="dirac")
    assert width == pytest.approx(float(row["width_dirac_mev"]), rel=1e-4)
    for nature in ("dirac", "majorana"):
        c_tau = 1e-3 * SPEED_OF_LIGHT * lifetime(mass=mass, u2={flavour: 1.0}, nature=nature)
        assert c_tau == pytest.approx(float(row[f"c_tau_{nature}_m"]), rel=1e-4)
        p = lab_momentum(meson="K+", lepton=flavour, mass=mass, meson_momentum=75e3)
        assert np.hypot(p, mass) == pytest.approx(1e3 * float(row["mean_energy_gev"]), abs=51.0)
        path = mean_free_path(mass=mass, momentum=p, u2={flavour: 1e-4}, nature=nature)
        assert 1e-6 * path == pytest.approx(float(row[f"path_{nature}_km"]), rel=5e-4)
    tau = lifetime(mass=mass, u2={flavour: 1e-4}, nature="majorana")
    assert tau == pytest.approx(float(row["tau_majorana_ns"]), rel=5e-4)


@pytest.mark.parametrize(
    ("mass", "helicity"),
    [
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
def test_polarisation_of_muons(mass, helicity):
    """Origin: physics notes of the project, section 1.3."""
    assert polarisation(meson="K+", lepton="mu", mass=float(mass)) == pytest.approx(helicity, abs=6e-4)


def test_polarisation_of_positrons_is_nearly_complete():
    heavy = polarisation(meson="K+", lepton="e", mass=np.linspace(50.0, 448.0, 50))
    assert np.all((heavy > 0.99975) & (heavy < 1.0))


@pytest.mark.parametrize("name", ["pi+", "K+"])
def test_measured_and_tree_rates_differ_by_radiative_corrections_only(name):
    for lepton in ("e", "mu"):
        measured = light_branching_fraction(meson=name, lepton=lepton)
        tree = light_branching_fraction(meson=name, lepton=lepton, normalisation="tree")
        assert abs(measured.value / tree.value - 1.0) < 0.03
        assert measured.error > 0.0
        assert tree.error > 0.0
