"""Electromagnetic calorimeter: clusters of photons, electrons, hadrons and muons.

Electrons and photons leave all their energy; pions are minimum ionising until they interact and leave what their shower
has within the calorimeter (``hadron_shower``); muons leave a minimum-ionising signal with a catastrophic tail.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import IntEnum
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from hnlpeak.core.card import Card
from hnlpeak.core.kernel import inlined
from hnlpeak.core.quantity import Energy, Fraction, Length, Positive, Share, Size
from hnlpeak.detectors.absorber import InteractionLengths, depth_of
from hnlpeak.detectors.dead_cells import COLUMN as DEAD_CELL
from hnlpeak.detectors.dead_cells import GRID, DeadCells
from hnlpeak.detectors.detection import photon_detected
from hnlpeak.detectors.event import MAX_CLUSTERS, Record
from hnlpeak.detectors.hadron_shower import traverse
from hnlpeak.detectors.inefficiency import InefficiencyCurve, largest_beyond
from hnlpeak.detectors.kind import Counter, DetectorKind, Outline, Plane
from hnlpeak.detectors.passage import LARGEST_FLUCTUATION, minimum_ionising
from hnlpeak.detectors.shape import SHAPE_WIDTH, Shape
from hnlpeak.detectors.surface import LIGHT, Surface
from hnlpeak.theory.species import Species, is_hadron

__all__ = [
    "CODE",
    "HARD_LOSS",
    "KIND",
    "Calorimeter",
    "DeadModules",
    "add_cluster",
    "largest_shift",
    "latest",
    "most_missed",
    "pack",
    "respond",
    "respond_to_photon",
    "surely_above",
    "tail_share",
]


CODE = 7
"""Code of its surfaces."""


_CLUSTERS = ("e_over_p", "e_extra_mev", "n_associated")
_WIDEST = 10.0
_MANY_SIGMA = 8.0  # beyond, normal numbers are left out of account
_FEW_SIGMA = 3.0  # of what only one muon in a million leaves
HARD_LOSS = 0.8
"""Muons that leave more than this share of their momentum may not reach the counters behind."""


class DeadModules(Card):
    """Read-out modules that are masked: squares of ``side`` about ``centres`` (x, y), avoided with a ``margin``."""

    centres: Annotated[list[tuple[Length, Length]], Field(min_length=1, max_length=16)]
    side: Size
    margin: Length = "0 mm"  # type: ignore[assignment]

    def shapes(self) -> list[Shape]:
        """All that lies outside each module and its margin."""
        half = f"{0.5 * self.side + self.margin!r} mm"
        return [
            Shape.model_validate(
                {"hole_x": f"{x!r} mm", "hole_y": f"{y!r} mm", "hole_half_x": half, "hole_half_y": half}
            )
            for x, y in self.centres
        ]


class Calorimeter(Counter):
    """Electromagnetic calorimeter at ``z``.

    ``acceptance`` without ``dead_modules`` is the part that a selected track must cross (default: all of ``shape``);
    how far it is from the nearest of the ``dead_cells`` is a column.

    Energy resolution ``stochastic`` / sqrt(E / GeV) + ``noise`` / E + ``constant`` (in quadrature); measured energies
    are ``energy_scale`` times what they should be. A photon of the energy E goes unnoticed with the probability
    ``inefficiency``.

    ``position_stochastic`` / sqrt(E / GeV) + ``position_constant`` is the position resolution. Clusters closer
    than ``merge_distance`` become one. ``low_tail`` is the fraction of electrons that lose a share of their
    energy distributed as exp(-share / ``low_tail_scale``). Clusters of other particles come at ``accidental_rate``
    anywhere in the rectangle round ``shape``, with energies distributed as exp(-E / ``accidental_energy``).

    It is ``interaction_lengths`` (nuclear ones, by material) and ``radiation_lengths`` deep. The hadronic part of a
    shower counts ``hadron_response`` of its energy; muons, and hadrons before they interact, leave ``minimum_ionising``
    of energy with fluctuations of ``minimum_ionising_width``; a hadron's cluster is displaced by ``hadron_width`` (rms,
    each coordinate). A share ``muon_catastrophic`` of the muons leaves more than the share ``muon_catastrophic_start``
    of its momentum; more than s with probability ~ s^-``muon_catastrophic_index``.
    """

    kind: Literal["calorimeter"]
    z: Length
    shape: Shape
    acceptance: Shape | None = None
    dead_modules: DeadModules | None = None
    dead_cells: DeadCells | None = None
    stochastic: Fraction
    noise: Energy
    constant: Fraction
    position_stochastic: Length
    position_constant: Length
    merge_distance: Length
    inefficiency: InefficiencyCurve
    low_tail: Fraction
    low_tail_scale: Positive
    energy_scale: Positive = 1.0
    minimum_ionising: Energy
    minimum_ionising_width: Energy
    interaction_lengths: InteractionLengths
    radiation_lengths: Positive
    hadron_response: Share
    hadron_width: Length
    muon_catastrophic: Fraction
    muon_catastrophic_start: Share
    muon_catastrophic_index: Positive
    accidental_energy: Energy = "5 GeV"  # type: ignore[assignment]

    def contradictions(self) -> Iterator[str]:
        """Yield where dead cells are of another size than the calorimeter."""
        edges = (self.shape.outer_radius, self.shape.half_width, self.shape.half_height, self.shape.octagon)
        outer = max((edge for edge in edges if edge is not None), default=0.0)
        if self.dead_cells is not None and not outer <= self.dead_cells.covers <= _WIDEST * max(outer, 1.0):
            yield (
                f"dead_cells: {GRID} cells of pitch {self.dead_cells.pitch:g} mm reach {self.dead_cells.covers:g} mm "
                f"from the axis, the shape {outer:g} mm: expected 1 to {_WIDEST:g} times that"
            )


class _Slot(IntEnum):
    STOCHASTIC = SHAPE_WIDTH
    NOISE = SHAPE_WIDTH + 1
    CONSTANT = SHAPE_WIDTH + 2
    POSITION_STOCHASTIC = SHAPE_WIDTH + 3
    POSITION_CONSTANT = SHAPE_WIDTH + 4
    SIGMA_T = SHAPE_WIDTH + 5
    MERGE = SHAPE_WIDTH + 6
    LOW_TAIL = SHAPE_WIDTH + 7
    LOW_TAIL_SCALE = SHAPE_WIDTH + 8
    SCALE = SHAPE_WIDTH + 9
    MIP = SHAPE_WIDTH + 10
    MIP_WIDTH = SHAPE_WIDTH + 11
    MUON_TAIL = SHAPE_WIDTH + 12
    MUON_START = SHAPE_WIDTH + 13
    MUON_INDEX = SHAPE_WIDTH + 14
    NUCLEAR = SHAPE_WIDTH + 15
    PION = SHAPE_WIDTH + 16
    DEPTH = SHAPE_WIDTH + 17
    HADRON = SHAPE_WIDTH + 18
    HADRON_WIDTH = SHAPE_WIDTH + 19
    CURVE = SHAPE_WIDTH + 20


def pack(spec: Calorimeter, system: int = 0) -> list[Surface]:
    """One surface."""
    row = [
        *spec.shape.packed(),
        spec.stochastic,
        spec.noise,
        spec.constant,
        spec.position_stochastic,
        spec.position_constant,
        spec.time_resolution,
        spec.merge_distance,
        spec.low_tail,
        spec.low_tail_scale,
        spec.energy_scale,
        spec.minimum_ionising,
        spec.minimum_ionising_width,
        spec.muon_catastrophic,
        spec.muon_catastrophic_start,
        spec.muon_catastrophic_index,
        depth_of(spec.interaction_lengths),
        depth_of(spec.interaction_lengths, "pi+"),
        spec.radiation_lengths,
        spec.hadron_response,
        spec.hadron_width,
        *spec.inefficiency.packed(),
    ]
    return [Surface(CODE, spec.z, row, spec.system, act_on_photons=True, stops=LIGHT)]


@inlined
def add_cluster(event: Record, x: float, y: float, energy: float, time: float, merge: float) -> None:
    """Add a cluster to event ``i``, or merge it with one closer than ``merge`` (energy-weighted position)."""
    n = event.n_clusters
    for j in range(n):
        cluster = event.clusters[j]
        dx, dy = cluster.x - x, cluster.y - y
        if dx * dx + dy * dy < merge * merge:
            total = cluster.energy + energy
            share = energy / total
            cluster.x -= share * dx
            cluster.y -= share * dy
            if energy > cluster.energy:
                cluster.time = time
            cluster.energy = total
            return
    if n < MAX_CLUSTERS:
        cluster = event.clusters[n]
        cluster.x = x
        cluster.y = y
        cluster.energy = energy
        cluster.time = time
        event.n_clusters = n + 1


@inlined
def _of_hadron(params: Record, s: Record, rng: np.random.Generator) -> float:
    """Visible energy of a pion: minimum ionising as far as it goes, then its shower."""
    nuclear, pion = params[_Slot.NUCLEAR], params[_Slot.PION]
    em, hadronic, before = traverse(s, nuclear, pion, params[_Slot.DEPTH], rng)
    track = minimum_ionising(params[_Slot.MIP], params[_Slot.MIP_WIDTH], rng) * before
    return float(track + em + params[_Slot.HADRON] * hadronic)


@inlined
def tail_share(start: float, index: float, rng: np.random.Generator) -> float:
    """Share of its momentum, above ``start``, that a muon leaves: more than s with chance (s / start)^-``index``."""
    return float(min(start * (1.0 - rng.random()) ** (-1.0 / index), 1.0))


@inlined
def _deposit(params: Record, s: Record, loss: float, rng: np.random.Generator) -> float:
    """Energy that the particle of state ``s`` leaves before resolution; a muon's ``loss`` may be known."""
    species, p = s.species, s.p
    if species in (Species.POSITRON, Species.ELECTRON):
        s.alive = 0
        if rng.random() < params[_Slot.LOW_TAIL]:
            return float(max(p * (1.0 - params[_Slot.LOW_TAIL_SCALE] * rng.exponential()), 0.0))
        return float(p)
    if is_hadron(species):
        return _of_hadron(params, s, rng)
    if loss > 0.0:
        return float(p * loss)
    if rng.random() < params[_Slot.MUON_TAIL]:
        return float(p * tail_share(params[_Slot.MUON_START], params[_Slot.MUON_INDEX], rng))
    return minimum_ionising(params[_Slot.MIP], params[_Slot.MIP_WIDTH], rng)


