"""Whether a veto notices a particle: drawn, or forced with a weight where losses are rare.

A sample may force a fixed probability of going unnoticed (``Event.FORCED_LOSS``, 0 for none); the event's weight
then carries the ratio to the true one, so that expectation values stay the same and rare losses get populated.
"""

from __future__ import annotations

import numpy as np

from hnlpeak.core.kernel import kernel
from hnlpeak.detectors.event import Record

__all__ = ["detected"]


@kernel
def detected(event: Record, rng: np.random.Generator, missed: float) -> bool:
    """Draw whether a particle with probability ``missed`` of going unnoticed is noticed; may weight the event."""
    forced = event.forced_loss
    if missed >= forced:
        return bool(rng.random() >= missed)
    if rng.random() < forced:
        event.weight *= missed / forced
        return False
    event.weight *= (1.0 - missed) / (1.0 - forced)
    return True
