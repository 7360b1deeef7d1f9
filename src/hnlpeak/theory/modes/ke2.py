"""K+ -> e+ nu (gamma), with inner bremsstrahlung; the structure-dependent part is the mode ``ke2g-sd``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.measured import Measured
from hnlpeak.theory.modes.inner_bremsstrahlung import force_radiation, pack_leptonic, sample_leptonic
from hnlpeak.theory.modes.mode import Mode
from hnlpeak.theory.species import Species

__all__ = ["CODE", "MODE", "pack", "sample"]

CODE = 1
"""Code of the mode in kernels."""


def pack() -> NDArray[np.float64]:
    """Parameters for ``sample``."""
    return pack_leptonic(Species.POSITRON)


sample = sample_leptonic
"""Write e+ and, if radiated, the photon; returns 1 or 2."""

MODE = Mode(
    code=CODE,
    name="ke2",
    label="K+ -> e+ nu (gamma)",
    latex=r"K^+\!\to e^+\nu",
    colour="#ffa90e",
    parent="K+",
    daughters=("e+", "nu"),
    branching_fraction=Measured(1.582e-5, stat=0.007e-5, source="PDG 2024, inner bremsstrahlung included"),
    pack=pack,
    sample=sample,
    radiates=True,
    force_radiation=force_radiation,
)
