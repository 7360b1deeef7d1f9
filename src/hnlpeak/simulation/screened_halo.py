"""Halo muons of a block behind the last collimator, by the numbers with which the long way makes them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import in_lanes, inlined
from hnlpeak.core.kinematics import boost_from_rest
from hnlpeak.core.random import beginning, uniform
from hnlpeak.detectors.event import Record
from hnlpeak.simulation.decay_in_flight import depth_of_decay
from hnlpeak.simulation.halo import Parents, behind_collimator, collimator_of, muon_of, parents_of
from hnlpeak.simulation.screened import Screened
from hnlpeak.simulation.streams import Stage
from hnlpeak.theory.species import MASS, Species

__all__ = ["throw_halo_muons"]

_STAGE, _FLIGHT = int(Stage.DECAY), int(Stage.FLIGHT)
_MUON = int(Species.MUON_PLUS)
_M_MU = float(MASS[_MUON])


@in_lanes
def _throw(
    decays: int,
    key: tuple[np.uint64, np.uint64],
    parents: Parents,
    z_collimator: float,
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
) -> None:
    """Muons at the face of the last collimator; those that fly back have the momentum 0."""
    out_x, out_y, out_z = rows[Screened.X], rows[Screened.Y], rows[Screened.Z]
    tx, ty, p = rows[Screened.TX], rows[Screened.TY], rows[Screened.P]
    for i in range(decays):
        state = beginning(key[0], key[1], numbers[i], _STAGE)
        d0, state = uniform(state)
        d1, state = uniform(state)
        d2, state = uniform(state)
        d3, state = uniform(state)
        d4, state = uniform(state)
        d5, state = uniform(state)
        d6, state = uniform(state)
        d7, state = uniform(state)
        d8, state = uniform(state)
        d9, state = uniform(state)
        d10, state = uniform(state)
        d11, state = uniform(state)
        d12, state = uniform(state)
        d13, state = uniform(state)
        drawn = (d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, d10, d11, d12, d13)
        x, y, z, momentum, ux, uy, mass, q, nx, ny, nz = muon_of(parents, drawn)
        kz = momentum / math.sqrt(1.0 + ux * ux + uy * uy)
        kx, ky, ke = ux * kz, uy * kz, math.sqrt(momentum * momentum + mass * mass)
        lx, ly, lz, _ = boost_from_rest(
            q * nx, q * ny, q * nz, math.sqrt(q * q + _M_MU * _M_MU), kx, ky, kz, ke, mass
        )
        forward = lz > 0.0
        lz = lz if forward else 1.0
        inverse = 1.0 / lz
        tx[i], ty[i] = lx * inverse, ly * inverse
        p[i] = math.sqrt(lx * lx + ly * ly + lz * lz) if forward else 0.0
        dz = z_collimator - z
        out_x[i], out_y[i], out_z[i] = x + lx * inverse * dz, y + ly * inverse * dz, z_collimator


@in_lanes
def _pass_collimator(
    decays: int,
    key: tuple[np.uint64, np.uint64],
    collimator: tuple[float, float, float, float, float],
    z_end: float,
    forced: float,
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
) -> None:
    """Bring muons through the collimator, where some stop, and tell which surely reach the end; their first numbers.

    A share ``forced`` of them (0: as in nature) is made to decay.
    """
    x, y = rows[Screened.X], rows[Screened.Y]
    tx, ty, p = rows[Screened.TX], rows[Screened.TY], rows[Screened.P]
    whole, missed, lost = rows[Screened.WHOLE], rows[Screened.MISSED], rows[Screened.LOST]
    shift_x, shift_y = rows[Screened.SHIFT_X], rows[Screened.SHIFT_Y]
    for i in range(decays):
        state = beginning(key[0], key[1], numbers[i], _FLIGHT)
        u, state = uniform(state)
        v, state = uniform(state)
        d, state = uniform(state)
        missed[i], state = uniform(state)
        shift_x[i], state = uniform(state)
        shift_y[i], _ = uniform(state)
        forward = p[i] > 0.0
        before = max(p[i], 1.0)
        ux, uy, left = behind_collimator(collimator, x[i], y[i], tx[i], ty[i], before, u, v)
        pz = left / math.sqrt(1.0 + ux * ux + uy * uy)
        lives = d >= forced if forced > 0.0 else collimator[0] + depth_of_decay(pz, _MUON, d) >= z_end
        tx[i], ty[i], p[i] = ux, uy, left if forward else 0.0
        lost[i] = forward & (left == 0.0)
        whole[i] = forward & (left > 0.0) & lives


@inlined
def throw_halo_muons(
    decays: int,
    params: NDArray[np.float64],
    beam: Record,
    forced: float,
    key: tuple[np.uint64, np.uint64],
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
) -> None:
    """Fill the columns of charged daughters with halo muons; ``rows`` [LOST] where one stops in the collimator."""
    collimator = collimator_of(params)
    _throw(decays, key, parents_of(params, beam), collimator[0], numbers, rows)
    _pass_collimator(decays, key, collimator, beam.z_end_muon, forced, numbers, rows)
