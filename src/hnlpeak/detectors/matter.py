"""Thin matter, of a body of its own or of a detector: charged particles scatter, electrons radiate, photons convert."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from hnlpeak.core.card import Card
from hnlpeak.core.kernel import inlined
from hnlpeak.core.quantity import Length, Thickness
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.passage import conversion_paths, convert, highland_constants, radiate, scattering_angle
from hnlpeak.detectors.shape import SHAPE_WIDTH, Shape
from hnlpeak.detectors.surface import MATTER, Surface
from hnlpeak.theory.species import CHARGE, Species

__all__ = [
    "NO_RADIATION",
    "Slab",
    "angles_of",
    "largest_angle",
    "respond",
    "respond_to_photon",
    "slab_surface",
]

NO_RADIATION = 1.0
"""Threshold of matter behind the magnet: what electrons radiate there flies on with them and is measured with them."""


class Slab(Card):
    """Matter of a detector at ``z``: ``radiation_lengths`` as wide as the detector."""

    z: Length
    radiation_lengths: Thickness


class _Slot(IntEnum):
    SCATTERING = SHAPE_WIDTH
    SCATTERING_LOG = SHAPE_WIDTH + 1
    MATERIAL = SHAPE_WIDTH + 2
    RADIATION_THRESHOLD = SHAPE_WIDTH + 3
    CONVERSION = SHAPE_WIDTH + 4


def slab_surface(
    z: float,
    shape: Shape,
    radiation_lengths: float,
    *,
    name: str,
    threshold: float = NO_RADIATION,
    whole: float | None = None,
) -> Surface:
    """One layer of ``radiation_lengths`` at ``z`` (mm), part of a body of ``whole`` of them.

    Electrons radiate photons above the share ``threshold`` of their energy.
    """
    row = [
        *shape.packed(),
        *highland_constants(radiation_lengths, whole),
        radiation_lengths,
        threshold,
        conversion_paths(radiation_lengths),
    ]
    return Surface(MATTER, z, row, name, paths=row[-1])


@inlined
def angles_of(params: Record) -> tuple[float, float]:
    """Highland's constants of the layer, MeV."""
    return params[_Slot.SCATTERING], params[_Slot.SCATTERING_LOG]


@inlined
def largest_angle(params: Record) -> float:
    """Plane angle (MeV, over the momentum) by which the layer turns a light particle."""
    return float(params[_Slot.SCATTERING])


@inlined
def respond_to_photon(params: Record, event: Record, rng: np.random.Generator) -> None:
    """A photon may become a pair."""
    convert(params[_Slot.CONVERSION], 0.0, event, rng)


@inlined
def respond(params: Record, event: Record, rng: np.random.Generator) -> None:
    """Scatter a charged particle; an electron radiates, a photon may become a pair."""
    s = event.state
    species = s.species
    if CHARGE[species] == 0.0:
        respond_to_photon(params, event, rng)
        return
    theta = scattering_angle(params[_Slot.SCATTERING], params[_Slot.SCATTERING_LOG], s)
    s.tx += theta * rng.standard_normal()
    s.ty += theta * rng.standard_normal()
    if species in (Species.POSITRON, Species.ELECTRON) and params[_Slot.RADIATION_THRESHOLD] < NO_RADIATION:
        radiate(params[_Slot.MATERIAL], params[_Slot.RADIATION_THRESHOLD], event, rng)
