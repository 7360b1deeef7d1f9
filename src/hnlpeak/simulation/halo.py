"""Beam halo: muons from decays of beam pions and kaons before the last collimator.

A parent of the beam's momentum, or of an off-momentum component, decays along the beam line into mu nu. Other muons
come along beside the beam, from decays that are not followed. A muon that misses the hole of the last collimator
scatters in it and loses energy. Behind it the muon is a particle like any other, so that trigger, response,
reconstruction and selection are those of all events.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import inlined
from hnlpeak.core.kinematics import direction, two_body_momentum, unit_vector
from hnlpeak.core.lanes import exponential_of, normal_pair
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.passage import highland_constants, plane_angle
from hnlpeak.experiment.experiment_card import Beam
from hnlpeak.experiment.halo_card import Halo
from hnlpeak.simulation.beam_spectrum import beam_momentum
from hnlpeak.theory.modes.mode import PARAMETERS
from hnlpeak.theory.modes.slots import Daughter
from hnlpeak.theory.species import C_TAU, MASS, Species

__all__ = [
    "HALO_KIND",
    "Drawn",
    "Parents",
    "behind_collimator",
    "collimator_of",
    "is_followed",
    "muon_of",
    "pack_halo",
    "parents_of",
    "through_collimator",
    "throw_halo",
]

HALO_KIND = -1
"""Code of halo muons where decays have the code of their mode."""

Drawn = tuple[
    float, float, float, float, float, float, float, float, float, float, float, float, float, float
]
"""The uniform numbers that make a muon of a parent that is followed."""
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
    OFF_BELOW = 20


class Parents(NamedTuple):
    """Constants of parents that are followed, read once for a block: the beam's, MeV and mm, and the halo's.

    ``flight`` is c tau / m of the beam's meson, ``kaon_q`` and ``pion_q`` the momentum of the muon in either frame;
    ``off_below`` the chance that an exponential momentum of the off-momentum component is below the beam's.
    """

    momentum: float
    spread: float
    wings: float
    slope_x: float
    slope_y: float
    divergence_x: float
    divergence_y: float
    x: float
    y: float
    size_x: float
    size_y: float
    z_reference: float
    mass: float
    flight: float
    kaon_q: float
    pion_q: float
    kaon_share: float
    off: float
    off_min: float
    off_mean: float
    off_below: float
    off_divergence: float
    off_size: float
    z_first: float
    room: float


def _chance_below(halo: Halo, beam: Beam) -> float:
    """Chance that an exponential momentum of the off-momentum component is below the beam's."""
    if halo.off_momentum == 0.0:
        return 0.0
    return -math.expm1(-(beam.momentum - halo.off_momentum_min) / halo.off_momentum_mean)


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
        _Slot.OFF_BELOW: _chance_below(halo, beam),
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
    along = params[_Slot.Z_COLLIMATOR] - beam.z_reference
    event.x_decay = x + params[_Slot.BESIDE_SIZE_X] * rng.standard_normal() + beam.slope_x * along
    event.y_decay = y + params[_Slot.BESIDE_SIZE_Y] * rng.standard_normal() + beam.slope_y * along
    event.z_decay = params[_Slot.Z_COLLIMATOR]
    p = params[_Slot.BESIDE_MIN] + params[_Slot.BESIDE_MEAN] * rng.exponential()
    _put_parent(parent, p, beam.slope_x, beam.slope_y, _M_MU)
    nx, ny, nz = unit_vector(rng)
    _put_muon(daughters[0], 0.0, nx, ny, nz)
    return 1


@inlined
def is_followed(params: NDArray[np.float64]) -> bool:
    """True where all muons come from parents that are followed."""
    return bool(params[_Slot.BESIDE] == 0.0)


@inlined
def parents_of(params: NDArray[np.float64], beam: Record) -> Parents:
    """The constants of the parents, from packed parameters and the beam."""
    return Parents(
        beam.momentum,
        beam.momentum_spread,
        beam.momentum_wings,
        beam.slope_x,
        beam.slope_y,
        beam.divergence_x,
        beam.divergence_y,
        beam.x,
        beam.y,
        beam.size_x,
        beam.size_y,
        beam.z_reference,
        beam.mass,
        beam.c_tau / beam.mass,
        two_body_momentum(beam.mass, _M_MU, 0.0),
        two_body_momentum(_M_PI, _M_MU, 0.0),
        params[_Slot.KAON_SHARE],
        params[_Slot.OFF],
        params[_Slot.OFF_MIN],
        params[_Slot.OFF_MEAN],
        params[_Slot.OFF_BELOW],
        params[_Slot.OFF_DIVERGENCE],
        params[_Slot.OFF_SIZE],
        params[_Slot.Z_FIRST],
        params[_Slot.ROOM],
    )


