"""The inputs of a report kept beside its figures, so that a finished folder can be drawn again without a new run.

``figures/data/`` holds what the other files of the folder do not: ``inputs.json`` (signal curves, cut-flows, the
candidate, words), ``templates.json`` (UHI), ``event.npy`` and the texts of both cards.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from hnlpeak.core.atomic import atomic_path, write_text
from hnlpeak.core.card import read_card
from hnlpeak.core.errors import HnlpeakError, InputDataError, UsageError
from hnlpeak.detectors.event import EVENT
from hnlpeak.estimation.signal import SignalCurve, SignalModel
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.experiment import load_experiment
from hnlpeak.formats.json_text import dump_json, read_json
from hnlpeak.formats.manifest import MANIFEST, read_manifest, sha256_of, verify
from hnlpeak.formats.results import read_result
from hnlpeak.formats.table import table_text
from hnlpeak.formats.uhi import read_uhi, write_uhi
from hnlpeak.limits.improvement import Improvement, improvement, published_before
from hnlpeak.report.inputs import ReportInputs
from hnlpeak.report.write import write_report
from hnlpeak.searches.lock import locked
from hnlpeak.searches.places import REDRAW, check_place
from hnlpeak.searches.publish import finish_publishing, publish
from hnlpeak.selection.cutflow import Cutflow
from hnlpeak.spectrum.window import window_record, window_rule

__all__ = ["keep_inputs", "read_inputs", "remake_report", "report_searches"]

_SCHEMA = 1
_DATA = Path("figures") / "data"
FORMATS = ("png", "svg", "pdf")
"""Formats of figures that are drawn again."""
_CARDS = ("analysis.toml", "experiment.toml")
_ARRAYS = ("passed", "only_failed")


def _plain(values: Any) -> list[Any]:
    """Nested lists of numbers, None for NaN."""
    return [_plain(v) if np.ndim(v) else (None if np.isnan(v) else float(v)) for v in values]


def _array(values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array(values, dtype=np.float64)


def _signal_record(signal: SignalModel) -> dict[str, Any]:
    curves = {
        name: {field.name: _plain(getattr(curve, field.name)) for field in fields(SignalCurve)}
        for name, curve in signal.curves.items()
    }
    # JSON sorts its keys: the order of the selections is kept beside them
    return {
        "window": window_record(signal.window),
        "source": signal.source,
        "order": list(curves),
        "curves": curves,
    }


def _cutflow_record(flow: Cutflow) -> dict[str, Any]:
    record = {field.name: getattr(flow, field.name) for field in fields(Cutflow)}
    return {**record, **{name: _plain(record[name]) for name in _ARRAYS}}


def keep_inputs(inputs: ReportInputs, directory: str | Path, *, card_text: str | None = None) -> None:
    """Write what ``inputs`` hold beyond the result and its spectrum into ``directory``/figures/data.

    ``card_text`` is the text of the analysis card. ``HnlpeakError`` where a file cannot be written.
    """
    place = Path(directory) / _DATA
    place.mkdir(parents=True, exist_ok=True)
    record = {
        "schema": _SCHEMA,
        "signal": None if inputs.signal is None else _signal_record(inputs.signal),
        "cutflows": [_cutflow_record(flow) for flow in inputs.cutflows],
        "candidate": None if inputs.candidate is None else dict(inputs.candidate),
        "event_label": inputs.event_label,
        "published": inputs.published,
        "provenance": dict(inputs.provenance),
    }
    write_text(place / "inputs.json", dump_json(record))
    if inputs.templates is not None:
        write_uhi(place / "templates.json", inputs.templates)
    if inputs.event is not None:
        with atomic_path(place / "event.npy") as partial:
            np.save(partial, np.array(inputs.event, dtype=EVENT), allow_pickle=False)
    texts = (card_text, None if inputs.experiment is None else inputs.experiment.text)
    for name, text in zip(_CARDS, texts, strict=True):
        if text is not None:
            write_text(place / name, text)


def _event(path: Path) -> np.void | None:
    if not path.is_file():
        return None
    try:
        event = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputDataError(f"{path}: not an event ({error})") from error
    if event.dtype != EVENT or event.shape != ():
        raise InputDataError(f"{path}: an event of another version of this program; run the search again")
    found: np.void = event[()]
    return found


def _words(record: Mapping[str, Any], origin: Path) -> dict[str, Any]:
    """What ``inputs.json`` holds, as fields of ``ReportInputs``."""
    if record.get("schema") != _SCHEMA:
        raise InputDataError(
            f"{origin}: schema {record.get('schema')!r} of report inputs, this version reads {_SCHEMA}"
        )
    try:
        signal, published = record["signal"], record["published"]
        return {
            "signal": None
            if signal is None
            else SignalModel(
                {
                    name: SignalCurve(**{key: _array(v) for key, v in signal["curves"][name].items()})
                    for name in signal["order"]
                },
                window_rule(signal["window"]),
                signal["source"],
            ),
            "cutflows": tuple(
                Cutflow(
                    flow["selection"],
                    tuple(flow["cuts"]),
                    tuple(flow["sources"]),
                    _array(flow["passed"]),
                    _array(flow["only_failed"]),
                    flow["decays"],
                )
                for flow in record["cutflows"]
            ),
            "candidate": record["candidate"],
            "event_label": record["event_label"],
            "published": None if published is None else tuple(published),
            "provenance": record["provenance"],
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputDataError(f"{origin}: not the inputs of a report ({error!r})") from error


def read_inputs(directory: str | Path) -> ReportInputs:
    """Return what the folder of a search holds for its report; what is not there is None.

    ``InputDataError`` where there is no result, or a file is damaged or of another version.
    """
    place = Path(directory)
    data = place / _DATA
    analysis, experiment = (data / name for name in _CARDS)
    spectrum, templates, words = place / "spectrum.json", data / "templates.json", data / "inputs.json"
    return ReportInputs(
        read_result(place),
        data=read_uhi(spectrum) if spectrum.is_file() else None,
        templates=read_uhi(templates) if templates.is_file() else None,
        card=read_card(AnalysisCard, analysis, folder="analyses")[0] if analysis.is_file() else None,
        experiment=load_experiment(experiment) if experiment.is_file() else None,
        event=_event(data / "event.npy"),
        **(_words(read_json(words), words) if words.is_file() else {}),
    )


def remake_report(directory: str | Path) -> list[Path]:
    """Draw the figures (PNG, SVG and PDF) and the page of a finished folder again; returns their paths.

    They are made aside and take their place together, with a manifest that has their new checksums; figures that are
    drawn no more go. ``InputDataError`` where ``directory`` is no finished search or a file that a report is made of
    is not the one of its manifest.
    """
    place = Path(directory)
    check_place(place)
    if not place.is_dir():
        raise InputDataError(f"{place}: no such folder")
    stage = place / REDRAW
    with locked(place):
        finish_publishing(place)
        record = read_manifest(place)
        drawn = [name for name in record["files"] if _is_drawn(name)]
        verify(place, leave_out=drawn)
        inputs = read_inputs(place)
        shutil.rmtree(stage, ignore_errors=True)
        try:
            stage.mkdir()
            written = [path.relative_to(stage) for path in write_report(inputs, stage, formats=FORMATS)]
            made = {path.as_posix(): sha256_of(stage / path) for path in written}
            kept = {name: digest for name, digest in record["files"].items() if name not in drawn}
            write_text(stage / MANIFEST, dump_json({**record, "files": {**kept, **made}}))
            publish(stage, place, remove=drawn, run=None)
        except OSError as error:
            raise HnlpeakError(f"{place}: cannot be drawn again ({error.strerror or error})") from error
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    return [place / path for path in written]


def _is_drawn(name: str) -> bool:
    """True for what ``write_report`` makes: the page, and figures beside their data."""
    path = PurePosixPath(name)
    return name == "report.html" or (path.parent == PurePosixPath("figures") and path.suffix[1:] in FORMATS)


def report_searches(
    directories: Sequence[str | Path], out: str | Path, *, before: int | None = None
) -> tuple[list[Path], list[Improvement]]:
    """Draw the limits of several finished searches together, with those published (before the year ``before``).

    Writes ``out``/u2_searches (PNG, SVG, PDF) and ``out``/improvement.csv, one row for each search and published
    curve of its flavour; returns the paths and the rows. ``InputDataError`` where a directory holds no result,
    ``UsageError`` for none.
    """
    from hnlpeak.report.figures.u2_searches import u2_searches
    from hnlpeak.report.render import save

    if not directories:
        raise UsageError("no folder of results given")
    results = [read_result(Path(directory)) for directory in directories]
    flavours = dict.fromkeys(result.lepton for result in results)
    earlier = [curve for flavour in flavours for curve in published_before(before, flavour)]
    rows = [
        row
        for result in results
        for row in improvement(result, [curve for curve in earlier if curve.flavour == result.lepton])
    ]
    place = Path(out)
    place.mkdir(parents=True, exist_ok=True)
    paths = save(u2_searches(results, earlier), place / "u2_searches", formats=FORMATS)
    table = place / "improvement.csv"
    names = [field.name for field in fields(Improvement)]
    records = [asdict(row) for row in rows]
    write_text(table, table_text({name: [record[name] for record in records] for name in names}))
    return [*paths.values(), table], rows
