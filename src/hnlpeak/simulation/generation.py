"""From the beam to the straight-line verdict: kaon, decay, daughters, decays in flight, photons, trigger.

Only events that trigger and have a track candidate keep their record of the block; the rest leave nothing but
their count. Nothing is decided twice: what the verdict drew stays with the event.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.borrow import borrowed
from hnlpeak.core.kernel import apart, inlined, kernel
from hnlpeak.core.random import begin
from hnlpeak.detectors import calorimeter, muon_veto
from hnlpeak.detectors.beam_tracker import measure
from hnlpeak.detectors.detection import happens
from hnlpeak.detectors.event import MAX_PARTICLES, MAX_SYSTEMS, Record
from hnlpeak.detectors.shape import inside
from hnlpeak.detectors.surface import start_particle
from hnlpeak.simulation.aim import misses_aim
from hnlpeak.simulation.buffers import Buffers
from hnlpeak.simulation.decay_in_flight import fly, place
from hnlpeak.simulation.forced_photons import force_photons
from hnlpeak.simulation.foregone import Foregone, goes_on, photons_lose
from hnlpeak.simulation.halo import HALO_KIND, through_collimator, throw_halo
from hnlpeak.simulation.interactions import INTERACTION_KIND, throw_interaction
from hnlpeak.simulation.kaons import Kaons, draw_kaons
from hnlpeak.simulation.landed import land
from hnlpeak.simulation.sample import Bias, ModeTable
from hnlpeak.simulation.screen import GONE, screen
from hnlpeak.simulation.streams import Stage
from hnlpeak.simulation.tails import draw_kick
from hnlpeak.simulation.taking import is_taken
from hnlpeak.simulation.transport import fly_photon, transport
from hnlpeak.theory.modes.dispatch import sample_mode
from hnlpeak.theory.modes.slots import Daughter
from hnlpeak.theory.species import CHARGE, Species

__all__ = ["KAON_WIDTH", "Total", "draw_and_screen", "follow", "generate"]

KAON_WIDTH = 5
"""Length of the scratch array that holds px, py, pz, E, m of the kaon."""
_CLEAR_CLUSTER = 1.3
"""Photons of this many times the threshold of extra clusters are above it with any resolution."""


_HARD_PHOTON = 1000.0  # MeV
_NEAR_IMPACT = 1.4
"""Photons within the root of this times the association radius of a track's impact may be associated."""


@inlined
def _in_fiducial(beam: Record, z: float) -> int:
    return 1 if beam.z_min <= z <= beam.z_max else 0


@inlined
def _take_kaon(
    drawn: NDArray[np.float64], i: int, beam: Record, event: Record, kaon: NDArray[np.float64]
) -> None:
    """Fill the event's beam particle and decay point, and ``kaon`` with px, py, pz, E, m, from column ``i``."""
    event.kaon_p = drawn[Kaons.P, i]
    event.kaon_tx = drawn[Kaons.TX, i]
    event.kaon_ty = drawn[Kaons.TY, i]
    event.kaon_x = drawn[Kaons.X, i]
    event.kaon_y = drawn[Kaons.Y, i]
    event.x_decay = drawn[Kaons.X_DECAY, i]
    event.y_decay = drawn[Kaons.Y_DECAY, i]
    event.z_decay = drawn[Kaons.Z_DECAY, i]
    event.in_fiducial = _in_fiducial(beam, event.z_decay)
    kaon[0] = drawn[Kaons.PX, i]
    kaon[1] = drawn[Kaons.PY, i]
    kaon[2] = drawn[Kaons.PZ, i]
    kaon[3] = drawn[Kaons.ENERGY, i]
    kaon[4] = drawn[Kaons.MASS, i]


