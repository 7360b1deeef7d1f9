"""The mesons of a block and the points where they decay, all at once.

Straight code without a branch: compilers run it in lanes over the block. The numbers come from the decays' own streams.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import in_lanes, inlined
from hnlpeak.core.lanes import exponential_of, normal_pair
from hnlpeak.core.random import beginning, key_of, uniform
from hnlpeak.detectors.event import Record
from hnlpeak.simulation.beam_spectrum import with_wings
from hnlpeak.simulation.sample import ModeTable
from hnlpeak.simulation.streams import Stage

__all__ = ["Kaons", "draw_kaons", "new_kaons"]

_STAGE = int(Stage.KAON)


class Kaons(IntEnum):
    """Rows of the array of a block's beam particles [row, decay].

    Momentum (MeV), slopes and place (mm) at the beam's ``z_reference``; decay point (mm); px, py, pz, E and mass (MeV);
    c tau / m (mm / MeV); the mode of the decay, by its place in the table.
    """

    P = 0
    TX = 1
    TY = 2
    X = 3
    Y = 4
    X_DECAY = 5
    Y_DECAY = 6
    Z_DECAY = 7
    PX = 8
    PY = 9
    PZ = 10
    ENERGY = 11
    MASS = 12
    FLIGHT = 13
    MODE = 14
    WIDTH = 15


def new_kaons(decays: int) -> NDArray[np.float64]:
    """Room for the beam particles of a block."""
    return np.zeros((Kaons.WIDTH, decays))


@inlined
def _draw_modes(
    decays: int,
    first: int,
    setup: Record,
    modes: ModeTable,
    key: tuple[np.uint64, np.uint64],
    kaons: NDArray[np.float64],
) -> None:
    """Choose the modes, and with them what decays."""
    number, chosen = kaons[Kaons.P], kaons[Kaons.MODE]
    _draw_first(decays, first, key, number, chosen)
    for mode in range(modes.codes.size - 1):  # nobody can foretell the branches of a walk through the modes
        _count_up(decays, modes.cumulative[mode], number, chosen)
    mass, flight = kaons[Kaons.MASS], kaons[Kaons.FLIGHT]
    for i in range(decays):
        parent = setup.parents[max(modes.parents[int(chosen[i])], 0)]
        mass[i], flight[i] = parent.mass, parent.flight


@in_lanes
def _draw_first(
    decays: int,
    first: int,
    key: tuple[np.uint64, np.uint64],
    number: NDArray[np.float64],
    chosen: NDArray[np.float64],
) -> None:
    """The ``number`` that chooses the mode of each decay; the first mode is ``chosen``."""
    for i in range(decays):
        number[i], _ = uniform(beginning(key[0], key[1], first + i, _STAGE))
        chosen[i] = 0.0


@in_lanes
def _count_up(decays: int, end: float, number: NDArray[np.float64], chosen: NDArray[np.float64]) -> None:
    """Choose the next mode where the ``number`` is beyond the ``end`` of this one."""
    for i in range(decays):
        chosen[i] += 1.0 if number[i] >= end else 0.0


@inlined
def draw_kaons(
    decays: int,
    first: int,
    setup: Record,
    modes: ModeTable,
    rng: np.random.Generator,
    kaons: NDArray[np.float64],
) -> None:
    """Fill the first ``decays`` columns of ``kaons`` with decays of a shard, from number ``first`` on."""
    key = key_of(rng)
    _draw_modes(decays, first, setup, modes, key, kaons)
    _draw_places(decays, first, setup.beam, key, kaons)


@in_lanes
def _draw_places(
    decays: int, first: int, beam: Record, key: tuple[np.uint64, np.uint64], kaons: NDArray[np.float64]
) -> None:
    """Momenta and decay points, in straight code that compilers run in lanes."""
    key_1, key_2 = key
    room = beam.z_last - beam.z_first
    inverse_room = 1.0 / room
    mean_p, width_p, wings = beam.momentum, beam.momentum_spread, beam.momentum_wings
    slope_x, slope_y, width_tx, width_ty = beam.slope_x, beam.slope_y, beam.divergence_x, beam.divergence_y
    mean_x, mean_y, width_x, width_y = beam.x, beam.y, beam.size_x, beam.size_y
    z_first, z_reference = beam.z_first, beam.z_reference
    mass, flight = kaons[Kaons.MASS], kaons[Kaons.FLIGHT]
    out_p, out_tx, out_ty = kaons[Kaons.P], kaons[Kaons.TX], kaons[Kaons.TY]
    out_x, out_y = kaons[Kaons.X], kaons[Kaons.Y]
    out_xd, out_yd, out_zd = kaons[Kaons.X_DECAY], kaons[Kaons.Y_DECAY], kaons[Kaons.Z_DECAY]
    out_px, out_py, out_pz, out_e = kaons[Kaons.PX], kaons[Kaons.PY], kaons[Kaons.PZ], kaons[Kaons.ENERGY]
    for i in range(decays):
        state = beginning(key_1, key_2, first + i, _STAGE)
        w, state = uniform(state)  # that of the mode
        a, state = uniform(state)
        b, state = uniform(state)
        pull, u_tx = normal_pair(a, b)
        a, state = uniform(state)
        b, state = uniform(state)
        u_ty, u_x = normal_pair(a, b)
        a, state = uniform(state)
        b, state = uniform(state)
        u_y, wing_1 = normal_pair(a, b)
        a, state = uniform(state)
        b, state = uniform(state)
        wing_2, _ = normal_pair(a, b)
        w, state = uniform(state)
        a, state = uniform(state)
        p = mean_p + width_p * with_wings(wings, pull, wing_1, wing_2, w)
        tx, ty = slope_x + width_tx * u_tx, slope_y + width_ty * u_ty
        x, y = mean_x + width_x * u_x, mean_y + width_y * u_y
        # an exponential number modulo the volume's length is one that decays within it
        depth = p * flight[i] * exponential_of(a)
        z = z_first + depth - room * math.floor(depth * inverse_room)
        dz = z - z_reference
        pz = p / math.sqrt(1.0 + tx * tx + ty * ty)
        out_p[i], out_tx[i], out_ty[i], out_x[i], out_y[i] = p, tx, ty, x, y
        out_xd[i], out_yd[i], out_zd[i] = x + tx * dz, y + ty * dz, z
        out_px[i], out_py[i], out_pz[i] = tx * pz, ty * pz, pz
        out_e[i] = math.sqrt(p * p + mass[i] * mass[i])