@inlined
def _energy_error(params: Record, energy: float) -> float:
    """Standard deviation of the measured energy, MeV."""
    a, b, c = params[_Slot.STOCHASTIC], params[_Slot.NOISE], params[_Slot.CONSTANT]
    return float(energy * math.sqrt(a * a / (energy * 1e-3) + (b / energy) ** 2 + c * c))


@inlined
def _place_error(params: Record, energy: float) -> float:
    """Standard deviation of a photon's measured place, mm, in each coordinate."""
    return float(
        params[_Slot.POSITION_STOCHASTIC] / math.sqrt(energy * 1e-3) + params[_Slot.POSITION_CONSTANT]
    )


@inlined
def surely_above(params: Record, energy: float, threshold: float) -> bool:
    """True only where a photon of ``energy`` makes a cluster above ``threshold`` (MeV); without a branch, for lanes."""
    visible = max(energy * params[_Slot.SCALE], 1.0)
    return bool(visible - _MANY_SIGMA * _energy_error(params, visible) > threshold)


@inlined
def largest_shift(params: Record, energy: float) -> float:
    """How far (mm) the cluster of a photon of ``energy`` (MeV) may be from it, mergers with another one included."""
    error = _place_error(params, max(energy * params[_Slot.SCALE], 1.0))
    return float(_MANY_SIGMA * error + params[_Slot.MERGE])


