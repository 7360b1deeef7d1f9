"""The arrays that a shard allocates once and uses again for every block."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.simulation.carried import Carry

__all__ = ["Buffers"]


class Buffers(NamedTuple):
    """Room for one block from generation to candidates.

    ``kaons`` [row, decay] are the mesons of a block and ``lost`` [decay] tells which of them are surely lost, found
    with ``numbers`` [decay] and ``rows`` [row, decay];
    ``block`` holds the event records, ``candidates`` [column, candidate] what is reconstructed of them. Work space:
    ``daughters`` [daughter, slot] and ``kaon`` (px, py, pz, E, m) of one decay, ``scratch`` and ``tracks`` of the
    track fit; ``carry`` has the muons that are carried in lanes.
    """

    block: NDArray[Any]
    kaons: NDArray[np.float64]
    lost: NDArray[np.uint8]
    numbers: NDArray[np.int64]
    rows: NDArray[np.float64]
    daughters: NDArray[np.float64]
    kaon: NDArray[np.float64]
    scratch: NDArray[Any]
    tracks: NDArray[Any]
    candidates: NDArray[np.float64]
    carry: Carry
