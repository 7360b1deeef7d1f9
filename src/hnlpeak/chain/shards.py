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
from hnlpeak.core.errors import HnlpeakError
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.reconstruction.calibration import N_SUMS, BeamCalibration
from hnlpeak.reconstruction.candidates import Assumed
from hnlpeak.selection.cuts import cut_table
from hnlpeak.selection.tally import Selection, Tally, new_tally
from hnlpeak.simulation.foregone import FOLLOW_ALL, Foregone
from hnlpeak.simulation.generation import Total
from hnlpeak.simulation.sample import LEPTONS, Sample
from hnlpeak.simulation.streams import decay_stream
from hnlpeak.spectrum.axis import missing_mass_axis
from hnlpeak.theory.species import MASS

__all__ = [
    "Shard",
    "ShardSpec",
    "assumed_of",
    "calibrate_shard",
    "empty_tally",
    "selection_of",
    "tally_shard",
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


def empty_tally(spec: ShardSpec, selection: Selection) -> Tally:
    """The tally of no shard."""
    sample = spec.sample
    return new_tally(selection, sources=len(sample.sources), totals=Total.WIDTH, weighted=sample.weighted)


def tally_shard(
    spec: ShardSpec, assumed: Assumed, foregone: Foregone, selection: Selection, shard: Shard
) -> Tally:
    """Simulate, reconstruct and select one shard; what is ``foregone`` counts in the cut-flow alone."""
    index, decays = shard
    sample, tally = spec.sample, empty_tally(spec, selection)
    try:
        sample_loop(
            decays,
            spec.frozen_setup(),
            sample.table,
            decay_stream(spec.seed, sample.name, index),
            assumed,
            foregone,
            selection,
            new_buffers(spec.columns),
            tally.counts,
            tally.totals,
        )
    except OverflowError as error:
        raise HnlpeakError(
            f"sample {sample.name!r}, shard {index}: {error}: simulate fewer decays"
        ) from error
    return tally


def calibrate_shard(spec: ShardSpec, shard: Shard) -> NDArray[np.int64]:
    """Integer sums (``reconstruction.calibration``) of the fully reconstructed three-track decays of one shard."""
    index, decays = shard
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
