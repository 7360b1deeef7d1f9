"""pi+ -> mu+ nu (gamma) of a beam pion, with inner bremsstrahlung; the mu+ has helicity -1 in the pion's frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.measured import Measured
from hnlpeak.theory.modes.inner_bremsstrahlung import force_radiation, pack_leptonic, sample_leptonic
from hnlpeak.theory.modes.mode import Mode
from hnlpeak.theory.species import MASS, Species

__all__ = ["CODE", "MODE", "pack", "sample"]

CODE = 9
"""Code of the mode in kernels."""


def pack() -> NDArray[np.float64]:
    """Parameters for ``sample``."""
    return pack_leptonic(Species.MUON_PLUS, meson_mass=float(MASS[Species.PION_PLUS]))


sample = sample_leptonic
"""Write mu+ and, if radiated, the photon; returns 1 or 2."""

MODE = Mode(
    code=CODE,
    name="pimu2",
    label="pi+ -> mu+ nu (gamma)",
    latex=r"\pi^+\!\to\mu^+\nu",
    colour="#717581",
    parent="pi+",
    daughters=("mu+", "nu"),
    branching_fraction=Measured(0.9998770, stat=4e-7, source="PDG 2024, inclusive of soft photons"),
    pack=pack,
    sample=sample,
    radiates=True,
    force_radiation=force_radiation,
)
