from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

from hnlpeak.core.errors import InputDataError
from hnlpeak.formats.json_text import read_json
from hnlpeak.formats.ntuple import read_ntuple, write_ntuple
from hnlpeak.formats.results import read_result
from hnlpeak.formats.signal_table import read_signal_table
from hnlpeak.formats.spectrum_file import read_spectrum

SIGNAL = "m_n_mev,sigma_mev,acceptance,n_kaon\n"


def one_line(error: pytest.ExceptionInfo[InputDataError], name: str) -> str:
    message = str(error.value)
    assert "\n" not in message
    assert name in message
    assert error.value.exit_code == 3
    return message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a header"),
        ("low_mev,high_mev,count\n", "at least one row"),
        (
            "low_mev,high_mev\n1,2\n",
            "no column 'count'; the header has low_mev, high_mev, needed are low_mev, high_mev, count",
        ),
        ("a,count\n1,2\n", "expected the columns low_mev, high_mev, count"),
        ("low_mev,high_mev,count\n100,110,3\n110,120\n", "line 3 has 2 cells, the header has 3"),
        ("low_mev,high_mev,count\n100,110,many\n", "line 2, count: expected a finite number, got 'many'"),
        ("low_mev,high_mev,count\n100,110,inf\n", "line 2, count"),
        ("low_mev,high_mev,count\n100,110,1e400\n", "line 2, count"),
        ('low_mev,high_mev,count\n100,110,"3,5"\n', "got '3,5'"),
        ("low_mev,high_mev,count\n100,110,3\n110,120,-2\n", "bin 1 (110 to 120 MeV) holds -2"),
        ("low_mev,high_mev,count\n100,110,3\n110,120,2.5\n", "holds 2.5; data must be whole"),
        ("low_mev,high_mev,count\n100,110,3\n115,120,2\n", "bins must join"),
        ("low_mev,high_mev,count\n110,100,3\n100,90,2\n", "empty or reversed"),
        ("m_miss_mev,count\n100,3\n", "does not tell its width"),
        ("m_miss_mev,count\n100,3\n110,3\n125,3\n", "even steps"),
        ("m_miss_mev,count,count\n100,3,3\n", "'count' appears twice"),
    ],
)
def test_csv_spectra(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "data.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(InputDataError) as error:
        read_spectrum(path)
    assert said in one_line(error, "data.csv")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("m_n_mev,sigma_mev,acceptance\n1,2,3\n", "no column 'n_kaon'"),
        (SIGNAL + "200,9,0.1,3e8\n200,9,0.1,3e8\n", "200 MeV appears twice"),
        (
            SIGNAL + "200,9,1.1,3e8\n",
            "acceptance at 200 MeV is 1.1; allowed: 0 to 1, a share and no percentage",
        ),
        (SIGNAL + "200,-9,0.1,3e8\n", "sigma at 200 MeV is -9"),
        (SIGNAL + "200,9,0.1,0\n", "n_kaon must be positive"),
        (SIGNAL + "200,9,,3e8\n", "line 2, acceptance"),
        (SIGNAL.strip() + ",sigma_error_mev\n200,9,0.1,3e8,-1\n", "sigma_error_mev must not be negative"),
        (SIGNAL + "200,9,0.1,3e8\n300,5,0.1,3e8\n", "covers 200 to 300 MeV, the scan 190 to 250 MeV"),
    ],
)
def test_signal_tables(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "signal.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(InputDataError) as error:
        read_signal_table(tmp_path, window=1.0, masses=[190.0, 250.0])
    assert said in one_line(error, "signal.csv")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not valid JSON"),
        ("{", "not valid JSON"),
        ('{"a": 1, "a": 2}', "key 'a' appears twice"),
        ('{"a": NaN}', "not finite"),
        ('{"a": 1e400}', "not finite"),
        ("[" * 100_000, "nested too deep"),
        ("[]", "not a UHI histogram"),
        ('{"axes": [], "storage": {}}', "not a UHI histogram"),
        ('{"axes": 5, "storage": 7}', "not a UHI histogram"),
    ],
)
def test_json_spectra(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "data.json"
    path.write_text(text, "utf-8")
    with pytest.raises(InputDataError) as error:
        read_spectrum(path)
    assert said in one_line(error, "data.json")


def uhi(**changes: Any) -> dict[str, Any]:
    flow = {"underflow": False, "overflow": False, "circular": False}
    axis = {"type": "regular", "lower": 100.0, "upper": 500.0, "bins": 2, **flow, "metadata": {}}
    return {
        "uhi_schema": 1,
        "axes": [axis] * changes.pop("dimensions", 1),
        "storage": {"type": "double", "values": changes.pop("values", [1.0, 2.0])},
        "metadata": {"hnlpeak": changes},
    }


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (uhi(values=[1.0, -2.0]), "bin 1 (300 to 500 MeV) holds -2"),
        (uhi(values=[1.0, 2.0, 3.0]), "not a UHI histogram"),
        (uhi(values=[1.0, []]), "values and edges must be numbers"),
        (uhi(values=[[1.0], [1.0, 2.0]]), "values and edges must be numbers"),
        (uhi(values=[1.0, {}]), "not a UHI histogram"),
        (uhi(values=[1.0, "x"]), "not a UHI histogram"),
        (uhi(dimensions=2, values=[[1.0, 2.0], [1.0, 2.0]]), "expected one axis"),
        (uhi(unit="TeV"), "MeV or GeV"),
        (uhi(simulated="yes"), "'simulated' must be true or false"),
        (uhi(decays_in_fiducial=-1), "'decays_in_fiducial' must be a positive number"),
        (uhi(label=3), "'label' must be text"),
    ],
)
def test_uhi_content(tmp_path: Path, record: dict[str, Any], said: str) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps(record), "utf-8")
    with pytest.raises(InputDataError) as error:
        read_spectrum(path)
    assert said in one_line(error, "data.json")


