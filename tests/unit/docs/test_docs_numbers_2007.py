"""The numbers of the proceedings on 2007, written out here, against the cards as they are loaded."""

from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.chain.sample_run import tally_candidates
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.reconstruction.candidates import Candidates
from hnlpeak.theory.production import end_point

M, GEV = 1e3, 1e3


@pytest.fixture(scope="module")
def search():
    return load_analysis("na62-2007-kmu2")


@pytest.fixture(scope="module")
def card(search):
    return search.card


@pytest.fixture(scope="module")
def setup(search):
    return search.experiment.card


@pytest.fixture(scope="module")
def systems(setup):
    return {detector.system: detector for detector in setup.detectors}


def test_channel_of_2007(card, setup):
    assert (card.channel.meson, card.channel.lepton) == ("K+", "mu")
    assert card.experiment == setup.name == "na62-2007"


def test_beam_of_2007(setup):
    beam = setup.beam
    assert (beam.momentum, beam.momentum_spread) == (
        pytest.approx(74 * GEV, rel=1e-3),
        pytest.approx(1.4 * GEV),
    )
    # a tenth of the intensity of NA48/2, which is the nominal one
    assert beam.intensity_min == beam.intensity_max == pytest.approx(0.1)
    accidentals = [d for d in setup.detectors if getattr(d, "accidental_rate", 0.0) > 0.0]
    assert {d.system for d in accidentals} == {"LKr", "MUV1", "MUV2", "MUV3"}


def test_two_polarities(search, setup):
    plus, minus = search.experiment.periods
    assert search.experiment.shares == [pytest.approx(0.607, abs=1e-3), pytest.approx(0.393, abs=1e-3)]
    # the kick turns with the slope of the beam
    kicks = [period.setup[0]["magnet_kick"] for period in (plus, minus)]
    slopes = [period.setup[0]["beam"]["slope_x"] for period in (plus, minus)]
    assert kicks == [-265.0, 265.0]
    assert slopes == [pytest.approx(0.242e-3), pytest.approx(-0.204e-3)]
    assert setup.beam.slope_x == slopes[0]


def test_decays_count_in_98_metres_of_the_tank(search, setup, systems):
    packed = search.experiment.setup[0]["beam"]
    assert packed["z_max"] - packed["z_min"] == pytest.approx(98 * M)
    # and are simulated from the last collimator to the first chamber
    assert packed["z_first"] == setup.halo.z_collimator
    assert packed["z_last"] == systems["DCH"].chambers[0].z


def test_spectrometer_in_helium(setup, systems):
    chambers = systems["DCH"].chambers
    assert len(chambers) == 4
    assert chambers[1].z < systems["DCH"].magnet.z < chambers[2].z
    gas = systems["helium"]
    assert gas.kind == "material"
    assert gas.z_min >= setup.fiducial.z_max
    assert gas.z_min < chambers[0].z
    assert chambers[-1].z < gas.z_max
    # helium at room temperature: 5671 m a radiation length
    assert gas.radiation_lengths == pytest.approx((gas.z_max - gas.z_min) / (5671 * M), rel=0.01)


def test_counters_of_2007(systems):
    kinds = {name: detector.kind for name, detector in systems.items()}
    assert kinds["CHOD"] == "hodoscope"
    assert kinds["LKr"] == "calorimeter"
    assert kinds["HAC"] == "hadron_calorimeter"
    assert kinds["MUV1"] == kinds["MUV2"] == kinds["MUV3"] == "muon_veto"
    assert (systems["MUV1"].measures, systems["MUV2"].measures) == ("y", "x")
    order = [
        systems["DCH"].chambers[-1].z,
        systems["CHOD"].planes[0],
        *(systems[s].z for s in ("LKr", "HAC", "MUV1", "MUV2", "MUV3")),
    ]
    assert order == sorted(order)


def test_trigger_of_2007(search, card, setup, systems):
    (level,) = setup.trigger
    assert (level.require, level.veto) == (["CHOD"], [])
    # loose: a muon with a chamber less passes, and so do three tracks; four do not
    chambers = len(systems["DCH"].chambers)
    assert 0 < level.multiplicity_min <= chambers
    assert 3 * chambers <= level.multiplicity_max < 4 * chambers
    packed = search.experiment.setup[0]
    assert packed["multiplicity_min"][0] == level.multiplicity_min
    assert packed["multiplicity_max"][0] == level.multiplicity_max
    assert card.exposure.downscale == 150


