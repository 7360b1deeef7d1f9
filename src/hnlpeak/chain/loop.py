"""The fast loop of a sample: generate, trigger, respond, reconstruct, select, fill, block by block.

``chain.blocks`` goes through the same stages from Python.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import kernel
from hnlpeak.detectors.event import new_block
from hnlpeak.reconstruction.calibration import accumulate
from hnlpeak.reconstruction.candidates import Assumed, new_workspace, reconstruct
from hnlpeak.selection.tally import Counts, Selection, fill
from hnlpeak.simulation.buffers import Buffers
from hnlpeak.simulation.carried import new_carry
from hnlpeak.simulation.foregone import Foregone
from hnlpeak.simulation.generation import KAON_WIDTH, generate
from hnlpeak.simulation.kaons import new_kaons
from hnlpeak.simulation.response import respond
from hnlpeak.simulation.sample import ModeTable
from hnlpeak.simulation.screened import LANES, new_rows
from hnlpeak.theory.hadron_collision import MAX_SECONDARIES
from hnlpeak.theory.modes.slots import MAX_DAUGHTERS, Daughter

__all__ = ["BLOCK_DECAYS", "calibrate_loop", "new_buffers", "sample_loop"]

BLOCK_DECAYS = 1024
"""Decays in one block: the survivors' records fit into the cache."""

_APART = 24  # columns more, so that rows do not begin a power of two apart, where caches have few places


def new_buffers(columns: int, decays: int = BLOCK_DECAYS) -> Buffers:
    """Allocate the buffers of a shard for candidates with this many columns."""
    scratch, tracks = new_workspace()
    return Buffers(
        new_block(decays),
        new_kaons(decays + _APART),
        np.zeros(decays, dtype=np.uint8),
        np.zeros(decays + LANES, dtype=np.int64),
        new_rows(decays),
        np.zeros((max(MAX_DAUGHTERS, MAX_SECONDARIES), Daughter.WIDTH)),
        np.zeros(KAON_WIDTH),
        scratch,
        tracks,
        np.zeros((columns, decays + _APART)),
        new_carry(decays),
    )


@kernel
def sample_loop(
    decays: int,
    setups: NDArray[Any],
    modes: ModeTable,
    rng: np.random.Generator,
    assumed: Assumed,
    foregone: Foregone,
    selection: Selection,
    buffers: Buffers,
    counts: Counts,
    totals: NDArray[np.int64],
) -> None:
    """Simulate ``decays`` decays and add what is selected to ``counts``; ``totals`` are those of generation."""
    done = int(np.int64(0))  # no literal, with which the whole generation would be compiled a second time
    while done < decays:
        size = min(buffers.block.size, decays - done)
        events = generate(size, done, setups, modes, foregone, rng, buffers, totals)
        respond(events, setups, foregone, rng, buffers.block)
        n = reconstruct(events, setups, assumed, buffers)
        fill(n, buffers.candidates, selection, counts)
        done += size


@kernel
def calibrate_loop(
    decays: int,
    setups: NDArray[Any],
    modes: ModeTable,
    foregone: Foregone,
    rng: np.random.Generator,
    buffers: Buffers,
    sums: NDArray[np.int64],
    totals: NDArray[np.int64],
) -> None:
    """Simulate ``decays`` decays and add fully reconstructed three-track ones to ``sums``."""
    done = int(np.int64(0))  # no literal, with which the whole generation would be compiled a second time
    while done < decays:
        size = min(buffers.block.size, decays - done)
        events = generate(size, done, setups, modes, foregone, rng, buffers, totals)
        respond(events, setups, foregone, rng, buffers.block)
        accumulate(events, setups[0], buffers, sums)
        done += size
