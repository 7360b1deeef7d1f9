"""The only loop over surfaces: fly a particle from its origin through a table of detectors."""

from __future__ import annotations

import numpy as np

from hnlpeak.core.kernel import kernel
from hnlpeak.detectors import (
    calorimeter,
    guard_ring,
    hadron_calorimeter,
    hodoscope,
    muon_veto,
    photon_veto,
    ring_cherenkov,
    spectrometer,
)
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.shape import inside
from hnlpeak.detectors.surface import Kind

__all__ = ["transport"]

_bend = spectrometer.bend
_chamber = spectrometer.respond
_hodoscope = hodoscope.respond
_muon_veto = muon_veto.respond
_photon_veto = photon_veto.respond
_guard_ring = guard_ring.respond
_calorimeter = calorimeter.respond
_ring_cherenkov = ring_cherenkov.respond
_hadron_calorimeter = hadron_calorimeter.respond


@kernel
def _start(s: Record, segment: Record) -> None:
    s.x = segment.x
    s.y = segment.y
    s.z = segment.z
    s.tx = segment.tx
    s.ty = segment.ty
    s.p = segment.p
    s.species = segment.species
    s.alive = 1


@kernel
def _drift(s: Record, z: float) -> None:
    dz = z - s.z
    s.x += s.tx * dz
    s.y += s.ty * dz
    s.z = z


@kernel
def _decay(s: Record, mother: Record, daughter: Record) -> None:
    """Turn the particle into the daughter of its decay, relative to the course it has taken so far."""
    s.tx += daughter.tx - mother.tx
    s.ty += daughter.ty - mother.ty
    s.p *= daughter.p / mother.p
    s.species = daughter.species


@kernel
def transport(surfaces: Record, event: Record, particle: Record, rng: np.random.Generator) -> None:
    """Fly a particle of the event through ``surfaces``, decaying where its segments say, until it stops.

    Kicks and scatterings before a decay in flight stay with the daughter.
    """
    s = event.state
    _start(s, particle.segments[0])
    last = particle.n_segments - 1
    j = 0
    z_decay = particle.segments[1].z if last > 0 else np.inf
    for n in range(surfaces.n):
        z = surfaces.z[n]
        if z <= s.z:
            continue
        while z_decay <= z:
            _drift(s, z_decay)
            _decay(s, particle.segments[j], particle.segments[j + 1])
            j += 1
            z_decay = particle.segments[j + 1].z if last > j else np.inf
        _drift(s, z)
        kind = surfaces.kind[n]
        params = surfaces.params[n]
        if kind == Kind.PHOTON_VETO:
            _photon_veto(params, event, particle, rng)
        elif kind == Kind.CHAMBER:
            if inside(params, s.x, s.y):
                _chamber(params, event, particle, rng)
        elif kind == Kind.APERTURE:
            if inside(params, s.x, s.y):
                particle.n_chambers += 1
        elif kind == Kind.MAGNET:
            if inside(params, s.x, s.y):
                _bend(params, s)
            else:
                s.alive = 0
        elif kind == Kind.HODOSCOPE:
            _hodoscope(params, event, particle, rng)
        elif kind == Kind.MUON_VETO:
            _muon_veto(params, event, particle, rng)
        elif kind == Kind.CALORIMETER:
            _calorimeter(params, event, particle, rng)
        elif kind == Kind.RING_CHERENKOV:
            _ring_cherenkov(params, event, particle, rng)
        elif kind == Kind.HADRON_CALORIMETER:
            _hadron_calorimeter(params, event, particle, rng)
        elif kind == Kind.GUARD_RING:
            _guard_ring(params, event, particle, rng)
        if s.alive == 0:
            return