def test_cuts_of_2007(card):
    columns = {cut.column for selection in card.selections for cut in card.cuts_of(selection)}
    assert columns >= {
        "n_tracks",
        "charge",
        "in_acceptance",
        "z_vtx_mm",
        "cda_mm",
        "theta_rad",
        "muon_x_sigmas",
        "muon_y_sigmas",
        "e_extra_mev",
        "n_associated",
        "dead_cell_mm",
    }
    # neither E/p nor the hadron calorimeter
    assert not columns & {"e_over_p", "e_hadron_mev"}
    counting = next(s for s in card.selections if s.name == card.normalisation.selection)
    assert not {"muon_x_sigmas", "muon_y_sigmas"} & {cut.column for cut in card.cuts_of(counting)}
    extra = next(cut for cut in card.cuts if cut.column == "e_extra_mev")
    assert extra.bounds()[1] == [3 * GEV]


@pytest.mark.parametrize(
    ("z", "theta", "p", "phi", "region"),
    [
        (-12.0, 11.0, 30.0, 1.0, None),  # before the lower region begins
        (-7.0, 9.0, 30.0, 1.0, "lower"),
        (-7.0, 7.0, 30.0, 1.0, None),  # under its bottom
        (40.0, 2.0, 30.0, 3.3, "lower"),
        (40.0, 2.0, 10.5, 3.3, "lower"),
        (50.0, 1.0, 10.5, 3.3, None),  # too straight for 10.5 GeV
        (40.0, 5.0, 30.0, 0.3, "upper"),
        (40.0, 5.0, 30.0, 3.3, None),  # the halo's side
        (40.0, 7.5, 30.0, 0.3, None),  # above the top
        (60.0, 4.0, 12.0, 0.3, None),  # slow and late
        (60.0, 4.0, 30.0, 0.3, "upper"),
        (85.0, 1.5, 30.0, 0.3, None),
    ],
)
@pytest.mark.parametrize(("polarity", "name"), [(0.0, "plus"), (1.0, "minus")])
def test_regions_of_2007(card, z, theta, p, phi, region, polarity, name):
    """Points of the plane of z (NA48, m) and theta (mrad) by the lines of the public analysis."""
    c = {
        name: np.array([value])
        for name, value in {
            "n_tracks": 1.0,
            "charge": 1.0,
            "chi2": 1.0,
            "in_acceptance": 1.0,
            "e_extra_mev": 0.0,
            "n_associated": 1.0,
            "dead_cell_mm": 100.0,
            "muon_x_sigmas": 1.0,
            "muon_y_sigmas": 1.0,
            "cda_mm": 10.0,
            "m2_miss_mev2": 9e4,
            "p_mev": p * GEV,
            "z_vtx_mm": (z + 120.0) * M,
            "theta_rad": 1e-3 * theta,
            "phi_lab_rad": phi,
            "period": polarity,
        }.items()
    }
    made = tally_candidates(Candidates(c, True, ("toy",), "toy"), card).spectrum
    parts = [f"{part} {sign}" for part in ("lower", "upper") for sign in ("plus", "minus")]
    found = [part for part in parts if made.project(part).values.sum()]
    assert found == ([] if region is None else [f"{region} {name}"])
    assert made.project("search").values.sum() == len(found)


def test_number_of_kaon_decays_of_2007(card):
    assert card.exposure.decays == pytest.approx(5.977e7)
    assert card.normalisation.published_n_kaon == pytest.approx(5.977e7)
    assert card.normalisation.published_n_kaon_error == pytest.approx(0.030e7)
    assert card.normalisation.mode == "kmu2"


def test_scan_of_2007(card):
    masses = card.scan.masses()
    assert (masses[0], masses[-1], len(masses)) == (300.0, 375.0, 76)
    assert (card.scan.step, card.scan.window.fraction, card.scan.window.bin) == (1.0, 0.6827, 100.0)
    assert masses[-1] < end_point(meson="K+", lepton="mu")
    assert {card.selection_of(mass) for mass in masses} == {"search"}


def test_background_of_2007(card):
    assert card.background.method == "templates"
    assert card.background.control_run is not None
    assert {t.mode for t in card.samples.templates} >= {"kmu2", "pi3", "kmu3", "pipi0", "pi00"}
