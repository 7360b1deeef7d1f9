from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import hist
import numpy as np
import pytest
from hist.serialization import remove_writer_info, to_uhi
from uhi.io.json import default

from hnlpeak.core.atomic import atomic_path, write_text
from hnlpeak.core.card import read_card
from hnlpeak.core.errors import HnlpeakError, UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.estimation.signal import SignalPoint, signal_model
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.formats.facts import facts_of
from hnlpeak.formats.json_text import dump_json
from hnlpeak.formats.ntuple import read_ntuple, read_ntuple_metadata, write_ntuple
from hnlpeak.formats.signal_table import read_signal_table, signal_table
from hnlpeak.formats.spectrum_file import WRITTEN, read_spectrum, write_spectrum
from hnlpeak.formats.spectrum_table import write_spectrum_table
from hnlpeak.formats.table import table_text
from hnlpeak.formats.uhi import write_uhi
from hnlpeak.spectrum import Spectrum
from hnlpeak.spectrum.fixed_point import to_fixed
from hnlpeak.spectrum.foreign import variable_axis

AXIS = hist.axis.Regular(30, 150.0, 450.0, name="m_miss")


def two_selections() -> Spectrum:
    counts = np.random.Generator(np.random.Philox(4)).poisson(5.0, (2, 1, 30))
    return Spectrum.from_counts(
        counts,
        selections=["tight", "loose"],
        components=["all"],
        simulated=True,
        label="K+ → e+ N, 1 % sample",
        decays_in_fiducial=3e6,
        axis=AXIS,
    )


@pytest.mark.parametrize("name", [f"s p é{suffix}" for suffix in WRITTEN])
def test_spectrum_files_keep_everything(tmp_path: Path, name: str) -> None:
    spectrum = two_selections()
    write_spectrum(tmp_path / name, spectrum)
    back = read_spectrum(tmp_path / name)
    assert back.simulated
    assert (back.label, back.decays_in_fiducial) == (spectrum.label, 3e6)
    assert back.selections == spectrum.selections
    assert back.is_counts
    for selection in spectrum.selections:
        assert np.array_equal(back.project(selection).values, spectrum.project(selection).values)
    assert np.allclose(back.edges, spectrum.edges, rtol=1e-15)
    assert sorted(p.name for p in tmp_path.iterdir()) == [name]


