"""The spectrum of momenta of a beam."""

from __future__ import annotations

import math

from hnlpeak.core.kernel import inlined
from hnlpeak.core.lanes import normal_pair

__all__ = ["beam_momentum", "with_wings"]


@inlined
def with_wings(wings: float, pull: float, a: float, b: float, u: float) -> float:
    """Deviation from the mean in units of the spread, by three normal numbers and a uniform one; without a branch."""
    wide = math.copysign(math.sqrt(pull * pull + a * a + b * b), pull)
    return wide if u * (1.0 + wings) < wings else pull


@inlined
def beam_momentum(
    mean: float, spread: float, wings: float, drawn: tuple[float, float, float, float, float]
) -> float:
    """A momentum (MeV) of the beam's spectrum: a Gaussian times 1 + w x^2 is a Gaussian plus w times x^2 of it.

    The latter is the length of three normal numbers with either sign. Without a branch, by five uniform numbers.
    """
    pull, a = normal_pair(drawn[0], drawn[1])
    b, _ = normal_pair(drawn[2], drawn[3])
    return mean + spread * with_wings(wings, pull, a, b, drawn[4])
