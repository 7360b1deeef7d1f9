"""Counters behind the calorimeters and iron: what reaches them is a muon.

An analysis may veto on their signals or require one near the track; the trigger may do either.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from hnlpeak.core.card import Card
from hnlpeak.core.kernel import inlined
from hnlpeak.core.lanes import exponential, normal_pair
from hnlpeak.core.quantity import Energy, Fraction, Length, Positive
from hnlpeak.detectors.absorber import InteractionLengths, depth_of
from hnlpeak.detectors.event import MAX_MUON_HITS, Record
from hnlpeak.detectors.hadron_shower import penetration_law
from hnlpeak.detectors.kind import Counter, DetectorKind, Outline, Plane
from hnlpeak.detectors.shape import SHAPE_WIDTH, Limits, Shape, inside, lies_inside, limits_of, surely_inside
from hnlpeak.detectors.surface import Surface, record_time
from hnlpeak.theory.species import Species, is_hadron

__all__ = [
    "CODE",
    "KIND",
    "EfficiencyMap",
    "MuonVeto",
    "cell_middle",
    "counters_of",
    "law_of",
    "least_of_map",
    "met",
    "missed",
    "pack",
    "record",
    "record_hit",
    "resolution_of",
    "respond",
    "sees",
    "surely_seen",
    "system_of",
]


CODE = 4
"""Code of its surfaces."""


MAX_RINGS = 6
_STIFF = 100e3  # MeV
_EDGE = 1e-3  # mm: more than rounding can do
Law = tuple[tuple[float, float, float, float], Limits]
"""Range and turn-on (MeV), efficiency and displacement times momentum (mm MeV) of a counter; where it is."""


class EfficiencyMap(Card):
    """Efficiency in rings about the beam: ``values`` [i] from ``radii`` [i] to the next, the last one beyond."""

    radii: Annotated[list[Length], Field(min_length=1, max_length=MAX_RINGS)]
    values: Annotated[list[Fraction], Field(min_length=1, max_length=MAX_RINGS)]

    @model_validator(mode="after")
    def _rings(self) -> Self:
        if (
            len(self.radii) != len(self.values)
            or sorted(set(self.radii)) != self.radii
            or self.radii[0] != 0.0
        ):
            raise ValueError("radii must rise from 0 mm, with one of values for each")
        return self


class MuonVeto(Counter):
    """Muon counters at ``z`` behind ``radiation_lengths`` of absorber of the thickness ``absorber_length``.

    Muons below ``range_momentum`` stop; above it the efficiency rises to ``efficiency`` within some ``turn_on``, as 1 -
    exp(-(p - range) / turn-on), times that of ``efficiency_map`` where the muon's course would meet the counters. Pions
    reach them behind ``interaction_lengths`` (nuclear ones, by material) with what their showers leak
    (``hadron_shower.penetration_law``); one that reaches a counter reaches those before it. A hit has the position of
    the middle of its cell, ``cell_x`` by ``cell_y`` (crossed strips make cells); 0 is a counter of its own at every
    point. Strips measure one coordinate alone: ``measures`` says which ("none": only that there is a hit).
    ``acceptance`` is the part that a selected track must cross (default: all of ``shape``).
    """

    kind: Literal["muon_veto"]
    z: Length
    shape: Shape
    acceptance: Shape | None = None
    measures: Literal["x", "y", "xy", "none"] = "xy"
    efficiency: Fraction
    efficiency_map: EfficiencyMap | None = None
    range_momentum: Energy
    turn_on: Energy
    radiation_lengths: Positive
    absorber_length: Length
    interaction_lengths: InteractionLengths
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
    PENETRATION = SHAPE_WIDTH + 5
    PENETRATION_POWER = SHAPE_WIDTH + 6
    PENETRATION_STIFF = SHAPE_WIDTH + 7
    SIGMA_T = SHAPE_WIDTH + 8
    CELL_X = SHAPE_WIDTH + 9
    CELL_Y = SHAPE_WIDTH + 10
    REACH_X = SHAPE_WIDTH + 11
    REACH_Y = SHAPE_WIDTH + 12
    N_RINGS = SHAPE_WIDTH + 13
    RINGS = SHAPE_WIDTH + 14
    COUNTERS = RINGS + 2 * MAX_RINGS


def _scatter(spec: MuonVeto) -> float:
    """Displacement of a muon by scattering in the absorber (rms in a coordinate) times its momentum, mm MeV."""
    return 13.6 * math.sqrt(spec.radiation_lengths) * spec.absorber_length / math.sqrt(3.0)


def _reach(spec: MuonVeto) -> tuple[float, float]:
    """Half-sizes of a cell in x and y, mm; infinite where the coordinate is not measured."""
    return (
        0.5 * spec.cell_x if "x" in spec.measures else math.inf,
        0.5 * spec.cell_y if "y" in spec.measures else math.inf,
    )


def pack(spec: MuonVeto, system: int) -> list[Surface]:
    """One surface; scattering in the absorber displaces the muon by 13.6 MeV/p sqrt(X/X0) L/sqrt(3)."""
    rings = [] if spec.efficiency_map is None else spec.efficiency_map.values
    squares = [] if spec.efficiency_map is None else [radius**2 for radius in spec.efficiency_map.radii]
    filling = [0.0] * (MAX_RINGS - len(rings))
    lengths = spec.interaction_lengths
    share, power = penetration_law(depth_of(lengths), depth_of(lengths, "pi+"))
    row = [
        *Shape().packed(),  # scattering may lead any muon into the counters
        float(system),
        spec.efficiency,
        spec.range_momentum,
        max(spec.turn_on, 1e-9),
        _scatter(spec),
        share,
        power,
        share * (1e-3 * _STIFF) ** max(power, 0.0),
        spec.time_resolution,
        spec.cell_x,
        spec.cell_y,
        *_reach(spec),
        float(len(rings)),
        *squares,
        *filling,
        *rings,
        *filling,
        *spec.shape.packed(),
    ]
    return [Surface(CODE, spec.z, row, spec.system)]


@inlined
def cell_middle(value: float, cell: float) -> float:
    """Middle of the cell that holds ``value``; an edge between two cells is at 0."""
    return float(cell * (math.floor(value / cell) + 0.5)) if cell > 0.0 else value


@inlined
def record_hit(
    event: Record,
    system: int,
    x: float,
    y: float,
    z: float,
    time: float,
    reach: tuple[float, float],
    scatter: float,
) -> None:
    """Append a signal of ``system`` at a place (mm) and time (ns); beyond ``MAX_MUON_HITS`` only the time is kept.

    ``reach``: half-sizes of the cell, infinite where it tells no coordinate; ``scatter``: the displacement expected of
    a muon times its momentum, mm MeV.
    """
    record_time(event, system, time)
    n = event.n_muon_hits
    if n < MAX_MUON_HITS:
        hit = event.muon_hits[n]
        hit.x = x
        hit.y = y
        hit.z = z
        hit.time = time
        hit.reach_x, hit.reach_y = reach
        hit.scatter = scatter
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
def _map(params: Record, radius2: float) -> float:
    """Efficiency of the ring of squared radius ``radius2`` (mm^2), 1 without a map."""
    value = 1.0
    for ring in range(int(params[_Slot.N_RINGS])):
        if radius2 < params[_Slot.RINGS + ring]:
            break
        value = params[_Slot.RINGS + MAX_RINGS + ring]
    return float(max(value, 1e-12))


@inlined
def least_of_map(params: Record) -> float:
    """Smallest efficiency of the map, 1 without one."""
    least = 1.0
    for ring in range(int(params[_Slot.N_RINGS])):
        least = min(least, params[_Slot.RINGS + MAX_RINGS + ring])
    return float(max(least, 1e-12))


@inlined
def displaced(params: Record, x: float, y: float, p: float, u: float, v: float) -> tuple[float, float]:
    """Where a particle comes out of the absorber that would have met the counters at (x, y), by two uniform numbers."""
    return _shifted(params[_Slot.SCATTER] / p, x, y, u, v)


@inlined
def _shifted(shift: float, x: float, y: float, u: float, v: float) -> tuple[float, float]:
    a, b = normal_pair(u, v)
    return x + shift * a, y + shift * b


@inlined
def law_of(params: Record) -> Law:
    """What ``surely_seen`` asks of a counter."""
    law = params[_Slot.RANGE], params[_Slot.TURN_ON], params[_Slot.EFFICIENCY], params[_Slot.SCATTER]
    return law, limits_of(params[_Slot.COUNTERS :])


@inlined
def surely_seen(law: Law, x: float, y: float, p: float, numbers: tuple[float, float, float]) -> bool:
    """True only where ``respond`` sees a muon that meets the counters at (x, y) with these numbers; without a branch.

    The first of the numbers is divided by the smallest efficiency of the map.
    """
    (least, turn_on, efficiency, scatter), counters = law
    turn = (p - least) / turn_on
    left = efficiency - numbers[0]
    efficient = (turn > 0.0) & (left * (1.0 + turn * (1.0 + 0.5 * turn)) > efficiency)
    x, y = _shifted(scatter / p, x, y, numbers[1], numbers[2])
    return bool(efficient & surely_inside(counters, x, y, _EDGE))


@inlined
def sees(params: Record, x: float, y: float, p: float, u: float) -> bool:
    """True where a muon whose course meets the counters at (x, y) is efficient, by a uniform number; for lanes."""
    radius2, value = x * x + y * y, 1.0
    for ring in range(MAX_RINGS):  # a number that compilers know: no loop is left
        least, there = params[_Slot.RINGS + ring], params[_Slot.RINGS + MAX_RINGS + ring]
        value = there if (ring < params[_Slot.N_RINGS]) & (radius2 >= least) else value
    turn = (p - params[_Slot.RANGE]) / params[_Slot.TURN_ON]
    efficiency = params[_Slot.EFFICIENCY] * (1.0 - exponential(-max(turn, 0.0)))
    return bool(u < efficiency * max(value, 1e-12))


@inlined
def counters_of(params: Record) -> Limits:
    """Where the counters are."""
    return limits_of(params[_Slot.COUNTERS :])


@inlined
def met(
    params: Record, counters: Limits, x: float, y: float, p: float, numbers: tuple[float, float]
) -> tuple[float, float, bool]:
    """Middle of the cell in which such a muon comes out of the absorber, and whether it is among the ``counters``."""
    x, y = displaced(params, x, y, p, numbers[0], numbers[1])
    there = lies_inside(counters, x, y)
    return cell_middle(x, params[_Slot.CELL_X]), cell_middle(y, params[_Slot.CELL_Y]), there


@inlined
def resolution_of(params: Record) -> float:
    """Resolution of the time, ns."""
    return float(params[_Slot.SIGMA_T])


@inlined
def system_of(params: Record) -> int:
    """The system of the counter."""
    return int(params[_Slot.SYSTEM])


@inlined
def record(params: Record, x: float, y: float, z: float, time: float, event: Record) -> None:
    """Append the counter's signal in the cell about (x, y)."""
    reach = (params[_Slot.REACH_X], params[_Slot.REACH_Y])
    record_hit(event, system_of(params), x, y, z, time, reach, params[_Slot.SCATTER])


