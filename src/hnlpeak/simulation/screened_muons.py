"""Decays K+ -> mu+ nu whose muon surely vetoes the trigger, or surely misses a chamber that it asks for."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined, kernel
from hnlpeak.core.kinematics import boost_from_rest
from hnlpeak.core.random import beginning, uniform
from hnlpeak.detectors import muon_veto, spectrometer
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.shape import surely_inside, surely_outside
from hnlpeak.detectors.surface import APERTURE
from hnlpeak.simulation.decay_in_flight import depth_of_decay
from hnlpeak.simulation.screened import Screened
from hnlpeak.simulation.streams import Stage
from hnlpeak.theory.modes.inner_bremsstrahlung import without_photon
from hnlpeak.theory.species import Species

__all__ = ["muons_are_lost"]

_STAGE = int(Stage.DECAY)
_MUON = int(Species.MUON_PLUS)
_EDGE = 1e-3  # mm: more than rounding can do


@inlined
def _vetoes(stage: Record) -> bool:
    """True for a magnet and then one muon counter: what the screen knows."""
    return bool(stage.n == 2 and stage.code[0] == spectrometer.MAGNET and stage.code[1] == muon_veto.CODE)


@inlined
def _magnet_of(stages: NDArray[np.void]) -> tuple[int, int]:
    """Stage and row of the first magnet on the way, (-1, -1) without one."""
    for stage in range(stages.size):
        for n in range(stages[stage].n):
            if stages[stage].code[n] == spectrometer.MAGNET:
                return stage, n
    return -1, -1


@inlined
def _chambers(stages: NDArray[np.void]) -> int:
    """Number of chambers that are counted."""
    found = 0
    for stage in range(stages.size):
        for n in range(stages[stage].n):
            found += stages[stage].code[n] == APERTURE
    return found


@kernel
def _throw(
    decays: int,
    key: tuple[np.uint64, np.uint64],
    params: NDArray[np.float64],
    z_end: float,
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
) -> None:
    """Muons of a block, and the numbers that the counter will answer them with."""
    z, mass = rows[Screened.Z], rows[Screened.MASS]
    kx, ky, kz, ke = rows[Screened.KX], rows[Screened.KY], rows[Screened.KZ], rows[Screened.KE]
    out_tx, out_ty, out_p, whole = (
        rows[Screened.TX],
        rows[Screened.TY],
        rows[Screened.P],
        rows[Screened.WHOLE],
    )
    out_a, out_b, out_c = rows[Screened.MISSED], rows[Screened.SHIFT_X], rows[Screened.SHIFT_Y]
    for i in range(decays):
        state = beginning(key[0], key[1], numbers[i], _STAGE)
        a, state = uniform(state)
        b, state = uniform(state)
        c, state = uniform(state)
        radiates, px, py, pz, e = without_photon(params, a, b, c)
        lx, ly, lz, _ = boost_from_rest(px, py, pz, e, kx[i], ky[i], kz[i], ke[i], mass[i])
        d, state = uniform(state)
        a, state = uniform(state)
        b, state = uniform(state)
        c, state = uniform(state)
        forward = lz > 0.0
        lz = lz if forward else 1.0
        inverse = 1.0 / lz
        out_tx[i], out_ty[i], out_p[i] = lx * inverse, ly * inverse, math.sqrt(lx * lx + ly * ly + lz * lz)
        out_a[i], out_b[i], out_c[i] = a, b, c
        whole[i] = (not radiates) & forward & (z[i] + depth_of_decay(lz, _MUON, d) >= z_end)


@kernel
def _bend(decays: int, z: float, magnet: NDArray[np.float64], rows: NDArray[np.float64]) -> None:
    """Slopes behind the magnet at ``z``; 1 in ``PASSES`` for muons that surely cross it."""
    x, y, z_from = rows[Screened.X], rows[Screened.Y], rows[Screened.Z]
    tx, ty, p, passes = rows[Screened.TX], rows[Screened.TY], rows[Screened.P], rows[Screened.PASSES]
    behind_x, behind_y = rows[Screened.TX_BEHIND], rows[Screened.TY_BEHIND]
    for i in range(decays):
        dz = z - z_from[i]
        inside = surely_inside(magnet, x[i] + tx[i] * dz, y[i] + ty[i] * dz, _EDGE)
        behind_x[i], behind_y[i], ratio2 = spectrometer.kicked(magnet, 1.0, tx[i], ty[i], p[i])
        passes[i] = inside & (dz > 0.0) & (ratio2 >= spectrometer.LEAST_RATIO2)


@kernel
def _veto(
    decays: int, z: float, z_magnet: float, counter: NDArray[np.float64], rows: NDArray[np.float64]
) -> None:
    """Muons that a counter at ``z`` behind the magnet surely sees are lost."""
    x, y, z_from = rows[Screened.X], rows[Screened.Y], rows[Screened.Z]
    tx, ty, p = rows[Screened.TX], rows[Screened.TY], rows[Screened.P]
    behind_x, behind_y = rows[Screened.TX_BEHIND], rows[Screened.TY_BEHIND]
    a, b, c = rows[Screened.MISSED], rows[Screened.SHIFT_X], rows[Screened.SHIFT_Y]
    whole, passes, lost = rows[Screened.WHOLE], rows[Screened.PASSES], rows[Screened.LOST]
    least, behind = muon_veto.least_of_map(counter), z - z_magnet
    for i in range(decays):
        dz = z_magnet - z_from[i]
        at_x, at_y = x[i] + tx[i] * dz + behind_x[i] * behind, y[i] + ty[i] * dz + behind_y[i] * behind
        seen = muon_veto.surely_seen(counter, at_x, at_y, p[i], (a[i] / least, b[i], c[i]))
        lost[i] = (whole[i] > 0.0) & (passes[i] > 0.0) & seen


@kernel
def _miss(
    decays: int, z: float, z_magnet: float, chamber: NDArray[np.float64], rows: NDArray[np.float64]
) -> None:
    """Muons that surely miss a chamber at ``z``, with one of the slopes before or behind the magnet, are lost."""
    x, y, z_from = rows[Screened.X], rows[Screened.Y], rows[Screened.Z]
    tx, ty = rows[Screened.TX], rows[Screened.TY]
    behind_x, behind_y = rows[Screened.TX_BEHIND], rows[Screened.TY_BEHIND]
    whole, lost = rows[Screened.WHOLE], rows[Screened.LOST]
    z_bend, behind = min(z, z_magnet), max(z - z_magnet, 0.0)
    for i in range(decays):
        dz = z_bend - z_from[i]
        at_x, at_y = x[i] + tx[i] * dz + behind_x[i] * behind, y[i] + ty[i] * dz + behind_y[i] * behind
        missed = surely_outside(chamber, at_x, at_y, _EDGE)
        lost[i] = (lost[i] > 0.0) | ((whole[i] > 0.0) & missed & (dz > 0.0))


@inlined
def muons_are_lost(
    decays: int,
    setup: Record,
    params: NDArray[np.float64],
    key: tuple[np.uint64, np.uint64],
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
) -> None:
    """Fill ``rows`` [LOST] for decays K+ -> mu+ nu with these ``numbers``."""
    stages = setup.stages
    for k in range(decays):
        rows[Screened.LOST, k] = 0.0
    at, row = _magnet_of(stages)
    if at < 0:
        return
    z_magnet = stages[at].z[row]
    _throw(decays, key, params, setup.beam.z_end_muon, numbers, rows)
    _bend(decays, z_magnet, stages[at].params[row], rows)
    if _vetoes(stages[0]):
        _veto(decays, stages[0].z[1], z_magnet, stages[0].params[1], rows)
    if _chambers(stages) > setup.min_chambers:
        return
    for stage in range(stages.size):
        for n in range(stages[stage].n):
            if stages[stage].code[n] == APERTURE:
                _miss(decays, stages[stage].z[n], z_magnet, stages[stage].params[n], rows)
