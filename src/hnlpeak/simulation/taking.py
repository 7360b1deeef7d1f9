"""What the trigger asks of an event that has a track: the beam's intensity, the tag, its levels."""

from __future__ import annotations

import math

import numpy as np

from hnlpeak.core.kernel import inlined
from hnlpeak.detectors.beam_cherenkov import tag
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.surface import record_time
from hnlpeak.trigger.decision import accidental_veto, level_passes, multiplicity_passes

__all__ = ["is_taken"]


@inlined
def _chance_to_be_tagged(setup: Record, own: float, intensity: float) -> float:
    """Probability of a tag in the trigger's window: the particle's ``own`` or another's."""
    others = 2.0 * setup.tag_window * setup.accidental[setup.tag_system] * intensity
    return 1.0 - (1.0 - own) * math.exp(-others)


@inlined
def _draw_intensity(setup: Record, own: float, tagged: bool, event: Record, rng: np.random.Generator) -> None:
    """Beam intensity of the event: uniform for decays, by the chance of a tag among decays that are ``tagged``."""
    least, most = setup.beam.intensity_min, setup.beam.intensity_max
    intensity = least + (most - least) * rng.random()
    if tagged:
        bound = _chance_to_be_tagged(setup, own, most)
        while rng.random() * bound >= _chance_to_be_tagged(setup, own, intensity):
            intensity = least + (most - least) * rng.random()
    event.intensity = intensity


@inlined
def _tag_event(setup: Record, parent: int, tagged: bool, event: Record, rng: np.random.Generator) -> None:
    """Signals of the beam tagger in the trigger's window: of the event's own beam particle and of others.

    ``parent`` is the place of the particle among the beam's, -1 for one that did not cross the tagger. Of events that
    are ``tagged`` at least one of these signals is there.
    """
    if setup.tag_system < 0:
        return
    rate = setup.accidental[setup.tag_system] * event.intensity
    room = 2.0 * setup.tag_window
    crossed = parent >= 0 and event.z_decay >= setup.tag_z
    gap = np.inf
    found = False
    if tagged:
        own = setup.parents[parent].tag_chance if crossed else 0.0
        if rng.random() * _chance_to_be_tagged(setup, own, event.intensity) < own:
            while not tag(setup, setup.parents[parent], event, rng):
                pass
            found = True
        else:  # the first of a Poisson process that has one in the window
            gap = -math.log1p(rng.random() * math.expm1(-rate * room)) / rate
    elif crossed:
        found = tag(setup, setup.parents[parent], event, rng)
    if gap == np.inf and rate * room > 0.0:
        gap = rng.exponential() / rate
    while gap < room:
        record_time(event, setup.tag_system, gap - setup.tag_window)
        found = True
        gap += rng.exponential() / rate
    if found:
        bits = event.bits
        event.bits = bits | (1 << setup.tag_system)


@inlined
def _triggers(setup: Record, event: Record, rng: np.random.Generator) -> bool:
    for level in range(setup.n_levels):
        if not level_passes(event.bits, setup.require[level], setup.veto[level]):
            return False
        if not multiplicity_passes(
            event.crossings, setup.multiplicity_min[level], setup.multiplicity_max[level]
        ):
            return False
        if accidental_veto(setup.veto_rate[level], event.intensity, rng):
            return False
    return True


@inlined
def is_taken(setup: Record, parent: int, tagged: bool, event: Record, rng: np.random.Generator) -> bool:
    """Draw the beam's intensity and its tag, and ask the trigger."""
    _draw_intensity(setup, setup.parents[parent].tag_chance if parent >= 0 else 0.0, tagged, event, rng)
    _tag_event(setup, parent, tagged, event, rng)
    return _triggers(setup, event, rng)