@inlined
def _penetrates(params: Record, particle: Record, p: float, rng: np.random.Generator) -> bool:
    """True for a hadron of momentum ``p`` whose shower reaches the counters: one number for all of them."""
    if particle.penetration == 0.0:
        particle.penetration = 1.0 - rng.random()
    # the power costs more than all else: only where its value for the stiffest hadrons does not settle it
    if p < _STIFF and particle.penetration >= params[_Slot.PENETRATION_STIFF]:
        return False
    reach = params[_Slot.PENETRATION] * (1e-3 * p) ** params[_Slot.PENETRATION_POWER]
    return bool(particle.penetration < reach)


@inlined
def missed(params: Record, x: float, y: float, p: float) -> float:
    """Probability that a muon of momentum ``p`` (MeV) at (x, y) leaves no signal: 1 beside the counters.

    What the absorber displaces it by is left out.
    """
    turn = (p - params[_Slot.RANGE]) / params[_Slot.TURN_ON]
    if turn <= 0.0 or not inside(params[_Slot.COUNTERS :], x, y):
        return 1.0
    return float(1.0 + _map(params, x * x + y * y) * params[_Slot.EFFICIENCY] * math.expm1(-turn))


@inlined
def respond(params: Record, event: Record, particle: Record, rng: np.random.Generator) -> None:
    """Detect a muon (rarely a pion) that crosses the absorber into the counters; set the bit and the time."""
    s = event.state
    species = s.species
    p = s.p
    if species in (Species.MUON_PLUS, Species.MUON_MINUS):
        if not _muon_seen(params, p, rng.random() / _map(params, s.x * s.x + s.y * s.y)):
            return
    elif not is_hadron(species) or not _penetrates(params, particle, p, rng):
        return
    u, v = rng.random(), rng.random()
    x, y = displaced(params, s.x, s.y, p, u, v)
    if not inside(params[_Slot.COUNTERS :], x, y):
        return
    x, y = cell_middle(x, params[_Slot.CELL_X]), cell_middle(y, params[_Slot.CELL_Y])
    record(params, x, y, s.z, params[_Slot.SIGMA_T] * rng.standard_normal(), event)
    bits = event.bits
    event.bits = bits | (1 << system_of(params))


