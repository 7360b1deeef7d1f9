"""The only loops over surfaces: fly a charged particle, or a photon, from its origin through a table of detectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.detectors import (
    beam_pipe,
    calorimeter,
    guard_ring,
    hadron_calorimeter,
    hodoscope,
    matter,
    muon_veto,
    photon_veto,
    ring_cherenkov,
    spectrometer,
)
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.passage import conversion_depth
from hnlpeak.detectors.shape import inside
from hnlpeak.detectors.surface import APERTURE, MATTER, distinct, passes_rings

__all__ = ["CODES", "fly_on", "fly_photon", "take_off", "transport"]


_ENDED = -1


@inlined
def _put(there: Record, here: Record) -> None:
    """Copy place, direction, momentum and species."""
    there.x = here.x
    there.y = here.y
    there.z = here.z
    there.tx = here.tx
    there.ty = here.ty
    there.p = here.p
    there.species = here.species


@inlined
def take_off(particle: Record) -> None:
    """Put a particle where its flight begins."""
    _put(particle.paused, particle.segments[0])
    particle.paused.segment = 0
    particle.paused.surface = 0


@inlined
def _decay(s: Record, mother: Record, daughter: Record) -> None:
    """Turn into the daughter, relative to the course taken so far."""
    s.tx += daughter.tx - mother.tx
    s.ty += daughter.ty - mother.ty
    s.p *= daughter.p / mother.p
    s.species = daughter.species
    s.scattered_p = 0.0


CODES = distinct(
    APERTURE,
    MATTER,
    beam_pipe.CODE,
    photon_veto.CODE,
    spectrometer.CHAMBER,
    spectrometer.MAGNET,
    hodoscope.CODE,
    muon_veto.CODE,
    calorimeter.CODE,
    ring_cherenkov.CODE,
    hadron_calorimeter.CODE,
    guard_ring.CODE,
)
"""Codes of surfaces that ``_respond`` has a line for."""


@inlined
def _respond(
    code: int, params: NDArray[np.float64], event: Record, particle: Record, rng: np.random.Generator
) -> None:
    """What a surface with ``code`` does to a particle that crosses its shape: one line for each."""
    if code == APERTURE:
        particle.n_chambers += 1
    elif code == photon_veto.CODE:
        photon_veto.respond(params, event, particle, rng)
    elif code == spectrometer.CHAMBER:
        spectrometer.respond(params, event, particle, rng)
    elif code == spectrometer.MAGNET:
        spectrometer.bend(params, event.state)
    elif code == hodoscope.CODE:
        hodoscope.respond(params, event, particle, rng)
    elif code == muon_veto.CODE:
        muon_veto.respond(params, event, particle, rng)
    elif code == calorimeter.CODE:
        calorimeter.respond(params, event, particle, rng)
    elif code == ring_cherenkov.CODE:
        ring_cherenkov.respond(params, event, particle, rng)
    elif code == hadron_calorimeter.CODE:
        hadron_calorimeter.respond(params, event, particle, rng)
    elif code == guard_ring.CODE:
        guard_ring.respond(params, event, particle, rng)
    elif code == MATTER:
        matter.respond(params, event, rng)
    elif code == beam_pipe.CODE:
        beam_pipe.respond(params, event, particle, rng)


@inlined
def _respond_to_photon(
    code: int, params: NDArray[np.float64], event: Record, particle: Record, rng: np.random.Generator
) -> None:
    """The same for a photon: one line for each kind that may act on photons."""
    if code == spectrometer.CHAMBER:
        spectrometer.respond_to_photon(params, event, rng)
    elif code == MATTER:
        matter.respond_to_photon(params, event, rng)
    elif code == photon_veto.CODE:
        photon_veto.respond(params, event, particle, rng)
    elif code == calorimeter.CODE:
        calorimeter.respond_to_photon(params, event, rng)
    elif code == beam_pipe.CODE:
        beam_pipe.respond_to_photon(params, event, particle, rng)


@inlined
def fly_photon(surfaces: Record, event: Record, photon: Record, rng: np.random.Generator) -> None:
    """Fly a photon through the ``surfaces`` that act on photons, until it is absorbed or becomes a pair.

    Outside the magnet's shape it is lost.
    """
    s = event.state
    _put(s, photon.segments[0])
    s.alive = 1
    s.depth = conversion_depth(s.p, rng.random())
    # most photons reach the end of all thin matter: then none of it matters
    through = s.depth > surfaces.paths and event.forced_loss + event.forced_pairs == 0.0
    count = surfaces.n_thick if through else surfaces.n_neutral
    x0, y0, z0, tx, ty = s.x, s.y, s.z, s.tx, s.ty
    rings = surfaces.thick_rings
    following = 0
    while following < count:
        m = following
        following += 1
        if through and m == rings.first and passes_rings(rings, x0, y0, z0, tx, ty):
            following = rings.end
            continue
        n = surfaces.thick[m] if through else surfaces.neutral[m]
        dz = surfaces.z[n] - z0
        if dz <= 0.0:
            continue
        x, y = x0 + tx * dz, y0 + ty * dz
        code = surfaces.code[n]
        params = surfaces.params[n]
        if not inside(params, x, y):
            if code == spectrometer.MAGNET:
                return
            continue
        s.x, s.y, s.z = x, y, surfaces.z[n]
        _respond_to_photon(code, params, event, photon, rng)
        if s.alive == 0:
            return


@inlined
def fly_on(surfaces: Record, event: Record, particle: Record, rng: np.random.Generator, until: float) -> None:
    """Fly a charged particle on through ``surfaces``, decaying where its segments say, to its end or z = ``until``.

    A surface acts on what crosses its shape; outside the magnet's a particle is lost. Kicks and scatterings
    before a decay in flight stay with the daughter. No shower outlives a pause.
    """
    s, course = event.state, particle.paused
    if course.surface < 0:
        return
    _put(s, course)
    s.alive = 1
    s.shower = s.depth = s.scattered_p = 0.0
    z_start = s.z
    # straight piece of the path, kept apart from the state so that no surface waits for the one before it
    x0, y0, z0, tx, ty = s.x, s.y, s.z, s.tx, s.ty
    last = particle.n_segments - 1
    j = course.segment
    z_decay = particle.segments[j + 1].z if last > j else np.inf
    first = course.surface
    course.surface = _ENDED
    rings, following = surfaces.rings, first
    while following < surfaces.n:
        n = following
        following += 1
        if n == rings.first and z_decay > rings.z_last and passes_rings(rings, x0, y0, z0, tx, ty):
            following = rings.end
            continue
        z = surfaces.z[n]
        if z <= z_start:
            continue
        if z > until:
            s.x, s.y, s.z = x0, y0, z0  # where the straight piece begins: the same path to the last bit
            _put(course, s)
            course.segment, course.surface = j, n
            return
        while z_decay <= z:
            s.x = x0 + tx * (z_decay - z0)
            s.y = y0 + ty * (z_decay - z0)
            s.z = z_decay
            _decay(s, particle.segments[j], particle.segments[j + 1])
            j += 1
            z_decay = particle.segments[j + 1].z if last > j else np.inf
            x0, y0, z0, tx, ty = s.x, s.y, s.z, s.tx, s.ty
        x = x0 + tx * (z - z0)
        y = y0 + ty * (z - z0)
        code = surfaces.code[n]
        params = surfaces.params[n]
        if not inside(params, x, y):
            if code == spectrometer.MAGNET:
                return
            continue
        s.x = x
        s.y = y
        s.z = z
        _respond(code, params, event, particle, rng)
        if s.alive == 0:
            return
        if s.tx != tx or s.ty != ty:
            x0, y0, z0, tx, ty = s.x, s.y, z, s.tx, s.ty


@inlined
def transport(surfaces: Record, event: Record, particle: Record, rng: np.random.Generator) -> None:
    """Fly a charged particle through all ``surfaces`` from where it begins."""
    take_off(particle)
    fly_on(surfaces, event, particle, rng, np.inf)
