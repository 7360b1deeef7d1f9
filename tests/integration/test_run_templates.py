"""The search with templates and a control run: a small run, its files, a scan of its spectrum, searches together."""

from __future__ import annotations

import csv
import json
import math
import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from command import few_figures

SMALL = {
    "name": '"small-kmu2"',
    "decays": "1e6",
    "mass_min": '"310 MeV"',
    "mass_max": '"370 MeV"',
    "step": '"10 MeV"',
    "signal_masses": '["310 MeV", "330 MeV", "350 MeV", "370 MeV"]',
    "signal_decays": "5_000",
    "normalisation_decays": "50_000",
    "calibration_decays": "50_000",
    "muons": "400_000",
    "cross_talk": '{ mode = "pi3", decays = 200_000, error = 0.036, simulated = 100_000, forced_pion_decay = 0.4 }',
}
SHARE = 1 / 40


def small_card() -> str:
    text = (resources.files("hnlpeak") / "library" / "analyses" / "na62-2007-kmu2.toml").read_text("utf-8")
    for key, value in SMALL.items():
        text, count = re.subn(rf"(?m)^{key} = [^#\n]*", f"{key} = {value} ", text, count=1)
        assert count == 1, key
    head, mark, tail = text.partition("[[samples.templates]]")
    return head + re.sub(
        r"decays = ([\d_]+)", lambda m: f"decays = {round(int(m[1].replace('_', '')) * SHARE)}", mark + tail
    )


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def background_of(place: Path) -> dict[str, Any]:
    record = json.loads((place / "result.json").read_text("utf-8"))
    found: dict[str, Any] = record["background"]["details"]
    return found


@pytest.fixture(scope="module")
def kmu2_card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kmu2") / "small.toml"
    path.write_text(small_card(), "utf-8")
    return path


@pytest.fixture(scope="module")
def folder(kmu2_card: Path, hnlpeak: Any) -> Path:
    place = kmu2_card.parent / "run"
    done = hnlpeak("run", kmu2_card, "-o", place, "--workers", 1, "--seed", 4)
    assert done.code == 0, done.err
    return place


def test_scale_of_the_control_run_is_that_of_the_exposures(folder: Path) -> None:
    run = next(run for run in background_of(folder)["control_runs"] if run["part"] == "lower plus")
    # 0.104 halo muons a decay in 1e6 decays, over the muons of the run
    assert abs(run["scale"] - 0.104e6 / 0.4e6) < 5.0 * run["scale_stat"]
    assert 0.0 < run["scale_stat"] < 0.2 * run["scale"]
    assert run["scale_syst"] == pytest.approx(0.15 * run["scale"], rel=0.1)


def test_number_of_decays_closes(folder: Path) -> None:
    n_kaon = json.loads((folder / "normalisation.json").read_text("utf-8"))["n_kaon"]
    assert abs(n_kaon["value"] - 1e6) < 5.0 * math.hypot(n_kaon["stat"], n_kaon["syst"])


def test_data_of_the_control_region_agree_with_the_sum(folder: Path) -> None:
    region = background_of(folder)["control_region"]
    assert region["bins"] >= 3
    assert region["p_value"] > 1e-6
    assert region["expected"] == pytest.approx(region["observed"], abs=6.0 * region["expected"] ** 0.5)


def test_data_agree_with_the_background_in_the_windows(folder: Path) -> None:
    rows = rows_of(folder / "limits.csv")
    assert len(rows) == 7
    for row in rows:
        n, b, error = (float(row[name]) for name in ("n_observed", "background", "background_error"))
        assert b > 5.0
        assert abs(n - b) < 5.0 * math.sqrt(b + error**2)
        assert row["status"] == "ok"


def test_composition_adds_up_with_its_errors(folder: Path) -> None:
    errors = background_of(folder)["errors"]
    for row in rows_of(folder / "composition.csv"):
        parts = {name: float(row[name]) for name in (*errors, "halo")}
        assert sum(parts.values()) == pytest.approx(float(row["background"]), rel=1e-6)
        for mode, error in errors.items():
            assert float(row[f"{mode}_syst"]) == pytest.approx(error * parts[mode], rel=1e-6)
        assert (
            float(row["halo_syst"]) >= 0.14 * parts["halo"]
        )  # the control run may have no event in a window
    assert (folder / "figures" / "background_estimate.png").stat().st_size > 10_000


def test_explanation_names_the_sources(folder: Path, hnlpeak: Any) -> None:
    done = hnlpeak("explain", folder, 350)
    assert done.code == 0, done.err
    assert "control run (lower plus) times" in done.out
    assert "simulated kmu2, kmu3, pi00, pi3, pipi0" in done.out


def test_scan_of_the_spectrum_simulates_the_templates_again(
    folder: Path, kmu2_card: Path, hnlpeak: Any, tmp_path: Path
) -> None:
    place = tmp_path / "scan"
    given = ("--analysis", kmu2_card, "--signal", folder, "--seed", 4)
    with few_figures():
        done = hnlpeak("scan", folder / "spectrum.json", *given, "-o", place)
    assert done.code == 0, done.err
    same = 0
    for one, two in zip(rows_of(folder / "limits.csv"), rows_of(place / "limits.csv"), strict=True):
        ends = [[float(row[f"window_{end}_mev"]) for end in ("low", "high")] for row in (one, two)]
        # a table has sigma and no shape: a window may be one bin of 0.0001 GeV^2 larger or smaller on each side
        step = 1.1 * 100.0 / (2.0 * float(one["m_n_mev"])) + 0.02
        assert ends[0] == pytest.approx(ends[1], abs=step)
        density = [
            float(row["background"]) / (high - low) for row, (low, high) in zip((one, two), ends, strict=True)
        ]
        assert density[0] == pytest.approx(density[1], rel=0.05)
        if ends[0] == pytest.approx(ends[1], abs=1e-6):
            same += 1
            assert float(one["background"]) == pytest.approx(float(two["background"]), rel=0.05)
            assert float(one["n_observed"]) == float(two["n_observed"])
    assert same > 0


def test_searches_together(folder: Path, finished: Path, hnlpeak: Any, tmp_path: Path) -> None:
    done = hnlpeak("report", folder, finished, "-o", tmp_path / "both", "--before", 2017)
    assert done.code == 0, done.err
    for kind in ("png", "svg", "pdf"):
        assert (tmp_path / "both" / f"u2_searches.{kind}").stat().st_size > 10_000
    rows = {(row["analysis"], row["curve"]): row for row in rows_of(tmp_path / "both" / "improvement.csv")}
    assert set(rows) == {
        ("small-kmu2", "e949-mu"),
        ("small-kmu2", "kek-mu"),
        ("small-kmu2", "psi-mu"),
        ("small-ke2", "kek-e"),
        ("small-ke2", "triumf-e"),
    }
    # KEK ends at 332 MeV, E949 at 300 MeV
    kek = rows["small-kmu2", "kek-mu"]
    assert (kek["masses"], float(kek["low"]), float(kek["high"])) == ("3", 310.0, 330.0)
    assert rows["small-kmu2", "e949-mu"]["masses"] == "0"
    # a sixtieth of the exposure: no improvement on KEK's 1e-6
    assert kek["observed"] == "0"
    assert float(kek["ratio"]) > 1.0


def test_several_folders_need_a_place(folder: Path, hnlpeak: Any) -> None:
    done = hnlpeak("report", folder, folder)
    assert done.code == 2
    assert "need -o" in done.err
