"""K+ -> mu+ nu (gamma), inclusive of inner bremsstrahlung; the mu+ has helicity -1 in the kaon rest frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.measured import Measured
from hnlpeak.theory.modes.inner_bremsstrahlung import pack_leptonic, sample_leptonic
from hnlpeak.theory.modes.mode import Mode
from hnlpeak.theory.species import Species

__all__ = ["CODE", "MODE", "pack", "sample"]

CODE = 0
"""Code of the mode in kernels."""


def pack() -> NDArray[np.float64]:
    """Parameters for ``sample``."""
    return pack_leptonic(Species.MUON_PLUS)


sample = sample_leptonic
"""Write mu+ and, if radiated, the photon; returns 1 or 2."""

MODE = Mode(
    code=CODE,
    name="kmu2",
    label="K+ -> mu+ nu (gamma)",
    latex=r"K^+\!\to\mu^+\nu",
    colour="#3f90da",
    parent="K+",
    daughters=("mu+", "nu"),
    branching_fraction=Measured(0.6356, stat=0.0011, source="PDG 2024, inclusive of soft photons"),
    pack=pack,
    sample=sample,
    radiates=True,
)
