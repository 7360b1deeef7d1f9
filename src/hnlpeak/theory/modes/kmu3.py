"""K+ -> pi0 mu+ nu (gamma); the pi0 decays on the spot."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.measured import Measured
from hnlpeak.theory.modes.kl3 import FORM_FACTORS, force_spread, pack_kl3, sample_kl3
from hnlpeak.theory.modes.mode import Mode
from hnlpeak.theory.species import Species

__all__ = ["CODE", "MODE", "pack", "sample"]

CODE = 7
"""Code of the mode in kernels."""


def pack(**form_factors: float) -> NDArray[np.float64]:
    """Parameters for ``sample``; ``form_factors`` as in ``kl3``."""
    return pack_kl3(Species.MUON_PLUS, **form_factors)


sample = sample_kl3
"""Write mu+, the daughters of the pi0 and, if radiated, the photon; returns 3 to 5."""

MODE = Mode(
    code=CODE,
    name="kmu3",
    label="K+ -> pi0 mu+ nu",
    latex=r"K^+\!\to\pi^0\mu^+\nu",
    colour="#b9ac70",
    parent="K+",
    daughters=("mu+", "pi0", "nu"),
    branching_fraction=Measured(0.03352, stat=0.00033, source="PDG 2024"),
    pack=pack,
    sample=sample,
    radiates=True,
    force_spread=force_spread,
    form_factors=FORM_FACTORS,
)
