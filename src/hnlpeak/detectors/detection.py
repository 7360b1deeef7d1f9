"""Whether a veto notices a particle: drawn, or forced with a weight where losses are rare.

A sample may force a fixed probability of going unnoticed (``forced_loss`` of the event, 0 for none); the event's weight
then carries the ratio to the true one, so that expectation values stay the same and rare losses get populated.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.inefficiency import inefficiency, largest_inefficiency

__all__ = ["decide", "detected", "happens", "photon_detected"]


@inlined
def happens(event: Record, rng: np.random.Generator, chance: float, forced: float) -> bool:
    """True with the probability ``chance``, or with ``forced`` where that is more: then the event is weighted."""
    if forced <= chance:
        return bool(rng.random() < chance)
    if rng.random() < forced:
        event.weight *= chance / forced
        return True
    event.weight *= (1.0 - chance) / (1.0 - forced)
    return False


@inlined
def detected(event: Record, rng: np.random.Generator, missed: float) -> bool:
    """Draw whether a particle with probability ``missed`` of going unnoticed is noticed; may weight the event."""
    return not happens(event, rng, missed, event.forced_loss)


@inlined
def photon_detected(
    event: Record, rng: np.random.Generator, curve: NDArray[np.float64], energy: float
) -> bool:
    """The same for a photon of ``energy`` (MeV) in a counter with the packed ``curve`` of inefficiency."""
    if event.forced_loss > 0.0:
        return detected(event, rng, inefficiency(curve, energy))
    # the curve costs two logarithms and a power: only where the draw is not settled by its bound
    u = rng.random()
    return bool(u >= largest_inefficiency(curve, energy) or u >= inefficiency(curve, energy))


@inlined
def decide(u: float, chance: float) -> tuple[bool, float]:
    """True with probability ``chance`` for a uniform ``u`` in [0, 1), and a uniform number for the next decision."""
    if u < chance:
        return True, u / chance
    return False, (u - chance) / (1.0 - chance)
