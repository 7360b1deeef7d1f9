"""Each export read back by the program that it is for."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from hnlpeak.cli.scan import scan
from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.formats.export.registry import EXPORTS
from hnlpeak.formats.export.write import export_search
from hnlpeak.formats.results import read_result
from hnlpeak.formats.uhi import read_uhi
from hnlpeak.statistics import Gaussian, Known, cls

# of libraries' own, not ours
pytestmark = [
    pytest.mark.filterwarnings("ignore:jsonschema.RefResolver:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:hepdata_lib.*"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SIGNAL = "m_n_mev,sigma_mev,acceptance,n_kaon\n170,11.2,0.15,3.01e8\n448,0.9,0.1,3.01e8\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    edges = np.arange(100.0, 490.5, 0.5)
    counts = np.random.Generator(np.random.Philox(9)).poisson(4.0 * np.exp(-(edges[:-1] - 200.0) / 200.0))
    rows = [f"{low},{low + 0.5},{n}" for low, n in zip(edges[:-1], counts, strict=True)]
    spectrum, table = folder / "toy.csv", folder / "sig.csv"
    spectrum.write_text("low_mev,high_mev,count\n" + "\n".join(rows) + "\n", "utf-8")
    table.write_text(SIGNAL, "utf-8")
    scan(str(spectrum), "na62-2015-ke2", signal=str(table), output=folder / "limits")
    return folder / "limits"


def test_pyhf_loads_fits_and_sets_our_cls_limit(place):
    """pyhf's asymptotic CLs of one pruned channel is ours; every channel has n, b and sigma_b to 1e-12."""
    pyhf = pytest.importorskip("pyhf")
    workspace = pyhf.Workspace(json.loads(export_search(place, "pyhf")[0].read_text("utf-8")))
    result = read_result(place)
    assert len(workspace.channels) == len(result) == len(workspace.measurement_names)
    for mass in (200.0, 300.0, 440.0):
        name = f"m{mass:g}"
        one = workspace.prune(
            channels=[c for c in workspace.channels if c != name],
            measurements=[m for m in workspace.measurement_names if m != name],
        )
        row = result.row(mass)
        background = one["channels"][0]["samples"][1]
        assert background["data"][0] == pytest.approx(row["background"], rel=1e-12)
        high = background["modifiers"][0]["data"]["hi_data"][0]
        assert high == pytest.approx(row["background"] + row["background_error"], rel=1e-12)
        model = one.model()
        data = one.data(model)
        ours = cls(
            row["n_observed"],
            background=Gaussian(row["background"], row["background_error"]),
            efficiency=Known(row["net_efficiency"]),
            cl=0.9,
        )
        found = pyhf.infer.hypotest(ours.upper, data, model, test_stat="qtilde")
        assert float(found) == pytest.approx(0.1, rel=2e-4)


def test_hepdata_submission_is_valid_and_holds_the_numbers(place):
    validator = pytest.importorskip("hepdata_validator.full_submission_validator")
    yaml = pytest.importorskip("yaml")
    written = export_search(place, "hepdata")
    folder = written[0].parent
    assert {"submission.yaml"} < {path.name for path in written}
    check = validator.FullSubmissionValidator()
    assert check.validate(directory=str(folder)), check.get_messages()
    documents = list(yaml.safe_load_all((folder / "submission.yaml").read_text("utf-8")))
    tables = {d["name"]: d for d in documents if "name" in d}
    assert "Upper limits on the mixing" in tables
    assert "not a result of any collaboration" in tables["Upper limits on the mixing"]["description"]
    data = yaml.safe_load((folder / tables["Upper limits on the mixing"]["data_file"]).read_text("utf-8"))
    result = read_result(place)
    masses = [float(value["value"]) for value in data["independent_variables"][0]["values"]]
    np.testing.assert_allclose(masses, result.number("m_n_mev"), rtol=1e-12)
    columns = {v["header"]["name"]: v["values"] for v in data["dependent_variables"]}
    found = [float(value["value"]) for value in columns["Observed"]]
    np.testing.assert_allclose(found, result.number("u2_ul_observed"), rtol=1e-12)
    median = result.number("u2_ul_expected")
    for sigmas in (1, 2):
        band = columns[f"Expected, {sigmas} s.d. band"]
        np.testing.assert_allclose([float(v["value"]) for v in band], median, rtol=1e-12)
        for end, sign, name in (("minus", -1.0, "m"), ("plus", 1.0, "p")):
            away = [float(v["errors"][0]["asymerror"][end]) for v in band]
            # of a difference: the digits of the larger number count
            wanted = result.number(f"u2_ul_expected_{name}{sigmas}s") - median
            np.testing.assert_allclose(
                away, wanted, rtol=0.0, atol=1e-12 * float(np.max(median)), err_msg=str(sign)
            )


