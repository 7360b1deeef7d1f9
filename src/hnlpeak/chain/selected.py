"""Which events of a small sample are selected: their numbers, missing masses and weights.

Numbers of a decay are its own (``core.random``): samples under one key that are made by different experiments hold the
same decays, and two lists of selected events tell which of them are selected by one experiment alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hnlpeak.chain.blocks import blocks
from hnlpeak.chain.sample_run import SamplePart
from hnlpeak.chain.shards import ShardSpec, assumed_of
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.columns import Column, column_names
from hnlpeak.selection.judge import CutTable, passing
from hnlpeak.simulation.foregone import Foregone
from hnlpeak.simulation.streams import shard_sizes
from hnlpeak.spectrum.axis import signed_sqrt

__all__ = ["SelectedEvents", "SelectionTask", "joined", "selected_events"]

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SelectedEvents:
    """Events by rising ``number``, signed missing masses (MeV), weights; ``decays`` of the sample in the volume.

    ``passed`` [selection] tells which of them each selection takes.
    """

    number: NDArray[np.int64]
    m_miss: Vector
    weight: Vector
    passed: dict[str, NDArray[np.bool_]]
    decays: float

    def between(self, selection: str, low: float, high: float) -> tuple[NDArray[np.int64], Vector]:
        """Numbers and weights of the events of ``selection`` with missing masses from ``low`` to ``high`` (MeV)."""
        taken = self.passed[selection] & (self.m_miss >= low) & (self.m_miss < high)
        return self.number[taken], self.weight[taken]


@dataclass(frozen=True, eq=False)
class SelectionTask:
    """A part of a sample, under ``name``, whose events that pass any of ``selections`` are wanted.

    ``cuts`` and ``foregone`` are those of the ``card``, packed once for all tasks that share them.
    """

    name: str
    part: SamplePart
    card: AnalysisCard
    selections: Sequence[str]
    seed: int
    cuts: CutTable
    foregone: Foregone


def selected_events(task: SelectionTask) -> SelectedEvents:
    """Simulate the part of the task; the events that any of its selections takes."""
    (sample, experiment, calibration), card = task.part, task.card
    names = column_names(experiment.timed_systems)
    spec, assumed = ShardSpec(experiment.setup, sample, task.seed, len(names)), assumed_of(card, calibration)
    places = [[s.name for s in card.selections].index(name) for name in task.selections]
    rows, verdicts, first, decays = [np.zeros((3, 0))], [np.zeros((len(places), 0), dtype=bool)], 0, 0
    for shard in enumerate(shard_sizes(sample.decays)):
        for block in blocks(spec, assumed, shard, foregone=task.foregone):
            decays += block.in_fiducial
            found = np.array([passing(block.candidates, place, task.cuts) for place in places])
            some = found.any(axis=0)
            kept = block.candidates[[Column.NUMBER, Column.M2_MISS, Column.WEIGHT]][:, some]
            kept[0] += first
            rows.append(kept)
            verdicts.append(found[:, some])
        first += shard[1]
    number, m2, weight = np.concatenate(rows, axis=1)
    passed = np.concatenate(verdicts, axis=1)
    return SelectedEvents(
        number.astype(np.int64),
        np.asarray(signed_sqrt(m2)),
        weight,
        dict(zip(task.selections, passed, strict=True)),
        float(decays),
    )


def joined(parts: Sequence[SelectedEvents], sizes: Sequence[int]) -> SelectedEvents:
    """The parts of a sample, of ``sizes`` decays, as one: numbers go on from part to part."""
    starts = np.cumsum([0, *sizes[:-1]])
    return SelectedEvents(
        np.concatenate([part.number + start for part, start in zip(parts, starts, strict=True)]),
        np.concatenate([part.m_miss for part in parts]),
        np.concatenate([part.weight for part in parts]),
        {name: np.concatenate([part.passed[name] for part in parts]) for name in parts[0].passed},
        sum(part.decays for part in parts),
    )
