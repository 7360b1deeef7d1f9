"""One shard of a sample as a task: a record of arrays and numbers in, integers out.

Records and functions can be pickled, so that tasks run on threads, in processes or on a cluster alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.chain.loop import calibrate_loop, new_buffers, sample_loop
from hnlpeak.core.errors import HnlpeakError, PartialResult
from hnlpeak.execution.run import WorkerLost
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.reconstruction.calibration import N_SUMS, BeamCalibration
from hnlpeak.reconstruction.candidates import Assumed
from hnlpeak.selection.cuts import cut_table
from hnlpeak.selection.tally import PackedTally, Selection, Tally, new_tally
from hnlpeak.simulation.foregone import FOLLOW_ALL, Foregone
from hnlpeak.simulation.generation import Total
from hnlpeak.simulation.sample import LEPTONS, Sample
from hnlpeak.simulation.streams import decay_stream
from hnlpeak.spectrum.axis import missing_mass_axis
from hnlpeak.theory.species import MASS

__all__ = [
    "CalibrationTask",
    "Order",
    "Shard",
    "ShardSpec",
    "ShardTask",
    "assumed_of",
    "calibrate_task",
    "lost_shard",
    "selection_of",
    "tally_task",
]

Shard = tuple[int, int]
"""Index of a shard and its number of decays."""


@dataclass(frozen=True, eq=False)
class ShardSpec:
    """What every shard of a sample needs: packed experiment, sample, seed, number of candidate columns."""

    setup: NDArray[Any]
    sample: Sample
    seed: int
    columns: int

    def frozen_setup(self) -> NDArray[Any]:
        """The set-up, read-only: pickling forgets that, and kernels are compiled for read-only set-ups."""
        setup = self.setup.view()
        setup.setflags(write=False)
        return setup


def selection_of(card: AnalysisCard, columns: Sequence[str]) -> Selection:
    """How candidates with these ``columns`` are selected and filled; ``CardError`` for a cut on another column."""
    names = list(columns)
    places = (names.index(name) for name in ("m2_miss_mev2", "source", "weight"))
    return Selection(cut_table(card, names), missing_mass_axis(card.channel.meson), *places)


def assumed_of(card: AnalysisCard, calibration: BeamCalibration) -> Assumed:
    """What reconstruction takes for granted in a search: the calibrated beam and the lepton of the channel."""
    return Assumed(calibration.packed(), float(MASS[LEPTONS[card.channel.lepton]]))


@dataclass(frozen=True, eq=False)
class Order:
    """All that a sample's tally is made with."""

    spec: ShardSpec
    assumed: Assumed
    foregone: Foregone
    selection: Selection

    def empty(self) -> Tally:
        """The tally of no shard."""
        sample = self.spec.sample
        return new_tally(
            self.selection, components=len(sample.components), totals=Total.WIDTH, weighted=sample.weighted
        )


@dataclass(frozen=True, eq=False)
class ShardTask:
    """One shard of an order."""

    order: Order
    shard: Shard


def tally_task(task: ShardTask) -> PackedTally:
    """Simulate, reconstruct and select one shard; what is foregone counts in the cut-flow alone."""
    order, (index, decays) = task.order, task.shard
    spec, tally = order.spec, order.empty()
    sample = spec.sample
    try:
        sample_loop(
            decays,
            spec.frozen_setup(),
            sample.table,
            decay_stream(spec.seed, sample.name, index),
            order.assumed,
            order.foregone,
            order.selection,
            new_buffers(spec.columns),
            tally.counts,
            tally.totals,
        )
    except OverflowError as error:
        raise HnlpeakError(
            f"sample {sample.name!r}, shard {index}: {error}: simulate fewer decays"
        ) from error
    return tally.packed()


@dataclass(frozen=True, eq=False)
class CalibrationTask:
    """One shard of a sample of three-track decays."""

    spec: ShardSpec
    shard: Shard


def calibrate_task(task: CalibrationTask) -> NDArray[np.int64]:
    """Integer sums (``reconstruction.calibration``) of the fully reconstructed three-track decays of one shard."""
    spec, (index, decays) = task.spec, task.shard
    sums = np.zeros(N_SUMS, dtype=np.int64)
    calibrate_loop(
        decays,
        spec.frozen_setup(),
        spec.sample.table,
        FOLLOW_ALL,
        decay_stream(spec.seed, spec.sample.name, index),
        new_buffers(spec.columns),
        sums,
        np.zeros(Total.WIDTH, dtype=np.int64),
    )
    return sums


def lost_shard(task: ShardTask | CalibrationTask, lost: WorkerLost) -> PartialResult:
    """The error that names a shard which cannot be done because its workers die."""
    spec = task.order.spec if isinstance(task, ShardTask) else task.spec
    return PartialResult(
        f"sample {spec.sample.name!r}, shard {task.shard[0]}: its worker died {lost.deaths} times, "
        "so it cannot be done"
    )
