"""Real candidates from files: the same numbers however they are cut up, and no number from what makes no sense."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot
from numpy.typing import NDArray

from hnlpeak.core.errors import InputDataError, SuspiciousData
from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.experiment.column_card import BranchCard
from hnlpeak.formats import candidates as door
from hnlpeak.formats.candidates import required_columns
from hnlpeak.formats.ntuple import write_ntuple
from hnlpeak.searches.real_data import RealData, read_real_data

Columns = dict[str, NDArray[np.float64]]


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return load_analysis("na62-2015-ke2")


def events(analysis: Analysis, n: int = 400, seed: int = 1) -> Columns:
    """Candidates that mostly pass all cuts: a peak at zero and a few events above."""
    rng = np.random.Generator(np.random.Philox(seed))
    columns = {name: np.full(n, 999.0) for name in required_columns(analysis.card)}
    columns |= {
        "n_tracks": np.ones(n),
        "charge": np.ones(n),
        "chi2": rng.uniform(0.0, 21.0, n),
        "p_mev": rng.uniform(10e3, 60e3, n),
        "in_acceptance": np.ones(n),
        "cda_mm": rng.uniform(0.0, 30.0, n),
        "e_over_p": rng.normal(1.0, 0.01, n),
        "rich_e_margin": np.ones(n),
        "dt_ktag_ns": rng.normal(0.0, 0.3, n),
        "e_extra_mev": np.zeros(n),
        "z_vtx_mm": rng.uniform(131e3, 174e3, n),
        "m2_miss_mev2": np.where(rng.random(n) < 0.8, rng.normal(0.0, 3000.0, n), rng.uniform(0.0, 2e5, n)),
    }
    return columns


def write(path: Path, columns: Mapping[str, NDArray[Any]], **metadata: Any) -> Path:
    write_ntuple(path, columns, metadata={"simulated": False, **metadata})
    return path


def numbers(data: RealData) -> tuple[Any, Any]:
    s = data.selected
    return s.spectrum.histogram.values().tolist(), [flow.passed.tolist() for flow in s.cutflows]


def mapped(analysis: Analysis, **columns: BranchCard) -> Analysis:
    card = analysis.card.model_copy(update={"columns": columns})
    return Analysis(card, analysis.experiment, analysis.text)


def test_pieces_files_and_patterns_give_the_same_numbers(
    tmp_path: Path, analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = events(analysis)
    whole = read_real_data([write(tmp_path / "all.root", columns)], analysis, needs_peak=True)
    assert whole.candidates == 400
    assert whole.selected.spectrum.project("tight").values.sum() > 200
    for i in range(4):
        write(tmp_path / f"run{i}.root", {name: c[100 * i : 100 * (i + 1)] for name, c in columns.items()})
    parts = [f"{tmp_path}/run{i}.root:hnl" for i in range(4)]
    for given in ([f"{tmp_path}/run*.root"], [f"{tmp_path}/run*.root:hnl;1"], parts, parts[::-1]):
        assert numbers(read_real_data(given, analysis)) == numbers(whole)
    monkeypatch.setattr(door.CandidateFile.chunks, "__defaults__", (37,))
    assert numbers(read_real_data([tmp_path / "all.root"], analysis)) == numbers(whole)


def test_an_rntuple_is_read_like_a_tree(tmp_path: Path, analysis: Analysis) -> None:
    columns = events(analysis)
    path = tmp_path / "new.root"
    with uproot.recreate(path) as file:
        made = file.mkrntuple("hnl", {name: c.dtype for name, c in columns.items()})
        made.extend(columns)
    tree = read_real_data([write(tmp_path / "old.root", columns)], analysis)
    assert numbers(read_real_data([path], analysis)) == numbers(tree)
    with uproot.recreate(path) as file:
        file.mkrntuple("hnl", {name: "var * float64" if name == "p_mev" else "float64" for name in columns})
    with pytest.raises(
        InputDataError, match=r"branch 'p_mev' \(p_mev\): expected one number per event, got std::vec"
    ):
        read_real_data([path], analysis)


def test_weights_add_up_over_files_with_and_without_them(tmp_path: Path, analysis: Analysis) -> None:
    columns = events(analysis)
    write(tmp_path / "a.root", columns)
    write(tmp_path / "b.root", {**columns, "weight": np.full(400, 2.5)})
    once = read_real_data([tmp_path / "a.root"], analysis).selected.spectrum.project("tight").values
    both = read_real_data([tmp_path / "a.root", tmp_path / "b.root"], analysis).selected.spectrum.project(
        "tight"
    )
    np.testing.assert_allclose(both.values, 3.5 * once)
    np.testing.assert_allclose(both.variances, (1.0 + 2.5**2) * once)


def test_units_of_branches(tmp_path: Path, analysis: Analysis) -> None:
    columns = events(analysis)
    expected = numbers(read_real_data([write(tmp_path / "a.root", columns)], analysis))
    changed = {**columns, "p": columns.pop("p_mev") / 1e3, "m2": columns.pop("m2_miss_mev2") / 1e6}
    del changed["p_mev"], changed["m2_miss_mev2"]
    write(tmp_path / "gev.root", changed)
    good = mapped(
        analysis,
        p_mev=BranchCard(branch="p", unit="GeV"),
        m2_miss_mev2=BranchCard(branch="m2", unit="GeV2"),
    )
    spectrum, passed = numbers(read_real_data([tmp_path / "gev.root"], good, needs_peak=True))
    assert passed == expected[1]
    # a product and a quotient do not give back every last digit: an event may change its bin of 0.02 MeV
    assert np.abs(np.array(spectrum) - np.array(expected[0])).sum() <= 4


@pytest.mark.parametrize(
    ("column", "factor", "said"),
    [
        (
            "p_mev",
            1e-3,
            r"'p_mev': half .*below the beam's, 75000 MeV: is it in GeV\? .*p_mev = \"p_mev \[GeV\]\"",
        ),
        ("p_mev", 1e3, r"'p_mev': half .*is it in keV"),
        ("m2_miss_mev2", 1e-6, r"'m2_miss_mev2': .*is it in GeV2\? .*\"m2_miss_mev2 \[GeV2\]\""),
        ("z_vtx_mm", 1e-3, r"'z_vtx_mm': half .*is it in m\?"),
        ("z_vtx_mm", 0.1, r"'z_vtx_mm': half .*is it in cm\?"),
        ("e_over_p", 100.0, r"'e_over_p': .*is it in per cent\?"),
        (
            "cda_mm",
            1e3,
            r"cut 'closest approach' \(cda_mm from -inf to 40\) passes none of \d+ candidates.*in um\?",
        ),
        (
            "charge",
            -1.0,
            r"cut 'positive charge' .* passes none of 400 candidates, whose values go from -1 to -1",
        ),
    ],
)
def test_what_hardly_means_what_it_says_stops(
    tmp_path: Path, analysis: Analysis, column: str, factor: float, said: str
) -> None:
    columns = events(analysis)
    columns[column] = columns[column] * factor
    if column == "cda_mm":
        columns[column] = columns[column] + 1e3
    path = write(tmp_path / "odd.root", columns)
    with pytest.raises(SuspiciousData, match=said) as error:
        read_real_data([path], analysis, needs_peak=True)
    assert error.value.exit_code == 3
    assert len(str(error.value).removeprefix(str(path))) < 300
    forced = read_real_data([path], analysis, force=True)
    assert forced.notes
    assert all(note.startswith("suspicious: ") for note in forced.notes)


def test_the_missing_mass_in_place_of_its_square(tmp_path: Path, analysis: Analysis) -> None:
    columns = events(analysis)
    m2 = columns["m2_miss_mev2"]
    columns["m2_miss_mev2"] = np.copysign(np.sqrt(np.abs(m2)), m2)
    with pytest.raises(SuspiciousData, match="is it the missing mass and not its square"):
        read_real_data([write(tmp_path / "odd.root", columns)], analysis)


@pytest.mark.parametrize(
    ("shift", "said"), [(5e4, "has no event in the Standard-Model"), (1.2e4, "not at zero")]
)
def test_a_peak_that_is_not_at_zero_stops_where_it_is_needed(
    tmp_path: Path, analysis: Analysis, shift: float, said: str
) -> None:
    columns = events(analysis)
    columns["m2_miss_mev2"] = np.random.default_rng(1).normal(shift, 2000.0, 400)
    path = write(tmp_path / "odd.root", columns)
    read_real_data([path], analysis, needs_peak=False)
    with pytest.raises(SuspiciousData, match=said):
        read_real_data([path], analysis, needs_peak=True)


def test_events_that_are_not_finite_are_counted_and_in_no_cutflow(tmp_path: Path, analysis: Analysis) -> None:
    columns = events(analysis, 4000)
    card = analysis.card
    assert all("m2_miss_mev2" not in cut.columns() for s in card.selections for cut in card.cuts_of(s))
    good = {name: column[3:] for name, column in columns.items()}
    expected = numbers(read_real_data([write(tmp_path / "good.root", good)], analysis))
    for i, value in enumerate((np.nan, np.inf, -np.inf)):
        columns["m2_miss_mev2"][i] = value
    read = read_real_data([write(tmp_path / "bad.root", columns)], analysis)
    assert read.notes == ("3 of 4000 events have a column that is not finite and are left out",)
    assert numbers(read) == expected
    columns["m2_miss_mev2"][:5] = np.nan
    with pytest.raises(InputDataError, match=r"bad\.root: 0\.125 % of the events .*at most 0\.1 %"):
        read_real_data([write(tmp_path / "bad.root", columns)], analysis)


@pytest.mark.parametrize("weight", [4096.0, 5000.0, 1e300, -1.0, np.nan, np.inf])
def test_weights_that_integers_cannot_hold(tmp_path: Path, analysis: Analysis, weight: float) -> None:
    columns = {**events(analysis), "weight": np.ones(400)}
    columns["weight"][7] = weight
    with pytest.raises(InputDataError, match=r"heavy\.root: column 'weight'"):
        read_real_data([write(tmp_path / "heavy.root", columns)], analysis)


def test_a_sum_of_weights_that_integers_cannot_hold(tmp_path: Path, analysis: Analysis) -> None:
    """Each fits, their sum (here of the squares) does not: an error, in one file or over several."""
    columns = {**events(analysis), "weight": np.full(400, 2000.0)}
    narrow = {**columns, "m2_miss_mev2": np.full(400, 1e4)}
    with pytest.raises(InputDataError, match=r"'weight': sum of .*: scale the weights down"):
        read_real_data([write(tmp_path / "heavy.root", narrow)], analysis, force=True)
    columns["weight"] = np.full(400, 1200.0)
    names = [write(tmp_path / f"h{i}.root", columns, label=f"h{i}") for i in range(30)]
    with pytest.raises(InputDataError, match=r"h\d+, with what came before: .* scale the weights down"):
        read_real_data(names, analysis)


def test_files_are_given_once_and_skipped_ones_are_named(tmp_path: Path, analysis: Analysis) -> None:
    good = write(tmp_path / "run1.root", events(analysis))
    with uproot.recreate(tmp_path / "run2.root") as file:
        file.mktree("hnl", dict.fromkeys(required_columns(analysis.card), "float64"))
    read = read_real_data([f"{tmp_path}/run*.root"], analysis)
    assert read.files == (good,)
    assert read.notes[0] == "1 of 2 files skipped"
    assert "run2.root: the tree has no events" in read.notes[1]
    (tmp_path / "run3.root").write_bytes(good.read_bytes()[:3000])
    with pytest.raises(InputDataError, match=r"run3\.root"):
        read_real_data([f"{tmp_path}/run*.root"], analysis)
    forced = read_real_data([f"{tmp_path}/run*.root"], analysis, force=True)
    assert numbers(forced) == numbers(read)
    assert forced.notes[0] == "2 of 3 files skipped"
    with pytest.raises(InputDataError, match="given twice"):
        read_real_data([good, f"{tmp_path}/run*.root"], analysis)
    with pytest.raises(InputDataError, match=r"none\*\.root: no file matches"):
        read_real_data([f"{tmp_path}/none*.root"], analysis)


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"decays_in_fiducial": "x"}, "decays_in_fiducial"),
        ({"decays_in_fiducial": True}, "decays_in_fiducial"),
        ({"decays_in_fiducial": -5}, "decays_in_fiducial"),
        ({"decays_in_fiducial": 10**400}, "decays_in_fiducial"),
        ({"simulated": "no"}, "simulated"),
        ({"label": 3}, "label"),
        ({"sources": "data"}, "sources"),
        ({"sources": []}, "sources"),
        ({"sources": None}, "sources"),
    ],
)
def test_metadata_of_the_wrong_kind(
    tmp_path: Path, analysis: Analysis, metadata: dict[str, Any], said: str
) -> None:
    path = write(tmp_path / "odd.root", events(analysis), **metadata)
    with pytest.raises(InputDataError, match=rf"odd\.root: metadata '{said}'"):
        read_real_data([path], analysis)


@pytest.mark.parametrize(
    "text", ['{"decays_in_fiducial": NaN}', '{"decays_in_fiducial": 1e400}', "{", "[" * 99_999]
)
def test_metadata_that_json_does_not_know(tmp_path: Path, analysis: Analysis, text: str) -> None:
    columns = events(analysis)
    path = tmp_path / "odd.root"
    with uproot.recreate(path) as file:
        file["hnlpeak_ntuple"] = text
        file.mktree("hnl", dict.fromkeys(columns, "float64")).extend(columns)
    with pytest.raises(InputDataError, match=r"odd\.root: .*(decays_in_fiducial|not valid JSON)"):
        read_real_data([path], analysis)
    with uproot.recreate(path) as file:
        file["hnlpeak_ntuple"] = json.dumps({"decays_in_fiducial": None})
        file.mktree("hnl", dict.fromkeys(columns, "float64")).extend(columns)
    assert read_real_data([path], analysis).selected.spectrum.decays_in_fiducial is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"p_mev": "p [GeV"}, "expected the name of a branch"),
        ({"p_mev": {"branch": "p", "unit": "TEV"}}, "unit of branch 'p': got 'TEV', allowed"),
        (
            {"p_mev": "p [mm]"},
            r"column 'p_mev' is of energy \(eV, keV, MeV, GeV, TeV\), branch 'p' is given in 'mm'",
        ),
        ({"charge": "q [mm]"}, "column 'charge' has no unit"),
    ],
)
def test_columns_of_the_card(analysis: Analysis, given: dict[str, Any], said: str) -> None:
    record = analysis.card.model_dump(by_alias=True)
    from hnlpeak.experiment.analysis_card import AnalysisCard

    with pytest.raises(ValueError, match=said):
        AnalysisCard.model_validate({**_quantities(analysis), "columns": given})
    assert record["columns"] == {}


def _quantities(analysis: Analysis) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(analysis.text)
