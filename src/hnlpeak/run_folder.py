"""A whole run into a folder: claimed, resumed if it was interrupted, searched, written, and sealed by a manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from hnlpeak.analysis import Injection, Search, search
from hnlpeak.chain.sample_run import tally_candidates
from hnlpeak.core.atomic import write_text
from hnlpeak.core.kernel import source_digest
from hnlpeak.estimation.composition import window_composition
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.formats.candidates import read_candidates
from hnlpeak.formats.checkpoint import open_run
from hnlpeak.formats.manifest import sha256_of, write_manifest
from hnlpeak.formats.results import write_results
from hnlpeak.formats.root_file import split_address
from hnlpeak.formats.signal_table import signal_table
from hnlpeak.formats.table import table_text
from hnlpeak.formats.uhi import write_uhi
from hnlpeak.limits.comparison import compare
from hnlpeak.report.inputs import ReportInputs
from hnlpeak.report.write import write_report
from hnlpeak.selection.cutflow import Cutflow

__all__ = ["cutflow_table", "run_into", "write_search"]


def cutflow_table(cutflows: tuple[Cutflow, ...]) -> str:
    """Text of ``cutflow.csv``: selection, cut, passed, fraction of the step before, N - 1."""
    rows = [row for cutflow in cutflows for row in cutflow.rows()]
    return table_text({name: [row[name] for row in rows] for name in rows[0]})


def _rows_table(rows: Sequence[Mapping[str, Any]]) -> str:
    return table_text({name: [row[name] for row in rows] for name in rows[0]}) if rows else "\n"


def _round_masses(analysis: Analysis) -> list[float]:
    """The hypotheses at whole multiples of 10 MeV, for tables that people read."""
    return [mass for mass in analysis.card.scan.masses() if abs(mass / 10.0 - round(mass / 10.0)) < 1e-6]


def _composition_table(made: Search, masses: Sequence[float]) -> str:
    """Text of ``composition.csv``: events in each window by source, with MC errors, and the side-band estimate."""
    assert made.templates is not None
    rows = [made.result.row(mass) for mass in masses]
    low, high = (np.array([row[name] for row in rows]) for name in ("window_low_mev", "window_high_mev"))
    parts = window_composition(
        made.templates,
        selections=[row["selection"] for row in rows],
        low=low,
        high=high,
        decays=made.flux.n_kaon.value,
    )
    columns: dict[str, Any] = {
        "m_n_mev": masses,
        "n_observed": [row["n_observed"] for row in rows],
        "background": [row["background"] for row in rows],
        "background_error": [row["background_error"] for row in rows],
        "simulated": sum(events for events, _ in parts.values()),
    }
    for source, (events, errors) in parts.items():
        columns[source] = events
        columns[f"{source}_error"] = errors
    return table_text(columns)


def write_search(place: Path, made: Search, analysis: Analysis, *, provenance: dict[str, str]) -> None:
    """Write the files, figures and report of a search; the manifest is left to the caller."""
    write_results(
        place,
        made.result,
        spectrum=made.data,
        signal=signal_table(analysis.card, made.signal, made.flux),
        cutflow=cutflow_table(made.cutflows),
    )
    masses = _round_masses(analysis)
    write_text(place / "comparison.csv", _rows_table(compare(made.result, analysis.card, masses)))
    if made.templates is not None:
        write_uhi(place / "templates.json", made.templates)
        write_text(place / "composition.csv", _composition_table(made, masses))
    event, candidate = made.event if made.event is not None else (None, None)
    write_report(
        ReportInputs(
            made.result,
            data=made.data,
            templates=made.templates,
            signal=made.signal,
            cutflows=made.cutflows,
            card=analysis.card,
            experiment=analysis.experiment,
            event=event,
            candidate=candidate,
            event_label="first reconstructed decay of the normalisation sample (shard 0)",
            provenance=provenance,
        ),
        place,
    )


def run_into(
    place: Path,
    analysis: Analysis,
    *,
    seed: int,
    kaons: float | None,
    inject: Injection | None,
    data: str | None,
    workers: int,
    overwrite: bool,
    progress: Callable[[str, int], None] | None,
    command: tuple[str, ...] = (),
) -> Search:
    """Run ``analysis`` into the folder ``place``; an unfinished run of the same cards and seed is resumed.

    ``data`` is the address of an ntuple of real candidates. Raises ``UsageError`` for a finished or foreign folder,
    ``InputDataError`` for unusable data, ``HnlpeakError`` where the folder cannot be written.
    """
    started = datetime.now(UTC)
    candidates = None if data is None else read_candidates(data, analysis)
    if candidates is not None:
        tally_candidates(candidates, analysis.card)
    inputs = {} if data is None else {Path(data).name: sha256_of(split_address(data)[0])}
    identity = {
        "cards": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in analysis.cards.items()},
        "seed": seed,
        "kaons": kaons,
        "inject": None if inject is None else [inject.mass, inject.u2],
        "inputs": inputs,
        "sources": source_digest(),
    }
    with open_run(place, identity, overwrite=overwrite) as store:
        made = search(
            analysis,
            seed=seed,
            kaons=kaons,
            inject=inject,
            candidates=candidates,
            workers=workers,
            progress=progress,
            store=store,
        )
        provenance = {
            "analysis": analysis.card.name,
            "experiment": analysis.experiment.card.name,
            "seed": str(seed),
        }
        write_search(store.stage, made, analysis, provenance=provenance)
        write_manifest(
            store.stage,
            cards=analysis.cards,
            seed=seed,
            command=command,
            started=started,
            extra={"inputs": inputs, "decays_simulated": made.decays},
        )
    return made
