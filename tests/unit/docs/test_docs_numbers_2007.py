"""The numbers of the proceedings on 2007, written out here, against the cards as they are loaded."""

from __future__ import annotations

import pytest

from hnlpeak.experiment.analysis import load_analysis
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
    assert (beam.momentum, beam.momentum_spread) == (pytest.approx(74 * GEV), pytest.approx(1.4 * GEV))
    # a tenth of the intensity of NA48/2, which is the nominal one
    assert beam.intensity_min == beam.intensity_max == pytest.approx(0.1)
    accidentals = [d for d in setup.detectors if getattr(d, "accidental_rate", 0.0) > 0.0]
    assert {d.system for d in accidentals} == {"LKr", "MUV12", "MUV3"}


def test_vacuum_tank(search, setup):
    assert setup.fiducial.z_max - setup.fiducial.z_min == pytest.approx(114 * M)
    packed = search.experiment.setup[0]["beam"]
    assert packed["z_max"] - packed["z_min"] == pytest.approx(114 * M)


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
    assert kinds["MUV12"] == kinds["MUV3"] == "muon_veto"
    order = [
        systems["DCH"].chambers[-1].z,
        systems["CHOD"].planes[0],
        *(systems[s].z for s in ("LKr", "HAC", "MUV12", "MUV3")),
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
    columns = {cut.name: cut.column for cut in card.cuts}
    for selection in card.selections:
        columns |= {cut.name: cut.column for cut in selection.cuts}
    assert set(columns.values()) >= {
        "n_tracks",
        "charge",
        "in_acceptance",
        "z_vtx_mm",
        "cda_mm",
        "theta_rad",
        "dt_muv12_ns",
        "muon_distance_mm",
        "e_extra_mev",
        "e_hadron_mev",
    }
    vertex = next(cut for cut in card.cuts if cut.column == "z_vtx_mm")
    low, high = vertex.bounds()
    # -10 to 25 m in the frame of NA48, 120 m downstream of the one used here; upper end 90 m
    assert [z / M - 120 for z in low] == [-10, -10, 0, 5, 5, 5, 10, 10, 15, 25]
    assert {z / M - 120 for z in high} == {90}
    extra = next(cut for cut in card.cuts if cut.column == "e_extra_mev")
    assert extra.bounds()[1] == [2 * GEV]


def test_number_of_kaon_decays_of_2007(card):
    assert card.exposure.decays == pytest.approx(5.977e7)
    assert card.normalisation.published_n_kaon == pytest.approx(5.977e7)
    assert card.normalisation.published_n_kaon_error == pytest.approx(0.015e7)
    assert card.normalisation.mode == "kmu2"


def test_scan_of_2007(card):
    masses = card.scan.masses()
    assert (masses[0], masses[-1], len(masses)) == (300.0, 375.0, 76)
    assert (card.scan.step, card.scan.window) == (1.0, 1.0)
    assert masses[-1] < end_point(meson="K+", lepton="mu")
    assert {card.selection_of(mass) for mass in masses} == {"search"}


def test_background_of_2007(card):
    assert card.background.method == "templates"
    assert card.background.control_run is not None
    assert {t.mode for t in card.samples.templates} >= {"kmu2", "pi3", "kmu3", "pipi0", "pi00"}
