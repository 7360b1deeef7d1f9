"""What users get wrong: one line on stderr that names the thing, the promised exit code, nothing half-written."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

from command import Command, Outcome
from conftest import library_card, with_value

HEADER = "low_mev,high_mev,count\n"


def spectrum_text(low: float, high: float, *, step: float = 2.0) -> str:
    edges = np.arange(low, high + 0.5 * step, step)
    return HEADER + "".join(f"{a:g},{b:g},3\n" for a, b in pairwise(edges))


SIGNAL = "m_n_mev,sigma_mev,acceptance,n_kaon\n220,8,0.2,3e8\n400,2,0.2,3e8\n"


@pytest.fixture
def place(tmp_path: Path, card_text: str, ntuple: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with good input: cards, a spectrum, a signal table, an ntuple."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(card_text, "utf-8")
    (tmp_path / "exp.toml").write_text(library_card("experiments", "na62-2015"), "utf-8")
    (tmp_path / "good.csv").write_text(spectrum_text(-150.0, 480.0), "utf-8")
    (tmp_path / "signal.csv").write_text(SIGNAL, "utf-8")
    (tmp_path / "events.root").symlink_to(ntuple)
    return tmp_path


def refused(place: Path, command: Command, *arguments: object, code: int, said: str) -> Outcome:
    before = {p: p.lstat().st_mtime_ns for p in place.rglob("*")}
    done = command(*arguments)
    assert (done.code, done.out) == (code, ""), done
    assert re.fullmatch(r"hnlpeak: error: [^\n]+\n", done.err), done.err
    assert re.search(said, done.err), done.err
    assert {p: p.lstat().st_mtime_ns for p in place.rglob("*")} == before
    return done


SCAN = ("--analysis", "small.toml", "--signal", "signal.csv", "-o", "out")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("run", "na62-2099"), 2, "na62-2099.*na62-2015-ke2"),
        (("run", "small.toml", "--kaons", -1), 2, "-1 kaon decays, allowed"),
        (("run", "small.toml", "--kaons", "nan"), 2, "got 'nan', expected a number"),
        (("run", "small.toml", "--kaons", "1e99"), 2, "1e\\+99 kaon decays, allowed"),
        (("run", "small.toml", "--seed", -1), 2, "--seed: got -1, allowed"),
        (("run", "small.toml", "--workers", 0), 2, "--workers: got 0"),
        (("run", "small.toml", "--inject", "300"), 2, "--inject: got '300'"),
        (("run", "small.toml", "--inject", "300:-1"), 2, "--inject: got '300:-1'"),
        (("run", "small.toml", "--inject", "nan:1e-6"), 2, "--inject: got 'nan:1e-6'"),
        (("run", "small.toml", "--inject", "495:1e-6"), 2, "495.*below 493"),
        (("run", "small.toml", "-o", "good.csv"), 2, "good.csv: is a file"),
        (("run", "small.toml", "-o", "good.csv/out"), 1, "good.csv/out: cannot be used.*Not a directory"),
        (("run", "small.toml", "-o", "."), 2, "holds files of something else"),
        (("run", "small.toml", "-o", "/proc/nowhere"), 1, "/proc/nowhere: cannot be used"),
        (("run", "small.toml", "--data", "none.root"), 3, "none.root: no such file"),
        (("run", "small.toml", "--data", "good.csv"), 3, "good.csv: not a readable ROOT file"),
        (("run", "small.toml", "--data", "events.root:tree"), 3, "no tree 'tree'; the file has hnl"),
        (
            ("simulate", "small.toml", "--mode", "k2", "-n", 10, "-o", "x.root"),
            2,
            "'k2' is no decay mode of K.*kmu2",
        ),
        (("simulate", "small.toml", "--mode", "ke2", "-n", 0, "-o", "x.root"), 2, "-n: got 0"),
        (("simulate", "small.toml", "--mode", "hnl", "-n", 9, "-o", "x.root"), 2, "--mass"),
        (("simulate", "small.toml", "--mode", "ke2", "-n", 9, "-o", "x.txt"), 2, "x.txt.*\\.root"),
        (("simulate", "small.toml", "--mode", "ke2", "-n", 9, "-o", "no/x.root"), 1, "no folder no"),
        (
            ("select", "events.root", "--analysis", "small.toml", "-o", "x.txt"),
            2,
            "x.txt.*\\.json or \\.root",
        ),
        (("select", "none.root", "--analysis", "small.toml", "-o", "x.json"), 3, "none.root: no such file"),
        (("scan", "none.csv", *SCAN), 3, "none.csv"),
        (("scan", "good.csv", *SCAN[:3], "none.csv"), 3, "none.csv"),
        (("scan", "good.txt", *SCAN), 3, "good.txt.*file\\.json \\(UHI\\).*file\\.csv"),
        (("scan", "good.csv", *SCAN[:2], "--n-kaon", 0), 2, "--n-kaon: got 0"),
        (("scan", "good.csv", *SCAN[:2], "--n-kaon", 1e6, "--n-kaon-error", -1), 2, "--n-kaon-error: got -1"),
        (("explain", "nowhere", 300), 3, "nowhere"),
        (("explain", ".", 300), 3, "result.json"),
        (("list", "nothing"), 2, "'nothing', allowed are experiments"),
        (("check", "none.toml"), 2, "none.toml"),
        (("interval", "--observed", -1, "--background", 0), 2, "must be >= 0, got -1"),
        (("interval", "--observed", "nan", "--background", 1), 2, "--observed.*got 'nan'"),
        (("interval", "--observed", 1, "--background", "inf"), 2, "inf"),
        (("interval", "--observed", 1, "--background", 1, "--background-error", -1), 2, "got -1"),
        (("interval", "--observed", 1, "--background", 1, "--cl", 1.5), 2, "between 0 and 1, got 1.5"),
        (("interval", "--observed", 1, "--background", 1, "--efficiency", 0), 2, "efficiency must be > 0"),
        (("interval", "--observed", 1, "--background", 1, "--treatment", "x"), 2, "bounded.*'x'"),
        (("interval", "--observed", 1, "--background", 1, "--method", "x"), 2, "rolke-lopez.*'x'"),
        (("theory", "production", "--meson", "Q", "--mass", 300), 2, "'Q'.*K\\+"),
        (("theory", "lifetime", "--mass", -1), 2, "-1"),
    ],
)
def test_arguments(
    place: Path, hnlpeak: Command, arguments: tuple[object, ...], code: int, said: str
) -> None:
    refused(place, hnlpeak, *arguments, code=code, said=said)


def without_file(text: str) -> str:
    """The card reads the experiment beside it."""
    return with_value(text, "experiment", '"exp.toml"')


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("title", '"x"\nmy_key = 3', "my_key: unknown key"),
        ("title", '"x"\ntitle = "y"', "not valid TOML"),
        ("step", '"0 MeV"', "scan.*step"),
        ("step", '"1 mm"', "scan.step.*mm"),
        ("step", '"-5 MeV"', "scan"),
        ("step", "20", "scan.step"),
        ("step", "nan", "scan.step"),
        ("step", '"1e-8 MeV"', "more than 20000 mass hypotheses"),
        ("mass_min", '"410 MeV"', "empty mass range.*410.*400"),
        ("mass_max", '"500 MeV"', "signal_masses must cover"),
        ("window", '"1"', "scan.window"),
        ("window", "inf", "scan.window"),
        ("window", "-1.0", "scan.window"),
        ("decays", "-1.0", "exposure.decays"),
        ("downscale", "1.5", "exposure.downscale"),
        ("lepton", '"tau"', "channel.lepton.*'tau'"),
        ("meson", '"pi+"', "channel.meson is 'pi\\+'.*'K\\+'"),
        ("experiment", '"none.toml"', "none.toml"),
        ("method", '"guess"', "background.*'guess'"),
        ("cl", "1.0", "statistics.cl"),
        ("column", '"no_such_column"', "no_such_column"),
        ("signal_masses", '["220 MeV", "400 MeV", "500 MeV"]', "500.*493"),
        ("background_modes", '["k2"]', "samples.background_modes: 'k2' is no decay mode of K.*kmu2"),
        ("calibration_mode", '"k2"', "samples.calibration_mode: 'k2' is no decay mode of K.*kmu2"),
        ("calibration_mode", '"kmu2"', "has 1 charged daughters, the beam is calibrated with 3"),
        ("signal_decays", "0", "samples.signal_decays"),
    ],
)
@pytest.mark.parametrize("command", ["check", "run"])
def test_analysis_cards(
    place: Path, hnlpeak: Command, card_text: str, command: str, key: str, value: str, said: str
) -> None:
    (place / "bad.toml").write_text(with_value(card_text, key, value), "utf-8")
    refused(place, hnlpeak, command, "bad.toml", code=2, said=said)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("time_resolution", '"-1 ns"', "exp.toml: .*time_resolution.*-1 ns"),
        ("time_resolution", '"1 GeV"', "exp.toml: .*time_resolution.*1 GeV"),
        ("momentum_resolution", "-0.002", "exp.toml: .*momentum_resolution.*-0.002"),
        ("momentum", '"75 m"', "exp.toml: primary.momentum.*75 m"),
        ("momentum", "inf", "exp.toml: primary.momentum"),
        ("meson", '"K0"', "exp.toml: .*K0"),
        ("z_min", '"200 m"', "exp.toml: "),
        ("momentum", '"75 GeV"\nmomentun = 3', "exp.toml: primary.momentun: unknown key"),
    ],
)
def test_experiment_cards(place: Path, hnlpeak: Command, key: str, value: str, said: str) -> None:
    (place / "exp.toml").write_text(with_value((place / "exp.toml").read_text("utf-8"), key, value), "utf-8")
    (place / "small.toml").write_text(without_file((place / "small.toml").read_text("utf-8")), "utf-8")
    refused(place, hnlpeak, "check", "./exp.toml", code=2, said=said)
    refused(place, hnlpeak, "run", "small.toml", "-o", "out", code=2, said=said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (spectrum_text(300.0, 480.0), "bad.csv|'bad' covers 300 to 480 MeV, the windows of the scan need"),
        (spectrum_text(-0.15, 0.48, step=0.002), "is its axis in GeV"),
        (spectrum_text(100.0, 480.0).replace(",3\n", ",-3\n"), "bad.csv: bin 0.*-3"),
        (spectrum_text(100.0, 480.0).replace(",3\n", ",nan\n"), "line 2, count.*'nan'"),
        (spectrum_text(100.0, 480.0).replace(",3\n", ",3.5\n"), "whole, non-negative"),
        (spectrum_text(100.0, 480.0).replace("count", "events"), "bad.csv: no column 'count'"),
        (HEADER, "bad.csv: expected a header"),
        ("", "bad.csv: expected a header"),
    ],
)
def test_spectra(place: Path, hnlpeak: Command, text: str, said: str) -> None:
    (place / "bad.csv").write_text(text, "utf-8")
    refused(place, hnlpeak, "scan", "bad.csv", *SCAN, code=3, said=said)


def test_a_spectrum_without_the_standard_model_peak_asks_for_n_k(place: Path, hnlpeak: Command) -> None:
    (place / "tail.csv").write_text(spectrum_text(150.0, 480.0), "utf-8")
    refused(place, hnlpeak, "scan", "tail.csv", *SCAN[:2], "-o", "out", code=2, said="--n-kaon")
    (place / "short.csv").write_text(spectrum_text(-150.0, 300.0), "utf-8")
    refused(place, hnlpeak, "scan", "short.csv", *SCAN[:2], "-o", "out", code=3, said="covers -150 to 300")


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("command", ["run", "select"])
def test_truncated_ntuples(place: Path, hnlpeak: Command, ntuple: Path, kept: float, command: str) -> None:
    raw = ntuple.read_bytes()
    (place / "cut.root").write_bytes(raw[: int(kept * len(raw))])
    arguments: tuple[object, ...] = ("run", "small.toml", "--data", "cut.root", "-o", "out")
    if command == "select":
        arguments = ("select", "cut.root", "--analysis", "small.toml", "-o", "out.json")
    refused(place, hnlpeak, *arguments, code=3, said="cut.root: ")


def _columns(ntuple: Path) -> dict[str, Any]:
    with uproot.open(ntuple) as file:
        return dict(file["hnl"].arrays(library="np"))


def test_a_flipped_bit_in_a_basket(place: Path, hnlpeak: Command, ntuple: Path) -> None:
    raw = bytearray(ntuple.read_bytes())
    with uproot.open(ntuple) as file:
        branch = file["hnl"]["m2_miss_mev2"]
        seek = int(branch.member("fBasketSeek")[0])
        size = int(branch.member("fBasketBytes")[0])
    raw[seek + size // 2] ^= 64
    (place / "flip.root").write_bytes(raw)
    done = hnlpeak("select", "flip.root", "--analysis", "small.toml", "-o", "out.json")
    if done.code == 0:  # a bit of a literal: no checksum in the format, but never a crash
        pytest.skip("this bit leaves the basket readable")
    assert done.code == 3
    assert re.fullmatch(r"hnlpeak: error: flip.root: damaged ROOT file [^\n]+\n", done.err)
    assert not (place / "out.json").exists()


@pytest.mark.parametrize("kind", ["missing", "jagged", "several"])
def test_branches(place: Path, hnlpeak: Command, ntuple: Path, kind: str) -> None:
    columns = _columns(ntuple)
    n = len(columns["p_mev"])
    del columns["e_over_p"]
    if kind == "jagged":
        counts = np.arange(n) % 3
        columns["e_over_p"] = ak.unflatten(np.ones(counts.sum()), counts)
    elif kind == "several":
        columns["e_over_p"] = np.ones((n, 2))
    _write_tree(place / "bad.root", columns)
    refused(
        place,
        hnlpeak,
        *("run", "small.toml", "--data", "bad.root", "-o", "out"),
        code=3,
        said="bad.root: tree 'hnl'.* branch 'e_over_p'",
    )


def _write_tree(path: Path, columns: dict[str, Any]) -> None:
    def kind(column: Any) -> Any:
        if isinstance(column, ak.Array):
            return "var * float64"
        return column.dtype if column.ndim == 1 else np.dtype((column.dtype, column.shape[1:]))

    with uproot.recreate(path) as file:
        tree = file.mktree("hnl", {name: kind(column) for name, column in columns.items()})
        tree.extend(columns)


def test_columns_that_are_not_finite(place: Path, hnlpeak: Command, ntuple: Path) -> None:
    """One event is dropped by the cuts; two per cent are an error with the name of the column."""
    columns = _columns(ntuple)
    del columns["source"]
    n = len(columns["p_mev"])

    def write(bad: int) -> None:
        changed = {**columns, "m2_miss_mev2": columns["m2_miss_mev2"].astype(float)}
        changed["m2_miss_mev2"][:bad] = np.nan
        _write_tree(place / "nan.root", changed)

    write(n // 50)
    command = ("select", "nan.root", "--analysis", "small.toml", "-o", "out.json")
    share = re.escape(f"{100.0 * (n // 50) / n:.3g}")
    refused(place, hnlpeak, *command, code=3, said=rf"nan.root: {share} % .*'m2_miss_mev2'.*at most 0.1 %")
    write(1)
    done = hnlpeak(*command)
    assert done.code == 0, done.err
    write(0)
    good = hnlpeak("select", "nan.root", "--analysis", "small.toml", "-o", "good.json")
    assert good.code == 0
    sums = [
        json.loads((place / name).read_text("utf-8"))["storage"]["values"]
        for name in ("out.json", "good.json")
    ]
    assert 0 <= np.sum(sums[1]) - np.sum(sums[0]) <= 2  # at most once in each selection


def test_units_at_the_door_and_a_way_round(
    place: Path, hnlpeak: Command, ntuple: Path, card_text: str
) -> None:
    """Momenta in GeV passed no cut, and gave the strongest limit of all."""
    columns = _columns(ntuple)
    del columns["source"]
    columns["p"] = columns.pop("p_mev") / 1e3
    _write_tree(place / "gev.root", columns)
    card = place / "gev.toml"
    card.write_text(card_text + '[columns]\np_mev = "p"\n', "utf-8")
    for command in (("run", "gev.toml", "--data"), ("select", "--analysis", "gev.toml", "-o", "x.json")):
        said = r"'p_mev': half .* is it in GeV\? .*\[columns\] p_mev = \"p \[GeV\]\".*--force"
        refused(place, hnlpeak, *command, "gev.root", code=3, said=said)
    forced = hnlpeak("select", "--force", "gev.root", "--analysis", "gev.toml", "-o", "x.json")
    assert forced.code == 0
    assert "suspicious: " in forced.err
    card.write_text(card_text + '[columns]\np_mev = "p [GeV]"\n', "utf-8")
    good = hnlpeak("select", "gev.root", "--analysis", "gev.toml", "-o", "good.json")
    mev = hnlpeak("select", "events.root", "--analysis", "small.toml", "-o", "mev.json")
    assert (good.code, good.out) == (0, mev.out)


def test_too_little_data_for_n_k(place: Path, hnlpeak: Command) -> None:
    done = hnlpeak("run", "small.toml", "--kaons", 1000, "-o", "out")
    assert done.code == 2
    assert "exposure is too small" in done.err.splitlines()[-1]
    assert not (place / "out").exists()


@pytest.mark.parametrize("target", ["elsewhere", "nowhere"])
def test_links_are_no_folders_for_results(place: Path, hnlpeak: Command, target: str) -> None:
    (place / "elsewhere").mkdir()
    (place / "link").symlink_to(target)
    command = ("run", "small.toml", "-o", "link", "--overwrite")
    refused(place, hnlpeak, *command, code=2, said=f"link: is a symbolic link to {target}")


def test_usage_errors_of_the_parser(hnlpeak: Command) -> None:
    for arguments in (("run",), ("nonsense",), ("interval", "--observed", "x", "--background", "1")):
        done = hnlpeak(*arguments)
        assert (done.code, done.out) == (2, "")
        assert "Traceback" not in done.err