def test_root_file_has_spectrum_graphs_and_columns(place):
    uproot = pytest.importorskip("uproot")
    (path,) = export_search(place, "root")
    result, spectrum = read_result(place), read_uhi(place / "spectrum.json")
    with uproot.open(path) as file:
        for name in spectrum.selections:
            values, edges = file[f"spectrum/{name}"].to_numpy()
            np.testing.assert_array_equal(values, spectrum.project(name).values)
            np.testing.assert_allclose(edges, spectrum.edges, rtol=1e-12)
        tree = file["limits"].arrays(library="np")
        np.testing.assert_allclose(tree["u2_ul_observed"], result.number("u2_ul_observed"), rtol=1e-15)
        graph = file["graphs/u2_ul_observed"]
        np.testing.assert_allclose(graph.member("fX"), result.number("m_n_mev"))
        np.testing.assert_allclose(graph.member("fY"), result.number("u2_ul_observed"), rtol=1e-12)
        band = file["graphs/u2_ul_expected_p1s"]
        np.testing.assert_allclose(band.member("fY"), result.number("u2_ul_expected_p1s"), rtol=1e-12)


def test_hs3_document_names_every_part(place):
    (path,) = export_search(place, "hs3")
    made, result = json.loads(path.read_text("utf-8")), read_result(place)
    names = {kind: {item["name"] for item in made[kind]} for kind in ("distributions", "data", "domains")}
    assert len(made["analyses"]) == len(result)
    for analysis, likelihood in zip(made["analyses"], made["likelihoods"], strict=True):
        assert analysis["likelihood"] == likelihood["name"]
        assert set(likelihood["distributions"]) < names["distributions"] | {None}
        assert set(likelihood["data"]) < names["data"] | {None}
        assert set(analysis["domains"]) < names["domains"] | {None}
    observed = [item["contents"][0] for item in made["data"]]
    np.testing.assert_array_equal(observed, result.number("n_observed"))
    samples = [distribution["samples"] for distribution in made["distributions"]]
    b = np.array([sample[1]["data"]["contents"][0] for sample in samples])
    ends = [
        [sample[1]["modifiers"][0]["data"][end]["contents"][0] for end in ("lo", "hi")] for sample in samples
    ]
    np.testing.assert_allclose(b, result.number("background"), rtol=1e-12)
    sigma = result.number("background_error")
    np.testing.assert_allclose(np.transpose(ends), [b - sigma, b + sigma], rtol=1e-12, atol=1e-12)


@pytest.fixture(scope="module")
def spoiled(place, tmp_path_factory) -> Path:
    """The search with one mass that is not to be quoted, and one without any other."""
    folder = tmp_path_factory.mktemp("spoiled") / "limits"
    shutil.copytree(place, folder, ignore=shutil.ignore_patterns("export"))
    record = json.loads((folder / "result.json").read_text("utf-8"))
    record["columns"]["status"][130] = "poor-fit"
    (folder / "result.json").write_text(json.dumps(record), "utf-8")
    return folder


@pytest.mark.parametrize("name", list(EXPORTS))
def test_masses_that_are_not_to_be_quoted_stay_at_home(spoiled, name):
    """They are left out of every format, and named where the format has words."""
    pytest.importorskip("hepdata_lib" if name == "hepdata" else "json")
    written = export_search(spoiled, name)
    if name == "root":
        uproot = pytest.importorskip("uproot")
        with uproot.open(written[0]) as file:
            masses = file["graphs/u2_ul_observed"].member("fX")
            assert 300.0 not in masses
            assert 299.0 in masses
            assert file["limits"].arrays(library="np")["sound"].tolist().count(0) == 1
        return
    text = "\n".join(path.read_text("utf-8") for path in written if path.suffix != ".png")
    assert "left out (MeV): 300 (poor-fit)" in " ".join(text.replace("\\n", " ").split())


