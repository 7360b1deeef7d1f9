"""Ring-imaging Cherenkov counter: number of hits and radius of a particle's ring.

With all hits on one circle about a known centre, their number and their mean radius hold all that the hits
say about the particle: the hits are drawn as these two.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Any, Literal

import numpy as np

from hnlpeak.core.kernel import inlined
from hnlpeak.core.quantity import Length, NonNegative, Positive, Size
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.kind import DetectorKind, DetectorSpec, Outline, Plane
from hnlpeak.detectors.matter import Slab, slab_surface
from hnlpeak.detectors.shape import SHAPE_WIDTH, Shape
from hnlpeak.detectors.surface import Surface
from hnlpeak.theory.species import CHARGE, MASS

__all__ = ["CODE", "KIND", "RingCherenkov", "RingSlot", "pack", "respond", "ring_radius"]


_WALK = 20.0  # larger means are drawn by rejection
_RECIPROCAL = 1.0 / np.maximum(np.arange(80), 1)


CODE = 8
"""Code of its surfaces."""


class RingCherenkov(DetectorSpec):
    """Ring-imaging counter: ``radius`` and ``hits`` of the ring of a particle with beta = 1.

    A selected track crosses ``entrance`` at ``z_entrance`` and ``mirror`` at ``z_mirror``, of ``focal_length``.

    ``hit_resolution`` is the error of one hit's radius, ``noise_hits`` the mean number of hits from elsewhere
    in the annulus of width ``annulus`` in which hits are looked for. ``matter``: windows, gas and mirror.
    """

    kind: Literal["ring_cherenkov"]
    z_entrance: Length
    entrance: Shape
    z_mirror: Length
    mirror: Shape
    focal_length: Size
    radius: Size
    hits: Positive
    hit_resolution: Size
    noise_hits: NonNegative
    annulus: Size
    matter: list[Slab] = []


class RingSlot(IntEnum):
    """Slots of the counter's row after its shape."""

    FOCAL_LENGTH = SHAPE_WIDTH
    INVERSE_N = SHAPE_WIDTH + 1
    RADIUS = SHAPE_WIDTH + 2
    HITS = SHAPE_WIDTH + 3
    RESOLUTION = SHAPE_WIDTH + 4
    NOISE = SHAPE_WIDTH + 5
    ANNULUS = SHAPE_WIDTH + 6


def pack(spec: RingCherenkov, system: int = 0) -> list[Surface]:
    """One surface at the mirror and those of the matter."""
    matter = [
        slab_surface(slab.z, spec.mirror, slab.radiation_lengths, name=spec.system) for slab in spec.matter
    ]
    return [Surface(CODE, spec.z_mirror, _row(spec), spec.system), *matter]


def _row(spec: RingCherenkov) -> list[float]:
    """Parameters of the ring; the refractive index follows from the radius at beta = 1."""
    return [
        *spec.mirror.packed(),
        spec.focal_length,
        math.cos(math.atan(spec.radius / spec.focal_length)),
        spec.radius,
        spec.hits,
        spec.hit_resolution,
        spec.noise_hits,
        spec.annulus,
    ]


@inlined
def ring_radius(params: Record, p: float, mass: float) -> float:
    """Radius (mm) of the ring of a particle of momentum ``p`` and ``mass`` (MeV); 0 below threshold."""
    cosine2 = params[RingSlot.INVERSE_N] ** 2 * (1.0 + (mass / p) ** 2)
    if cosine2 >= 1.0:
        return 0.0
    return float(params[RingSlot.FOCAL_LENGTH] * math.sqrt(1.0 / cosine2 - 1.0))


@inlined
def _poisson(mean: float, rng: np.random.Generator) -> int:
    """Poisson number by walking up its distribution: four times quicker than rejection at a dozen hits."""
    if mean > _WALK:
        return int(rng.poisson(mean))
    left = rng.random()
    chance = math.exp(-mean)
    n = 0
    while left >= chance and n < _RECIPROCAL.size - 1:
        left -= chance
        n += 1
        chance *= mean * _RECIPROCAL[n]
    return n


@inlined
def respond(params: Record, event: Record, particle: Record, rng: np.random.Generator) -> None:
    """Draw the number of hits and their mean radius for a charged particle that crosses the mirror."""
    s = event.state
    species = s.species
    if CHARGE[species] == 0.0:
        return
    radius = ring_radius(params, s.p, MASS[species])
    expected = params[RingSlot.HITS] * (radius / params[RingSlot.RADIUS]) ** 2
    n = _poisson(expected, rng)
    noise = _poisson(params[RingSlot.NOISE], rng)
    total = n + noise
    particle.n_ring = total
    if total == 0:
        return
    radii = n * radius + math.sqrt(float(n)) * params[RingSlot.RESOLUTION] * rng.standard_normal()
    for _ in range(noise):
        radii += (
            params[RingSlot.RADIUS]
            + params[RingSlot.RESOLUTION] * 5.0
            - params[RingSlot.ANNULUS] * rng.random()
        )
    particle.r_ring = radii / total


def _planes(spec: RingCherenkov) -> list[Plane]:
    return [Plane(spec.z_entrance, spec.entrance), Plane(spec.z_mirror, spec.mirror)]


def _constants(spec: RingCherenkov, system: int, setup: Any) -> None:
    setup["has_ring"] = 1
    row = _row(spec)
    setup["ring"][: len(row)] = row


def _outline(spec: RingCherenkov) -> list[Outline]:
    return [Outline(spec.system, spec.z_entrance, spec.z_mirror, spec.mirror, "#e4f0fa")]


KIND = DetectorKind(
    spec=RingCherenkov,
    response=pack,
    acceptance=_planes,
    constants=_constants,
    outline=_outline,
    fills=("rich_hits", "rich_e_margin", "rich_mu_margin"),
    most=1,
)