@inlined
def _start_event(event: Record, number: int, source: int, bias: NDArray[np.float64]) -> None:
    event.number = number
    event.source = source
    event.weight = 1.0
    event.bits = 0
    event.n_particles = event.n_daughters = 0
    event.followed = event.carried = 0
    event.n_clusters = 0
    event.crossings = 0
    event.n_muon_hits = 0
    event.forced_loss, event.forced_pairs = bias[Bias.LOSS], bias[Bias.PAIRS]
    event.kick_x = event.kick_y = event.kick_p = 0.0
    for system in range(MAX_SYSTEMS):
        event.n_times[system] = 0


@inlined
def _follow(particle: Record, tx: float, ty: float, scale: float) -> None:
    """Turn and scale the daughters of decays in flight as their mother was."""
    for j in range(1, particle.n_segments):
        child = particle.segments[j]
        child.tx += tx
        child.ty += ty
        child.p *= scale
        child.pz *= scale


@inlined
def _roulette(survival: float, event: Record, rng: np.random.Generator) -> bool:
    """Russian roulette: True with probability ``survival``, whose inverse then weights the event."""
    if rng.random() >= survival:
        return False
    event.weight /= survival
    return True


@inlined
def _is_kept(
    bias: NDArray[np.float64], daughters: NDArray[np.float64], n: int, event: Record, rng: np.random.Generator
) -> bool:
    """Weight a decay whose radiation or Dalitz decays were forced; Russian roulette where no charged daughter is soft.

    Only soft leptons make large missing masses: the decays that play are those whose charged daughters all have more
    than a momentum in the kaon frame.
    """
    more = 0
    if bias[Bias.COUNTED] >= 0.0:
        for d in range(n):
            row = daughters[d]
            counts = row[Daughter.ENERGY] >= bias[Bias.COUNTED_ENERGY]
            more += counts and row[Daughter.SPECIES] == bias[Bias.COUNTED]
    event.weight *= bias[Bias.LEAST + min(more, 2)]
    if bias[Bias.SPREAD_LEPTON] > 0.0:
        event.weight *= daughters[0, Daughter.WEIGHT]
    survival = bias[Bias.SURVIVAL]
    if survival >= 1.0 or bias[Bias.SOFT2] == 0.0:
        return True
    for d in range(n):
        row = daughters[d]
        if CHARGE[int(row[Daughter.SPECIES])] == 0.0:
            continue
        p2 = row[Daughter.PX] ** 2 + row[Daughter.PY] ** 2 + row[Daughter.PZ] ** 2
        if p2 < bias[Bias.SOFT2]:
            return True
    return _roulette(survival, event, rng)


@inlined
def _add_particle(
    daughter: NDArray[np.float64], conjugate: bool, event: Record, kaon: NDArray[np.float64]
) -> bool:
    """Begin the daughter's path at the decay point as the next particle of the event; False if it flies back."""
    particle = event.particles[event.n_particles]
    segment = particle.segments[0]
    px, py, pz = daughter[Daughter.PX], daughter[Daughter.PY], daughter[Daughter.PZ]
    if not place(px, py, pz, daughter[Daughter.ENERGY], kaon, segment):
        return False
    segment.x = event.x_decay
    segment.y = event.y_decay
    segment.z = event.z_decay
    species = int(daughter[Daughter.SPECIES])
    if conjugate and species != Species.PHOTON:
        species += 1 if species % 2 else -1  # particles and antiparticles have neighbouring codes
    segment.species = species
    start_particle(particle)
    event.n_particles += 1
    return True


@inlined
def _lose_unseen(
    setup: Record, forced: float, event: Record, particle: Record, rng: np.random.Generator
) -> None:
    """A muon that the vetoing counter missed may have left most of its momentum in the calorimeter before it.

    The counter's inefficiency holds such muons: of those that it missed they are the share P(loss) P(missed after it) /
    P(missed), where it stands; beside it P(loss). At least ``forced`` of them are made to, with a weight.
    """
    stage, s = setup.stages[0], event.state
    if setup.muon_loss <= 0.0 or s.species not in (Species.MUON_PLUS, Species.MUON_MINUS):
        return
    counter = -1
    for n in range(stage.n):
        if stage.code[n] == muon_veto.CODE and s.z == stage.z[n]:
            counter = n
    if counter < 0:
        return
    share = calorimeter.tail_share(calorimeter.HARD_LOSS, setup.muon_loss_index, rng)
    params = stage.params[counter]
    before = muon_veto.missed(params, s.x, s.y, s.p)
    missed = muon_veto.missed(params, s.x, s.y, s.p * (1.0 - share)) / before
    if happens(event, rng, min(setup.muon_loss * missed, 1.0), forced):
        particle.muon_loss = share