def _plane(spec: MuonVeto) -> Plane:
    return Plane(spec.z, spec.shape)


def _constants(spec: MuonVeto, system: int, setup: Any) -> None:
    """Accidental hits look like those of muons."""
    setup["hit_cell_x"][system], setup["hit_cell_y"][system] = spec.cell_x, spec.cell_y
    setup["hit_reach_x"][system], setup["hit_reach_y"][system] = _reach(spec)
    setup["hit_scatter"][system] = _scatter(spec)


def _outline(spec: MuonVeto) -> list[Outline]:
    return [Outline(spec.system, spec.z, spec.z + 500.0, spec.shape, "#cfb8dc")]


_COLUMNS = {
    "x": ("muon_x_sigmas",),
    "y": ("muon_y_sigmas",),
    "xy": ("muon_x_sigmas", "muon_y_sigmas", "muon_distance_mm"),
    "none": (),
}

KIND = DetectorKind(
    spec=MuonVeto,
    verdict=pack,
    acceptance=lambda spec: [Plane(spec.z, spec.acceptance or spec.shape)],
    constants=_constants,
    outline=_outline,
    accidentals_on=_plane,
    fills=_COLUMNS["xy"],
    measured=lambda spec: _COLUMNS[spec.measures],
    ends_tracks=True,
    triggers=True,
    timed=True,
)
