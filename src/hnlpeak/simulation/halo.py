"""Beam halo: muons from decays of beam pions and kaons before the last collimator.

A parent of the beam's momentum, or of an off-momentum component, decays along the beam line into mu nu. Other muons
come along beside the beam, from decays that are not followed. A muon that misses the hole of the last collimator
scatters in it and loses energy. Behind it the muon is a particle like any other, so that trigger, response,
reconstruction and selection are those of all events.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import inlined
from hnlpeak.core.kinematics import two_body_momentum, unit_vector
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.passage import highland_constants, plane_angle
from hnlpeak.experiment.experiment_card import Beam
from hnlpeak.experiment.halo_card import Halo
from hnlpeak.simulation.beam_spectrum import beam_momentum
from hnlpeak.theory.modes.mode import PARAMETERS
from hnlpeak.theory.modes.slots import Daughter
from hnlpeak.theory.species import C_TAU, MASS, Species

__all__ = ["HALO_KIND", "pack_halo", "through_collimator", "throw_halo"]

HALO_KIND = -1
"""Code of halo muons where decays have the code of their mode."""

_MU = float(Species.MUON_PLUS)
_M_MU = float(MASS[Species.MUON_PLUS])
_M_PI = float(MASS[Species.PION_PLUS])
_FLIGHT_PI = float(C_TAU[Species.PION_PLUS]) / _M_PI  # decay length over momentum, mm / MeV


class _Slot(IntEnum):
    Z_FIRST = 0
    ROOM = 1
    KAON_SHARE = 2
    OFF = 3
    OFF_MIN = 4
    OFF_MEAN = 5
    OFF_DIVERGENCE = 6
    OFF_SIZE = 7
    Z_COLLIMATOR = 8
    APERTURE2 = 9
    SCATTER = 10
    SCATTER_LOG = 11
    LOSS = 12
    BESIDE = 13
    BESIDE_MIN = 14
    BESIDE_MEAN = 15
    BESIDE_X = 16
    BESIDE_Y = 17
    BESIDE_SIZE_X = 18
    BESIDE_SIZE_Y = 19


def pack_halo(halo: Halo, beam: Beam) -> NDArray[np.float64]:
    """Parameters of ``halo`` for ``throw_halo``. ``UsageError`` where no off-momentum parent is below the beam."""
    if halo.off_momentum > 0.0 and not halo.off_momentum_min < beam.momentum:
        raise UsageError(
            f"halo.off_momentum_min = {halo.off_momentum_min:g} MeV is not below the beam's {beam.momentum:g} MeV"
        )
    row = np.zeros(PARAMETERS)
    scatter, scatter_log = highland_constants(halo.radiation_lengths)
    for slot, value in {
        _Slot.Z_FIRST: halo.z_first,
        _Slot.ROOM: halo.z_last - halo.z_first,
        _Slot.KAON_SHARE: halo.kaon_share,
        _Slot.OFF: halo.off_momentum,
        _Slot.OFF_MIN: halo.off_momentum_min,
        _Slot.OFF_MEAN: halo.off_momentum_mean,
        _Slot.OFF_DIVERGENCE: halo.off_momentum_divergence,
        _Slot.OFF_SIZE: halo.off_momentum_size,
        _Slot.Z_COLLIMATOR: halo.z_collimator,
        _Slot.APERTURE2: halo.aperture**2,
        _Slot.SCATTER: scatter,
        _Slot.SCATTER_LOG: scatter_log,
        _Slot.LOSS: halo.energy_loss,
    }.items():
        row[slot] = value
    if halo.beside is not None:
        beside = halo.beside
        row[_Slot.BESIDE] = beside.share
        row[_Slot.BESIDE_MIN], row[_Slot.BESIDE_MEAN] = beside.momentum_min, beside.momentum_mean
        row[_Slot.BESIDE_X], row[_Slot.BESIDE_Y] = beside.x, beside.y
        row[_Slot.BESIDE_SIZE_X], row[_Slot.BESIDE_SIZE_Y] = beside.size_x, beside.size_y
    return row


@inlined
def _put_muon(row: NDArray[np.float64], q: float, nx: float, ny: float, nz: float) -> None:
    """Write a muon of momentum ``q`` along the unit vector n, its spin against it."""
    row[Daughter.SPECIES] = _MU
    row[Daughter.PX] = q * nx
    row[Daughter.PY] = q * ny
    row[Daughter.PZ] = q * nz
    row[Daughter.ENERGY] = math.sqrt(q * q + _M_MU * _M_MU)
    row[Daughter.SX] = -nx
    row[Daughter.SY] = -ny
    row[Daughter.SZ] = -nz


@inlined
def _put_parent(parent: NDArray[np.float64], p: float, tx: float, ty: float, mass: float) -> None:
    parent[2] = p / math.sqrt(1.0 + tx * tx + ty * ty)
    parent[0] = tx * parent[2]
    parent[1] = ty * parent[2]
    parent[3] = math.sqrt(p * p + mass * mass)
    parent[4] = mass


@inlined
def _put_point(
    event: Record,
    x: float,
    y: float,
    size_x: float,
    size_y: float,
    shift_x: float,
    shift_y: float,
    rng: np.random.Generator,
) -> None:
    """Write where the muon begins: about (x, y), shifted by the way from there."""
    event.x_decay = x + size_x * rng.standard_normal() + shift_x
    event.y_decay = y + size_y * rng.standard_normal() + shift_y


@inlined
def _above(least: float, mean: float, rng: np.random.Generator) -> float:
    """A momentum above ``least`` by ``mean`` on average, distributed exponentially."""
    return float(least + mean * rng.exponential())


@inlined
def _throw_beside(
    params: NDArray[np.float64],
    beam: Record,
    event: Record,
    rng: np.random.Generator,
    daughters: NDArray[np.float64],
    parent: NDArray[np.float64],
) -> int:
    """A muon at rest in the frame of the ``parent``, on the face of the collimator. Returns 1."""
    x, y = beam.x + params[_Slot.BESIDE_X], beam.y + params[_Slot.BESIDE_Y]
    size_x, size_y = params[_Slot.BESIDE_SIZE_X], params[_Slot.BESIDE_SIZE_Y]
    along = params[_Slot.Z_COLLIMATOR] - beam.z_reference
    _put_point(event, x, y, size_x, size_y, beam.slope_x * along, beam.slope_y * along, rng)
    event.z_decay = params[_Slot.Z_COLLIMATOR]
    p = _above(params[_Slot.BESIDE_MIN], params[_Slot.BESIDE_MEAN], rng)
    _put_parent(parent, p, beam.slope_x, beam.slope_y, _M_MU)
    nx, ny, nz = unit_vector(rng)
    _put_muon(daughters[0], 0.0, nx, ny, nz)
    return 1


@inlined
def throw_halo(
    params: NDArray[np.float64],
    beam: Record,
    event: Record,
    rng: np.random.Generator,
    daughters: NDArray[np.float64],
    parent: NDArray[np.float64],
) -> int:
    """Write the muon in its parent's frame as row 0 of ``daughters``, the ``parent``, and where it decays.

    Rows are (px, py, pz, E, m) in MeV, the point is in mm. The event is in no fiducial volume. Returns 1, the number of
    daughters.
    """
    event.in_fiducial = 0
    if params[_Slot.BESIDE] > 0.0 and rng.random() < params[_Slot.BESIDE]:
        return _throw_beside(params, beam, event, rng, daughters, parent)
    p = beam_momentum(beam, rng)
    divergence_x, divergence_y = beam.divergence_x, beam.divergence_y
    size_x, size_y = beam.size_x, beam.size_y
    if rng.random() < params[_Slot.OFF]:
        most = beam.momentum
        p = most + 1.0
        while p > most:
            p = _above(params[_Slot.OFF_MIN], params[_Slot.OFF_MEAN], rng)
        divergence_x = divergence_y = params[_Slot.OFF_DIVERGENCE]
        size_x = size_y = params[_Slot.OFF_SIZE]
    mass, flight = _M_PI, _FLIGHT_PI
    if rng.random() < params[_Slot.KAON_SHARE]:
        mass, flight = beam.mass, beam.c_tau / beam.mass
    tx = beam.slope_x + divergence_x * rng.standard_normal()
    ty = beam.slope_y + divergence_y * rng.standard_normal()
    depth = p * flight * rng.exponential()
    room = params[_Slot.ROOM]
    z = params[_Slot.Z_FIRST] + depth - room * math.floor(depth / room)
    along = z - beam.z_reference
    _put_point(event, beam.x, beam.y, size_x, size_y, tx * along, ty * along, rng)
    event.z_decay = z
    _put_parent(parent, p, tx, ty, mass)
    nx, ny, nz = unit_vector(rng)
    _put_muon(daughters[0], two_body_momentum(mass, _M_MU, 0.0), nx, ny, nz)
    return 1


@inlined
def through_collimator(params: NDArray[np.float64], segment: Record, rng: np.random.Generator) -> bool:
    """Bring the muon of ``segment`` behind the last collimator; False if it stops there."""
    dz = params[_Slot.Z_COLLIMATOR] - segment.z
    segment.x += segment.tx * dz
    segment.y += segment.ty * dz
    segment.z = params[_Slot.Z_COLLIMATOR]
    if segment.x * segment.x + segment.y * segment.y < params[_Slot.APERTURE2]:
        return True
    p = segment.p - params[_Slot.LOSS]
    if p <= _M_MU:
        return False
    # scattered with the momentum in the middle of the matter
    angle = plane_angle(params[_Slot.SCATTER], params[_Slot.SCATTER_LOG], 0.5 * (p + segment.p), _M_MU)
    segment.tx += angle * rng.standard_normal()
    segment.ty += angle * rng.standard_normal()
    segment.p = p
    segment.pz = p / math.sqrt(1.0 + segment.tx * segment.tx + segment.ty * segment.ty)
    return True