def test_missing_binary_and_unknown_files(tmp_path: Path) -> None:
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00count")
    (tmp_path / "data.txt").write_text("1 2 3", "utf-8")
    for name, said in (
        ("absent.json", "cannot be read"),
        ("absent.csv", "cannot be read"),
        ("absent.root", "no such file"),
        ("binary.csv", "not a text file"),
        ("data.txt", "not a kind of spectrum"),
    ):
        with pytest.raises(InputDataError) as error:
            read_spectrum(tmp_path / name)
        assert said in one_line(error, name)


@pytest.fixture(scope="module")
def root_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("root") / "data.root"
    with uproot.recreate(path) as file:
        file["one"] = np.histogram([1.5, 2.5], bins=[1.0, 2.0, 3.0])
        file["sub/two"] = np.histogram([1.5], bins=[1.0, 2.0, 3.0])
        file["flat"] = np.histogram2d([1.5], [1.5], bins=[[1.0, 2.0], [1.0, 2.0]])
        tree = file.mktree("hnl", {"p": np.float64, "pair": np.dtype((np.float64, (2,)))})
        tree.extend({"p": np.arange(2000.0), "pair": np.ones((2000, 2))})
    return path


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        (":three", "no object 'three'; the file has one, sub/two"),
        (":flat", "'flat' is a TH2D, expected a TH1"),
        (":hnl", "'hnl' is a TTree, expected a TH1"),
        ("", "say which histogram"),
    ],
)
def test_root_histograms(root_file: Path, inside: str, said: str) -> None:
    with pytest.raises(InputDataError) as error:
        read_spectrum(f"{root_file}{inside}")
    assert said in one_line(error, "data.root")


@pytest.mark.parametrize(
    ("inside", "required", "said"),
    [
        (":events", ["p"], "no tree 'events'; the file has hnl"),
        ("", ["q"], "tree 'hnl' has no branch 'q' (q); it has p, pair"),
        ("", ["pair"], "branch 'pair' (pair): expected one number per event"),
    ],
)
def test_root_ntuples(root_file: Path, inside: str, required: list[str], said: str) -> None:
    with pytest.raises(InputDataError) as error:
        read_ntuple(f"{root_file}{inside}", columns={}, required=required)
    assert said in one_line(error, "data.root")


def test_jagged_and_text_branches(tmp_path: Path) -> None:
    awkward = pytest.importorskip("awkward")
    path = tmp_path / "jagged.root"
    with uproot.recreate(path) as file:
        tree = file.mktree("hnl", {"hits": "var * float64", "name": "string"})
        tree.extend({"hits": awkward.Array([[1.0, 2.0], [3.0]]), "name": awkward.Array(["a", "bc"])})
    for branch in ("hits", "name"):
        with pytest.raises(InputDataError) as error:
            read_ntuple(path, columns={}, required=[branch])
        assert "expected one number per event" in one_line(error, "jagged.root")


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_truncated_root_files(root_file: Path, tmp_path: Path, kept: float) -> None:
    data = root_file.read_bytes()
    path = tmp_path / "short.root"
    path.write_bytes(data[: int(kept * len(data))])
    for read in (lambda: read_spectrum(f"{path}:one"), lambda: read_ntuple(path, columns={}, required=["p"])):
        with pytest.raises(InputDataError) as error:
            read()
        one_line(error, "short.root")


def test_flipped_bytes_in_a_basket(tmp_path: Path) -> None:
    path = tmp_path / "flipped.root"
    values = np.random.Generator(np.random.Philox(6)).normal(size=20_000).round(2)
    write_ntuple(path, {"p": values}, metadata={})
    data = bytearray(path.read_bytes())
    for place in range(len(data) // 2, len(data) // 2 + 64):
        data[place] ^= 0xFF
    path.write_bytes(bytes(data))
    with pytest.raises(InputDataError) as error:
        read_ntuple(path, columns={}, required=["p"])
    one_line(error, "flipped.root")


def test_results_that_are_none(tmp_path: Path) -> None:
    for text, said in (
        ("[]", "not a search result"),
        ("{}", "result schema None"),
        ('{"schema": 1}', "result schema 1, this version reads 3; run the search again"),
        ('{"schema": 3}', "KeyError"),
        ('{"schema": 3, "background": 3}', "TypeError"),
    ):
        (tmp_path / "result.json").write_text(text, "utf-8")
        with pytest.raises(InputDataError) as error:
            read_result(tmp_path)
        assert said in one_line(error, "result.json")
    with pytest.raises(InputDataError, match="cannot be read"):
        read_result(tmp_path / "nowhere")


def test_large_files_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(64_000_001)
    with pytest.raises(InputDataError, match="at most 64000000"):
        read_json(path)
