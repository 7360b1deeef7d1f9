"""Scintillator hodoscope of charged particles: fast trigger signal and the reference time of tracks."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from hnlpeak.core.kernel import inlined
from hnlpeak.core.quantity import Fraction, Length, ThicknessOrNone
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.kind import Counter, DetectorKind, Outline, Plane
from hnlpeak.detectors.matter import slab_surface
from hnlpeak.detectors.shape import SHAPE_WIDTH, Shape
from hnlpeak.detectors.surface import Surface
from hnlpeak.theory.species import CHARGE

__all__ = [
    "CODE",
    "KIND",
    "Hodoscope",
    "fires",
    "matter",
    "pack",
    "planes_of",
    "resolution_of",
    "respond",
    "system_of",
]


CODE = 3
"""Code of its surfaces."""


class Hodoscope(Counter):
    """Planes of ``shape`` at ``planes`` (z), each with ``plane_efficiency``; a coincidence of all is the trigger
    signal.

    ``radiation_lengths`` is the matter of one plane.
    """

    kind: Literal["hodoscope"]
    planes: Annotated[list[Length], Field(min_length=1, max_length=4)]
    shape: Shape
    plane_efficiency: Fraction
    radiation_lengths: ThicknessOrNone = 0.0


class _Slot(IntEnum):
    SYSTEM = SHAPE_WIDTH
    EFFICIENCY = SHAPE_WIDTH + 1
    SIGMA_T = SHAPE_WIDTH + 2
    N_PLANES = SHAPE_WIDTH + 3


def pack(spec: Hodoscope, system: int) -> list[Surface]:
    """One surface a plane."""
    row = [
        *spec.shape.packed(),
        float(system),
        spec.plane_efficiency,
        spec.time_resolution,
        float(len(spec.planes)),
    ]
    return [Surface(CODE, z, row, spec.system) for z in spec.planes]


def matter(spec: Hodoscope, system: int) -> list[Surface]:
    """One surface of matter a plane, none without."""
    if spec.radiation_lengths == 0.0:
        return []
    return [slab_surface(z, spec.shape, spec.radiation_lengths, name=spec.system) for z in spec.planes]


@inlined
def respond(params: Record, event: Record, particle: Record, rng: np.random.Generator) -> None:
    """Count the planes that a charged particle fires; with the last, give the track its time and set the bit."""
    if CHARGE[event.state.species] == 0.0 or rng.random() >= params[_Slot.EFFICIENCY]:
        return
    particle.planes += 1
    if particle.planes == params[_Slot.N_PLANES]:
        particle.t_track = params[_Slot.SIGMA_T] * rng.standard_normal()
        bits = event.bits
        event.bits = bits | (1 << int(params[_Slot.SYSTEM]))


@inlined
def fires(params: Record, u: float) -> bool:
    """True where a plane fires that is crossed, by a uniform number; for lanes."""
    return bool(u < params[_Slot.EFFICIENCY])


@inlined
def resolution_of(params: Record) -> float:
    """Resolution of the time, ns."""
    return float(params[_Slot.SIGMA_T])


@inlined
def planes_of(params: Record) -> int:
    """Number of planes, all of which fire in a signal."""
    return int(params[_Slot.N_PLANES])


@inlined
def system_of(params: Record) -> int:
    """The system of a plane: without a particle that crosses all its planes it has no signal."""
    return int(params[_Slot.SYSTEM])


def _planes(spec: Hodoscope) -> list[Plane]:
    return [Plane(z, spec.shape) for z in spec.planes]


def _outline(spec: Hodoscope) -> list[Outline]:
    return [Outline(spec.system, z, z, spec.shape) for z in spec.planes]


KIND = DetectorKind(
    spec=Hodoscope,
    verdict=pack,
    response=matter,
    acceptance=_planes,
    outline=_outline,
    triggers=True,
    least=1,
    most=1,
)
