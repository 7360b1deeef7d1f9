"""K+ -> mu+ nu (gamma), inclusive of radiation; the mu+ has helicity -1 in the kaon rest frame.

Photons are those of inner bremsstrahlung, of the kaon's structure and of their interference, which takes away up to
a seventh of those with a hard photon near the muon.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.measured import Measured
from hnlpeak.theory.modes.inner_bremsstrahlung import force_radiation, pack_leptonic, sample_leptonic
from hnlpeak.theory.modes.mode import Mode
from hnlpeak.theory.modes.structure import Structure
from hnlpeak.theory.species import Species

__all__ = ["CODE", "MODE", "STRUCTURE", "pack", "sample"]

CODE = 0
"""Code of the mode in kernels."""


STRUCTURE = Structure(plus=0.116, plus_slope=0.2993, minus=0.048, minus_slope=0.6860)
"""Chiral perturbation theory at order p^6: V = 0.082 [1 + 0.4125 (1 - x)], A = 0.034 [1 + 0.0263 (1 - x)].

As in the public code of the 2007 analysis (hnuplots, commit 9b11310, ``km2g``).
"""


def pack() -> NDArray[np.float64]:
    """Parameters for ``sample``."""
    return pack_leptonic(Species.MUON_PLUS, structure=STRUCTURE)


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
    force_radiation=force_radiation,
)
