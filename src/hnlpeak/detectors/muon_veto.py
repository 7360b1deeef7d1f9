"""Counters behind the calorimeters and iron: what reaches them is a muon.

An analysis may veto on their signals or require one near the track; the trigger may do either.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Literal, Self

import numpy as np
from pydantic import model_validator

from hnlpeak.core.kernel import inlined
from hnlpeak.core.quantity import Energy, Fraction, Length, Positive
from hnlpeak.detectors.event import MAX_MUON_HITS, Record
from hnlpeak.detectors.kind import Counter, DetectorKind, Outline, Plane
from hnlpeak.detectors.shape import SHAPE_WIDTH, Shape, inside
from hnlpeak.detectors.surface import Surface, record_time
from hnlpeak.theory.species import Species

__all__ = ["CODE", "KIND", "MuonVeto", "pack", "record_hit", "respond"]


CODE = 4
"""Code of its surfaces."""


class MuonVeto(Counter):
    """Muon counters behind ``radiation_lengths`` of absorber of the thickness ``absorber_length``.

    Muons below ``range_momentum`` stop; the efficiency rises to ``efficiency`` as
    ``1 - exp(-(p - range_momentum) / turn_on)``. ``punch_through`` is the probability that a pion leaves a
    signal. A hit has the position of the middle of its cell, ``cell_x`` by ``cell_y`` (crossed strips make cells);
    0 is a counter of its own at every point.
    """

    kind: Literal["muon_veto"]
    z: Length
    shape: Shape
    efficiency: Fraction
    range_momentum: Energy
    turn_on: Energy
    radiation_lengths: Positive
    absorber_length: Length
    punch_through: Fraction
    cell_x: Length = "0 mm"  # type: ignore[assignment]
    cell_y: Length = "0 mm"  # type: ignore[assignment]

    @model_validator(mode="after")
    def _cells(self) -> Self:
        if min(self.cell_x, self.cell_y) < 0.0:
            raise ValueError(f"cells must not be negative, got {self.cell_x:g} by {self.cell_y:g} mm")
        return self


class _Slot(IntEnum):
    SYSTEM = SHAPE_WIDTH
    EFFICIENCY = SHAPE_WIDTH + 1
    RANGE = SHAPE_WIDTH + 2
    TURN_ON = SHAPE_WIDTH + 3
    SCATTER = SHAPE_WIDTH + 4
    PUNCH_THROUGH = SHAPE_WIDTH + 5
    SIGMA_T = SHAPE_WIDTH + 6
    CELL_X = SHAPE_WIDTH + 7
    CELL_Y = SHAPE_WIDTH + 8
    COUNTERS = SHAPE_WIDTH + 9


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
        spec.cell_x,
        spec.cell_y,
        *spec.shape.packed(),
    ]
    return [Surface(CODE, spec.z, row, spec.system)]


@inlined
def _middle(value: float, cell: float) -> float:
    """Middle of the cell that holds ``value``; an edge between two cells is at 0."""
    return float(cell * (math.floor(value / cell) + 0.5)) if cell > 0.0 else value


@inlined
def record_hit(event: Record, system: int, x: float, y: float, z: float, time: float) -> None:
    """Append a signal of ``system`` at a place (mm) and time (ns); beyond ``MAX_MUON_HITS`` only the time is kept."""
    record_time(event, system, time)
    n = event.n_muon_hits
    if n < MAX_MUON_HITS:
        hit = event.muon_hits[n]
        hit.x = x
        hit.y = y
        hit.z = z
        hit.time = time
        event.n_muon_hits = n + 1


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
    x, y = _middle(x, params[_Slot.CELL_X]), _middle(y, params[_Slot.CELL_Y])
    record_hit(event, system, x, y, s.z, params[_Slot.SIGMA_T] * rng.standard_normal())
    bits = event.bits
    event.bits = bits | (1 << system)


def _plane(spec: MuonVeto) -> Plane:
    return Plane(spec.z, spec.shape)


def _outline(spec: MuonVeto) -> list[Outline]:
    return [Outline(spec.system, spec.z, spec.z + 500.0, spec.shape, "#cfb8dc")]


KIND = DetectorKind(
    spec=MuonVeto,
    verdict=pack,
    acceptance=lambda spec: [_plane(spec)],
    outline=_outline,
    accidental_plane=_plane,
    timed=True,
)