def test_a_search_that_may_not_be_quoted_at_all_is_not_exported(spoiled, tmp_path):
    shutil.copytree(spoiled, tmp_path / "bad", ignore=shutil.ignore_patterns("export"))
    record = json.loads((tmp_path / "bad" / "result.json").read_text("utf-8"))
    record["columns"]["status"] = ["poor-fit"] * len(record["columns"]["status"])
    (tmp_path / "bad" / "result.json").write_text(json.dumps(record), "utf-8")
    for name in EXPORTS:
        with pytest.raises(
            UsageError, match=r"no mass may be quoted \(poor-fit 279\): there is nothing to export"
        ):
            export_search(tmp_path / "bad", name)
    assert "NaN" not in json.dumps(read_result(tmp_path / "bad").to_dict())


def test_a_folder_is_found_from_where_one_stands(place, monkeypatch):
    """A relative path, with the pictures that HEPData shows."""
    pytest.importorskip("hepdata_lib")
    monkeypatch.chdir(place.parent)
    assert {"u2.png", "acceptance.png"} <= {path.name for path in export_search(Path(place.name), "hepdata")}


def test_latex_table_has_every_mass_once(place):
    (path,) = export_search(place, "latex")
    text = path.read_text("utf-8")
    rows = [line for line in text.splitlines() if line.endswith(r"\\") and r"\pm" in line]
    assert [float(line.split("&")[0]) for line in rows] == read_result(place).number("m_n_mev").tolist()
    assert text.count("{") == text.count("}")
    assert "not a result of any collaboration" in text


def test_latex_table_holds_all_digits_beside_the_rounded_ones(place):
    """Each cell of the table is a number of the result to 1e-12, and what is printed is that number rounded."""
    (path,) = export_search(place, "latex")
    result, rows = read_result(place), []
    for line in path.read_text("utf-8").splitlines():
        if line.endswith(r"\\") and r"\pm" in line:
            mass, _, count = (cell.strip() for cell in line.split("&")[:3])
            rows.append([float(mass), float(count), *map(float, re.findall(r"\}\{([-+.e\d]+)\}", line))])
    names = ["m_n_mev", "n_observed", "sigma_mev", "background", "background_error", "acceptance"]
    names += ["n_signal_ul_expected", "n_signal_ul_observed", "branching_fraction_ul_observed"]
    names += ["u2_ul_expected", "u2_ul_observed"]
    found = np.transpose(rows)
    assert found.shape == (len(names), len(result))
    for name, column in zip(names, found, strict=True):
        np.testing.assert_allclose(column, result.number(name), rtol=1e-12, err_msg=name)
    printed = re.findall(r"digits\{([\d.]+)\}\{([-+.e\d]+)\}", path.read_text("utf-8"))
    assert all(
        abs(float(short) - float(long)) <= 0.51 * 10.0 ** -len(short.partition(".")[2])
        for short, long in printed
    )
    powers = re.findall(
        r"digits\{\$([\d.]+) \\times 10\^\{(-?\d+)\}\$\}\{([-+.e\d]+)\}", path.read_text("utf-8")
    )
    assert len(powers) == 3 * len(result)
    assert all(float(f"{m}e{e}") == pytest.approx(float(long), rel=6e-3) for m, e, long in powers)


def test_export_replaces_an_older_one_and_leaves_nothing_beside(place):
    first = export_search(place, "latex")[0]
    first.write_text("old", "utf-8")
    assert export_search(place, "latex")[0].read_text("utf-8").startswith("% made by hnlpeak")
    assert {path.name for path in (place / "export").iterdir()} <= set(EXPORTS)


def test_unknown_formats_and_empty_folders_are_refused(place, tmp_path):
    with pytest.raises(UsageError, match="allowed are hepdata, pyhf, hs3, root, latex"):
        export_search(place, "yoda")
    with pytest.raises(InputDataError, match=r"result\.json"):
        export_search(tmp_path, "latex")
    with pytest.raises(InputDataError, match="no such folder"):
        export_search(tmp_path / "none", "latex")
