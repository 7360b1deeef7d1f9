"""Full response of the detectors to the events that triggered."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.borrow import borrowed
from hnlpeak.core.kernel import inlined, kernel
from hnlpeak.detectors.calorimeter import add_cluster
from hnlpeak.detectors.event import MAX_CHAMBERS, Record
from hnlpeak.detectors.muon_veto import cell_middle, record_hit
from hnlpeak.detectors.surface import record_time
from hnlpeak.simulation.transport import transport
from hnlpeak.theory.species import CHARGE

__all__ = ["respond"]


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


@kernel
def respond(events: int, setups: NDArray[np.void], rng: np.random.Generator, block: NDArray[np.void]) -> None:
    """Fly all particles of the first ``events`` records through the detectors, photons radiated on the way too."""
    setups, rng, block = borrowed(setups), borrowed(rng), borrowed(block)
    setup = setups[0]
    accidental_rate = _total_rate(setup)
    for i in range(events):
        event = block[i]
        k = 0
        while k < event.n_particles:
            particle = event.particles[k]
            particle.n_chambers = 0
            if CHARGE[particle.segments[0].species] != 0.0:
                for c in range(MAX_CHAMBERS):
                    particle.hits[c].var_x = 0.0
            transport(setup.response, event, particle, rng)
            k += 1
        _accidentals(setup, accidental_rate, event, rng)
