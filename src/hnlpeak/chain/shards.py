"""One shard of a sample as a task: a record of arrays and numbers in, integers out.

Records and functions can be pickled, so that tasks run on threads, in processes or on a cluster alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.chain.loop import calibrate_loop, new_buffers, sample_loop
from hnlpeak.reconstruction.calibration import N_SUMS
from hnlpeak.reconstruction.columns import Column
from hnlpeak.selection.cuts import CutTable
from hnlpeak.selection.tally import Tally, new_tally
from hnlpeak.simulation.generation import Total
from hnlpeak.simulation.sample import Sample
from hnlpeak.simulation.streams import stream

__all__ = ["SelectionSpec", "Shard", "ShardSpec", "calibrate_shard", "tally_shard"]

Shard = tuple[int, int]
"""Index of a shard and its number of decays."""

ROWS = np.array([Column.M2_MISS, Column.SOURCE, Column.WEIGHT], dtype=np.int64)


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


@dataclass(frozen=True, eq=False)
class SelectionSpec:
    """What turns candidates into a tally: packed mean beam, lepton mass (MeV), cuts."""

    calibration: NDArray[np.float64]
    lepton_mass: float
    cuts: CutTable


def tally_shard(spec: ShardSpec, selection: SelectionSpec, shard: Shard) -> Tally:
    """Simulate, reconstruct and select one shard."""
    index, decays = shard
    cuts = selection.cuts
    tally = new_tally(
        cuts.n_cuts.size,
        len(spec.sample.sources),
        cuts.steps.shape[1],
        Total.WIDTH,
        weighted=spec.sample.weighted,
    )
    sample_loop(
        decays,
        spec.frozen_setup(),
        spec.sample.table,
        stream(spec.seed, spec.sample.name, index),
        selection.calibration,
        selection.lepton_mass,
        new_buffers(spec.columns),
        ROWS,
        cuts,
        tally.unit,
        tally.spectrum,
        tally.squares,
        tally.passed,
        tally.only_failed,
        tally.totals,
    )
    return tally


def calibrate_shard(spec: ShardSpec, shard: Shard) -> NDArray[np.int64]:
    """Integer sums (``reconstruction.calibration``) of the fully reconstructed three-track decays of one shard."""
    index, decays = shard
    sums = np.zeros(N_SUMS, dtype=np.int64)
    calibrate_loop(
        decays,
        spec.frozen_setup(),
        spec.sample.table,
        stream(spec.seed, spec.sample.name, index),
        new_buffers(spec.columns),
        sums,
        np.zeros(Total.WIDTH, dtype=np.int64),
    )
    return sums
