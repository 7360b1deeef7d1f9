"""One sample through the chain, shard by shard: in come cards, out come a spectrum, a cut-flow, a calibration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from hnlpeak.chain.blocks import blocks
from hnlpeak.chain.parts import tally_orders
from hnlpeak.chain.shards import Order, ShardSpec, ShardTask, assumed_of, lost_shard, selection_of
from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.execution.context import RunContext
from hnlpeak.execution.run import WorkerLost
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.columns import Column, column_names
from hnlpeak.experiment.experiment import Experiment
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.reconstruction.candidates import Candidates
from hnlpeak.selection.cutflow import Cutflow
from hnlpeak.selection.cuts import cut_names
from hnlpeak.selection.foregone import foregone_of, last_veto
from hnlpeak.selection.tally import PackedTally, Tally, fill, new_tally
from hnlpeak.simulation.generation import Total
from hnlpeak.simulation.sample import Sample
from hnlpeak.simulation.streams import shard_sizes
from hnlpeak.spectrum.axis import missing_mass_axis
from hnlpeak.spectrum.fixed_point import FLOW_POINT, LARGEST_SUM
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = [
    "SampleResult",
    "run_sample",
    "run_samples",
    "simulate_candidates",
    "tally_candidates",
    "tally_chunks",
]


SamplePart = tuple[Sample, Experiment, BeamCalibration]
"""A sample, or the share of it in one period, with the experiment and the mean beam of that period."""


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
    components: tuple[str, ...],
    label: str,
    simulated: bool,
    in_fiducial: int | None,
    *,
    every: int = 1,
) -> SampleResult:
    names = cut_names(card)
    common = {
        "selections": [selection.name for selection in card.selections],
        "components": list(components),
        "simulated": simulated,
        "label": label,
        "decays_in_fiducial": None if in_fiducial is None else float(in_fiducial),
        "axis": missing_mass_axis(card.channel.meson).regular(),
    }
    if tally.squares.size:
        spectrum = Spectrum.from_weights(tally.spectrum, tally.squares, **common)  # type: ignore[arg-type]
        passed, only = tally.passed / FLOW_POINT, tally.only_failed / FLOW_POINT
    else:
        spectrum = Spectrum.from_counts(tally.spectrum, **common)  # type: ignore[arg-type]
        passed, only = tally.passed.astype(float), tally.only_failed.astype(float)
    cutflows = tuple(
        Cutflow(
            selection.name,
            names[selection.name],
            components,
            passed[s, :, : len(names[selection.name]) + 1],
            only[s, :, : len(names[selection.name])],
            None if in_fiducial is None else float(in_fiducial),
            every,
            min(last_veto(card, selection.name), len(names[selection.name])) if every > 1 else 0,
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
    return run_samples({sample.name: [(sample, experiment, calibration)]}, card, context)[sample.name]()


def run_samples(
    samples: Mapping[str, Sequence[SamplePart]], card: AnalysisCard, context: RunContext
) -> dict[str, Callable[[], SampleResult]]:
    """Many samples on one pool, each the sum of ``run_sample`` over its parts; labelled by their names.

    Results are unpacked when they are called for: all at once would take a gigabyte. ``PartialResult`` naming
    the shard that cannot be done because its workers die.
    """
    orders = [_order(*part, card, context.seed) for parts in samples.values() for part in parts]
    try:
        tallies = iter(tally_orders(orders, context))
    except WorkerLost as lost:
        if not isinstance(lost.item, ShardTask):
            raise
        raise lost_shard(lost.item, lost) from lost
    return {
        name: partial(_unpacked, [next(tallies) for _ in parts], card, parts[0][0].components, name)
        for name, parts in samples.items()
    }


def _unpacked(
    tallies: Sequence[PackedTally], card: AnalysisCard, components: tuple[str, ...], name: str
) -> SampleResult:
    """The result of a sample whose parts gave ``tallies``."""
    total = tallies[0].unpacked()
    for more in tallies[1:]:
        total.add(more)
    in_fiducial, every = int(total.totals[Total.IN_FIDUCIAL]), card.samples.cutflow_every
    return _result(total, card, components, name, True, in_fiducial, every=every)


def _order(
    sample: Sample, experiment: Experiment, calibration: BeamCalibration, card: AnalysisCard, seed: int
) -> Order:
    columns = column_names(experiment.timed_systems)
    return Order(
        ShardSpec(experiment.setup, sample, seed, len(columns)),
        assumed_of(card, calibration),
        foregone_of(card, experiment),
        selection_of(card, columns),
    )


def simulate_candidates(
    sample: Sample, experiment: Experiment, card: AnalysisCard, calibration: BeamCalibration, *, seed: int
) -> Candidates:
    """All candidates of a sample in memory, from the same stages and the same streams as the fast loop."""
    names = column_names(experiment.timed_systems)
    spec, assumed = ShardSpec(experiment.setup, sample, seed, len(names)), assumed_of(card, calibration)
    parts = [np.zeros((len(names), 0))]
    first = in_fiducial = 0
    for shard in _shards(sample):
        for block in blocks(spec, assumed, shard):
            found = block.candidates.copy()
            found[Column.NUMBER] += first
            parts.append(found)
            in_fiducial += block.in_fiducial
        first += shard[1]
    table = np.concatenate(parts, axis=1)
    return Candidates(
        dict(zip(names, table, strict=True)),
        True,
        sample.components,
        sample.name,
        float(in_fiducial),
    )


def tally_candidates(candidates: Candidates, card: AnalysisCard) -> SampleResult:
    """Select candidates, real or simulated; the same cuts, cut-flow and spectrum as in the fast loop."""
    return tally_chunks([candidates], card)


def tally_chunks(chunks: Iterable[Candidates], card: AnalysisCard) -> SampleResult:
    """The same for candidates that come in pieces, one in memory at a time.

    ``InputDataError`` where there are none, where pieces disagree about what they are, and for weights that integers
    cannot hold.
    """
    tally: Tally | None = None
    first: Candidates | None = None
    decays: float | None = 0.0
    for chunk in chunks:
        first = first or chunk
        if (chunk.components, chunk.simulated) != (first.components, first.simulated):
            raise InputDataError(
                f"{chunk.label}: components {chunk.components}, simulated {chunk.simulated}; "
                f"{first.label} has {first.components}, {first.simulated}"
            )
        made = _tally_of(chunk, card)
        tally = made if tally is None else _joined(tally, made, chunk.label)
        known = decays is not None and chunk.decays_in_fiducial is not None
        decays = decays + chunk.decays_in_fiducial if known else None  # type: ignore[operator]
    if first is None or tally is None:
        raise InputDataError("no candidates")
    in_fiducial = None if decays is None else int(decays)
    return _result(tally, card, first.components, first.label, first.simulated, in_fiducial)


def _joined(a: Tally, b: Tally, label: str) -> Tally:
    try:
        return a + b if a.unit == b.unit else a.weighted() + b.weighted()
    except UsageError as error:
        raise InputDataError(f"{label}, with what came before: {error}") from error


def _tally_of(candidates: Candidates, card: AnalysisCard) -> Tally:
    n = len(candidates)
    columns = {name: np.asarray(column, dtype=np.float64) for name, column in candidates.columns.items()}
    weighted = "weight" in columns and bool(np.any(columns["weight"] != 1.0))
    columns.setdefault("source", np.zeros(n))
    columns.setdefault("weight", np.ones(n))
    if not np.all(columns["source"] < len(candidates.components)):
        raise InputDataError(f"{candidates.label}: column 'source' is not below {len(candidates.components)}")
    selection = selection_of(card, list(columns))
    tally = new_tally(selection, components=len(candidates.components), totals=Total.WIDTH, weighted=weighted)
    try:
        fill(n, np.array(list(columns.values())), selection, tally.counts)
    except OverflowError as error:
        raise InputDataError(
            f"{candidates.label}: column 'weight': {error} (sums of weights and of their squares up to "
            f"{LARGEST_SUM:g}): scale the weights down"
        ) from error
    return tally
