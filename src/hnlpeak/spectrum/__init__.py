"""Missing-mass spectra and search windows."""

from __future__ import annotations

from hnlpeak.spectrum.axis import M_MISS_BINS, M_MISS_HIGH, M_MISS_LOW, M_MISS_WIDTH
from hnlpeak.spectrum.fixed_point import FIXED_POINT
from hnlpeak.spectrum.spectrum import ANY_SELECTION, Projection, Spectrum

__all__ = [
    "ANY_SELECTION",
    "FIXED_POINT",
    "M_MISS_BINS",
    "M_MISS_HIGH",
    "M_MISS_LOW",
    "M_MISS_WIDTH",
    "Projection",
    "Spectrum",
]
