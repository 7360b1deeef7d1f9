"""The second simulation of 2007 and the tables that are made with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from maker import maker
from scipy.stats import norm

from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.theory.modes.kl3 import LAMBDA_PLUS, LAMBDA_ZERO, kl3_density
from hnlpeak.theory.species import MASS, Species

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.fixture(scope="module")
def toy() -> Any:
    return maker("toy_2007")


@pytest.fixture(scope="module")
def script() -> Any:
    return maker("make_factors_2007")


def test_both_simulations_have_one_dalitz_density(toy: Any) -> None:
    slope = LAMBDA_PLUS.value / toy.PION**2
    f_minus = (LAMBDA_ZERO.value - LAMBDA_PLUS.value) * (toy.KAON**2 - toy.PI0**2) / toy.PION**2
    for e_pi, e_l in ((160.0, 150.0), (200.0, 180.0), (240.0, 120.0)):
        theirs = kl3_density(e_pi, e_l, toy.KAON, toy.PI0, float(MASS[Species.MUON_PLUS]), slope, f_minus)
        assert toy.density(np.array(e_pi), np.array(e_l)) == pytest.approx(theirs, rel=1e-5)


def test_shares_add_up_and_none_is_beyond_the_ends(toy: Any) -> None:
    ends = toy.PI0**2, (toy.KAON - toy.MUON) ** 2
    assert toy.share(ends[0], 8e4) + toy.share(8e4, ends[1]) == pytest.approx(1.0, rel=1e-6)
    assert toy.rate(ends[0] * 1.0001) < 1e-3 * toy.rate(1e5)


def test_decays_of_the_second_simulation_are_at_rest_what_they_should_be(toy: Any) -> None:
    """Daughters and the missing mass; weights add up to the share of the decays per one in the fiducial volume."""
    made = toy.kmu3(np.random.default_rng(1), 200_000, 9e4, 1.1e5)
    kaon, muon = made.kaons.momentum, made.momentum
    e = np.sqrt((kaon**2).sum(axis=0) + toy.KAON**2) - np.sqrt((muon**2).sum(axis=0) + toy.MUON**2)
    missing = e**2 - ((kaon - muon) ** 2).sum(axis=0)
    assert missing.min() > 9e4 - 1.0
    assert missing.max() < 1.1e5 + 1.0
    neutrino = kaon - muon - made.photons[0] - made.photons[1]
    energy = e - sum(np.linalg.norm(photon, axis=0) for photon in made.photons)
    np.testing.assert_allclose(np.linalg.norm(neutrino, axis=0), energy, atol=0.5)
    # the collimator to the first chamber, over 102 to 200 m
    assert made.weight.sum() == pytest.approx(toy.share(9e4, 1.1e5) * made.kaons.weight.sum(), rel=0.01)
    assert made.kaons.weight.sum() == pytest.approx(1.17, abs=0.03)


def test_cuts_are_those_of_the_cards(toy: Any) -> None:
    card = load_analysis("na62-2007-kmu2").experiment.card
    found = {detector.system: detector for detector in card.detectors}
    assert tuple(chamber.z for chamber in found["DCH"].chambers) == toy.CHAMBERS
    assert found["LKr"].z == toy.Z_LKR
    centres = found["LKr"].dead_modules.centres
    assert {tuple(centre) for centre in centres} == set(toy.MASKED)
    places = np.array(
        [[0, 140], [0, 160], [1030, 0], [1020, 0], [0, 1135], [600, 870], [640, 900]], dtype=float
    )
    assert toy.calorimeter(*places.T).tolist() == [False, True, False, True, False, True, False]


def test_windows_of_a_gaussian_by_hand(script: Any) -> None:
    """sigma of 0.001 GeV2 about the centre of a bin: 21 bins hold 0.7063, 19 hold 0.6579; the 22nd is above."""
    m2 = np.linspace(0.0, 2e5, 200_001)
    mass = np.sqrt(90_050.0)
    made = script.Signal(m2, norm.cdf((m2 - mass**2) / 1e3), 0.3)
    row = {"half_width_mev": 2100.0 / (4.0 * mass), "a_window": 0.2187, "a_full": 0.3}
    (cells,) = script.windows({mass: made}, {mass: row})
    assert cells[1:5] == ["21", "21", "0.7063", "22"]
    assert float(cells[5]) == pytest.approx(norm.cdf(1.15) - norm.cdf(-1.05), abs=1e-4)
    assert float(cells[8]) == pytest.approx(1.1 / norm.ppf(0.5 + 0.5 * 0.729), abs=1e-3)


def test_the_page_has_the_tables() -> None:
    text = (DOCS / "search_2007.md").read_text("utf-8")
    assert (DOCS / "search_2007_factors.txt").read_text("utf-8") in text
    assert (DOCS / "search_2007_differences.txt").read_text("utf-8") in text
