"""Spectra as other people have them: every kind of file gives the same bins, in MeV."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import hist
import numpy as np
import pytest
import uproot
from hist.serialization import to_uhi
from uhi.io.json import default

from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.formats import spectrum_file
from hnlpeak.formats.spectrum_file import FORMATS, read_spectrum, write_spectrum
from hnlpeak.formats.spectrum_format import SpectrumFormat
from hnlpeak.formats.units import unit_in
from hnlpeak.spectrum.spectrum import Spectrum

EDGES = [-20.0, -10.0, 0.0, 10.0, 30.0]
COUNTS = [1, 0, 7, 4]
ROWS = list(zip(EDGES[:-1], EDGES[1:], COUNTS, strict=True))


def histogram(scale: float = 1.0, label: str = "m") -> hist.Hist[Any]:
    made: hist.Hist[Any] = hist.Hist(
        hist.axis.Variable([edge * scale for edge in EDGES], name="m", label=label),
        storage=hist.storage.Double(),
    )
    made.view()[...] = COUNTS
    return made


def uhi_text(**options: Any) -> str:
    return json.dumps(to_uhi(histogram(**options)), default=default)


def table(
    delimiter: str = ",", header: str = "low_mev,high_mev,count", point: str = ".", scale: float = 1.0
) -> str:
    lines = [[repr(a * scale), repr(b * scale), str(n)] for a, b, n in ROWS]
    cells = [[cell.replace(".", point) for cell in line] for line in lines]
    return "\n".join(delimiter.join(row) for row in [header.split(","), *cells]) + "\n"


def zipped() -> bytes:
    from uhi.io.zip import write

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        write(archive, "mass", to_uhi(histogram()))
    return out.getvalue()


HEPDATA_CSV = """#: table_doi: 10.17182/hepdata.0.v1/t1
#: name: Figure 2
#: description: made up
M_MISS [GEV],M_MISS [GEV] LOW,M_MISS [GEV] HIGH,DATA,stat +,stat -
-0.015,-0.02,-0.01,1,1,-1
-0.005,-0.01,0.0,0,0,-0
0.005,0.0,0.01,7,2.6,-2.6
0.02,0.01,0.03,4,2,-2
"""
HEPDATA_YAML = """
independent_variables:
- header: {name: Missing mass, units: GeV}
  values:
  - {low: -0.02, high: -0.01}
  - {low: -0.01, high: 0.0}
  - {low: 0.0, high: 0.01}
  - {low: 0.01, high: 0.03}
dependent_variables:
- header: {name: Observed events}
  values:
  - {value: 1, errors: [{symerror: 1, label: stat}]}
  - {value: 0}
  - {value: 7}
  - {value: 4}
- header: {name: Expected background}
  values: [{value: 1.1}, {value: 1.2}, {value: 1.3}, {value: 1.4}]
