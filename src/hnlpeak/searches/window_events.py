"""Which events are in the window of a mass: of a finished search's own pseudo-data, made again, or of its files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.chain.blocks import blocks
from hnlpeak.chain.sample_run import SamplePart
from hnlpeak.chain.shards import Shard, ShardSpec, assumed_of
from hnlpeak.core.errors import UsageError
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.columns import Column, column_names
from hnlpeak.formats.addresses import expand
from hnlpeak.formats.candidates import CandidateFile
from hnlpeak.limits.search import Search
from hnlpeak.searches.plan import Injection, plan
from hnlpeak.searches.samples import calibrated
from hnlpeak.selection.cuts import cut_table
from hnlpeak.selection.foregone import foregone_of
from hnlpeak.selection.judge import passing
from hnlpeak.simulation.streams import shard_sizes
from hnlpeak.spectrum.axis import signed_sqrt

__all__ = ["MassWindow", "events_of_files", "events_of_search", "window_of_mass"]

_SHOWN = ("p_mev", "theta_rad", "z_vtx_mm", "cda_mm", "e_over_p")
"""Columns that are listed, as far as a candidate has them."""

Row = dict[str, Any]


@dataclass(frozen=True)
class MassWindow:
    """The ``selection`` and missing masses (MeV) of a hypothesis, and how many ``observed`` events the search has."""

    mass: float
    selection: str
    low: float
    high: float
    observed: float


def window_of_mass(search: Search, mass: float) -> MassWindow:
    """Return the window of ``mass`` (MeV). ``UsageError`` where there is no hypothesis."""
    row = search.result.row(mass)
    ends = (row["window_low_mev"], row["window_high_mev"])
    return MassWindow(row["m_n_mev"], row["selection"], *ends, row["n_observed"])


def _rows(
    columns: Mapping[str, NDArray[np.float64]], card: AnalysisCard, window: MassWindow, about: Row
) -> Iterator[Row]:
    """Candidates in the window, each with what is known ``about`` all of them."""
    names = list(columns)
    table = np.array([columns[name] for name in names])
    place = [selection.name for selection in card.selections].index(window.selection)
    m_miss = np.asarray(signed_sqrt(columns["m2_miss_mev2"]))
    inside = passing(table, place, cut_table(card, names)) & (m_miss >= window.low) & (m_miss < window.high)
    for i in np.flatnonzero(inside):
        shown = {name: float(columns[name][i]) for name in _SHOWN if name in columns}
        number = int(columns["number"][i]) if "number" in columns else int(i)
        yield {**about, "event": number, "m_miss_mev": float(m_miss[i]), **shown}


@dataclass(frozen=True, eq=False)
class _Task:
    """A shard of a part of the data."""

    part: SamplePart
    shard: Shard
    period: int


def _of_shard(task: _Task, *, card: AnalysisCard, window: MassWindow, seed: int) -> list[Row]:
    sample, experiment, calibration = task.part
    names = column_names(experiment.timed_systems)
    spec, assumed = ShardSpec(experiment.setup, sample, seed, len(names)), assumed_of(card, calibration)
    rows = []
    foregone = foregone_of(card, experiment)._replace(energies=True)  # no cut may ask, but they are listed
    for block in blocks(spec, assumed, task.shard, foregone=foregone):
        columns = dict(zip(names, block.candidates, strict=True))
        about = {"sample": sample.name, "shard": task.shard[0]}
        for row in _rows(columns, card, window, about):
            source = int(
                columns["source"][np.flatnonzero(block.candidates[Column.NUMBER] == row["event"])[0]]
            )
            rows.append({**row, "source": sample.components[source]})
    return rows


def events_of_search(
    search: Search, window: MassWindow, context: RunContext, *, most: int | None = None
) -> Iterator[Row]:
    """Yield the simulated events in the ``window`` with their truth (``source``), at ``most`` so many of the first.

    The pseudo-data are made again, shard by shard, until there are enough: all of them take the time of the run.
    ``UsageError`` for a folder whose data were not simulated decay by decay.
    """
    result, analysis = search.result, search.analysis
    if analysis is None or result.simulation is None or result.exposure is None:
        raise UsageError(f"{result.analysis}: the folder does not say how its data were simulated")
    exposure = result.exposure
    if exposure.decays is None:
        raise UsageError(f"{result.analysis}: the data are real; name their files with --data")
    if exposure.pseudo_data is not None:
        raise UsageError(
            f"{result.analysis}: pseudo-data {exposure.pseudo_data!r} are a spectrum without events"
        )
    signal = exposure.injected
    inject = None if signal is None else Injection(signal.mass, signal.u2)
    todo = plan(analysis, kaons=exposure.decays, inject=inject)
    if todo.data is None:
        raise ValueError("a search in simulated data has a sample of them")
    samples = calibrated(analysis, todo, context)
    tasks = [
        _Task(part, shard, period)
        for period, part in enumerate(samples.parts(todo.data))
        for shard in enumerate(shard_sizes(part[0].decays))
    ]
    found = 0
    task = partial(_of_shard, card=analysis.card, window=window, seed=context.seed)
    step = max(1, context.workers)
    for first in range(0, len(tasks), step):
        made = dict(context.stream(tasks[first : first + step], task))
        for each in tasks[first : first + step]:
            context.report(todo.data.name, each.shard[1])
            for row in made[each]:
                if found == most:
                    return
                found += 1
                yield row


def events_of_files(
    analysis: Analysis, window: MassWindow, files: Sequence[str], *, most: int | None = None
) -> Iterator[Row]:
    """Yield the candidates of ``files`` in the ``window``; ``event`` is their number, or place in the file.

    ``InputDataError`` where a file cannot be read.
    """
    found = 0
    for address in expand(files):
        before = 0
        for chunk in CandidateFile(address, analysis).chunks():
            columns = {name: np.asarray(column) for name, column in chunk.columns.items()}
            columns.setdefault("number", before + np.arange(len(chunk), dtype=np.float64))
            before += len(chunk)
            for row in _rows(columns, analysis.card, window, {"file": str(address)}):
                if found == most:
                    return
                found += 1
                yield row
