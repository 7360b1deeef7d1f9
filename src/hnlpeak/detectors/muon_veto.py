"""Counters behind the calorimeters and iron: what reaches them is a muon."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Literal

import numpy as np

from hnlpeak.core.card import Sourced
from hnlpeak.core.kernel import inlined
from hnlpeak.core.quantity import Energy, Fraction, Length, Positive, Rate, Time
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.shape import SHAPE_WIDTH, Shape, inside
from hnlpeak.detectors.surface import Kind, Surface, record_time
from hnlpeak.theory.species import Species

__all__ = ["MuonVeto", "pack", "respond"]


class MuonVeto(Sourced):
    """Muon counters behind ``radiation_lengths`` of absorber of the thickness ``absorber_length``.

    Muons below ``range_momentum`` stop; the efficiency rises to ``efficiency`` as
    ``1 - exp(-(p - range_momentum) / turn_on)``. ``punch_through`` is the probability that a pion leaves a
    signal.
    """

    kind: Literal["muon_veto"]
    system: str
    z: Length
    shape: Shape
    efficiency: Fraction
    range_momentum: Energy
    turn_on: Energy
    radiation_lengths: Positive
    absorber_length: Length
    punch_through: Fraction
    time_resolution: Time
    accidental_rate: Rate = "0 Hz"  # type: ignore[assignment]


class _Slot(IntEnum):
    SYSTEM = SHAPE_WIDTH
    EFFICIENCY = SHAPE_WIDTH + 1
    RANGE = SHAPE_WIDTH + 2
    TURN_ON = SHAPE_WIDTH + 3
    SCATTER = SHAPE_WIDTH + 4
    PUNCH_THROUGH = SHAPE_WIDTH + 5
    SIGMA_T = SHAPE_WIDTH + 6
    COUNTERS = SHAPE_WIDTH + 7


def pack(spec: MuonVeto, system: int) -> list[Surface]:
    """One surface; scattering in the absorber displaces the muon by 13.6 MeV/p sqrt(X/X0) L/sqrt(3)."""
    scatter = 13.6 * math.sqrt(spec.radiation_lengths) * spec.absorber_length / math.sqrt(3.0)
    row = [
        *Shape().packed(),  # scattering may lead any muon into the counters
        float(system),
        spec.efficiency,
        spec.range_momentum,
        max(spec.turn_on, 1e-9),
        scatter,
        spec.punch_through,
        spec.time_resolution,
        *spec.shape.packed(),
    ]
    return [Surface(Kind.MUON_VETO, spec.z, row, spec.system)]


@inlined
def _muon_seen(params: Record, p: float, u: float) -> bool:
    """True for u below efficiency [1 - exp(-x)], x = (p - range) / turn-on."""
    x = (p - params[_Slot.RANGE]) / params[_Slot.TURN_ON]
    left = params[_Slot.EFFICIENCY] - u
    if x <= 0.0 or left <= 0.0:
        return False
    # exp(-x) < 1 / (1 + x + x^2 / 2) settles nearly all without the exponential
    return bool(
        left * (1.0 + x * (1.0 + 0.5 * x)) > params[_Slot.EFFICIENCY]
        or left > params[_Slot.EFFICIENCY] * math.exp(-x)
    )


@inlined
def respond(params: Record, event: Record, particle: Record, rng: np.random.Generator) -> None:
    """Detect a muon (rarely a pion) that crosses the absorber into the counters; set the bit and the time."""
    s = event.state
    species = s.species
    p = s.p
    if species in (Species.MUON_PLUS, Species.MUON_MINUS):
        if not _muon_seen(params, p, rng.random()):
            return
    elif (
        species not in (Species.PION_PLUS, Species.PION_MINUS) or rng.random() >= params[_Slot.PUNCH_THROUGH]
    ):
        return
    shift = params[_Slot.SCATTER] / p
    x = s.x + shift * rng.standard_normal()
    y = s.y + shift * rng.standard_normal()
    if not inside(params[_Slot.COUNTERS :], x, y):
        return
    system = int(params[_Slot.SYSTEM])
    record_time(event, system, params[_Slot.SIGMA_T] * rng.standard_normal())
    bits = event.bits
    event.bits = bits | (1 << system)
