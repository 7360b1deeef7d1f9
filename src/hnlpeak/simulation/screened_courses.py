"""Courses of the charged daughters of a block: slopes, decays in flight, the kick, what they miss of the trigger."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import in_lanes, inlined
from hnlpeak.core.kinematics import boost_from_rest
from hnlpeak.core.random import beginning, either, uniform
from hnlpeak.detectors import hodoscope, spectrometer
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.shape import limits_of, surely_inside, surely_outside
from hnlpeak.detectors.surface import APERTURE
from hnlpeak.simulation.decay_in_flight import depth_of_decay
from hnlpeak.simulation.screened import Screened
from hnlpeak.simulation.streams import Stage
from hnlpeak.theory.species import Species

__all__ = ["EDGE", "bend", "magnet_of", "put_places", "throw", "trigger_is_missed"]

_FLIGHT = int(Stage.FLIGHT)
_POSITRON = int(Species.POSITRON)
EDGE = 1e-3
"""More than rounding can do, mm."""


@inlined
def magnet_of(stages: NDArray[np.void]) -> tuple[int, int]:
    """Stage and row of the magnet on the way; (-1, -1) without one, or where there is another."""
    at, row = -1, -1
    for stage in range(stages.size):
        for n in range(stages[stage].n):
            if stages[stage].code[n] == spectrometer.MAGNET:
                if at < 0:
                    at, row = stage, n
                elif stages[stage].z[n] != stages[at].z[row]:
                    return -1, -1
    return at, row


@inlined
def _chambers(stages: NDArray[np.void]) -> int:
    """Number of chambers that are counted."""
    found = 0
    for stage in range(stages.size):
        for n in range(stages[stage].n):
            found += stages[stage].code[n] == APERTURE
    return found


@in_lanes
def put_places(decays: int, rows: NDArray[np.float64], at: int) -> None:
    """Copy where decays are to the columns from ``at`` on."""
    x, y, z = rows[Screened.X], rows[Screened.Y], rows[Screened.Z]
    to_x, to_y, to_z = rows[Screened.X, at:], rows[Screened.Y, at:], rows[Screened.Z, at:]
    for i in range(decays):
        to_x[i], to_y[i], to_z[i] = x[i], y[i], z[i]


@in_lanes
def throw(
    decays: int,
    key: tuple[np.uint64, np.uint64],
    mix: tuple[float, float, float],
    species: int,
    place: int,
    z_end: float,
    forced: float,
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
    at: int,
) -> None:
    """The charged daughters at a ``place`` among the particles, from column ``at`` on, and their first numbers.

    ``mix``: a share of the mass, of the daughter A and of B make their four-momentum. A share ``forced`` (0: as in
    nature) is made to decay; what is not surely reaches the end.
    """
    ax, ay, az, ae = rows[Screened.AX], rows[Screened.AY], rows[Screened.AZ], rows[Screened.AE]
    bx, by, bz, be = rows[Screened.BX], rows[Screened.BY], rows[Screened.BZ], rows[Screened.BE]
    kx, ky, kz, ke = rows[Screened.KX], rows[Screened.KY], rows[Screened.KZ], rows[Screened.KE]
    z, mass = rows[Screened.Z], rows[Screened.MASS]
    tx, ty, p = rows[Screened.TX, at:], rows[Screened.TY, at:], rows[Screened.P, at:]
    whole, missed = rows[Screened.WHOLE, at:], rows[Screened.MISSED, at:]
    shift_x, shift_y = rows[Screened.SHIFT_X, at:], rows[Screened.SHIFT_Y, at:]
    share, of_a, of_b = mix
    stable = species == _POSITRON
    for i in range(decays):
        px, py, pz = of_a * ax[i] + of_b * bx[i], of_a * ay[i] + of_b * by[i], of_a * az[i] + of_b * bz[i]
        e = share * mass[i] + of_a * ae[i] + of_b * be[i]
        lx, ly, lz, _ = boost_from_rest(px, py, pz, e, kx[i], ky[i], kz[i], ke[i], mass[i])
        state = beginning(key[0], key[1], numbers[i], _FLIGHT + 4 * place)
        d, after = uniform(state)
        # what does not decay draws no number for it
        state = either(stable, state, after)
        missed[i], state = uniform(state)
        shift_x[i], state = uniform(state)
        shift_y[i], state = uniform(state)
        forward = (lz > 0.0) & (ae[i] > 0.0)
        lz = lz if forward else 1.0
        inverse = 1.0 / lz
        tx[i], ty[i] = lx * inverse, ly * inverse
        p[i] = math.sqrt(lx * lx + ly * ly + lz * lz) if forward else 0.0
        lives = d >= forced if forced > 0.0 else z[i] + depth_of_decay(lz, species, d) >= z_end
        whole[i] = forward & (stable | lives)


@in_lanes
def bend(
    decays: int, z: float, magnet: NDArray[np.float64], charge: float, rows: NDArray[np.float64], at: int
) -> None:
    """Slopes behind the magnet at ``z``, from column ``at`` on; 1 in ``PASSES`` for what surely crosses it."""
    x, y, z_from = rows[Screened.X, at:], rows[Screened.Y, at:], rows[Screened.Z, at:]
    tx, ty, p = rows[Screened.TX, at:], rows[Screened.TY, at:], rows[Screened.P, at:]
    behind_x, behind_y = rows[Screened.TX_BEHIND, at:], rows[Screened.TY_BEHIND, at:]
    passes, limits = rows[Screened.PASSES, at:], limits_of(magnet)
    for i in range(decays):
        dz = z - z_from[i]
        inside = surely_inside(limits, x[i] + tx[i] * dz, y[i] + ty[i] * dz, EDGE)
        behind_x[i], behind_y[i], ratio2 = spectrometer.kicked(magnet, charge, tx[i], ty[i], max(p[i], 1.0))
        passes[i] = inside & (dz > 0.0) & (ratio2 >= spectrometer.LEAST_RATIO2)


@in_lanes
def _miss(
    decays: int, z: float, z_magnet: float, plane: NDArray[np.float64], rows: NDArray[np.float64]
) -> None:
    """What surely misses a plane at ``z``, with one of the slopes before or behind the magnet, is lost."""
    x, y, z_from = rows[Screened.X], rows[Screened.Y], rows[Screened.Z]
    tx, ty = rows[Screened.TX], rows[Screened.TY]
    behind_x, behind_y = rows[Screened.TX_BEHIND], rows[Screened.TY_BEHIND]
    whole, lost = rows[Screened.WHOLE], rows[Screened.LOST]
    z_bend, behind, limits = min(z, z_magnet), max(z - z_magnet, 0.0), limits_of(plane)
    for i in range(decays):
        dz = z_bend - z_from[i]
        at_x, at_y = x[i] + tx[i] * dz + behind_x[i] * behind, y[i] + ty[i] * dz + behind_y[i] * behind
        missed = surely_outside(limits, at_x, at_y, EDGE)
        lost[i] = (lost[i] > 0.0) | ((whole[i] > 0.0) & missed & (dz > 0.0))


@inlined
def _required(setup: Record) -> int:
    """Systems that the trigger requires, a bit each."""
    systems = 0
    for level in range(setup.n_levels):
        systems |= setup.require[level]
    return systems


@inlined
def trigger_is_missed(decays: int, setup: Record, z_magnet: float, rows: NDArray[np.float64]) -> None:
    """Set ``rows`` [LOST] where the only charged daughter surely misses what the trigger asks for.

    That is a chamber, where all of them are needed, or a plane of a hodoscope.
    """
    stages, required = setup.stages, _required(setup)
    all_chambers = _chambers(stages) <= setup.min_chambers
    for stage in range(stages.size):
        for n in range(stages[stage].n):
            code, params = stages[stage].code[n], stages[stage].params[n]
            asked = code == APERTURE and all_chambers
            if code == hodoscope.CODE:
                asked = (required >> hodoscope.system_of(params)) & 1 > 0
            if asked:
                _miss(decays, stages[stage].z[n], z_magnet, params, rows)
