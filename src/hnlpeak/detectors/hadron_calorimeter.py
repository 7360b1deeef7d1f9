"""Iron-scintillator calorimeters behind the electromagnetic one: energy of hadrons."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Literal

import numpy as np

from hnlpeak.core.kernel import inlined
from hnlpeak.core.quantity import Energy, Fraction, Length, Positive
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.kind import DetectorKind, DetectorSpec, Outline, Plane
from hnlpeak.detectors.shape import SHAPE_WIDTH, Shape
from hnlpeak.detectors.surface import ALL_BUT_MUONS, Surface
from hnlpeak.theory.species import Species

__all__ = ["CODE", "KIND", "HadronCalorimeter", "pack", "respond"]


CODE = 9
"""Code of its surfaces."""


class HadronCalorimeter(DetectorSpec):
    """Calorimeter of ``interaction_lengths`` with the resolution ``stochastic`` / sqrt(E / GeV).

    Pions interact with probability 1 - exp(-lengths) and stop; muons leave ``minimum_ionising``.
    """

    kind: Literal["hadron_calorimeter"]
    z: Length
    shape: Shape
    interaction_lengths: Positive
    stochastic: Fraction
    minimum_ionising: Energy


class _Slot(IntEnum):
    SURVIVAL = SHAPE_WIDTH
    STOCHASTIC = SHAPE_WIDTH + 1
    MIP = SHAPE_WIDTH + 2


def pack(spec: HadronCalorimeter, system: int = 0) -> list[Surface]:
    """One surface."""
    row = [*spec.shape.packed(), math.exp(-spec.interaction_lengths), spec.stochastic, spec.minimum_ionising]
    return [Surface(CODE, spec.z, row, spec.system, stops=ALL_BUT_MUONS)]


@inlined
def respond(params: Record, event: Record, particle: Record, rng: np.random.Generator) -> None:
    """Add the energy that a pion or muon leaves to its track's hadronic energy."""
    s = event.state
    species = s.species
    energy = params[_Slot.MIP]
    if species in (Species.PION_PLUS, Species.PION_MINUS) and rng.random() > params[_Slot.SURVIVAL]:
        energy = s.p
        s.alive = 0
    elif species in (Species.PHOTON, Species.POSITRON, Species.ELECTRON):
        return
    sigma = params[_Slot.STOCHASTIC] * math.sqrt(energy * 1e3)
    particle.e_hadron += max(energy + sigma * rng.standard_normal(), 0.0)


def _outline(spec: HadronCalorimeter) -> list[Outline]:
    return [Outline(spec.system, spec.z, spec.z + 700.0, spec.shape, "#d9c4bd")]


KIND = DetectorKind(
    spec=HadronCalorimeter,
    response=pack,
    acceptance=lambda spec: [Plane(spec.z, spec.shape)],
    outline=_outline,
    columns=lambda _spec: ("e_hadron_mev",),
    stops_hadrons=True,
)
