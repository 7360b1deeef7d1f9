"""The internal missing-mass axis, and the signed missing mass."""

from __future__ import annotations

import math

import hist
import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "M_MISS_BINS",
    "M_MISS_HIGH",
    "M_MISS_LOW",
    "M_MISS_WIDTH",
    "m_miss_axis",
    "signed_sqrt",
    "signed_square",
]

M_MISS_LOW = -400.0
"""Lower end of the internal axis, MeV."""
M_MISS_HIGH = 500.0
"""Upper end of the internal axis, MeV."""
M_MISS_BINS = 45_000
"""Number of bins of the internal axis."""
M_MISS_WIDTH = (M_MISS_HIGH - M_MISS_LOW) / M_MISS_BINS
"""Bin width of the internal axis: 0.02 MeV."""


def m_miss_axis() -> hist.axis.Regular:
    """Return the internal axis of the signed missing mass, MeV."""
    return hist.axis.Regular(M_MISS_BINS, M_MISS_LOW, M_MISS_HIGH, name="m_miss", label="m_miss [MeV]")


def signed_sqrt(m2: ArrayLike) -> NDArray[np.float64]:
    """Return sign(m2) sqrt(|m2|), MeV: the signed missing mass of a squared missing mass in MeV^2."""
    values = np.asarray(m2, dtype=np.float64)
    return np.copysign(np.sqrt(np.abs(values)), values)


def signed_square(m_miss: float) -> float:
    """Return sign(m) m^2, MeV^2: the inverse of ``signed_sqrt``."""
    return math.copysign(m_miss * m_miss, m_miss)
