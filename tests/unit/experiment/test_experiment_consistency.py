"""Cards that must fail later fail at once: text, sizes, units, cuts and modes that cannot be."""

from __future__ import annotations

import re
import resource
import time
from pathlib import Path

import pytest

from hnlpeak.core.card import card_text
from hnlpeak.core.errors import CardError
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.experiment.experiment import load_experiment


def changed(text: str, key: str, value: str) -> str:
    made, count = re.subn(rf"(?m)^{key} = [^#\n]*", lambda _: f"{key} = {value}", text, count=1)
    assert count == 1, key
    return made


def refused(path: Path, text: str, said: str) -> None:
    """In less than five seconds and 200 MB more, with one line."""
    path.write_text(text, "utf-8")
    begun, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    load = load_experiment if "[[detectors]]" in text else load_analysis
    with pytest.raises(CardError, match=said) as error:
        load(path)
    assert "\n" not in str(error.value)
    assert all(len(fault) < 600 for fault in error.value.faults)
    assert time.process_time() - begun < 5.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (
            "mode",
            '"kmu2"',
            r"normalisation.mode: 'kmu2' .* makes no peak at zero .*expected a decay to e\+ nu",
        ),
        ("mode", '"ke3"', r"normalisation.mode: 'ke3'"),
        ("signal_decays", "1_000_000_000_000", "samples.signal_decays"),
        ("signal_decays", "9" * 5001, "not valid TOML|integer"),
        ("signal_decays", "9" * 4000, "samples.signal_decays: an integer above 1e"),
        ("decays", "1e999", "exposure.decays"),
        ("decays", "9" * 400, "exposure.decays: an integer above"),
        ("window", '"' + "1" * 100_000 + '"', "scan.window"),
        ("mass_min", '"' + "1" * 100_000 + ' MeV"', "scan.mass_min.*[.]{3}"),
        ("mass_max", '"1e30 GeV"', "mass_max: '1e30 GeV' is above 1 PeV"),
        ("name", '"search $\\\\undefined$"', "name: .*holds '\\$'"),
        ("title", '"a $ b"', "title: .*holds '\\$'"),
        ("title", '"a \\u0007 b"', "title: .*holds '\\\\x07'"),
    ],
)
def test_analyses(tmp_path: Path, key: str, value: str, said: str) -> None:
    refused(tmp_path / "x.toml", changed(card_text("na62-2015-ke2"), key, value), said)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'min = "5 GeV"\nmax = "70 GeV"',
            'min = "95 GeV"',
            "cut 'momentum' passes nothing: p_mev from 95000 to inf",
        ),
        (
            'min = "130 m"\nmax = "175 m"',
            'min = "900 m"',
            "cut 'vertex' passes nothing: z_vtx_mm from 900000",
        ),
        ("min = 0.90\nmax = 1.15", "max = -0.5", "cut 'E/p' passes nothing"),
        ('name = "vertex"', 'name = "ver$tex"', "selections.0.cuts.0.name"),
    ],
)
def test_cuts(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = card_text("na62-2015-ke2")
    assert old in text
    refused(tmp_path / "x.toml", text.replace(old, new, 1), said)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("accidental_rate", '"5e100 MHz"', "accidental_rate: '5e100 MHz' is above 10 GHz"),
        ("readout_window", '"1 ms"', r"accidental signals per event, at most 1000"),
        ("divergence_x", '"30 rad"', r"divergence_x: '30 rad' is above 2 pi rad \(degrees\?\)"),
        ("slope_x", '"7 rad"', "degrees"),
        ("z_max", '"1e9 km"', "z_max: .* is above 100 km"),
        ("rate", '"1e6 GHz"', "beam.rate"),
    ],
)
def test_experiments(tmp_path: Path, key: str, value: str, said: str) -> None:
    refused(tmp_path / "x.toml", changed(card_text("na62-2015"), key, value), said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (".".join("a" * 20_000) + " = 1\n", "a key of more than 16 parts"),
        ("x = {" + ".".join("a" * 20_000) + " = 1}\n", "a key of more than 16 parts"),
        ("[" + ".".join(["'b'"] * 20_000) + "]\n", "a key of more than 16 parts"),
        ("\n".join(f"k{i} = {i}" for i in range(30_000)), "more: hnlpeak check lists them"),
        ("x = " + "[" * 50_000, "not valid TOML"),
        ("x = " + "{a=" * 5_000, "not valid TOML|key"),
        ("a" * 400_000, "not valid TOML"),
        ("a b " * 100_000, "not valid TOML"),
        ("\n" * 600_000, "larger than"),
        ("\ufeff", "Field required"),
    ],
)
def test_texts_without_end(tmp_path: Path, text: str, said: str) -> None:
    refused(tmp_path / "x.toml", text, said)


def test_what_is_no_file_is_no_card(tmp_path: Path) -> None:
    from os import mkfifo

    mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "folder.toml").mkdir()
    for place in (tmp_path / "pipe.toml", tmp_path / "folder.toml", Path("/dev/zero")):
        with pytest.raises(CardError, match="is no plain file"):
            load_analysis(place)
    (tmp_path / "latin.toml").write_bytes(b"title = 'caf\xe9'")
    with pytest.raises(CardError, match="cannot be read"):
        load_analysis(tmp_path / "latin.toml")
