"""A search in files, and back: the one place that knows what a folder of results holds.

Beside the public files, ``figures/data/`` keeps what they do not tell, so that a finished folder can be drawn again
without a new run: ``inputs.json`` (signal curves, cut-flows, the candidate, words), ``templates.json`` (UHI),
``event.npy`` and the texts of both cards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from hnlpeak.core.atomic import atomic_path, write_text
from hnlpeak.core.card import read_card
from hnlpeak.core.errors import InputDataError
from hnlpeak.detectors.event import EVENT
from hnlpeak.estimation.signal import SignalCurve, SignalModel
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.experiment import load_experiment
from hnlpeak.formats.json_text import dump_json, read_json
from hnlpeak.formats.results import read_result, write_results
from hnlpeak.formats.search_tables import (
    comparison_table,
    composition_table,
    cutflow_table,
    passed_table,
    systematics_table,
)
from hnlpeak.formats.signal_table import signal_table
from hnlpeak.formats.uhi import read_uhi, write_uhi
from hnlpeak.limits.search import ExampleEvent, Search
from hnlpeak.selection.cutflow import Cutflow
from hnlpeak.spectrum.window import window_record, window_rule

__all__ = ["read_search", "write_search"]

_SCHEMA = 1
_DATA = Path("figures") / "data"
_CARDS = ("analysis.toml", "experiment.toml")
_ARRAYS = ("passed", "only_failed")
_IN_FILES = {"components": "sources"}
"""Words that files keep: those written before are read."""


def write_search(search: Search, directory: Path) -> None:
    """Write the files of a search into ``directory``; figures, page and manifest are added by those who make them.

    ``ValueError`` unless it has its analysis, data and signal, as every search has that was just made;
    ``HnlpeakError`` where a file cannot be written.
    """
    if search.analysis is None or search.data is None or search.signal is None:
        raise ValueError("a search is written with its analysis, data and signal")
    result, card = search.result, search.analysis.card
    write_results(
        directory,
        result,
        spectrum=search.data,
        signal=signal_table(card, search.signal, search.flux),
        cutflow=cutflow_table(search.cutflows) if search.cutflows else passed_table(search.data),
    )
    write_text(directory / "comparison.csv", comparison_table(result, card))
    if result.systematics is not None:
        write_text(directory / "systematics.csv", systematics_table(result))
    if search.templates is not None:
        write_text(directory / "composition.csv", composition_table(result, card, search.templates))
    _write_data(search, search.analysis, search.signal, directory / _DATA)


def read_search(directory: str | Path) -> Search:
    """Return the search of a folder, as far as it is there.

    ``InputDataError`` where there is no result, or a file is damaged or of another version.
    """
    place = Path(directory)
    data = place / _DATA
    spectrum, templates, words = place / "spectrum.json", data / "templates.json", data / "inputs.json"
    record = read_json(words) if words.is_file() else {}
    return Search(
        read_result(place),
        analysis=_analysis(data),
        data=read_uhi(spectrum) if spectrum.is_file() else None,
        templates=read_uhi(templates) if templates.is_file() else None,
        **(_words(record, words) if words.is_file() else {}),
        event=_event(data / "event.npy", record),
    )


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
    record = {_IN_FILES.get(f.name, f.name): getattr(flow, f.name) for f in fields(Cutflow)}
    return {**record, **{name: _plain(record[name]) for name in _ARRAYS}}


def _write_data(search: Search, analysis: Analysis, signal: SignalModel, place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    event = search.event
    record = {
        "schema": _SCHEMA,
        "signal": _signal_record(signal),
        "cutflows": [_cutflow_record(flow) for flow in search.cutflows],
        "candidate": None if event is None or event.candidate is None else dict(event.candidate),
        "event_label": "" if event is None else event.label,
        "published": search.published,
        "provenance": dict(search.provenance),
    }
    write_text(place / "inputs.json", dump_json(record))
    if search.templates is not None:
        write_uhi(place / "templates.json", search.templates)
    if event is not None:
        with atomic_path(place / "event.npy") as partial:
            np.save(partial, np.array(event.record, dtype=EVENT), allow_pickle=False)
    for name, text in zip(_CARDS, (analysis.text, analysis.experiment.text), strict=True):
        write_text(place / name, text)


def _analysis(data: Path) -> Analysis | None:
    card, experiment = (data / name for name in _CARDS)
    if not (card.is_file() and experiment.is_file()):
        return None
    record, text, _ = read_card(AnalysisCard, card, folder="analyses")
    return Analysis(record, load_experiment(experiment), text)


def _event(path: Path, record: Mapping[str, Any]) -> ExampleEvent | None:
    if not path.is_file():
        return None
    try:
        event = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputDataError(f"{path}: not an event ({error})") from error
    if event.dtype != EVENT or event.shape != ():
        raise InputDataError(f"{path}: an event of another version of this program; run the search again")
    return ExampleEvent(event[()], record.get("candidate"), record.get("event_label", ""))


def _words(record: Mapping[str, Any], origin: Path) -> dict[str, Any]:
    """What ``inputs.json`` holds, as fields of ``Search``."""
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
                    int(flow.get("every", 1)),
                    int(flow.get("estimated", 0)),
                )
                for flow in record["cutflows"]
            ),
            "published": None if published is None else tuple(published),
            "provenance": record["provenance"],
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputDataError(f"{origin}: not the inputs of a report ({error!r})") from error