def test_weights_survive_json(tmp_path: Path) -> None:
    w = to_fixed(np.random.Generator(np.random.Philox(5)).random((1, 2, 30)))
    spectrum = Spectrum.from_weights(
        w, w // 2, selections=["t"], components=["a", "b"], simulated=True, label="template", axis=AXIS
    )
    write_spectrum(tmp_path / "t.json", spectrum)
    back = read_spectrum(tmp_path / "t.json")
    assert back.fixed is not None
    assert np.array_equal(back.fixed[0], w)
    assert np.array_equal(back.fixed[1], w // 2)


def test_one_histogram_of_a_root_file(tmp_path: Path) -> None:
    write_spectrum(tmp_path / "s.root", two_selections())
    back = read_spectrum(f"{tmp_path}/s.root:loose")
    assert np.array_equal(back.project("tight").values, two_selections().project("loose").values)
    assert back.simulated


def test_csv_spectra_with_edges_and_with_centres(tmp_path: Path) -> None:
    spectrum = two_selections()
    write_spectrum_table(tmp_path / "edges.csv", spectrum, "tight")
    edges, values, _ = spectrum.project("tight")
    centres = {"m_miss_mev": 0.5 * (edges[1:] + edges[:-1]), "count": values}
    (tmp_path / "centres.csv").write_text("# my data\n" + table_text(centres), "utf-8")
    for name in ("edges.csv", "centres.csv"):
        back = read_spectrum(tmp_path / name)
        assert np.allclose(back.edges, edges, rtol=1e-12)
        assert np.array_equal(back.project("any").values, values)
        assert not back.simulated


def test_gev_is_converted_where_the_file_says_so(tmp_path: Path) -> None:
    flow = {"underflow": False, "overflow": False, "circular": False}
    record = {
        "uhi_schema": 1,
        "axes": [{"type": "regular", "lower": 0.1, "upper": 0.5, "bins": 4, **flow, "metadata": {}}],
        "storage": {"type": "double", "values": [1.0, 2.0, 3.0, 4.0]},
        "metadata": {"hnlpeak": {"unit": "GeV"}},
    }
    (tmp_path / "gev.json").write_text(json.dumps(record), "utf-8")
    assert read_spectrum(tmp_path / "gev.json").edges.tolist() == pytest.approx([100, 200, 300, 400, 500])


def test_signal_table_gives_the_same_inputs_back(tmp_path: Path) -> None:
    card, _, _ = read_card(AnalysisCard, "na62-2015-ke2", folder="analyses")
    curves = {
        name: [
            SignalPoint(
                m,
                Measured(19.0 - 0.04 * m, stat=0.1 / 3),
                Measured(a * (500.0 - m) / 400.0, stat=1e-3),
                Measured(1.5 * a * (500.0 - m) / 400.0),
            )
            for m in card.samples.signal_masses
        ]
        for name, a in (("tight", 0.2), ("loose", 0.3))
    }
    model = signal_model(curves, window=1.0, source="MC")
    text = signal_table(card, model, KaonFlux(Measured(3.01e8, stat=1e7, syst=2e6)))
    write_text(tmp_path / "signal.csv", text)
    back = read_signal_table(tmp_path, window=1.0, masses=card.scan.masses())
    for mass in card.scan.masses():
        given, found = model.at(mass, card.selection_of(mass)), back.at(mass, "whatever")
        assert found.sigma == given.sigma
        assert found.acceptance == given.acceptance
        assert found.acceptance_no_window is not None
        assert given.acceptance_no_window is not None
        assert found.acceptance_no_window.value == given.acceptance_no_window.value
        assert found.n_kaon == Measured(3.01e8, stat=np.hypot(1e7, 2e6))
    assert signal_table(card, back, None) == text
    with pytest.raises(UsageError, match="number of kaon decays"):
        signal_table(card, model, None)


def test_ntuples(tmp_path: Path) -> None:
    columns = {"p_mev": np.linspace(5e3, 7e4, 50), "n_tracks": np.arange(50, dtype=np.int32)}
    write_ntuple(tmp_path / "n.root", columns, metadata={"simulated": True, "mode": "ke2"})
    back = read_ntuple(
        tmp_path / "n.root", columns={"p": "p_mev", "nothing": "absent"}, required=["p", "n_tracks"]
    )
    assert sorted(back) == ["n_tracks", "p"]
    assert np.array_equal(back["p"], columns["p_mev"])
    assert back["n_tracks"].dtype.kind == "i"
    assert read_ntuple_metadata(tmp_path / "n.root") == {"simulated": True, "mode": "ke2"}
    with pytest.raises(UsageError, match="one number per event"):
        write_ntuple(tmp_path / "m.root", {"x": np.zeros((3, 2))}, metadata={})
    assert not (tmp_path / "m.root").exists()


def test_nothing_half_written(tmp_path: Path) -> None:
    target = tmp_path / "kept.json"
    write_text(target, "old")

    def interrupted() -> None:
        with atomic_path(target) as partial:
            partial.write_text("half", "utf-8")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert target.read_text("utf-8") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["kept.json"]
    with pytest.raises(HnlpeakError, match=r"nowhere/x\.json: cannot be written"):
        write_text(tmp_path / "nowhere" / "x.json", "text")


def test_json_has_sorted_keys_and_no_nan() -> None:
    assert dump_json({"b": 1, "a": None}, indent=None) == '{"a": null, "b": 1}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        dump_json({"a": float("nan")})


@pytest.mark.parametrize("kind", ["counts", "weights", "expectation", "uneven"])
def test_uhi_is_written_as_its_own_library_does(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    numbers = (rng.poisson(0.3, (2, 3, 500)) * rng.integers(1, 2**50, (2, 3, 500))).astype(np.int64)
    edges = np.arange(501.0) if kind != "uneven" else np.arange(501.0) ** 2
    common: dict[str, Any] = {
        "selections": ["tight", "loose"],
        "components": ["a", "b", "c"],
        "simulated": True,
        "label": 'ä "toy" <b>',
        "decays_in_fiducial": 1e6,
        "axis": variable_axis(edges),
    }
    if kind == "weights":
        spectrum = Spectrum.from_weights(numbers, numbers, **common)
    else:
        spectrum = Spectrum.from_counts(numbers, **common)
    if kind == "expectation":
        spectrum = spectrum.expectation(3e6)
    write_uhi(tmp_path / "one.json", spectrum)
    record: Any = remove_writer_info(to_uhi(spectrum.histogram))
    record["metadata"] = {"hnlpeak": facts_of(spectrum), "label": spectrum.label}
    wanted = dump_json(record, indent=None, default=default)
    assert (tmp_path / "one.json").read_text("utf-8") == wanted


def test_a_number_that_is_not_finite_is_not_written(tmp_path: Path) -> None:
    axes = Spectrum.from_counts(
        np.zeros((1, 1, 3), dtype=np.int64),
        selections=["t"],
        components=["s"],
        simulated=True,
        label="toy",
        axis=variable_axis(np.arange(4.0)),
    )
    with pytest.raises(ValueError, match="not finite"):
        write_uhi(tmp_path / "one.json", replace(axes, content=np.array([[[0.0, np.nan, 1.0]]])))
    assert not (tmp_path / "one.json").exists()