@inlined
def latest(params: Record) -> float:
    """How far (ns) the time of a cluster may be from 0."""
    return float(_MANY_SIGMA * params[_Slot.SIGMA_T])


@inlined
def most_missed(params: Record, least: float) -> float:
    """Largest inefficiency for photons above ``least`` (MeV)."""
    return largest_beyond(params[_Slot.CURVE :], least)


@inlined
def _measure(params: Record, deposit: float, event: Record, rng: np.random.Generator) -> None:
    """A cluster of the energy and at the place that are measured of a ``deposit`` (MeV)."""
    s = event.state
    energy = deposit * params[_Slot.SCALE]
    if energy <= 0.0:
        return
    measured = energy + _energy_error(params, energy) * rng.standard_normal()
    if measured <= 0.0:
        return
    width = _place_error(params, energy)
    if s.shower > 0.0:
        width += params[_Slot.HADRON_WIDTH]
    x = s.x + width * rng.standard_normal()
    y = s.y + width * rng.standard_normal()
    time = params[_Slot.SIGMA_T] * rng.standard_normal()
    add_cluster(event, x, y, measured, time, params[_Slot.MERGE])


@inlined
def respond_to_photon(params: Record, event: Record, rng: np.random.Generator) -> None:
    """Turn a photon into a cluster unless it goes unnoticed."""
    s = event.state
    s.alive = 0
    if photon_detected(event, rng, params[_Slot.CURVE :], s.p):
        _measure(params, s.p, event, rng)