"""
M2_EDGES = [-4e-4, -1e-4, 0.0, 1e-4, 9e-4]
M2 = "low_gev2,high_gev2,count\n" + "".join(
    f"{a!r},{b!r},{n}\n" for a, b, n in zip(M2_EDGES[:-1], M2_EDGES[1:], COUNTS, strict=True)
)
FALLING = "low_mev,high_mev,count\n" + "".join(f"{a!r},{b!r},{n}\n" for a, b, n in reversed(ROWS))


@pytest.mark.parametrize(
    ("name", "content", "unit"),
    [
        ("data.json", uhi_text(), None),
        ("data.json", uhi_text(scale=1e-3), "GeV"),
        ("data.json", uhi_text(scale=1e-3, label="m_{miss} [GeV/c^{2}]"), None),
        (
            "data.json:a",
            json.dumps({"a": json.loads(uhi_text()), "b": json.loads(uhi_text(scale=2.0))}),
            None,
        ),
        ("data.json.gz", gzip.compress(uhi_text().encode()), None),
        ("data.zip", zipped(), None),
        ("data.zip:mass", zipped(), None),
        ("data.csv", table(), None),
        ("data.CSV", table(), None),
        ("data.csv", table(header="LOW_MEV,HIGH_MEV,COUNT"), None),
        ("data.csv", table(";"), None),
        ("data.csv", table(";", point=","), None),
        ("data.csv", "\ufeff" + table(";", point=",").replace("\n", "\r\n"), None),
        ("data.tsv", table("\t"), None),
        ("data.csv", table("\t", point=","), None),
        ("data.csv", table(header="low_gev,high_gev,count", scale=1e-3), None),
        ("data.csv", FALLING, None),
        ("data.csv", M2, None),
        ("data.csv", HEPDATA_CSV, None),
        ("data.csv:DATA", HEPDATA_CSV.replace("stat +,stat -", "OTHER EVENTS,stat"), None),
        ("data.yaml", HEPDATA_YAML, None),
        ("data.yml:Observed events", HEPDATA_YAML, None),
    ],
)
def test_every_kind_gives_the_same_bins(
    tmp_path: Path, name: str, content: str | bytes, unit: str | None
) -> None:
    if ".y" in name:
        pytest.importorskip("yaml")
    path = tmp_path / name.partition(":")[0]
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    spectrum = read_spectrum(f"{tmp_path}/{name}", unit=unit)
    np.testing.assert_allclose(spectrum.edges, EDGES, atol=1e-12)
    assert spectrum.project("any").values.tolist() == COUNTS
    assert not spectrum.simulated


@pytest.mark.parametrize(
    ("inside", "scale", "title"), [("", 1.0, "m"), (":h;1", 1.0, "m"), ("", 1e-3, "m [GeV]")]
)
def test_root_histograms_give_the_same_bins(tmp_path: Path, inside: str, scale: float, title: str) -> None:
    path = tmp_path / "data.root"
    with uproot.recreate(path) as file:
        file["h"] = histogram(scale, title)
    spectrum = read_spectrum(f"{path}{inside}")
    np.testing.assert_allclose(spectrum.edges, EDGES, atol=1e-12)
    assert spectrum.project("any").values.tolist() == COUNTS


def test_hdf5_gives_the_same_bins(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    from uhi.io.hdf5 import write

    with h5py.File(tmp_path / "data.h5", "w") as file:
        write(file.create_group("mass"), to_uhi(histogram()))
    for address in ("data.h5", "data.h5:mass"):
        spectrum = read_spectrum(tmp_path / address)
        assert spectrum.edges.tolist() == EDGES
        assert spectrum.project("any").values.tolist() == COUNTS
    with pytest.raises(InputDataError, match=r"no histogram 'x'; the file has mass"):
        read_spectrum(f"{tmp_path}/data.h5:x")


def test_a_file_that_keeps_the_hdf5_library_busy_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such files exist (fuzzing found one); here the time to answer is none."""
    h5py = pytest.importorskip("h5py")
    from hnlpeak.formats import uhi_hdf5

    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = [1.0]
    with pytest.raises(InputDataError, match=r"data\.h5: say which histogram.*none"):
        read_spectrum(tmp_path / "data.h5")
    monkeypatch.setattr(uhi_hdf5, "SECONDS", 0.0)
    with pytest.raises(InputDataError, match=r"data\.h5: damaged HDF5 file \(not read in 0 s\)"):
        read_spectrum(tmp_path / "data.h5")


