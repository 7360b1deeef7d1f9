"""pi+ -> e+ nu (gamma) of a pion in the beam, with inner bremsstrahlung; the structure-dependent part is left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.measured import Measured
from hnlpeak.theory.modes.inner_bremsstrahlung import force_radiation, pack_leptonic, sample_leptonic
from hnlpeak.theory.modes.mode import Mode
from hnlpeak.theory.species import MASS, Species

__all__ = ["CODE", "MODE", "pack", "sample"]

CODE = 10
"""Code of the mode in kernels."""


def pack() -> NDArray[np.float64]:
    """Parameters for ``sample``."""
    return pack_leptonic(Species.POSITRON, meson_mass=float(MASS[Species.PION_PLUS]))


sample = sample_leptonic
"""Write e+ and, if radiated, the photon; returns 1 or 2."""

MODE = Mode(
    code=CODE,
    name="pie2",
    label="pi+ -> e+ nu (gamma)",
    latex=r"\pi^+\!\to e^+\nu",
    colour="#3a9d5d",
    parent="pi+",
    daughters=("e+", "nu"),
    branching_fraction=Measured(1.230e-4, stat=0.004e-4, source="PDG 2024, inner bremsstrahlung included"),
    pack=pack,
    sample=sample,
    radiates=True,
    force_radiation=force_radiation,
)
