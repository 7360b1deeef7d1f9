from __future__ import annotations

import csv
import hashlib
import json
import re
from pathlib import Path

import pytest

FILES = {
    "comparison.csv",
    "composition.csv",
    "cutflow.csv",
    "limits.csv",
    "manifest.json",
    "limits-checks.csv",
    "normalisation.json",
    "report.html",
    "result.json",
    "signal.csv",
    "spectrum.json",
}
LIMITS = """m_n_mev, sigma_mev, window_low_mev, window_high_mev, n_observed, background, background_error, p_value,
acceptance, acceptance_no_window, n_signal_ul_observed, n_signal_ul_expected, n_signal_ul_expected_m2s,
n_signal_ul_expected_m1s, n_signal_ul_expected_p1s, n_signal_ul_expected_p2s, branching_fraction_ul_observed,
branching_fraction_ul_expected, u2_ul_observed, u2_ul_expected, u2_ul_expected_m2s, u2_ul_expected_m1s,
u2_ul_expected_p1s, u2_ul_expected_p2s, status"""
SIGNAL = ["m_n_mev", "sigma_mev", "acceptance", "n_kaon"]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_files_are_those_of_the_manifest(finished: Path) -> None:
    assert {p.name for p in finished.iterdir()} >= FILES
    assert not [p for p in finished.rglob("*") if p.name.startswith(".")]
    manifest = json.loads((finished / "manifest.json").read_text("utf-8"))
    files = [p for p in finished.rglob("*") if p.is_file() and p.name != "manifest.json"]
    assert manifest["files"] == {
        p.relative_to(finished).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files
    }
    assert manifest["seed"] == 3
    assert set(manifest["cards"]) == {"analyses/small-ke2", "experiments/na62-2015"}
    assert manifest["decays_simulated"] > 2_000_000


def test_limits_have_one_row_per_mass_and_the_promised_columns(finished: Path) -> None:
    rows = rows_of(finished / "limits.csv")
    assert list(rows[0]) == [name.strip() for name in LIMITS.split(",")]
    assert [float(row["m_n_mev"]) for row in rows] == list(range(220, 401, 20))
    # a few events: the side bands of a mass or two prefer another function than the card's
    usual = {"ok", "order-lowered", "function-matters"}
    good = [row for row in rows if usual.issuperset(row["status"].split())]
    assert len(good) >= 8
    for row in good:
        observed, low, high = (float(row[k]) for k in ("u2_ul_observed", "window_low_mev", "window_high_mev"))
        assert 1e-8 < observed < 1e-3
        assert low < float(row["m_n_mev"]) < high
        bands = [float(row[f"u2_ul_expected{b}"]) for b in ("_m2s", "_m1s", "", "_p1s", "_p2s")]
        assert bands == sorted(bands)
        assert 0.05 < float(row["acceptance"]) < float(row["acceptance_no_window"]) < 0.9


def test_the_limits_are_those_of_the_counts(finished: Path) -> None:
    """B < N_S / (N_K A) with the numbers of three different files."""
    n_kaon = json.loads((finished / "normalisation.json").read_text("utf-8"))["n_kaon"]["value"]
    record = json.loads((finished / "spectrum.json").read_text("utf-8"))
    assert record["metadata"]["hnlpeak"]["simulated"] is True
    signal = {row["m_n_mev"]: row for row in rows_of(finished / "signal.csv")}
    assert set(SIGNAL) <= set(next(iter(signal.values())))
    for row in rows_of(finished / "limits.csv"):
        assert float(signal[row["m_n_mev"]]["n_kaon"]) == pytest.approx(n_kaon, rel=1e-9)
        b = float(row["n_signal_ul_observed"]) / (n_kaon * float(row["acceptance"]))
        assert float(row["branching_fraction_ul_observed"]) == pytest.approx(b, rel=1e-9)


def test_the_number_of_kaons_comes_back(finished: Path) -> None:
    """N_K is measured with a dozen K_e2; six standard deviations of its own error."""
    from hnlpeak.formats.results import read_result

    found = read_result(finished).normalisation.n_kaon
    assert abs(found.value - 2e6) < 6.0 * found.error
    assert found.stat < 0.7 * found.value


def test_every_json_parses_without_nan_and_the_result_has_no_time(finished: Path) -> None:
    def refuse(name: str) -> float:
        raise AssertionError(name)

    for path in finished.rglob("*.json"):
        json.loads(path.read_text("utf-8"), parse_constant=refuse)
    text = (finished / "result.json").read_text("utf-8")
    assert list(json.loads(text)) == sorted(json.loads(text))
    assert not re.search(r"20\d\d-\d\d-\d\d|T\d\d:\d\d|/tmp|started|host", text)


def test_figures_are_there_twice_and_say_that_they_are_simulated(finished: Path) -> None:
    svgs = sorted(p for p in (finished / "figures").rglob("*.svg"))
    assert {"u2", "m_miss", "acceptance", "p_value", "n_signal"} <= {p.stem for p in svgs}
    for svg in svgs:
        assert svg.with_suffix(".png").read_bytes().startswith(b"\x89PNG\r\n")
        assert re.search(r"simulat|Simulat", svg.read_text("utf-8")), svg.name
    page = (finished / "report.html").read_text("utf-8")
    assert "simulated" in page
    assert len(page) < 3_000_000
    assert not re.search(r"(src|href)=\"(https?:)?//", page)


def test_a_finished_run_is_refused_and_stays(finished: Path, card: Path, hnlpeak) -> None:  # type: ignore[no-untyped-def]
    before = {p: p.read_bytes() for p in finished.rglob("*") if p.is_file()}
    done = hnlpeak("run", card, "-o", finished, "--seed", 3)
    assert done.code == 2
    assert "holds a finished run" in done.err
    assert {p: p.read_bytes() for p in finished.rglob("*") if p.is_file()} == before