def test_the_squared_mass_keeps_its_sign(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    made: hist.Hist[Any] = hist.Hist(hist.axis.Variable([-0.04, -0.01, 0.0, 0.09], name="m2"))
    made.view()[...] = [5, 6, 7]
    path.write_text(json.dumps(to_uhi(made), default=default), "utf-8")
    spectrum = read_spectrum(path, unit="GeV2")
    np.testing.assert_allclose(spectrum.edges, [-200.0, -100.0, 0.0, 300.0])
    assert spectrum.project("any").values.tolist() == [5, 6, 7]


def test_a_unit_that_quarrels_with_the_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text(table(), "utf-8")
    with pytest.raises(InputDataError, match=r"in MeV as the file says, --unit says GeV"):
        read_spectrum(path, unit="GeV")
    with pytest.raises(UsageError, match="--unit: got 'TeV', allowed are MeV"):
        read_spectrum(path, unit="TeV")


@pytest.mark.parametrize(
    ("label", "unit"),
    [
        ("m [GeV]", "GeV"),
        ("m_{miss} [MeV/c^{2}]", "MeV"),
        ("M2 (GeV^{2}/c^{4})", "GeV2"),
        ("m² [GeV²]", "GeV2"),
        ("M^2 [(GeV/c^2)^2]", "GeV2"),
        ("m2 [MEV^2]", "MeV2"),
        ("events", None),
        ("[" * 10_000, None),
    ],
)
def test_units_in_titles(label: str, unit: str | None) -> None:
    assert unit_in(label) == unit


@pytest.mark.parametrize("values", [[2.999, 1], [-0.4, 1], [1.5, 0], ["x", 1], [None, 1], [10**400, 0]])
def test_integers_are_not_made_by_cutting(tmp_path: Path, values: list[Any]) -> None:
    record = json.loads(
        json.dumps(to_uhi(hist.Hist(hist.axis.Regular(2, 0, 10), storage="int64")), default=default)
    )
    record["storage"]["values"] = [0, *values, 0]
    path = tmp_path / "data.json"
    path.write_text(json.dumps(record), "utf-8")
    with pytest.raises(InputDataError, match=r"data\.json"):
        read_spectrum(path)
    record["storage"] = {"type": "double", "values": [0.0, 1.5, 2.0, 0.0]}
    path.write_text(json.dumps(record), "utf-8")
    with pytest.raises(InputDataError, match="whole, non-negative"):
        read_spectrum(path)


@pytest.mark.parametrize("kind", ["mean", "weighted_mean", "unknown", 5])
def test_storages_that_hold_no_events_are_refused(tmp_path: Path, kind: Any) -> None:
    record = {"axes": [{"type": "regular", "lower": 0, "upper": 1, "bins": 1}], "storage": {"type": kind}}
    (tmp_path / "data.json").write_text(json.dumps(record), "utf-8")
    with pytest.raises(InputDataError, match=r"storage .* allowed are int, double, weighted"):
        read_spectrum(tmp_path / "data.json")


@pytest.mark.parametrize("given", ["x", "null_", True, [], {}, -1, 0, 10**400, float("1e308") * 10])
def test_decays_that_are_no_number_are_refused(tmp_path: Path, given: Any) -> None:
    record = json.loads(uhi_text())
    record["metadata"] = {"hnlpeak": {"decays_in_fiducial": given}}
    (tmp_path / "data.json").write_text(json.dumps(record), "utf-8")
    with pytest.raises(InputDataError, match=r"data\.json"):
        read_spectrum(tmp_path / "data.json")


def _regular(bins: int) -> str:
    axis = {"type": "regular", "lower": 0, "upper": 1, "bins": bins}
    return json.dumps({"uhi_schema": 1, "axes": [axis], "storage": {"type": "double", "values": [0.0]}})


def test_too_many_bins_are_refused_before_they_are_made(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(_regular(10**9), "utf-8")
    (tmp_path / "b.csv").write_text("m_miss_mev,count\n" + "1,1\n" * 1_000_001, "utf-8")
    for name in ("a.json", "b.csv"):
        with pytest.raises(InputDataError, match=r"bins, at most 1000000 in missing mass"):
            read_spectrum(tmp_path / name)


def test_archives_that_grow_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bomb.json.gz").write_bytes(gzip.compress(b"[" + b" " * 70_000_000))
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", b" " * 70_000_000)
    for name in ("bomb.json.gz", "bomb.zip"):
        with pytest.raises(InputDataError, match=r"at most .*64000000"):
            read_spectrum(tmp_path / name)


def test_yaml_that_grows_or_runs_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    path = tmp_path / "data.yaml"
    for text in (
        "a: &a [1, 2]\nb: [*a, *a]\n",
        "a: !!python/object/apply:os.getcwd []\n",
        "a: [\n",
        "- 1\n",
        "3\n",
    ):
        path.write_text(text, "utf-8")
        with pytest.raises(InputDataError, match=r"data\.yaml: (YAML aliases|not valid|not a table)"):
            read_spectrum(path)


def _line(path: Path, _inside: str | None, _unit: str | None) -> Spectrum:
    numbers = np.array([[[int(word) for word in path.read_text("utf-8").split()]]])
    axis = hist.axis.Regular(numbers.size, 0.0, 10.0 * numbers.size, name="m_miss")
    return Spectrum.from_counts(
        numbers, selections=["any"], components=["data"], simulated=False, label=path.stem, axis=axis
    )


def _write_line(path: Path, spectrum: Spectrum) -> None:
    path.write_text(" ".join(f"{n:g}" for n in spectrum.project("any").values), "utf-8")


def test_another_kind_of_file_is_one_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read, written, and named in the message for unknown kinds, without a change elsewhere."""
    path = tmp_path / "data.line"
    path.write_text("3 1 4", "utf-8")
    with pytest.raises(InputDataError, match="not a kind of spectrum"):
        read_spectrum(path)
    made = SpectrumFormat("one line", (".line",), "file.line", _line, _write_line)
    monkeypatch.setattr(spectrum_file, "FORMATS", [*FORMATS, made])
    spectrum = read_spectrum(path)
    assert spectrum.project("any").values.tolist() == [3, 1, 4]
    write_spectrum(tmp_path / "copy.line", spectrum)
    assert (tmp_path / "copy.line").read_text("utf-8") == "3 1 4"
    with pytest.raises(InputDataError, match=r"file\.line \(one line\)"):
        read_spectrum("data.txt")


@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.suffixes[0])
def test_every_kind_refuses_what_is_not_there(tmp_path: Path, kind: SpectrumFormat) -> None:
    from os import mkfifo

    (tmp_path / f"folder{kind.suffixes[0]}").mkdir()
    mkfifo(tmp_path / f"pipe{kind.suffixes[0]}")
    (tmp_path / f"noise{kind.suffixes[0]}").write_bytes(bytes(range(256)) * 20)
    (tmp_path / f"empty{kind.suffixes[0]}").touch()
    for name in ("absent", "folder", "pipe", "noise", "empty"):
        with pytest.raises(InputDataError) as error:
            kind.read(tmp_path / f"{name}{kind.suffixes[0]}", None, None)
        assert name in str(error.value)
        assert "\n" not in str(error.value)