@inlined
def respond(params: Record, event: Record, particle: Record, rng: np.random.Generator) -> None:
    """Turn a particle into a cluster; photons may go unnoticed."""
    if event.state.species == Species.PHOTON:
        respond_to_photon(params, event, rng)
    else:
        _measure(params, _deposit(params, event.state, particle.muon_loss, rng), event, rng)


def _constants(spec: Calorimeter, system: int, setup: Any) -> None:
    setup["calorimeter_system"] = system
    setup["calorimeter_z"] = spec.z
    if spec.dead_cells is not None:
        setup["cell_pitch"], setup["dead_cells"] = spec.dead_cells.pitch, spec.dead_cells.table()
    setup["accidental_energy"] = spec.accidental_energy
    setup["muon_loss"] = spec.muon_catastrophic * (spec.muon_catastrophic_start / HARD_LOSS) ** (
        spec.muon_catastrophic_index
    )
    setup["muon_loss_index"] = spec.muon_catastrophic_index
    setup["muon_tail"] = spec.muon_catastrophic
    most = spec.energy_scale * (spec.minimum_ionising + spec.minimum_ionising_width * LARGEST_FLUCTUATION)
    row = np.array(pack(spec)[0].params)
    mean = max(spec.energy_scale * spec.minimum_ionising, 1.0)
    setup["muon_signal"] = max(
        most + _FEW_SIGMA * _energy_error(row, most), mean + _MANY_SIGMA * _energy_error(row, mean)
    )


def _acceptance(spec: Calorimeter) -> list[Plane]:
    dead = [] if spec.dead_modules is None else spec.dead_modules.shapes()
    return [Plane(spec.z, shape) for shape in (spec.acceptance or spec.shape, *dead)]


def _outline(spec: Calorimeter) -> list[Outline]:
    return [Outline(spec.system, spec.z, spec.z + 1270.0, spec.shape, "#ffd98f")]


KIND = DetectorKind(
    spec=Calorimeter,
    response=pack,
    acceptance=_acceptance,
    constants=_constants,
    outline=_outline,
    accidentals_on=lambda spec: Plane(spec.z, spec.shape),
    fills=(*_CLUSTERS, DEAD_CELL),
    measured=lambda spec: _CLUSTERS if spec.dead_cells is None else (*_CLUSTERS, DEAD_CELL),
    stops_hadrons=True,
    ends_tracks=True,
    most=1,
)
