"""The spectrum of momenta of a beam."""

from __future__ import annotations

import math

import numpy as np

from hnlpeak.core.kernel import inlined
from hnlpeak.detectors.event import Record

__all__ = ["beam_momentum", "with_wings"]


@inlined
def with_wings(wings: float, pull: float, a: float, b: float, u: float) -> float:
    """Deviation from the mean in units of the spread, by three normal numbers and a uniform one; without a branch."""
    wide = math.copysign(math.sqrt(pull * pull + a * a + b * b), pull)
    return wide if u * (1.0 + wings) < wings else pull


@inlined
def beam_momentum(beam: Record, rng: np.random.Generator) -> float:
    """A momentum (MeV) of the beam's spectrum: a Gaussian times 1 + w x^2 is a Gaussian plus w times x^2 of it.

    The latter is the length of three normal numbers with either sign.
    """
    pull = rng.standard_normal()
    wings = beam.momentum_wings
    if wings > 0.0 and rng.random() * (1.0 + wings) < wings:
        pull = with_wings(wings, pull, rng.standard_normal(), rng.standard_normal(), 0.0)
    return float(beam.momentum + beam.momentum_spread * pull)
