"""Wall of a beam pipe: thin, but crossed at a milliradian it is metres of matter.

A particle walks through the wall in steps of a tenth of a radiation length until it leaves it on either side: charged
ones scatter (Highland), electrons radiate, hadrons end at their first interaction; photons become pairs where their
depth says. What is born in the wall walks on from there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import IntEnum
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from hnlpeak.core.kernel import inlined
from hnlpeak.core.quantity import Energy, Size
from hnlpeak.core.quantity import Length as Z
from hnlpeak.detectors.absorber import InteractionLengths, depth_of
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.kind import DetectorKind, DetectorSpec, Outline
from hnlpeak.detectors.passage import begin_pair, conversion_depth, conversion_paths, radiate
from hnlpeak.detectors.shape import SHAPE_WIDTH, Shape
from hnlpeak.detectors.surface import Surface
from hnlpeak.theory.species import CHARGE, Species, is_hadron

__all__ = [
    "CODE",
    "KIND",
    "BeamPipe",
    "begin_of",
    "inner_of",
    "may_touch",
    "outer_of",
    "pack",
    "respond",
    "respond_to_photon",
]

CODE = 11
"""Code of its surfaces."""

_STEP = 0.1  # radiation lengths
_MOST_STEPS = 2000
_NEVER = -1.0
_STEEPEST = 0.02
"""Steeper courses cross the wall in 50 times its thickness at most: those that end farther out are left out."""


class BeamPipe(DetectorSpec):
    """A tube about the axis, of ``inner_radius`` and ``wall``, through ``sections`` (z of their ends).

    Courses must be straight within a section: sections end at chambers and at the magnet. What decays within one counts
    as if it had flown on straight. ``radiation_length`` is that of the wall, as a length; ``interaction_lengths`` are
    nuclear ones of a metre of it, by material. Electrons and photons below ``threshold`` are lost in the wall, and so
    is what has no place among the particles of an event.
    """

    kind: Literal["beam_pipe"]
    sections: Annotated[list[Z], Field(min_length=2, max_length=16)]
    inner_radius: Size
    wall: Size
    radiation_length: Size
    interaction_lengths: InteractionLengths
    threshold: Energy = "1 GeV"  # type: ignore[assignment]

    def contradictions(self) -> Iterator[str]:
        """Yield what makes it no tube."""
        if sorted(set(self.sections)) != self.sections:
            yield f"sections must stand in the order of z, got {self.sections} mm"
        if self.threshold <= 0.0:
            yield "threshold must be above 0: a shower has no end"


class _Slot(IntEnum):
    Z_BEGIN = SHAPE_WIDTH
    INNER = SHAPE_WIDTH + 1
    OUTER = SHAPE_WIDTH + 2
    STEP = SHAPE_WIDTH + 3
    THETA = SHAPE_WIDTH + 4
    HADRON = SHAPE_WIDTH + 5
    PATHS = SHAPE_WIDTH + 6
    THRESHOLD = SHAPE_WIDTH + 7


def pack(spec: BeamPipe, system: int = 0) -> list[Surface]:
    """One surface a section, at its end."""
    step = _STEP * spec.radiation_length
    pion_lengths = depth_of(spec.interaction_lengths, "pi+") * step * 1e-3
    constants = [
        spec.inner_radius,
        spec.inner_radius + spec.wall,
        step,
        # of a radiation length, so that the steps add up to about what a particle crosses
        13.6 * math.sqrt(_STEP),
        pion_lengths,
        conversion_paths(_STEP) / step,
        spec.threshold,
    ]
    return [
        Surface(CODE, end, [*_reach(spec, end - begin), begin, *constants], spec.system, act_on_photons=True)
        for begin, end in zip(spec.sections, spec.sections[1:], strict=False)
    ]


def _reach(spec: BeamPipe, length: float) -> list[float]:
    """Where particles may be at the end of a section of ``length`` that touch its wall, as a packed shape."""
    radius = spec.inner_radius + spec.wall + _STEEPEST * length
    return Shape.model_validate({"outer_radius": f"{radius!r} mm"}).packed()


@inlined
def begin_of(params: Record) -> float:
    """Begin of a section, z in mm."""
    return float(params[_Slot.Z_BEGIN])


@inlined
def inner_of(params: Record) -> float:
    """Inner radius of the wall, mm."""
    return float(params[_Slot.INNER])


@inlined
def outer_of(params: Record) -> float:
    """Outer radius of the wall, mm."""
    return float(params[_Slot.OUTER])


@inlined
def _way_to_radius(x: float, y: float, tx: float, ty: float, radius: float) -> float:
    """How far in z an outward or inward course from (x, y) first meets ``radius``; below 0 where it does not."""
    a, b, c = tx * tx + ty * ty, x * tx + y * ty, x * x + y * y - radius * radius
    root = b * b - a * c
    if a == 0.0 or root <= 0.0:
        return _NEVER
    root = math.sqrt(root)
    first, second = (-b - root) / a, (-b + root) / a
    return first if first > 0.0 else second


@inlined
def may_touch(params: Record, z_from: float, x: float, y: float, z: float, tx: float, ty: float) -> bool:
    """False only where a straight course that ends at (x, y, z) stays outside of the wall, or within it all the way."""
    back = z - max(params[_Slot.Z_BEGIN], z_from)
    ax, ay = x - tx * back, y - ty * back
    inner2, outer2 = params[_Slot.INNER] ** 2, params[_Slot.OUTER] ** 2
    within = (ax * ax + ay * ay < inner2) & (x * x + y * y < inner2)
    # farther from the axis at the beginning and flying away from it
    away = (ax * ax + ay * ay > outer2) & (ax * tx + ay * ty >= 0.0)
    return not (within | away)


@inlined
def _enter(params: Record, z_from: float, event: Record) -> bool:
    """Take the particle in flight back to where it enters the wall; False, and as it was, where it does not."""
    s = event.state
    back = s.z - max(params[_Slot.Z_BEGIN], z_from)
    if back <= 0.0:
        return False
    x, y = s.x - s.tx * back, s.y - s.ty * back
    r2 = x * x + y * y
    inner, outer = params[_Slot.INNER], params[_Slot.OUTER]
    if r2 < inner * inner:
        way = _way_to_radius(x, y, s.tx, s.ty, inner)
    elif r2 > outer * outer:
        way = _way_to_radius(x, y, s.tx, s.ty, outer)
    else:
        way = 0.0
    if way < 0.0 or way >= back:
        return False
    s.x, s.y, s.z = x + s.tx * way, y + s.ty * way, s.z - back + way
    return True


@inlined
def _is_in_wall(params: Record, s: Record) -> bool:
    r2 = s.x * s.x + s.y * s.y
    # a micrometre of rounding where a particle has just entered
    return bool((params[_Slot.INNER] - 1e-3) ** 2 <= r2 <= (params[_Slot.OUTER] + 1e-3) ** 2)


@inlined
def _step(params: Record, share: float, event: Record, rng: np.random.Generator) -> None:
    """What a step, or a ``share`` of it, does to a charged particle."""
    s = event.state
    if is_hadron(s.species) and rng.random() < params[_Slot.HADRON] * share:
        s.alive = 0
        return
    theta = params[_Slot.THETA] * math.sqrt(share) / s.p
    s.tx += theta * rng.standard_normal()
    s.ty += theta * rng.standard_normal()
    if s.species in (Species.POSITRON, Species.ELECTRON):
        least = params[_Slot.THRESHOLD] / s.p
        if least >= 1.0:
            s.alive = 0
            return
        radiate(_STEP * share, least, event, rng)
        # photons below the threshold take 4/3 of it in a radiation length
        s.p *= 1.0 - 4.0 / 3.0 * min(least, 0.5) * _STEP * share


@inlined
def _walk(params: Record, z_end: float, event: Record, rng: np.random.Generator) -> None:
    """Walk through the wall until the particle leaves it, ends or is at ``z_end``."""
    s = event.state
    for _ in range(_MOST_STEPS):
        length = min(params[_Slot.STEP], z_end - s.z)
        _step(params, length / params[_Slot.STEP], event, rng)
        if s.alive == 0:
            return
        s.x += s.tx * length
        s.y += s.ty * length
        s.z += length
        if s.z >= z_end or not _is_in_wall(params, s):
            return
    s.alive = 0


@inlined
def respond(params: Record, event: Record, particle: Record, rng: np.random.Generator) -> None:
    """Walk a charged particle through the wall where its way through the section leads there."""
    s = event.state
    if CHARGE[s.species] == 0.0:
        respond_to_photon(params, event, particle, rng)
        return
    z_end, z_from = s.z, particle.segments[0].z
    if not may_touch(params, z_from, s.x, s.y, z_end, s.tx, s.ty) or not _enter(params, z_from, event):
        return
    s.scattered_p = 0.0
    _walk(params, z_end, event, rng)
    rest = z_end - s.z
    s.x += s.tx * rest
    s.y += s.ty * rest
    s.z = z_end


@inlined
def respond_to_photon(params: Record, event: Record, particle: Record, rng: np.random.Generator) -> None:
    """A photon in the wall becomes a pair where its depth says, or is lost below the threshold."""
    s = event.state
    z_end, z_from = s.z, particle.segments[0].z
    if not may_touch(params, z_from, s.x, s.y, z_end, s.tx, s.ty):
        return
    x, y = s.x, s.y
    if not _enter(params, z_from, event):
        return
    if s.p < params[_Slot.THRESHOLD]:
        s.alive = 0
        return
    # straight to the end of the wall, outwards or inwards
    out = _way_to_radius(s.x, s.y, s.tx, s.ty, params[_Slot.OUTER])
    inwards = s.x * s.tx + s.y * s.ty < 0.0
    way = _way_to_radius(s.x, s.y, s.tx, s.ty, params[_Slot.INNER]) if inwards else out
    way = z_end - s.z if way < 0.0 else min(way, z_end - s.z)
    flown = conversion_depth(s.p, rng.random()) / params[_Slot.PATHS]
    if flown < way:
        s.x += s.tx * flown
        s.y += s.ty * flown
        s.z += flown
        begin_pair(event, rng)
        s.alive = 0
        return
    s.x, s.y, s.z = x, y, z_end


def _outline(spec: BeamPipe) -> list[Outline]:
    ring = Shape.model_validate(
        {"hole_radius": f"{spec.inner_radius!r} mm", "outer_radius": f"{spec.inner_radius + spec.wall!r} mm"}
    )
    return [Outline(spec.system, spec.sections[0], spec.sections[-1], ring, "#b8bcc4")]


KIND = DetectorKind(spec=BeamPipe, response=pack, outline=_outline)
