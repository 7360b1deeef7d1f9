"""The numbers of the proceedings, written out here, against the cards as they are loaded."""

from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.simulation.sample import mode_sample
from hnlpeak.theory.production import end_point

M, GEV, HZ = 1e3, 1e3, 1e-9


@pytest.fixture(scope="module")
def search():
    return load_analysis("na62-2015-ke2")


@pytest.fixture(scope="module")
def card(search):
    return search.card


@pytest.fixture(scope="module")
def setup(search):
    return search.experiment.card


@pytest.fixture(scope="module")
def systems(setup):
    return {detector.system: detector for detector in setup.detectors}


def test_channel(card, setup):
    assert (card.channel.meson, card.channel.lepton) == ("K+", "e")
    assert card.experiment == setup.name == "na62-2015"


def test_primary_and_layout(setup, systems):
    assert setup.primary.momentum == pytest.approx(400 * GEV)
    assert setup.primary.target == "beryllium"
    assert setup.primary.z_dump - setup.primary.z_target == pytest.approx(270 * M)
    last = max(z for station in systems["SAC"].stations for z in station.z)
    assert setup.primary.z_target < setup.fiducial.z_min < setup.fiducial.z_max < last < setup.primary.z_dump


def test_beam(search, setup):
    beam = setup.beam
    assert (beam.meson, beam.meson_fraction) == ("K+", pytest.approx(0.06))
    assert (beam.momentum, beam.momentum_spread) == (pytest.approx(75 * GEV), pytest.approx(1.0 * GEV))
    assert beam.rate == pytest.approx(750e6 * HZ)
    assert (beam.intensity_min, beam.intensity_max) == (pytest.approx(0.004), pytest.approx(0.013))
    packed = search.experiment.setup[0]["beam"]
    for name in ("momentum", "momentum_spread", "intensity_min", "intensity_max"):
        assert packed[name] == pytest.approx(getattr(beam, name)), name


def test_systems(systems):
    kinds = {name: detector.kind for name, detector in systems.items()}
    expected = {
        "KTAG": "beam_cherenkov",
        "GTK": "beam_tracker",
        "STRAW": "spectrometer",
        "LAV": "photon_veto",
        "LKr": "calorimeter",
        "IRC": "photon_veto",
        "SAC": "photon_veto",
        "CHANTI": "guard_ring",
        "RICH": "ring_cherenkov",
        "CHOD": "hodoscope",
        "MUV3": "muon_veto",
    }
    assert {name: kinds.get(name) for name in expected} == expected
    assert systems["KTAG"].time_resolution < 1.0  # ns: single kaons are told apart


def test_no_beam_tracker(search, systems):
    assert not systems["GTK"].installed
    assert not search.experiment.setup[0]["tracker_installed"]


def test_spectrometer(search, systems):
    straw = systems["STRAW"]
    z = [chamber.z for chamber in straw.chambers]
    assert len(z) == 4
    assert z[1] < straw.magnet.z < z[2]
    assert straw.magnet.kick > 0.0
    assert z == sorted(z)
    assert search.experiment.setup[0]["n_chambers"] == 4
    # in vacuum: nothing but the chambers themselves scatters
    assert straw.radiation_lengths < 0.01


@pytest.mark.parametrize("decay_z", [110.0, 125.0, 140.0, 155.0, 165.0])
def test_photon_vetoes_join(systems, decay_z):
    """From the axis to 48 mrad no angle escapes all of LAV, LKr, IRC and SAC, but for 5 mm beside the IRC."""
    angles = np.linspace(0.0, 0.048, 20_000)
    seen = np.zeros(angles.size, dtype=bool)
    planes = [(systems["LKr"].z, systems["LKr"].shape)]
    for name in ("LAV", "IRC", "SAC"):
        planes += [(z, station.shape) for station in systems[name].stations for z in station.z]
    for z, shape in planes:
        if z > decay_z * M:
            outer = shape.outer_radius or shape.octagon or shape.half_width
            radius = (z - decay_z * M) * angles
            seen |= (radius >= (shape.hole_radius or 0.0)) & (radius <= outer)
    assert np.mean(~seen) < 0.005
    assert angles[~seen].max(initial=0.0) < 150.0 / (systems["LKr"].z - 165.0 * M) * 1.01


def test_trigger(card, setup):
    low, high = setup.trigger
    assert (low.require, low.veto) == (["CHOD"], ["MUV3"])
    assert (high.require, high.veto) == (["KTAG"], [])
    assert card.exposure.downscale == 1


def test_cuts(card):
    """Each requirement of the text is a cut, on the column it is about, with bounds that can reject."""
    cuts = {cut.name: (cut.column, *(bound[0] for bound in cut.bounds())) for cut in card.cuts}
    assert cuts["one track"] == ("n_tracks", 1.0, 1.0)
    assert cuts["positive charge"] == ("charge", 1.0, 1.0)
    assert cuts["acceptance"] == ("in_acceptance", 1.0, 1.0)
    column, low, high = cuts["E/p"]
    assert column == "e_over_p"
    assert 0.5 < low < 1.0 < high < 1.5
    assert cuts["RICH"] == ("rich_e_margin", 0.0, np.inf)
    column, low, high = cuts["KTAG"]
    assert (column, low) == ("dt_ktag_ns", -np.inf)
    assert 0.0 < high < 25.0
    for system in ("LAV", "SAC", "IRC", "CHANTI"):
        column, low, high = cuts[system]
        assert (column, high) == (f"dt_{system.lower()}_ns", np.inf)
        assert low > 0.0


def test_calibration(card):
    sample = mode_sample("calibration", card.samples.calibration_mode, card.samples.calibration_decays)
    assert sample.components == ("pi3",)
    assert not sample.weighted


def test_number_of_kaon_decays(card):
    assert card.normalisation.published_n_kaon == pytest.approx(3.01e8)
    assert card.normalisation.published_n_kaon_error == pytest.approx(0.011e8)
    assert card.exposure.decays == pytest.approx(3.01e8)


def test_scan(card):
    masses = card.scan.masses()
    assert (masses[0], masses[-1]) == (pytest.approx(170.0), pytest.approx(448.0))
    assert np.diff(masses) == pytest.approx(1.0)
    assert card.scan.window == pytest.approx(1.0)
    assert masses[-1] < end_point(meson="K+", lepton="e")
