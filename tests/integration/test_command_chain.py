"""The commands one after the other, as a user of them would."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from command import Command, few_figures
from conftest import KAONS
from hnlpeak.cli.listing import KINDS
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.formats.results import limits_table, read_result
from hnlpeak.formats.spectrum_file import read_spectrum
from hnlpeak.limits.columns import TABLES, column_fact
from hnlpeak.limits.settings import InjectedSignal
from hnlpeak.searches.calls import scan
from hnlpeak.theory.modes import MODES


@pytest.fixture(scope="module")
def spectrum(card: Path, ntuple: Path, tmp_path_factory: pytest.TempPathFactory, hnlpeak: Command) -> Path:
    path = tmp_path_factory.mktemp("spectra") / "mine.json"
    done = hnlpeak("select", ntuple, "--analysis", card, "-o", path)
    assert done.code == 0, done.err
    flow = list(csv.DictReader(io.StringIO(done.out)))
    tight = [float(row["passed"]) for row in flow if row["selection"] == "tight"]
    assert tight == sorted(tight, reverse=True)
    assert {row["selection"] for row in flow} == {"tight", "loose"}
    values = np.array(json.loads(path.read_text("utf-8"))["storage"]["values"])
    assert values[0].sum() == tight[-1]
    return path


def test_scan_with_the_signal_of_a_run_and_explain(
    spectrum: Path, finished: Path, card: Path, tmp_path: Path, hnlpeak: Command
) -> None:
    place = tmp_path / "limits"
    done = hnlpeak("scan", spectrum, "--analysis", card, "--signal", finished, "-o", place)
    assert done.code == 0, done.err
    assert done.out == ""
    told = hnlpeak("explain", place, 300)
    assert told.code == 0
    assert told.err == ""
    limit = read_result(place).row(300.0)["u2_ul_observed"]
    assert told.out.startswith("The simulated data limit K+ -> e+ N at m_N = 300 MeV")
    assert f"{limit:.6g}" in told.out
    between = hnlpeak("explain", place, 301)
    assert between.code == 2
    assert "the nearest is 300" in between.err


def test_scan_that_simulates_finds_what_the_run_found(
    finished: Path, card: Path, tmp_path: Path, hnlpeak: Command
) -> None:
    """Same cards, same seed, same spectrum: A, sigma and N_K of the scan are those of the run."""
    place = tmp_path / "again"
    done = hnlpeak("scan", finished / "spectrum.json", "--analysis", card, "--seed", 3, "-o", place)
    assert done.code == 0, done.err
    for name in ("limits.csv", "signal.csv", "normalisation.json"):
        assert (place / name).read_bytes() == (finished / name).read_bytes(), name
    assert (place / "figures" / "u2.svg").is_file()
    assert (place / "report.html").is_file()
    other = tmp_path / "stated"
    given = ("--analysis", card, "--seed", 3, "--n-kaon", 2 * KAONS)
    with few_figures():
        done = hnlpeak("scan", finished / "spectrum.json", *given, "-o", other)
    assert done.code == 0, done.err
    ours, theirs = read_result(other), read_result(place)
    simulated = [
        json.loads((folder / "manifest.json").read_text("utf-8"))["decays_simulated"]
        for folder in (other, place)
    ]
    # neither the normalisation nor templates that figures alone would show
    assert simulated[1] - simulated[0] >= 20_000 + 100_000
    assert not (other / "composition.csv").exists()
    ratio = 2 * KAONS / theirs.normalisation.n_kaon.value
    b = "branching_fraction_ul_observed"
    np.testing.assert_allclose(ours.number(b) * ratio, theirs.number(b), rtol=1e-9)


def test_run_on_an_ntuple_gives_what_select_and_scan_give(
    ntuple: Path, spectrum: Path, card: Path, tmp_path: Path, hnlpeak: Command
) -> None:
    done = hnlpeak("run", card, "--data", ntuple, "-o", tmp_path / "run", "--seed", 3)
    assert done.code == 0, done.err
    assert (tmp_path / "run" / "spectrum.json").read_bytes() == spectrum.read_bytes()
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text("utf-8"))
    assert list(manifest["inputs"]) == [ntuple.name]
    scanned = scan(read_spectrum(spectrum), load_analysis(card), seed=3, workers=2)
    assert limits_table(scanned) == (tmp_path / "run" / "limits.csv").read_text("utf-8")


def test_an_injected_signal_is_found(card: Path, tmp_path: Path, hnlpeak: Command) -> None:
    u2 = 1e-4
    place = tmp_path / "injected"
    done = hnlpeak("run", card, "--inject", f"300:{u2}", "-o", place, "--seed", 3)
    assert done.code == 0, done.err
    result = read_result(place)
    row = result.row(300.0)
    assert row["p_value"] < 1e-9
    assert result.number("p_value").argmin() == list(result.number("m_n_mev")).index(300.0)
    # as many as B A says, within six standard deviations
    wanted = KAONS * row["branching_fraction_per_u2"] * u2 * row["acceptance"]
    assert wanted > 40.0
    assert abs(row["n_observed"] - row["background"] - wanted) < 6.0 * np.sqrt(wanted + row["background"])
    assert row["n_signal_lower"] > 0.0
    assert row["u2_ul_observed"] > 0.5 * u2
    assert result.exposure.injected == InjectedSignal(300.0, u2)
    assert result.row(400.0)["p_value"] > 1e-4


@pytest.mark.parametrize("what", [kind for kind in KINDS if kind != "columns"])
def test_lists(what: str, hnlpeak: Command) -> None:
    said = hnlpeak("list", what)
    assert said.code == 0
    assert said.err == ""
    record = json.loads(hnlpeak("list", what, "--json").out)
    assert record
    assert [line.split("  ")[0] for line in said.out.splitlines()] == list(record)


@pytest.mark.parametrize("name", ["experiments", "analyses"])
def test_all_cards_of_the_library_are_usable(name: str, hnlpeak: Command) -> None:
    for card in json.loads(hnlpeak("list", name, "--json").out):
        said = hnlpeak("check", card)
        assert said.code == 0, said.err
        assert ": ok\n" in said.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("theory", "production", "--meson", "K+", "--lepton", "mu", "--mass", "300", "--json"),
        ("theory", "decay", "--meson", "K+", "--lepton", "e", "--mass", "300", "--json"),
        ("theory", "lifetime", "--meson", "K+", "--lepton", "e", "--mass", "300", "--u2", "1e-6", "--json"),
        ("interval", "--observed", "12", "--background", "10", "--background-error", "1.5", "--json"),
    ],
)
def test_json_and_nothing_else_on_stdout(arguments: tuple[str, ...], hnlpeak: Command) -> None:
    said = hnlpeak(*arguments)
    assert said.code == 0
    assert said.err == ""
    assert isinstance(json.loads(said.out), dict)


@pytest.mark.parametrize(
    ("counts", "upper"),
    [
        # half the squared quantile of 90 %; Poisson without background (arXiv:physics/0403059, eq. 5 and 6)
        ((0, 0.0, 0.0), 1.352772),
        ((12, 10.0, 1.5), 9.0262),
        ((40_000, 40_000.0, 1e3), 1.644854 * np.hypot(200.0, 1e3)),
    ],
)
def test_intervals(counts: tuple[float, float, float], upper: float, hnlpeak: Command) -> None:
    n, b, sigma = counts
    said = hnlpeak("interval", "--observed", n, "--background", b, "--background-error", sigma, "--json")
    record = json.loads(said.out)
    assert record["status"] == "ok"
    assert record["upper"] == pytest.approx(upper, rel=2e-3 if n > 100 else 1e-4)


def test_columns_of_a_run_are_documented(finished: Path) -> None:
    for name in read_result(finished).columns:
        assert column_fact(name) is not None, name


def test_tables_have_the_columns_that_are_documented(finished: Path) -> None:
    for file, facts in TABLES.items():
        path = finished / file
        if file.endswith(".json") or not path.is_file():
            continue
        header = path.read_text("utf-8").splitlines()[0].split(",")
        named = [fact.name for fact in facts if "<" not in fact.name]
        if read_result(finished).toys is None:
            named = [name for name in named if not name.startswith("toys_")]
        assert [name for name in header if name in named] == named, file
        rest = set(header) - set(named)
        stems = {name.removesuffix("_error").removesuffix("_effective") for name in rest}
        assert rest == set() or "<source>" in [fact.name for fact in facts], (file, rest)
        assert stems <= {*MODES, "halo"}, (file, rest)
