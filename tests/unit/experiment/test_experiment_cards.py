"""Cards that cannot be used say which key is wrong, in one line; good ones pack into tables."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from hnlpeak import detectors
from hnlpeak.core.errors import CardError
from hnlpeak.detectors import calorimeter, photon_veto, spectrometer
from hnlpeak.detectors.surface import (
    APERTURE,
    MATTER,
    MAX_SURFACES,
    PARAMETERS,
    Surface,
    distinct,
    surface_table,
)
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.experiment.experiment import load_experiment
from hnlpeak.simulation.transport import CODES

LIBRARY = Path(str(resources.files("hnlpeak"))) / "library"
EXPERIMENT = (LIBRARY / "experiments" / "na62-2015.toml").read_text("utf-8")
ANALYSIS = (LIBRARY / "analyses" / "na62-2015-ke2.toml").read_text("utf-8")


def changed(text: str, old: str, new: str) -> str:
    assert old in text, f"the card no longer holds {old!r}"
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('momentum = "75 GeV"', "momentum = 75", r"beam\.momentum: expected a number with a unit of energy"),
        (
            'momentum = "75 GeV"',
            'momentum = "75 mm"',
            r"beam\.momentum: expected a number with a unit of energy",
        ),
        ('momentum = "75 GeV"', 'momentum = "-75 GeV"', r"beam\.momentum: must be not negative"),
        ('momentum_spread = "1.0 GeV"', 'momentum_spread = "20 GeV"', r"beam: .*spread below a fifth"),
        ('size_x = "16 mm"', 'size_x = "-16 mm"', r"size_x must not be negative"),
        ("intensity_min = 0.004", "intensity_min = 0.4", r"intensity_min is above intensity_max"),
        ('meson = "K+"', 'meson = "K++"', r"beam\.meson: unknown meson 'K\+\+': choose from pi\+, K\+"),
        ('meson = "K+"', 'meson = "K-"', r"beam\.meson: unknown meson 'K-'"),
        ('meson = "K+"', 'meson = "p"', r"beam\.meson: unknown meson 'p'"),
        (
            'meson = "K+"',
            'meson = "D_s+"',
            r"beam\.meson: D_s\+ of 75000 MeV decays after 5\.73 mm on average",
        ),
        ('z_min = "105 m"', 'z_min = "190 m"', r"fiducial: expected z_first <= z_min < z_max <= z_last"),
        (
            "view_angles = [0.0, 90.0, 45.0, -45.0]",
            "view_angles = [0.0, 0.0]",
            r"view_angles must measure both",
        ),
        ('view_resolution = "0.092 mm"', 'view_resolution = "0 mm"', r"view_resolution must be positive"),
        ("radiation_lengths = 0.0045", "radiation_lengths = 0.5", r"radiation_lengths of a chamber"),
        ('z = "196.995 m"', 'z = "225 m"', r"momentum needs two chambers before"),
        ('z = "194.066 m"', 'z = "183.508 m"', r"chambers must stand in the order of z"),
        ("plane_efficiency = 0.99", "plane_efficiency = 1.2", r"plane_efficiency"),
        (
            "plane_efficiency = 0.99",
            'plane_efficiency = 0.99\naccidental_rate = "10 MHz"',
            r"detectors\.CHOD\.accidental_rate changes nothing",
        ),
        ("values = [0.1, 1e-3, 2e-4, 1e-4]", "values = [0.1, 1e-3, 2e-4]", r"4 energies but 3 values"),
        (
            'energies = ["50 MeV", "200 MeV"',
            'energies = ["500 MeV", "200 MeV"',
            r"energies must be positive and rise strictly",
        ),
        ('require = ["CHOD"]', 'require = ["CHODD"]', r"trigger L0: no system 'CHODD'"),
        ('require = ["CHOD"]', 'require = ["MUV3"]', r"MUV3 is required by L0 and vetoed by L0"),
        ('require = ["KTAG"]', 'require = ["MUV3"]', r"MUV3 is required by L1 and vetoed by L0"),
        (
            'require = ["KTAG"]',
            'require = ["KTAG"]\nmultiplicity_min = 57',
            r"multiplicity_min = 57 of L1 is above 56, the crossings of chambers",
        ),
        (
            'veto = ["MUV3"]',
            'veto = ["MUV3"]\nmultiplicity_max = 3\nreference = ""\nconfidence = "E"\n'
            '[[trigger]]\nname = "L2"\nrequire = []\nmultiplicity_min = 4',
            r"multiplicity_min = 4 of L2 is above multiplicity_max = 3 of L0",
        ),
        (
            'kind = "hodoscope"',
            'kind = "scope"',
            r"detectors\[CHOD\]: kind 'scope' \(is it hodoscope\?\) is none of ",
        ),
        ('kind = "beam_cherenkov"', 'kind = "beam_cherenkov"\ncolour = "red"', r"colour: unknown key"),
        (
            'hole_radius = "130 mm", outer_radius = "1100 mm"',
            'hole_radius = "130 mm", outer_radius = "90 mm"',
            r"above those of the hole",
        ),
        ("schema = 1", "schema = 2", r"schema"),
        ("schema = 1", "schema = ", r"not valid TOML"),
        ("min_chambers = 4", "min_chambers = 2", r"min_chambers"),
    ],
)
def test_bad_experiments(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(changed(EXPERIMENT, old, new), "utf-8")
    with pytest.raises(CardError, match=message) as caught:
        load_experiment(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('mass_max = "448 MeV"', 'mass_max = "100 MeV"', r"scan: empty mass range"),
        ('step = "1 MeV"', 'step = "0 MeV"', r"step must be positive"),
        ('step = "1 MeV"', 'step = "1 eV"', r"more than \d+ mass hypotheses"),
        ('lepton = "e"', 'lepton = "tau"', r"channel\.lepton"),
        ('max = "40 mm"', 'max = "40 MeV"', r"unit of length"),
        ('max = "40 mm"', "", r"has neither min nor max"),
        ('min = "5 GeV"', 'min = "500 GeV"', r"passes nothing"),
        ('selection = "tight"', 'selection = "medium"', r"normalisation\.selection = 'medium'"),
        ('mass_min = "350 MeV"', 'mass_min = "340 MeV"', r"belongs to 2 selections"),
        ("inner = 1.5", "inner = 15.0", r"empty side bands"),
        ('treatment = "bounded"', 'treatment = "boundless"', r"statistics\.treatment"),
        ("cl = 0.90", "cl = 90", r"statistics\.cl"),
        ('experiment = "na62-2015"', 'experiment = "na61"', r"no card 'na61'"),
        ('meson = "K+"', 'meson = "pi+"', r"channel\.meson is 'pi\+'"),
        (
            'calibration_mode = "pi3"',
            'calibration_mode = "kmu2"',
            r"samples\.calibration_mode: 'kmu2' \(K\+ -> mu\+ nu \(gamma\)\) has 1 charged daughters, .* with 3",
        ),
        (
            'calibration_mode = "pi3"',
            'calibration_mode = "hnl"',
            r"calibration_mode: 'hnl' is no decay mode of K\+; there are kmu2",
        ),
        (
            'background_modes = ["kmu2"',
            'background_modes = ["kmu4"',
            r"samples\.background_modes: 'kmu4' is no decay mode of K\+",
        ),
    ],
)
def test_bad_analyses(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(changed(ANALYSIS, old, new), "utf-8")
    with pytest.raises(CardError, match=message) as caught:
        load_analysis(path)
    assert "\n" not in str(caught.value)


def test_modes_of_another_meson_than_the_beam(tmp_path: Path) -> None:
    beam = changed(EXPERIMENT, 'meson = "K+"', 'meson = "pi"')
    beam = changed(beam, 'companions = { "pi+" = 0.70, "p" = 0.24 }', 'companions = { "K+" = 0.06 }')
    (tmp_path / "beam.toml").write_text(changed(beam, ', "p" = 0.0 }', " }"), "utf-8")
    text = changed(ANALYSIS, 'meson = "K+"', 'meson = "pi^+"')
    path = tmp_path / "pions.toml"
    path.write_text(changed(text, 'experiment = "na62-2015"', 'experiment = "beam.toml"'), "utf-8")
    message = r"samples\.background_modes: 'kmu2' is a decay of K\+, not of pi\+; there are pimu2, pie2"
    with pytest.raises(CardError, match=message):
        load_analysis(path)


def test_spellings_of_the_meson_are_one(tmp_path: Path) -> None:
    (tmp_path / "beam.toml").write_text(changed(EXPERIMENT, 'meson = "K+"', 'meson = "K^+"'), "utf-8")
    text = changed(ANALYSIS, 'meson = "K+"', 'meson = "K"')
    path = tmp_path / "kaons.toml"
    path.write_text(changed(text, 'experiment = "na62-2015"', 'experiment = "beam.toml"'), "utf-8")
    made = load_analysis(path)
    assert (made.card.channel.meson, made.experiment.card.beam.meson) == ("K+", "K+")


def test_numbers_of_detectors_are_those_of_their_kinds(tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    second = EXPERIMENT[EXPERIMENT.index('[[detectors]]\nkind = "beam_cherenkov"') :]
    second = second[: second.index("[[detectors]]", 5)]
    path.write_text(changed(EXPERIMENT, "[[detectors]]", second + "[[detectors]]"), "utf-8")
    with pytest.raises(CardError, match=r"detectors: 2 of kind beam_cherenkov, expected 0 to 1"):
        load_experiment(path)


def test_codes_of_surfaces_are_their_own() -> None:
    codes = [module.CODE for module in vars(detectors).values() if hasattr(module, "CODE")]
    codes += [APERTURE, MATTER, spectrometer.MAGNET, spectrometer.CHAMBER]
    assert distinct(*codes) == CODES
    assert len(CODES) >= 11


def test_a_code_that_two_kinds_have_is_refused() -> None:
    """Matter would act as the new detector, or the new detector as matter, whichever the if-chain asks for first."""
    with pytest.raises(ValueError, match="surfaces of code 10; free are 11 and above"):
        distinct(APERTURE, MATTER, 7, 10)


def test_surfaces_are_packed_in_the_order_of_z() -> None:
    setup = load_experiment("na62-2015").setup[0]
    for name in ("verdict", "response", "acceptance"):
        table = setup[name]
        z = table["z"][: table["n"]]
        assert table["n"] > 3
        assert np.all(np.diff(z) >= 0.0)
        codes = table["code"][table["neutral"][: table["n_neutral"]]]
        matter = {MATTER, spectrometer.CHAMBER}
        assert set(codes.tolist()) <= {photon_veto.CODE, calorimeter.CODE, spectrometer.MAGNET, *matter}


def test_tables_that_do_not_fit_are_refused() -> None:
    surface = Surface(APERTURE, 1.0, [0.0] * 8, "plane")
    with pytest.raises(CardError, match=f"{MAX_SURFACES + 1} surfaces, at most {MAX_SURFACES} fit"):
        surface_table([surface] * (MAX_SURFACES + 1))
    with pytest.raises(CardError, match=f"plane: {PARAMETERS + 1} parameters"):
        surface_table([surface._replace(params=[0.0] * (PARAMETERS + 1))])
