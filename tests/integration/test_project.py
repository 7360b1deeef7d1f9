"""``hnlpeak project``: expected limits against exposure, on a small analysis."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from command import Command
from conftest import with_value

Rows = dict[float, dict[float, dict[str, float]]]


def rows(place: Path) -> Rows:
    """Rows of ``projection.csv`` by exposure and mass."""
    found: Rows = {}
    for row in csv.DictReader((place / "projection.csv").read_text("utf-8").splitlines()):
        numbers = {name: float(value) if value else np.nan for name, value in row.items()}
        found.setdefault(numbers["exposure_decays"], {})[numbers["m_n_mev"]] = numbers
    return found


@pytest.fixture(scope="module")
def card(card_text: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small analysis with the modes that have templates, and that of the normalisation."""
    path = tmp_path_factory.mktemp("lean") / "lean.toml"
    path.write_text(with_value(card_text, "background_modes", '["kmu2", "ke2", "ke3"]'), "utf-8")
    return path


@pytest.fixture(scope="module")
def projected(tmp_path_factory: pytest.TempPathFactory, hnlpeak: Command, card: Path) -> Path:
    place = tmp_path_factory.mktemp("projected") / "out"
    done = hnlpeak("project", card, "--exposure", "2e6:2e12:4", "-o", place, "--seed", 3)
    assert (done.code, done.out) == (0, ""), done.err
    assert "2e+12 decays: |U|² < " in done.err
    return place


def test_limits_against_exposure_in_table_record_and_figure(projected: Path) -> None:
    names = [f"projection.{end}" for end in ("csv", "json", "pdf", "png", "svg")]
    assert sorted(path.name for path in projected.iterdir()) == names
    found = rows(projected)
    assert list(found) == [2e6, 2e8, 2e10, 2e12]
    assert list(found[2e6]) == [220.0 + 20.0 * i for i in range(10)]
    record = json.loads((projected / "projection.json").read_text("utf-8"))
    assert record["simulated"] is True
    assert record["reference_exposure_decays"] == 2e6
    assert record["columns"]["u2_ul_expected"][0] == pytest.approx(
        found[2e6][220.0]["u2_ul_expected"], nan_ok=True
    )
    for mass in (300.0, 340.0):
        limits = [found[exposure][mass]["u2_ul_expected_statistical"] for exposure in found]
        there = [limit for limit in limits if np.isfinite(limit)]
        assert there == sorted(there, reverse=True)


def test_the_reference_is_a_search_in_the_expected_spectrum(
    projected: Path, hnlpeak: Command, card: Path, tmp_path: Path
) -> None:
    """At the card's exposure limits are those of ``run --pseudo-data asimov``, but for N_K as measured there."""
    done = hnlpeak("run", card, "--pseudo-data", "asimov", "-o", tmp_path / "run", "--seed", 3)
    assert done.code == 0, done.err
    run = list(csv.DictReader((tmp_path / "run" / "limits.csv").read_text("utf-8").splitlines()))
    at = rows(projected)[2e6]
    compared = 0
    for row in run:
        mine = at[float(row["m_n_mev"])]
        assert mine["background"] == pytest.approx(float(row["background"]), rel=1e-9)
        if np.isfinite(mine["u2_ul_expected"]):
            assert mine["acceptance"] == pytest.approx(float(row["acceptance"]), rel=1e-9)
            n_kaon = float(row["n_signal_ul_expected"]) / (
                float(row["branching_fraction_ul_expected"]) * float(row["acceptance"])
            )
            scaled = float(row["u2_ul_expected"]) * n_kaon / 2e6
            assert mine["u2_ul_expected"] == pytest.approx(scaled, rel=1e-9)
            compared += 1
    assert compared >= 3


def test_a_changed_card_changes_what_it_should(
    hnlpeak: Command, card: Path, projected: Path, tmp_path: Path
) -> None:
    """A beam that is measured track by track: a better resolution, so narrower windows with less background."""
    tracked = ["--set", "detectors.GTK.installed=true"]
    done = hnlpeak("project", card, "--exposure", "2e8,2e12", *tracked, "-o", tmp_path / "out", "--seed", 3)
    assert done.code == 0, done.err
    record = json.loads((tmp_path / "out" / "projection.json").read_text("utf-8"))
    assert record["settings"] == ["detectors.GTK.installed=true"]
    before, after = rows(projected)[2e12], rows(tmp_path / "out")[2e12]
    assert after[220.0]["background"] < 0.8 * before[220.0]["background"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "Missing option '--exposure'"),
        (["--exposure", "1e14:1e9"], "--exposure: got '1e14:1e9'"),
        (["--exposure", "1e9:1e10", "--set", "beem.x=3"], "no table 'beem', is it beam?"),
        (["--exposure", "1e9:1e10", "--set", "beam.divergence_x=3 MeV"], "unit of angle"),
        (["--exposure", "1e9:1e10", "--workers", "0"], "--workers"),
    ],
)
def test_errors_are_one_line_before_anything_is_simulated(
    hnlpeak: Command, card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = hnlpeak("project", card, *more)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert said in done.err
    assert list(tmp_path.iterdir()) == []