@inlined
def _decay(
    mode: int, modes: ModeTable, setup: Record, event: Record, rng: np.random.Generator, buffers: Buffers
) -> bool:
    """Decay by ``mode``; False as soon as a daughter vetoes the first trigger level."""
    daughters, kaon = buffers.daughters, buffers.kaon
    bias, params = modes.bias, modes.parameters[mode]
    halo = modes.codes[mode] == HALO_KIND
    if halo:
        n = throw_halo(params, setup.beam, event, rng, daughters, kaon)
    elif modes.codes[mode] == INTERACTION_KIND:
        n = throw_interaction(params, setup.beam, event, rng, daughters, kaon)
    else:
        n = sample_mode(modes.codes[mode], rng, params, daughters)
        shares = (
            bias[Bias.SOFT_PHOTON],
            bias[Bias.GAP_PHOTON],
            bias[Bias.NEAR_PHOTON],
            bias[Bias.BOTH_PHOTONS],
        )
        sign = -1.0 if bias[Bias.CONJUGATE] > 0.0 else 1.0
        kick = sign * CHARGE[int(daughters[0, Daughter.SPECIES])] * setup.magnet_kick
        magnet = (kick, setup.magnet_z, setup.calorimeter_z)
        event.weight *= force_photons(shares, setup.response, magnet, event, daughters, n, kaon, rng)
        if event.weight == 0.0 or not _is_kept(bias, daughters, n, event, rng):
            return False
    for d in range(n):
        k = event.n_particles
        if k == MAX_PARTICLES:
            break
        if not _add_particle(daughters[d], bias[Bias.CONJUGATE] > 0.0 and not halo, event, kaon):
            continue
        particle = event.particles[k]
        segment = particle.segments[0]
        if CHARGE[segment.species] == 0.0:
            continue
        tx, ty, p = segment.tx, segment.ty, segment.p
        begin(rng, event.number, Stage.FLIGHT + 4 * k)
        if halo and not through_collimator(params, segment, rng):
            return False
        muons, pions = bias[Bias.MUON_DECAY], bias[Bias.PION_DECAY]
        fly(daughters[d], kaon, setup.beam, muons, pions, event, particle, rng)
        if halo:
            _follow(particle, segment.tx - tx, segment.ty - ty, segment.p / p)
        transport(setup.stages[0], event, particle, rng)
        if event.bits & setup.veto[0]:
            return False
        _lose_unseen(setup, bias[Bias.MUON_LOSS], event, particle, rng)
    event.n_daughters = event.n_particles
    return True


@inlined
def _fly_photons(setup: Record, event: Record, rng: np.random.Generator) -> None:
    """Full response to the photons of the decay, before all else: most often they alone lose it.

    Each has numbers of its own, so that ``screen`` need not know what those before it did.
    """
    for k in range(event.n_daughters):
        photon = event.particles[k]
        if CHARGE[photon.segments[0].species] == 0.0:
            begin(rng, event.number, Stage.PHOTON + 4 * k)
            fly_photon(setup.response, event, photon, rng)
    begin(rng, event.number, Stage.TRIGGER)


@inlined
def _cross(setup: Record, event: Record, rng: np.random.Generator) -> int:
    """Fly the charged daughters through the verdict; returns the most chambers that one crosses, -1 for a veto."""
    most = 0
    for k in range(event.n_daughters):
        particle = event.particles[k]
        if CHARGE[particle.segments[0].species] == 0.0:
            continue
        for stage in range(1, setup.stages.size):
            transport(setup.stages[stage], event, particle, rng)
            if event.bits & setup.veto[0]:
                return -1
        most = max(most, particle.n_chambers)
        event.crossings += particle.n_chambers
    return most


