"""Iron-scintillator calorimeters behind the electromagnetic one: energy of hadrons."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Literal

import numpy as np

from hnlpeak.core.card import Sourced
from hnlpeak.core.kernel import inlined
from hnlpeak.core.quantity import Energy, Fraction, Length, Positive
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.shape import SHAPE_WIDTH, Shape
from hnlpeak.detectors.surface import Kind, Surface
from hnlpeak.theory.species import Species

__all__ = ["HadronCalorimeter", "pack", "respond"]


class HadronCalorimeter(Sourced):
    """Calorimeter of ``interaction_lengths`` with the resolution ``stochastic`` / sqrt(E / GeV).

    Pions interact with probability 1 - exp(-lengths) and stop; muons leave ``minimum_ionising``.
    """

    kind: Literal["hadron_calorimeter"]
    system: str
    z: Length
    shape: Shape
    interaction_lengths: Positive
    stochastic: Fraction
    minimum_ionising: Energy


class _Slot(IntEnum):
    SURVIVAL = SHAPE_WIDTH
    STOCHASTIC = SHAPE_WIDTH + 1
    MIP = SHAPE_WIDTH + 2


def pack(spec: HadronCalorimeter) -> list[Surface]:
    """One surface."""
    row = [*spec.shape.packed(), math.exp(-spec.interaction_lengths), spec.stochastic, spec.minimum_ionising]
    return [Surface(Kind.HADRON_CALORIMETER, spec.z, row, spec.system)]


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
