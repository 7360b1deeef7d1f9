"""The internal missing-mass axis of a search, and the signed missing mass."""

from __future__ import annotations

import math
from typing import NamedTuple

import hist
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hnlpeak.theory.mesons import meson as find_meson

__all__ = [
    "M_MISS_BINS",
    "M_MISS_HIGH",
    "M_MISS_LOW",
    "M_MISS_WIDTH",
    "MissingMassAxis",
    "m_miss_axis",
    "missing_mass_axis",
    "signed_sqrt",
    "signed_square",
]

_ROUND = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_BELOW = 0.8  # of the upper end: room for the resolution of light recoils
_BINS_PER_MEV = 50


class MissingMassAxis(NamedTuple):
    """``bins`` bins of ``width`` between ``low`` and ``high``, MeV, of the signed missing mass."""

    low: float
    high: float
    bins: int
    width: float

    def regular(self) -> hist.axis.Regular:
        """Return the axis for histograms."""
        return hist.axis.Regular(self.bins, self.low, self.high, name="m_miss", label="m_miss [MeV]")


def missing_mass_axis(meson: str) -> MissingMassAxis:
    """Return the internal axis for decays of ``meson`` in bins of 0.02 MeV.

    It ends at the first round number (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten) from the meson's mass on,
    beyond which no missing mass lies, and begins at -0.8 times that: -400 to 500 MeV for K+.
    """
    mass = find_meson(meson).mass
    power = 10.0 ** math.floor(math.log10(mass))
    high = next(step * power for step in _ROUND if step * power >= mass)
    low = -_BELOW * high
    bins = math.ceil((high - low) * _BINS_PER_MEV)
    return MissingMassAxis(low, high, bins, (high - low) / bins)


M_MISS_LOW, M_MISS_HIGH, M_MISS_BINS, M_MISS_WIDTH = missing_mass_axis("K+")
"""The internal axis of K+ decays: ends (MeV), number and width (MeV) of its bins."""


def m_miss_axis() -> hist.axis.Regular:
    """Return the internal axis of K+ decays for histograms."""
    return missing_mass_axis("K+").regular()


def signed_sqrt(m2: ArrayLike) -> NDArray[np.float64]:
    """Return sign(m2) sqrt(|m2|), MeV: the signed missing mass of a squared missing mass in MeV^2."""
    values = np.asarray(m2, dtype=np.float64)
    return np.copysign(np.sqrt(np.abs(values)), values)


def signed_square(m_miss: float) -> float:
    """Return sign(m) m^2, MeV^2: the inverse of ``signed_sqrt``."""
    return math.copysign(m_miss * m_miss, m_miss)
