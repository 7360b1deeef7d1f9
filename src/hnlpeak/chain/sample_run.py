"""One sample through the chain, shard by shard: in come cards, out come a spectrum, a cut-flow, a calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from hnlpeak.chain.loop import BLOCK_DECAYS, new_buffers
from hnlpeak.chain.parts import tally_in_parts
from hnlpeak.chain.shards import SelectionSpec, ShardSpec, calibrate_shard, tally_shard
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.experiment import Experiment
from hnlpeak.reconstruction.calibration import BeamCalibration, calibration_from_sums
from hnlpeak.reconstruction.candidates import Candidates, reconstruct
from hnlpeak.reconstruction.columns import COLUMN_MEANING, Column, column_names
from hnlpeak.selection.cutflow import Cutflow
from hnlpeak.selection.cuts import cut_names, cut_table
from hnlpeak.selection.tally import Tally, fill, new_tally
from hnlpeak.simulation.generation import Total, generate
from hnlpeak.simulation.response import respond
from hnlpeak.simulation.sample import LEPTONS, Sample
from hnlpeak.simulation.streams import shard_sizes, stream
from hnlpeak.spectrum.fixed_point import from_fixed
from hnlpeak.spectrum.spectrum import Spectrum
from hnlpeak.theory.species import MASS

__all__ = ["SampleResult", "calibrate", "run_sample", "simulate_candidates", "tally_candidates"]


@dataclass(frozen=True, eq=False)
class SampleResult:
    """What one sample gives: its spectrum, its cut-flow per selection, its numbers of decays."""

    spectrum: Spectrum
    cutflows: tuple[Cutflow, ...]
    decays: int
    decays_in_fiducial: int
    triggered: int


def _shards(sample: Sample) -> list[tuple[int, int]]:
    return list(enumerate(shard_sizes(sample.decays)))


def _result(
    tally: Tally,
    card: AnalysisCard,
    sources: tuple[str, ...],
    label: str,
    simulated: bool,
    in_fiducial: int | None,
) -> SampleResult:
    names = cut_names(card)
    common = {
        "selections": [selection.name for selection in card.selections],
        "sources": list(sources),
        "simulated": simulated,
        "label": label,
        "decays_in_fiducial": None if in_fiducial is None else float(in_fiducial),
    }
    if tally.squares.size:
        spectrum = Spectrum.from_weights(tally.spectrum, tally.squares, **common)  # type: ignore[arg-type]
        passed, only = from_fixed(tally.passed), from_fixed(tally.only_failed)
    else:
        spectrum = Spectrum.from_counts(tally.spectrum, **common)  # type: ignore[arg-type]
        passed, only = tally.passed.astype(float), tally.only_failed.astype(float)
    cutflows = tuple(
        Cutflow(
            selection.name,
            names[selection.name],
            sources,
            passed[s, :, : len(names[selection.name]) + 1],
            only[s, :, : len(names[selection.name])],
            None if in_fiducial is None else float(in_fiducial),
        )
        for s, selection in enumerate(card.selections)
    )
    totals = tally.totals
    return SampleResult(
        spectrum,
        cutflows,
        int(totals[Total.DECAYS]),
        int(totals[Total.IN_FIDUCIAL]),
        int(totals[Total.TRIGGERED]),
    )


def run_sample(
    sample: Sample,
    experiment: Experiment,
    card: AnalysisCard,
    calibration: BeamCalibration,
    context: RunContext,
) -> SampleResult:
    """Simulate, reconstruct and select a sample; the result depends on (cards, seed, sample) alone.

    Parts that the ``store`` of ``context`` has are taken from it, others are kept there.
    """
    columns = column_names(experiment.timed_systems)
    task = partial(
        tally_shard,
        ShardSpec(experiment.setup, sample, context.seed, len(columns)),
        SelectionSpec(
            calibration.packed(), float(MASS[LEPTONS[card.channel.lepton]]), cut_table(card, columns)
        ),
    )

    def done(shard: tuple[int, int]) -> None:
        context.report(sample.name, shard[1])

    def part(shards: Sequence[tuple[int, int]]) -> Tally:
        return context.run(shards, task, Tally.__add__, on_done=done)

    tally = tally_in_parts(sample.name, _shards(sample), part, context.store, done)
    return _result(tally, card, sample.sources, sample.name, True, int(tally.totals[Total.IN_FIDUCIAL]))


def calibrate(sample: Sample, experiment: Experiment, context: RunContext) -> BeamCalibration:
    """Mean beam from the fully reconstructed three-track decays of a sample, as ``run_sample`` runs it."""
    columns = len(column_names(experiment.timed_systems))
    task = partial(calibrate_shard, ShardSpec(experiment.setup, sample, context.seed, columns))

    def done(shard: tuple[int, int]) -> None:
        context.report(sample.name, shard[1])

    sums = context.run(_shards(sample), task, np.add, on_done=done)
    return calibration_from_sums(
        sums, experiment.setup, f"{sample.decays} simulated {'+'.join(sample.sources)} decays"
    )


def simulate_candidates(
    sample: Sample, experiment: Experiment, card: AnalysisCard, calibration: BeamCalibration, *, seed: int
) -> Candidates:
    """All candidates of a sample in memory, from the same stages and the same streams as the fast loop."""
    names = column_names(experiment.timed_systems)
    mass = float(MASS[LEPTONS[card.channel.lepton]])
    packed = calibration.packed()
    buffers = new_buffers(len(names))
    totals = np.zeros(Total.WIDTH, dtype=np.int64)
    parts = [np.zeros((len(names), 0))]
    first = 0
    for index, decays in _shards(sample):
        rng = stream(seed, sample.name, index)
        done = 0
        while done < decays:
            size = min(BLOCK_DECAYS, decays - done)
            events = generate(
                size,
                first + done,
                experiment.setup,
                sample.table,
                rng,
                buffers.block,
                buffers.daughters,
                buffers.kaon,
                totals,
            )
            respond(events, experiment.setup, rng, buffers.block)
            n = reconstruct(
                events,
                experiment.setup,
                packed,
                mass,
                buffers.block,
                buffers.scratch,
                buffers.tracks,
                buffers.candidates,
            )
            parts.append(buffers.candidates[:, :n].copy())
            done += size
        first += decays
    table = np.concatenate(parts, axis=1)
    return Candidates(
        dict(zip(names, table, strict=True)),
        True,
        sample.sources,
        sample.name,
        float(totals[Total.IN_FIDUCIAL]),
    )


def tally_candidates(candidates: Candidates, card: AnalysisCard) -> SampleResult:
    """Select candidates, real or simulated; the same cuts, cut-flow and spectrum as in the fast loop."""
    names = list(candidates.columns)
    cuts = cut_table(card, names)
    n = len(candidates)
    weights = candidates.columns.get("weight")
    weighted = weights is not None and bool(np.any(weights != 1.0))
    table = [np.asarray(column, dtype=np.float64) for column in candidates.columns.values()]
    rows = [names.index("m2_miss_mev2")]
    for name, default in (("source", 0.0), ("weight", 1.0)):
        if name in names:
            rows.append(names.index(name))
        else:
            table.append(np.full(n, default))
            rows.append(len(table) - 1)
    tally = new_tally(
        len(card.selections), len(candidates.sources), cuts.steps.shape[1], Total.WIDTH, weighted=weighted
    )
    fill(
        n,
        np.array(table),
        np.array(rows, dtype=np.int64),
        cuts,
        tally.unit,
        tally.spectrum,
        tally.squares,
        tally.passed,
        tally.only_failed,
    )
    in_fiducial = candidates.decays_in_fiducial
    return _result(
        tally,
        card,
        candidates.sources,
        candidates.label,
        candidates.simulated,
        None if in_fiducial is None else int(in_fiducial),
    )


assert list(COLUMN_MEANING)[Column.WEIGHT] == "weight"
