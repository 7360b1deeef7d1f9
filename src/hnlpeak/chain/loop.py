"""The fast loop of a sample: generate, trigger, respond, reconstruct, select, fill, block by block."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import kernel
from hnlpeak.detectors.event import new_block
from hnlpeak.reconstruction.calibration import accumulate
from hnlpeak.reconstruction.candidates import new_workspace, reconstruct
from hnlpeak.selection.cuts import CutTable
from hnlpeak.selection.tally import fill
from hnlpeak.simulation.generation import KAON_WIDTH, generate
from hnlpeak.simulation.response import respond
from hnlpeak.simulation.sample import ModeTable
from hnlpeak.theory.modes.slots import MAX_DAUGHTERS, Daughter

__all__ = ["BLOCK_DECAYS", "Buffers", "calibrate_loop", "new_buffers", "sample_loop"]

BLOCK_DECAYS = 512
"""Decays in one block: the survivors' records fit into the cache."""


class Buffers(NamedTuple):
    """Arrays that a shard allocates once and uses again for every block."""

    block: NDArray[Any]
    daughters: NDArray[np.float64]
    kaon: NDArray[np.float64]
    scratch: NDArray[Any]
    tracks: NDArray[Any]
    candidates: NDArray[np.float64]


def new_buffers(columns: int, decays: int = BLOCK_DECAYS) -> Buffers:
    """Allocate the buffers of a shard for candidates with this many columns."""
    scratch, tracks = new_workspace()
    return Buffers(
        new_block(decays),
        np.zeros((MAX_DAUGHTERS, Daughter.WIDTH)),
        np.zeros(KAON_WIDTH),
        scratch,
        tracks,
        np.zeros((columns, decays)),
    )


@kernel
def sample_loop(
    decays: int,
    setups: NDArray[Any],
    modes: ModeTable,
    rng: np.random.Generator,
    calibration: NDArray[np.float64],
    lepton_mass: float,
    buffers: Buffers,
    rows: NDArray[np.int64],
    cuts: CutTable,
    unit: int,
    spectrum: NDArray[np.int64],
    squares: NDArray[np.int64],
    passed: NDArray[np.int64],
    only_failed: NDArray[np.int64],
    totals: NDArray[np.int64],
) -> None:
    """Simulate ``decays`` decays and add what is selected to the integer arrays of a tally."""
    block = buffers.block
    done = 0
    while done < decays:
        size = min(block.size, decays - done)
        events = generate(size, done, setups, modes, rng, block, buffers.daughters, buffers.kaon, totals)
        respond(events, setups, rng, block)
        n = reconstruct(
            events,
            setups,
            calibration,
            lepton_mass,
            block,
            buffers.scratch,
            buffers.tracks,
            buffers.candidates,
        )
        fill(n, buffers.candidates, rows, cuts, unit, spectrum, squares, passed, only_failed)
        done += size


@kernel
def calibrate_loop(
    decays: int,
    setups: NDArray[Any],
    modes: ModeTable,
    rng: np.random.Generator,
    buffers: Buffers,
    sums: NDArray[np.int64],
    totals: NDArray[np.int64],
) -> None:
    """Simulate ``decays`` decays and add fully reconstructed three-track ones to ``sums``."""
    block = buffers.block
    done = 0
    while done < decays:
        size = min(block.size, decays - done)
        events = generate(size, done, setups, modes, rng, block, buffers.daughters, buffers.kaon, totals)
        respond(events, setups, rng, block)
        accumulate(events, setups[0], block, buffers.scratch, buffers.tracks, sums)
        done += size
