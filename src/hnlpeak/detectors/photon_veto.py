"""Photon vetoes around and behind the decay region: rings (LAV), forward calorimeters (IRC, SAC)."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from hnlpeak.core.card import Card
from hnlpeak.core.kernel import inlined
from hnlpeak.core.lanes import normal_pair
from hnlpeak.core.quantity import Fraction, Length
from hnlpeak.detectors.detection import detected, photon_detected
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.inefficiency import InefficiencyCurve, largest_beyond
from hnlpeak.detectors.kind import Counter, DetectorKind, Outline
from hnlpeak.detectors.shape import SHAPE_WIDTH, Shape
from hnlpeak.detectors.surface import ALL, Surface, record_time
from hnlpeak.theory.species import Species

__all__ = [
    "CODE",
    "KIND",
    "PhotonVeto",
    "Station",
    "in_time_below",
    "most_missed",
    "pack",
    "respond",
    "system_of",
]


class Station(Card):
    """One or more equal stations of ``shape``, each at one ``z`` of the list."""

    z: Annotated[list[Length], Field(min_length=1)]
    shape: Shape


CODE = 5
"""Code of its surfaces."""


class PhotonVeto(Counter):
    """Photon counters in ``stations``: ``inefficiency`` for showers of photons and electrons as a function of energy.

    ``charged_efficiency`` is that for muons and pions. A particle that hits a station is absorbed there.
    """

    kind: Literal["photon_veto"]
    stations: Annotated[list[Station], Field(min_length=1)]
    inefficiency: InefficiencyCurve
    charged_efficiency: Fraction


class _Slot(IntEnum):
    SYSTEM = SHAPE_WIDTH
    SIGMA_T = SHAPE_WIDTH + 1
    CHARGED = SHAPE_WIDTH + 2
    CURVE = SHAPE_WIDTH + 3


def pack(spec: PhotonVeto, system: int) -> list[Surface]:
    """One surface a station."""
    tail = [float(system), spec.time_resolution, spec.charged_efficiency, *spec.inefficiency.packed()]
    return [
        Surface(CODE, z, [*station.shape.packed(), *tail], spec.system, act_on_photons=True, stops=ALL)
        for station in spec.stations
        for z in station.z
    ]


@inlined
def respond(params: Record, event: Record, particle: Record, rng: np.random.Generator) -> None:
    """Absorb what hits the station, with a signal unless it goes unnoticed."""
    s = event.state
    s.alive = 0
    if s.species in (Species.PHOTON, Species.POSITRON, Species.ELECTRON):
        seen = photon_detected(event, rng, params[_Slot.CURVE :], s.p)
    else:
        seen = detected(event, rng, 1.0 - params[_Slot.CHARGED])
    if seen:
        u, v = rng.random(), rng.random()
        record_time(event, int(params[_Slot.SYSTEM]), params[_Slot.SIGMA_T] * normal_pair(u, v)[0])


@inlined
def system_of(params: Record) -> int:
    """The system of a station."""
    return int(params[_Slot.SYSTEM])


@inlined
def most_missed(params: Record, least: float) -> float:
    """Largest inefficiency for photons above ``least`` (MeV)."""
    return largest_beyond(params[_Slot.CURVE :], least)


@inlined
def in_time_below(params: Record, window: float) -> float:
    """A signal is within ``window`` (ns) of 0 if the exponential number of its first uniform one is below this."""
    pulls = window / max(params[_Slot.SIGMA_T], 1e-9)
    return float(0.5 * pulls * pulls) if window > 0.0 else 0.0


def _outline(spec: PhotonVeto) -> list[Outline]:
    return [
        Outline(spec.system, z, z + 900.0, station.shape, "#c9ccd1")
        for station in spec.stations
        for z in station.z
    ]


KIND = DetectorKind(spec=PhotonVeto, response=pack, outline=_outline, timed=True)
