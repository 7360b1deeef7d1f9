"""The spectrum of momenta of a beam."""

from __future__ import annotations

import math

import numpy as np

from hnlpeak.core.kernel import inlined
from hnlpeak.detectors.event import Record

__all__ = ["beam_momentum"]


@inlined
def beam_momentum(beam: Record, rng: np.random.Generator) -> float:
    """A momentum (MeV) of the beam's spectrum: a Gaussian times 1 + w x^2 is a Gaussian plus w times x^2 of it.

    The latter is the length of three normal numbers with either sign.
    """
    pull = rng.standard_normal()
    wings = beam.momentum_wings
    if wings > 0.0 and rng.random() * (1.0 + wings) < wings:
        a, b = rng.standard_normal(), rng.standard_normal()
        pull = math.copysign(math.sqrt(pull * pull + a * a + b * b), pull)
    return float(beam.momentum + beam.momentum_spread * pull)
