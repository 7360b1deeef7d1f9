"""What the rest of the code knows about a decay mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.measured import Measured

__all__ = ["PARAMETERS", "Kind", "Mode"]

PARAMETERS = 24
"""Length of every mode's parameter array, so that the parameters of several modes stack into one table."""


class Kind(IntEnum):
    """Codes of the decay modes in kernels, in the order of the registry."""

    KMU2 = 0
    KE2 = 1
    KE2G_SD = 2
    PIPI0 = 3
    PI3 = 4
    PI00 = 5
    KE3 = 6
    KMU3 = 7
    HNL = 8


@dataclass(frozen=True)
class Mode:
    """One decay mode.

    ``branching_fraction`` is None where the mode's rate is not a number of nature (M -> l N: the simulation
    knows how it decays, never how often). ``pack`` returns the float64 array of length ``PARAMETERS`` that
    ``sample(rng, params, out)`` reads; ``sample`` writes the visible daughters into ``out`` (float64
    [MAX_DAUGHTERS, Daughter.WIDTH], meson rest frame, MeV) and returns how many rows it wrote. Row 0 is the
    charged lepton or positive pion of the primary decay.
    """

    kind: Kind
    name: str
    label: str
    parent: str
    branching_fraction: Measured | None
    pack: Callable[..., NDArray[np.float64]]
    sample: Callable[[np.random.Generator, NDArray[np.float64], NDArray[np.float64]], int]