@inlined
def muon_of(
    of: Parents, drawn: Drawn
) -> tuple[float, float, float, float, float, float, float, float, float, float, float]:
    """A muon of a parent that is followed; without a branch, for lanes.

    Returns where the parent decays (x, y, z, mm), its momentum (MeV), slopes and mass, and in its frame the momentum
    and the direction of the muon.
    """
    off, is_kaon = drawn[0] < of.off, drawn[6] < of.kaon_share
    pulls = (drawn[1], drawn[2], drawn[3], drawn[4], drawn[5])
    of_beam = beam_momentum(of.momentum, of.spread, of.wings, pulls)
    beside_it = of.off_min + of.off_mean * exponential_of(drawn[5] * of.off_below)
    p = beside_it if off else of_beam
    mass, flight = of.mass if is_kaon else _M_PI, of.flight if is_kaon else _FLIGHT_PI
    u_tx, u_ty = normal_pair(drawn[7], drawn[8])
    u_x, u_y = normal_pair(drawn[9], drawn[10])
    tx = of.slope_x + (of.off_divergence if off else of.divergence_x) * u_tx
    ty = of.slope_y + (of.off_divergence if off else of.divergence_y) * u_ty
    # an exponential number modulo the room's length is one that decays within it
    depth = p * flight * exponential_of(drawn[11])
    z = of.z_first + depth - of.room * math.floor(depth / of.room)
    along = z - of.z_reference
    x = of.x + (of.off_size if off else of.size_x) * u_x + tx * along
    y = of.y + (of.off_size if off else of.size_y) * u_y + ty * along
    nx, ny, nz = direction(drawn[12], drawn[13])
    return x, y, z, p, tx, ty, mass, of.kaon_q if is_kaon else of.pion_q, nx, ny, nz


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
    if not is_followed(params) and rng.random() < params[_Slot.BESIDE]:
        return _throw_beside(params, beam, event, rng, daughters, parent)
    drawn = (
        *(rng.random(), rng.random(), rng.random(), rng.random(), rng.random(), rng.random(), rng.random()),
        *(rng.random(), rng.random(), rng.random(), rng.random(), rng.random(), rng.random(), rng.random()),
    )
    x, y, z, p, tx, ty, mass, q, nx, ny, nz = muon_of(parents_of(params, beam), drawn)
    event.x_decay = x
    event.y_decay = y
    event.z_decay = z
    _put_parent(parent, p, tx, ty, mass)
    _put_muon(daughters[0], q, nx, ny, nz)
    return 1


@inlined
def collimator_of(params: NDArray[np.float64]) -> tuple[float, float, float, float, float]:
    """Position z and squared radius of the last collimator's hole, constants of scattering and loss behind its face."""
    return (
        params[_Slot.Z_COLLIMATOR],
        params[_Slot.APERTURE2],
        params[_Slot.SCATTER],
        params[_Slot.SCATTER_LOG],
        params[_Slot.LOSS],
    )


@inlined
def behind_collimator(
    collimator: tuple[float, float, float, float, float],
    x: float,
    y: float,
    tx: float,
    ty: float,
    p: float,
    u: float,
    v: float,
) -> tuple[float, float, float]:
    """Slopes and momentum (MeV) of a muon that comes to the last collimator at (x, y), by two uniform numbers.

    The momentum is 0 if it stops there. Without a branch, for lanes.
    """
    _, hole2, scatter, scatter_log, loss = collimator
    passes = x * x + y * y < hole2
    left = p - loss
    # scattered with the momentum in the middle of the matter
    angle = plane_angle(scatter, scatter_log, 0.5 * (max(left, _M_MU) + p), _M_MU)
    a, b = normal_pair(u, v)
    left = left if left > _M_MU else 0.0
    return tx if passes else tx + angle * a, ty if passes else ty + angle * b, p if passes else left


@inlined
def through_collimator(params: NDArray[np.float64], segment: Record, rng: np.random.Generator) -> bool:
    """Bring the muon of ``segment`` behind the last collimator; False if it stops there."""
    collimator = collimator_of(params)
    dz = collimator[0] - segment.z
    segment.x += segment.tx * dz
    segment.y += segment.ty * dz
    segment.z = collimator[0]
    u, v = rng.random(), rng.random()
    x, y, p = segment.x, segment.y, segment.p
    tx, ty, left = behind_collimator(collimator, x, y, segment.tx, segment.ty, p, u, v)
    segment.tx = tx
    segment.ty = ty
    segment.p = left
    segment.pz = left / math.sqrt(1.0 + tx * tx + ty * ty)
    return bool(left > 0.0)
