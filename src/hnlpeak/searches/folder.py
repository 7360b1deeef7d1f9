"""A search into a folder: claimed, resumed if it was interrupted, searched, written, and sealed by a manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from hnlpeak.core.atomic import write_text
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.composition import window_composition
from hnlpeak.estimation.plausibility import doubts_about_peak
from hnlpeak.estimation.signal import SignalModel
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.formats.cutflow_table import cutflow_table, passed_table
from hnlpeak.formats.manifest import sha256_of, write_manifest
from hnlpeak.formats.results import read_result, write_results
from hnlpeak.formats.signal_table import read_signal_table, signal_table
from hnlpeak.formats.spectrum_file import read_spectrum, split_spectrum_address
from hnlpeak.formats.table import table_text
from hnlpeak.limits.comparison import compare
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.search import Search
from hnlpeak.report.inputs import ReportInputs
from hnlpeak.report.write import write_report
from hnlpeak.searches.claim import open_run
from hnlpeak.searches.given import search_spectrum
from hnlpeak.searches.identity import Identity, identity
from hnlpeak.searches.kept import keep_inputs
from hnlpeak.searches.places import check_place
from hnlpeak.searches.plan import Injection
from hnlpeak.searches.real_data import RealData, listen
from hnlpeak.searches.run import search

__all__ = ["run_into", "scan_into", "write_search"]


def _rows_table(rows: Sequence[Mapping[str, Any]]) -> str:
    return table_text({name: [row[name] for row in rows] for name in rows[0]}) if rows else "\n"


def _round_masses(analysis: Analysis) -> list[float]:
    """The hypotheses at whole multiples of 10 MeV, for tables that people read."""
    return [mass for mass in analysis.card.scan.masses() if abs(mass / 10.0 - round(mass / 10.0)) < 1e-6]


def _composition_table(made: Search, masses: Sequence[float]) -> str:
    """Text of ``composition.csv``: events in each window by source, with MC errors, beside the estimate.

    Where the estimate is made of them, ``*_syst`` are the errors that they share between windows.
    """
    assert made.templates is not None
    rows = [made.result.row(mass) for mass in masses]
    low, high = (np.array([row[name] for row in rows]) for name in ("window_low_mev", "window_high_mev"))
    parts = window_composition(
        made.templates,
        selections=[row["selection"] for row in rows],
        low=low,
        high=high,
        decays=made.result.normalisation.n_kaon.value,
    )
    columns: dict[str, Any] = {
        "m_n_mev": masses,
        "n_observed": [row["n_observed"] for row in rows],
        "background": [row["background"] for row in rows],
        "background_error": [row["background_error"] for row in rows],
        "simulated": sum(events for events, _ in parts.values()),
    }
    common = made.result.background.details.relative_errors
    for source, (events, errors) in parts.items():
        columns[source] = events
        columns[f"{source}_error"] = errors
        if common:
            columns[f"{source}_syst"] = common.get(source, 0.0) * events
    return table_text(columns)


def write_search(place: Path, made: Search, analysis: Analysis, *, provenance: dict[str, str]) -> None:
    """Write the files, figures and report of a search; the manifest is left to the caller."""
    write_results(
        place,
        made.result,
        spectrum=made.data,
        signal=signal_table(analysis.card, made.signal, made.flux),
        cutflow=cutflow_table(made.cutflows) if made.cutflows else passed_table(made.data),
    )
    masses = _round_masses(analysis)
    write_text(place / "comparison.csv", _rows_table(compare(made.result, analysis.card, masses)))
    if made.templates is not None:
        write_text(place / "composition.csv", _composition_table(made, masses))
    event, candidate = made.event if made.event is not None else (None, None)
    inputs = ReportInputs(
        made.result,
        data=made.data,
        templates=made.templates,
        signal=made.signal,
        cutflows=made.cutflows,
        card=analysis.card,
        experiment=analysis.experiment,
        event=event,
        candidate=candidate,
        event_label=_event_label(candidate, provenance),
        provenance=provenance,
    )
    write_report(inputs, place)
    keep_inputs(inputs, place, card_text=analysis.text)


def _event_label(candidate: Mapping[str, float] | None, provenance: Mapping[str, str]) -> str:
    if candidate is None:
        return ""
    return (
        f"normalisation sample, seed {provenance.get('seed', '?')}, shard 0, event {candidate['number']:.0f}"
    )


def _search_into(
    place: Path,
    analysis: Analysis,
    make: Callable[[RunContext], Search],
    *,
    context: RunContext,
    belongs: Identity,
    overwrite: bool,
    inputs: Mapping[str, str],
    command: Sequence[str],
) -> SearchResult:
    """Make a search and write it; the manifest has a seed only where something was simulated."""
    started = datetime.now(UTC)
    with open_run(place, belongs, overwrite=overwrite) as claim:
        if claim.done:
            return read_result(place)
        made = make(replace(context, store=claim.store))
        provenance = {"analysis": analysis.card.name, "experiment": analysis.experiment.card.name}
        if made.decays:
            provenance["seed"] = str(context.seed)
        write_search(claim.stage, made, analysis, provenance=provenance)
        write_manifest(
            claim.stage,
            cards=analysis.cards,
            seed=context.seed if made.decays else None,
            command=command,
            started=started,
            extra={"inputs": dict(inputs), "decays_simulated": made.decays},
        )
    return made.result


def _checksums(files: Sequence[Path]) -> dict[str, str]:
    """SHA-256 of files by name, or by path where names repeat."""
    names = [file.name for file in files]
    return {str(file) if names.count(file.name) > 1 else file.name: sha256_of(file) for file in files}


def run_into(
    place: Path,
    analysis: Analysis,
    *,
    kaons: float | None,
    inject: Injection | None,
    data: RealData | None,
    context: RunContext,
    overwrite: bool,
    command: Sequence[str] = (),
) -> SearchResult:
    """Run ``analysis`` into the folder ``place``; an unfinished run of the same cards and seed is resumed.

    ``data`` are real candidates, selected. Raises ``UsageError`` for a finished or foreign folder,
    ``InputDataError`` for unusable data, ``HnlpeakError`` where the folder cannot be written.
    """
    check_place(place)
    selected = None if data is None else data.selected
    inputs = {} if data is None else _checksums(data.files)
    settings = {"kaons": kaons, "inject": None if inject is None else [inject.mass, inject.u2]}

    def make(context: RunContext) -> Search:
        return search(analysis, kaons=kaons, inject=inject, selected=selected, context=context)

    return _search_into(
        place,
        analysis,
        make,
        context=context,
        belongs=identity(analysis, context.seed, inputs, settings),
        overwrite=overwrite,
        inputs=inputs,
        command=command,
    )


def _signal(path: str, card: AnalysisCard) -> SignalModel:
    """The table's acceptances are for the window of the card, a folder's for that of its own result."""
    window = card.scan.window
    if Path(path).is_dir():
        window = read_result(path).settings.window
    return read_signal_table(path, window=window, masses=card.scan.masses())


def scan_into(
    place: Path,
    spectrum: str,
    analysis: Analysis,
    *,
    signal: str | None,
    n_kaon: Measured | None,
    context: RunContext,
    overwrite: bool,
    unit: str | None = None,
    force: bool = False,
    command: Sequence[str] = (),
) -> SearchResult:
    """Scan the spectrum at the address ``spectrum`` into the folder ``place``.

    ``signal`` is a table or the folder of an earlier run; without it the signal (and N_K unless stated) is simulated
    and an unfinished scan of the same cards, seed and spectrum is resumed. ``unit`` is that of the axis where the file
    does not say it; ``force`` takes a spectrum whose Standard-Model peak is not where it belongs. Raises as
    ``run_into``.
    """
    check_place(place)
    file = split_spectrum_address(spectrum)[0]
    given = read_spectrum(spectrum, unit=unit)
    if signal is None and n_kaon is None and not given.simulated:
        listen(doubts_about_peak(given, analysis.card), force=force)
    table = None if signal is None else _signal(signal, analysis.card)
    inputs = {file.name: sha256_of(file)}
    if signal is not None:
        used = Path(signal) / "signal.csv" if Path(signal).is_dir() else Path(signal)
        inputs[f"signal/{used.name}"] = sha256_of(used)
    settings = {
        "scan": spectrum.removeprefix(str(file)),
        "unit": unit,
        "n_kaon": None if n_kaon is None else [n_kaon.value, n_kaon.error],
    }

    def make(context: RunContext) -> Search:
        return search_spectrum(given, analysis, signal=table, n_kaon=n_kaon, context=context)

    return _search_into(
        place,
        analysis,
        make,
        context=context,
        belongs=identity(analysis, context.seed, inputs, settings),
        overwrite=overwrite,
        inputs=inputs,
        command=command,
    )