@inlined
def _cluster_counts(setup: Record, x: float, y: float) -> bool:
    """False where a cluster is not looked at because no track is accepted there."""
    if setup.cluster_acceptance > 0.0:
        planes = setup.acceptance
        for n in range(planes.n):
            if planes.z[n] == setup.calorimeter_z and not inside(planes.params[n], x, y):
                return False
    return True


@inlined
def _cluster_apart(setup: Record, event: Record, photon: Record) -> bool:
    """True for a photon that will make a cluster away from the lines of all charged particles."""
    surfaces = setup.response
    for m in range(surfaces.n_neutral):
        n = surfaces.neutral[m]
        if surfaces.code[n] != calorimeter.CODE:
            continue
        dz = surfaces.z[n] - photon.z
        x, y = photon.x + photon.tx * dz, photon.y + photon.ty * dz
        if not inside(surfaces.params[n], x, y) or not _cluster_counts(setup, x, y):
            return False
        for k in range(event.n_daughters):
            line = event.particles[k].segments[0]
            if CHARGE[line.species] == 0.0:
                continue
            dx = line.x + line.tx * dz - x
            dy = line.y + line.ty * dz - y
            if dx * dx + dy * dy < 4.0 * setup.undeflected_zone**2:
                return False
            dx += CHARGE[line.species] * setup.magnet_kick / line.p * (surfaces.z[n] - setup.magnet_z)
            if dx * dx + dy * dy < _NEAR_IMPACT * setup.association_radius**2:
                return False
        return True
    return False


@inlined
def _survives(survival: float, setup: Record, event: Record, rng: np.random.Generator) -> bool:
    """Russian roulette where selection is unlikely: two tracks, or a photon in the calorimeter away from them."""
    tracks = 0
    apart = False
    for k in range(event.n_daughters):
        particle = event.particles[k]
        segment = particle.segments[0]
        if CHARGE[segment.species] != 0.0:
            tracks += particle.n_chambers >= setup.min_chambers
        elif segment.p > _CLEAR_CLUSTER * setup.cluster_threshold:
            apart = apart or _cluster_apart(setup, event, segment)
    return (tracks < 2 and not apart) or _roulette(survival, event, rng)


@inlined
def _photon_lost(loss: float, event: Record, rng: np.random.Generator) -> bool:
    """True where the trigger misses an event with a hard photon: its conversion takes the hits over their limit."""
    if loss > 0.0:
        for k in range(event.n_daughters):
            segment = event.particles[k].segments[0]
            if segment.species == Species.PHOTON and segment.p > _HARD_PHOTON:
                return bool(rng.random() < loss)
    return False


@inlined
def _go_the_long_way(
    mode: int,
    modes: ModeTable,
    setup: Record,
    foregone: Foregone,
    event: Record,
    rng: np.random.Generator,
    buffers: Buffers,
) -> int:
    """Decay, photons, charged particles, one by one; the most chambers that one crosses, -1 where the event is lost."""
    if not _decay(mode, modes, setup, event, rng, buffers):
        return -1
    if modes.tails.size > 0:
        draw_kick(modes.tails, event, rng)
    off_target = modes.bias[Bias.OFF_TARGET]
    if misses_aim(setup, event, foregone.aims, foregone.lepton_mass, off_target, rng):
        return -1
    _fly_photons(setup, event, rng)
    asked = foregone.every > 1 and event.followed == 0
    if asked and photons_lose(setup, event, foregone) and not goes_on(foregone, event):
        return -1
    return _cross(setup, event, rng)


class Total:
    """Places in the array of totals."""

    DECAYS = 0
    IN_FIDUCIAL = 1
    TRIGGERED = 2
    WIDTH = 3


_DECAYS, _IN_FIDUCIAL, _TRIGGERED = Total.DECAYS, Total.IN_FIDUCIAL, Total.TRIGGERED


