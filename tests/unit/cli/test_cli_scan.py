from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from command import few_figures
from hnlpeak.cli.explain import explain
from hnlpeak.cli.scan import scan
from hnlpeak.core.errors import HnlpeakError
from hnlpeak.formats.manifest import sha256_of
from hnlpeak.formats.results import read_result
from hnlpeak.limits.columns import LIMITS_COLUMNS

FILES = {
    "cutflow.csv",
    "limits.csv",
    "manifest.json",
    "limits-checks.csv",
    "normalisation.json",
    "result.json",
    "signal.csv",
    "spectrum.json",
}
SIGNAL = "m_n_mev,sigma_mev,acceptance,n_kaon\n170,11.2,0.15,3.01e8\n448,0.9,0.1,3.01e8\n"


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    edges = np.arange(100.0, 490.5, 0.5)
    counts = np.random.Generator(np.random.Philox(9)).poisson(4.0 * np.exp(-(edges[:-1] - 200.0) / 200.0))
    rows = [f"{low},{low + 0.5},{n}" for low, n in zip(edges[:-1], counts, strict=True)]
    (tmp_path / "toy.csv").write_text("low_mev,high_mev,count\n" + "\n".join(rows) + "\n", "utf-8")
    (tmp_path / "sig.csv").write_text(SIGNAL, "utf-8")
    return tmp_path


def test_scan_leaves_a_complete_folder_that_scans_again_to_the_same(
    inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scan("toy.csv", "na62-2015-ke2", signal="sig.csv")
    place = inputs / "toy-limits"
    assert {p.name for p in place.iterdir()} == FILES | {"figures", "report.html", "comparison.csv"}
    header, *rows = (place / "limits.csv").read_text("utf-8").splitlines()
    assert header == ",".join(LIMITS_COLUMNS)
    assert len(rows) == 279
    manifest = json.loads((place / "manifest.json").read_text("utf-8"))
    files = [p for p in place.rglob("*") if p.is_file() and p.name != "manifest.json"]
    assert manifest["files"] == {p.relative_to(place).as_posix(): sha256_of(p) for p in files}
    assert manifest["seed"] is None
    result = read_result(place)
    assert not result.simulated
    with few_figures():
        scan("toy-limits/spectrum.json", "na62-2015-ke2", signal="toy-limits", output=Path("again"))
    for name in ("limits.csv", "signal.csv", "spectrum.json"):
        assert (inputs / "again" / name).read_bytes() == (place / name).read_bytes()
    capsys.readouterr()
    explain(place, 300.0)
    said = capsys.readouterr().out
    assert said.startswith("The data limit K+ -> e+ N at m_N = 300 MeV")
    assert f"{result.row(300.0)['u2_ul_observed']:.6g}" in said


@pytest.mark.parametrize(
    ("spectrum", "signal", "table", "code", "said"),
    [
        ("absent.csv", "sig.csv", SIGNAL, 3, "absent.csv"),
        ("toy.csv", None, SIGNAL, 2, "does not hold the Standard-Model peak"),
        ("toy.csv", "sig.csv", SIGNAL.replace("448,", "440,"), 3, "sig.csv: covers 170 to 440 MeV"),
        ("toy.csv", "sig.csv", SIGNAL.replace("0.1,", "ten,"), 3, "line 3, acceptance"),
        ("toy.csv", "nowhere", SIGNAL, 3, "nowhere"),
        ("toy.csv", "sig.csv", SIGNAL.replace("11.2", "90"), 3, "covers 100 to 490 MeV, the windows"),
    ],
)
def test_bad_input_leaves_nothing(
    inputs: Path, spectrum: str, signal: str | None, table: str, code: int, said: str
) -> None:
    (inputs / "sig.csv").write_text(table, "utf-8")
    before = sorted(inputs.iterdir())
    with pytest.raises(HnlpeakError) as error:
        scan(spectrum, "na62-2015-ke2", signal=signal, output=Path("out"))
    assert error.value.exit_code == code
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert sorted(inputs.iterdir()) == before


def test_occupied_folders_are_refused(inputs: Path) -> None:
    (inputs / "out").mkdir()
    (inputs / "out" / "mine.txt").write_text("precious", "utf-8")
    with pytest.raises(HnlpeakError, match="something else") as error:
        scan("toy.csv", "na62-2015-ke2", signal="sig.csv", output=Path("out"))
    assert error.value.exit_code == 2
    with pytest.raises(HnlpeakError, match="is a file"):
        scan("toy.csv", "na62-2015-ke2", signal="sig.csv", output=Path("toy.csv"), overwrite=True)


def test_the_method_of_the_command_line(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with few_figures():
        scan("toy.csv", "na62-2015-ke2", signal="sig.csv", method="one-sided", output=Path("out"))
    capsys.readouterr()
    explain(Path("out"), 300.0)
    said = capsys.readouterr().out
    assert "one-sided(n, b +- sigma_b, efficiency 0." in said
    assert "two-sided" not in said
    kept = (inputs / "out" / "figures" / "data" / "analysis.toml").read_text("utf-8")
    assert 'method = "one-sided"' in kept
    with pytest.raises(HnlpeakError, match="--method: got 'guess'") as error:
        scan("toy.csv", "na62-2015-ke2", signal="sig.csv", method="guess", output=Path("other"))
    assert error.value.exit_code == 2
