"""A shard block by block in Python: the same stages and the same numbers as in the fast loop.

For what needs records or columns of events: replay, ntuples. The fast loop (``chain.loop``) calls these stages from
compiled code, where nothing but integers leaves a shard.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.chain.loop import BLOCK_DECAYS, new_buffers
from hnlpeak.chain.shards import Shard, ShardSpec
from hnlpeak.reconstruction.candidates import Assumed, reconstruct
from hnlpeak.simulation.foregone import FOLLOW_ALL, Foregone
from hnlpeak.simulation.generation import Total, generate
from hnlpeak.simulation.response import respond
from hnlpeak.simulation.streams import decay_stream

__all__ = ["Block", "blocks"]


class Block(NamedTuple):
    """What one block leaves: records of the events that triggered, columns [column, candidate] of the candidates.

    Both are views of buffers that the next block overwrites. ``in_fiducial`` of the block's decays lie in the fiducial
    volume.
    """

    events: NDArray[Any]
    candidates: NDArray[np.float64]
    in_fiducial: int


def blocks(
    spec: ShardSpec, assumed: Assumed, shard: Shard, *, first: int = 0, foregone: Foregone = FOLLOW_ALL
) -> Iterator[Block]:
    """Yield the blocks of a shard in their order, from decay ``first`` on.

    All are followed to the end unless ``foregone`` says what need not be.
    """
    index, decays = shard
    setup, rng = spec.frozen_setup(), decay_stream(spec.seed, spec.sample.name, index)
    buffers = new_buffers(spec.columns)
    for done in range(first, decays, BLOCK_DECAYS):
        totals = np.zeros(Total.WIDTH, dtype=np.int64)
        size = min(BLOCK_DECAYS, decays - done)
        events = generate(size, done, setup, spec.sample.table, foregone, rng, buffers, totals)
        respond(events, setup, foregone, rng, buffers.block)
        n = reconstruct(events, setup, assumed, buffers)
        yield Block(buffers.block[:events], buffers.candidates[:, :n], int(totals[Total.IN_FIDUCIAL]))
