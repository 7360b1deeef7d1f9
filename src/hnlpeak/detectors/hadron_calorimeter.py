"""Iron-scintillator calorimeters behind the electromagnetic one: energy of hadrons."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Literal

import numpy as np

from hnlpeak.core.kernel import inlined
from hnlpeak.core.quantity import Energy, Fraction, Length, Positive
from hnlpeak.detectors.absorber import InteractionLengths, depth_of
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.hadron_shower import traverse
from hnlpeak.detectors.kind import DetectorKind, DetectorSpec, Outline, Plane
from hnlpeak.detectors.passage import minimum_ionising
from hnlpeak.detectors.shape import SHAPE_WIDTH, Shape
from hnlpeak.detectors.surface import ALL_BUT_MUONS, Surface
from hnlpeak.theory.species import Species, is_hadron

__all__ = ["CODE", "KIND", "HadronCalorimeter", "pack", "respond"]


CODE = 9
"""Code of its surfaces."""


class HadronCalorimeter(DetectorSpec):
    """Hadron calorimeter of ``shape`` at ``z`` with the resolution ``stochastic`` / sqrt(E / GeV).

    It is ``interaction_lengths`` (nuclear ones, by material) and ``radiation_lengths`` deep.

    It measures what a hadron's shower, begun there or before, has within it; what is behind goes on. Muons, and hadrons
    that have not interacted, leave ``minimum_ionising`` with the fluctuations of ``minimum_ionising_width``.
    """

    kind: Literal["hadron_calorimeter"]
    z: Length
    shape: Shape
    interaction_lengths: InteractionLengths
    radiation_lengths: Positive
    stochastic: Fraction
    minimum_ionising: Energy
    minimum_ionising_width: Energy


class _Slot(IntEnum):
    NUCLEAR = SHAPE_WIDTH
    PION = SHAPE_WIDTH + 1
    DEPTH = SHAPE_WIDTH + 2
    STOCHASTIC = SHAPE_WIDTH + 3
    MIP = SHAPE_WIDTH + 4
    MIP_WIDTH = SHAPE_WIDTH + 5


def pack(spec: HadronCalorimeter, system: int = 0) -> list[Surface]:
    """One surface."""
    row = [
        *spec.shape.packed(),
        depth_of(spec.interaction_lengths),
        depth_of(spec.interaction_lengths, "pi+"),
        spec.radiation_lengths,
        spec.stochastic,
        spec.minimum_ionising,
        spec.minimum_ionising_width,
    ]
    return [Surface(CODE, spec.z, row, spec.system, stops=ALL_BUT_MUONS)]


@inlined
def respond(params: Record, event: Record, particle: Record, rng: np.random.Generator) -> None:
    """Add the energy that a pion or muon leaves to its track's hadronic energy."""
    s = event.state
    species = s.species
    shower, track = 0.0, 1.0
    if is_hadron(species):
        begun = s.shower > 0.0
        nuclear, pion = params[_Slot.NUCLEAR], params[_Slot.PION]
        em, hadronic, before = traverse(s, nuclear, pion, params[_Slot.DEPTH], rng)
        shower, track = em + hadronic, 0.0 if begun else before
    elif species in (Species.PHOTON, Species.POSITRON, Species.ELECTRON):
        return
    energy = shower + track * minimum_ionising(params[_Slot.MIP], params[_Slot.MIP_WIDTH], rng)
    sigma = params[_Slot.STOCHASTIC] * math.sqrt(energy * 1e3)
    particle.e_hadron += max(energy + sigma * rng.standard_normal(), 0.0)


def _outline(spec: HadronCalorimeter) -> list[Outline]:
    return [Outline(spec.system, spec.z, spec.z + 700.0, spec.shape, "#d9c4bd")]


KIND = DetectorKind(
    spec=HadronCalorimeter,
    response=pack,
    acceptance=lambda spec: [Plane(spec.z, spec.shape)],
    outline=_outline,
    fills=("e_hadron_mev",),
    stops_hadrons=True,
    ends_tracks=True,
)
