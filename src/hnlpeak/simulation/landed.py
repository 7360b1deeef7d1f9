"""The record of an event whose only muon was carried to the last chamber: the same as the long way writes."""

from __future__ import annotations

from hnlpeak.core.kernel import inlined
from hnlpeak.core.random import numbered
from hnlpeak.detectors import hodoscope, muon_veto, spectrometer
from hnlpeak.detectors.event import MAX_CHAMBERS, Record
from hnlpeak.detectors.surface import start_particle
from hnlpeak.simulation.carried import Carried, Carry

__all__ = ["land"]


@inlined
def _begin(column: int, species: int, carry: Carry, event: Record, particle: Record) -> None:
    """Where the muon began."""
    start_particle(particle)
    segment, rows = particle.segments[0], carry.rows
    tx, ty, p = rows[Carried.TX_START, column], rows[Carried.TY_START, column], rows[Carried.P, column]
    segment.x, segment.y, segment.z = event.x_decay, event.y_decay, event.z_decay
    segment.tx, segment.ty, segment.p = tx, ty, p
    segment.pz = p / (1.0 + tx * tx + ty * ty) ** 0.5
    segment.species = species
    particle.luck = rows[Carried.LUCK, column]


@inlined
def _measure(column: int, setup: Record, carry: Carry, particle: Record) -> None:
    """Points in the chambers, and where the muon goes on behind the last one."""
    surfaces, rows, z_last = setup.response, carry.rows, setup.chamber_z[setup.n_chambers - 1]
    met = int(rows[Carried.MET, column])
    for c in range(MAX_CHAMBERS):
        particle.hits[c].var_x = 0.0
    following = 0
    for n in range(surfaces.n):
        if surfaces.z[n] > z_last:
            break
        following = n + 1
        if surfaces.code[n] != spectrometer.CHAMBER:
            continue
        params = surfaces.params[n]
        chamber = spectrometer.index_of(params)
        if (met >> chamber) & 1:
            row = Carried.POINTS + 4 * chamber
            place, pulls = (
                (rows[row, column], rows[row + 1, column]),
                (rows[row + 2, column], rows[row + 3, column]),
            )
            spectrometer.put_point(params, particle, place, pulls, numbered(particle.luck, chamber))
    course, segment = particle.paused, particle.segments[0]
    course.x, course.y, course.z = rows[Carried.X, column], rows[Carried.Y, column], z_last
    course.tx, course.ty = rows[Carried.TX, column], rows[Carried.TY, column]
    course.p, course.species, course.segment = segment.p, segment.species, 0
    course.surface = following if rows[Carried.ALIVE, column] > 0.0 else -1


@inlined
def _signal(column: int, setup: Record, carry: Carry, event: Record, particle: Record) -> None:
    """Signals of hodoscope and counters, bits of the trigger."""
    surfaces, rows, counter, seen = setup.stages[1], carry.rows, 0, int(carry.rows[Carried.SEEN, column])
    planes = int(rows[Carried.PLANES, column])
    particle.planes = planes
    bits = 0
    for n in range(surfaces.n):
        code, params = surfaces.code[n], surfaces.params[n]
        if code == hodoscope.CODE and planes == hodoscope.planes_of(params):
            bits |= 1 << hodoscope.system_of(params)
            particle.t_track = rows[Carried.TIME, column]
        elif code == muon_veto.CODE:
            if (seen >> counter) & 1:
                row = Carried.COUNTERS + 3 * counter
                x, y, time = rows[row, column], rows[row + 1, column], rows[row + 2, column]
                muon_veto.record(params, x, y, surfaces.z[n], time, event)
                bits |= 1 << muon_veto.system_of(params)
            counter += 1
    before = event.bits
    event.bits = before | bits


@inlined
def land(column: int, setup: Record, species: int, carry: Carry, event: Record) -> int:
    """Write the muon of a ``column`` as the event's only particle; returns the apertures that it crosses."""
    particle = event.particles[0]
    _begin(column, species, carry, event, particle)
    _measure(column, setup, carry, particle)
    _signal(column, setup, carry, event, particle)
    event.n_particles = event.n_daughters = event.carried = 1
    event.crossings = int(carry.rows[Carried.CROSSED, column])
    return int(event.crossings)