@apart
def draw_and_screen(
    decays: int,
    first: int,
    setups: NDArray[np.void],
    modes: ModeTable,
    foregone: Foregone,
    rng: np.random.Generator,
    buffers: Buffers,
) -> None:
    """Mesons of a block and what is surely lost of their decays: columns, in lanes."""
    setups, modes, rng, buffers = borrowed(setups), borrowed(modes), borrowed(rng), borrowed(buffers)
    setup, drawn, lost, foregone = setups[0], buffers.kaons, buffers.lost, borrowed(foregone)
    draw_kaons(decays, first, setup, modes, rng, drawn)
    numbers, rows = buffers.numbers, buffers.rows
    screen(decays, first, setup, modes, foregone, rng, drawn, numbers, rows, lost, buffers.carry)


@apart
def follow(
    decays: int,
    first: int,
    setups: NDArray[np.void],
    modes: ModeTable,
    foregone: Foregone,
    rng: np.random.Generator,
    buffers: Buffers,
    totals: NDArray[np.int64],
) -> int:
    """The decays of a drawn and screened block one by one, to the trigger; returns the survivors."""
    setups, modes, rng, buffers = borrowed(setups), borrowed(modes), borrowed(rng), borrowed(buffers)
    foregone = borrowed(foregone)
    setup, block, kaon, drawn = setups[0], buffers.block, buffers.kaon, buffers.kaons
    carry, muon = buffers.carry, Species.MUON_MINUS if modes.bias[Bias.CONJUGATE] > 0.0 else Species.MUON_PLUS
    survival, photon_loss = modes.bias[Bias.SURVIVAL], modes.bias[Bias.PHOTON_LOSS]
    survivors = 0
    for number in range(decays):
        mode = int(drawn[Kaons.MODE, number])
        parent = modes.parents[mode]
        totals[_DECAYS] += 1
        if buffers.lost[number] == 1:
            if parent == modes.counted and modes.codes[mode] != HALO_KIND:
                totals[_IN_FIDUCIAL] += _in_fiducial(setup.beam, drawn[Kaons.Z_DECAY, number])
            continue
        event = block[survivors]
        begin(rng, first + number, Stage.DECAY)
        _take_kaon(drawn, number, setup.beam, event, kaon)
        if parent != modes.counted:
            event.in_fiducial = 0
        _start_event(event, first + number, modes.sources[mode], modes.bias)
        if carry.column[number] >= 0:
            begin(rng, event.number, Stage.TRIGGER)
            crossed = land(carry.column[number], setup, muon, carry, event)
        else:
            if buffers.lost[number] == GONE:
                goes_on(foregone, event)
            crossed = _go_the_long_way(mode, modes, setup, foregone, event, rng, buffers)
        totals[_IN_FIDUCIAL] += event.in_fiducial
        if crossed < setup.min_chambers:
            continue
        taken = is_taken(setup, parent, modes.tagged[mode] > 0, event, rng)
        if not taken or _photon_lost(photon_loss, event, rng):
            continue
        if survival < 1.0 and not _survives(survival, setup, event, rng):
            continue
        if setup.tracker_installed:
            measure(setup.tracker_momentum, setup.tracker_angle, setup.tracker_position, event, rng)
        totals[_TRIGGERED] += foregone.every if event.followed > 0 else 1
        survivors += 1
    return survivors


@kernel
def generate(
    decays: int,
    first: int,
    setups: NDArray[np.void],
    modes: ModeTable,
    foregone: Foregone,
    rng: np.random.Generator,
    buffers: Buffers,
    totals: NDArray[np.int64],
) -> int:
    """Simulate ``decays`` decays of a shard, from number ``first`` on, up to the trigger; returns the survivors.

    Survivors are the first records of the block; ``totals`` counts as ``Total`` says. What the photons make
    ``foregone`` is left, but for one in ``foregone.every``, which stands for all of them.
    """
    draw_and_screen(decays, first, setups, modes, foregone, rng, buffers)
    return follow(decays, first, setups, modes, foregone, rng, buffers, totals)
