"""Full response of the detectors to the events that triggered; the photons of the decay have flown before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.borrow import borrowed
from hnlpeak.core.kernel import apart, inlined
from hnlpeak.core.random import begin
from hnlpeak.detectors.calorimeter import add_cluster
from hnlpeak.detectors.event import MAX_CHAMBERS, Record
from hnlpeak.detectors.muon_veto import cell_middle, record_hit
from hnlpeak.detectors.surface import record_time
from hnlpeak.simulation.foregone import Foregone, goes_on, is_foregone
from hnlpeak.simulation.streams import Stage
from hnlpeak.simulation.transport import fly_on, fly_photon, take_off
from hnlpeak.theory.species import CHARGE, Species

__all__ = ["respond"]

_BEFORE = 1.0  # mm
TRACKED, BEHIND, NEW = range(3)
"""Legs of a flight: charged particles through the spectrometer and behind it, what is born on the way."""


@inlined
def _total_rate(setup: Record) -> float:
    """Accidental signals of all systems that have any per ns at nominal intensity."""
    total = 0.0
    for n in range(setup.n_noisy):
        total += setup.accidental[setup.noisy[n]]
    return total


@inlined
def _signal(setup: Record, system: int, time: float, event: Record, rng: np.random.Generator) -> None:
    """One accidental signal; clusters and hits in muon counters have a place, uniform over the detector."""
    half_x, half_y = setup.hit_half_x[system], setup.hit_half_y[system]
    if half_x == 0.0:
        record_time(event, system, time)
        return
    x, y = half_x * (2.0 * rng.random() - 1.0), half_y * (2.0 * rng.random() - 1.0)
    if system == setup.calorimeter_system:
        # no merging: a cluster at another time is another cluster
        add_cluster(event, x, y, setup.accidental_energy * rng.exponential(), time, 0.0)
    else:
        record_hit(
            event,
            system,
            cell_middle(x, setup.hit_cell_x[system]),
            cell_middle(y, setup.hit_cell_y[system]),
            setup.hit_z[system],
            time,
            (setup.hit_reach_x[system], setup.hit_reach_y[system]),
            setup.hit_scatter[system],
        )


@inlined
def _accidentals(setup: Record, total: float, event: Record, rng: np.random.Generator) -> None:
    """Signals of other particles: a Poisson process in the readout window, at the event's intensity.

    A signal within the time in which it would have vetoed the trigger is not there.
    """
    rate = total * event.intensity
    if rate <= 0.0:
        return
    readout = setup.readout_window
    time = -readout + rng.exponential() / rate
    while time < readout:
        left = total * rng.random()
        n = 0
        while n < setup.n_noisy - 1 and left >= setup.accidental[setup.noisy[n]]:
            left -= setup.accidental[setup.noisy[n]]
            n += 1
        system = setup.noisy[n]
        if abs(time) >= setup.quiet[system]:
            _signal(setup, system, time, event, rng)
        time += rng.exponential() / rate


@inlined
def _prepare(event: Record, rng: np.random.Generator) -> int:
    """Forget the chambers of the straight lines; returns the number of charged particles of the decay.

    Whether chambers see them is drawn here, from a beginning of its own for each, so that ``screen`` knows it.
    """
    charged = 0
    for k in range(event.n_daughters):
        particle = event.particles[k]
        particle.n_chambers = 0
        if CHARGE[particle.segments[0].species] != 0.0:
            charged += 1
            begin(rng, event.number, Stage.LUCK + 4 * k)
            particle.luck = rng.random()
            for c in range(MAX_CHAMBERS):
                particle.hits[c].var_x = 0.0
    return charged


@inlined
def _next(leg: int, k: int, first: int, last: int) -> tuple[int, int]:
    """Leg and particle after the ``k``-th: those of the ``first`` ones go through the legs up to ``last``; new ones."""
    if leg == NEW or k + 1 < first:
        return leg, k + 1
    return (NEW, first) if leg == last else (leg + 1, 0)


@inlined
def _is_quiet(setup: Record, event: Record) -> bool:
    """True for a muon alone whose cluster, unless it is of the tail, is below those that count."""
    muon = event.particles[0]
    alone = event.n_particles == 1 and muon.segments[0].species in (Species.MUON_PLUS, Species.MUON_MINUS)
    whole = muon.n_segments == 1 and muon.muon_loss == 0.0
    return bool(alone and whole and 0.0 < setup.muon_signal < setup.cluster_threshold)


@inlined
def _leaves_nothing_asked(setup: Record, foregone: Foregone, event: Record, rng: np.random.Generator) -> bool:
    """True where nobody asks what a quiet muon leaves in calorimeters; its first number there is that of the tail."""
    begin(rng, event.number, Stage.BEHIND)
    if not foregone.energies and rng.random() >= setup.muon_tail:
        return True
    begin(rng, event.number, Stage.BEHIND)
    return False


@inlined
def _fly_behind(setup: Record, foregone: Foregone, event: Record, rng: np.random.Generator) -> None:
    """What a muon that was carried to the last chamber does behind it, where anybody asks."""
    if not (_is_quiet(setup, event) and _leaves_nothing_asked(setup, foregone, event, rng)):
        muon = event.particles[0]
        begin(rng, event.number, Stage.BETWEEN)
        fly_on(setup.response, event, muon, rng, setup.calorimeter_z - _BEFORE)
        begin(rng, event.number, Stage.BEHIND)
        fly_on(setup.response, event, muon, rng, np.inf)
    begin(rng, event.number, Stage.ACCIDENTALS)


@inlined
def _fly_all(setup: Record, foregone: Foregone, event: Record, rng: np.random.Generator) -> bool:
    """Fly the particles of an event; False where it is foregone and left."""
    # a break costs time: only where tracks may be too many behind it; whatever is foregone, for the same numbers
    breaks, quiet = _prepare(event, rng) > 1, _is_quiet(setup, event)
    begin(rng, event.number, Stage.RESPONSE)
    first, last = event.n_daughters, BEHIND if breaks or quiet else TRACKED
    pause_z = setup.calorimeter_z - _BEFORE if quiet else (setup.pause_z if breaks else np.inf)
    leg, k = (NEW, 0) if first == 0 else (TRACKED, 0)
    while k < event.n_particles:
        particle = event.particles[k]
        charged = CHARGE[particle.segments[0].species] != 0.0
        if charged:
            if leg == NEW:
                particle.luck = rng.random()
            if leg != BEHIND:
                take_off(particle)
            if quiet and leg == BEHIND and _leaves_nothing_asked(setup, foregone, event, rng):
                break
            fly_on(setup.response, event, particle, rng, pause_z if leg == TRACKED else np.inf)
        elif leg == NEW:
            fly_photon(setup.response, event, particle, rng)
        turn, track = charged or leg == NEW, charged and leg != BEHIND
        leg, k = _next(leg, k, first, last)
        if turn and is_foregone(setup, event, foregone, track) and not goes_on(foregone, event):
            return False
    if quiet:
        begin(rng, event.number, Stage.ACCIDENTALS)
    return True


@apart
def respond(
    events: int,
    setups: NDArray[np.void],
    foregone: Foregone,
    rng: np.random.Generator,
    block: NDArray[np.void],
) -> None:
    """Fly all particles of the first ``events`` records through the detectors, photons radiated on the way too.

    Events that are ``foregone`` are left without particles, but for one in ``foregone.every``, whose weight grows.
    """
    setups, foregone, rng, block = borrowed(setups), borrowed(foregone), borrowed(rng), borrowed(block)
    setup = setups[0]
    accidental_rate = _total_rate(setup)
    for i in range(events):
        event = block[i]
        if event.carried > 0:
            _fly_behind(setup, foregone, event, rng)
            _accidentals(setup, accidental_rate, event, rng)
        elif _fly_all(setup, foregone, event, rng):
            _accidentals(setup, accidental_rate, event, rng)
        else:
            event.n_particles = 0
