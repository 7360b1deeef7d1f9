"""K+ -> pi0 e+ nu (gamma); the pi0 decays on the spot."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.measured import Measured
from hnlpeak.theory.modes.kl3 import FORM_FACTORS, force_spread, pack_kl3, sample_kl3
from hnlpeak.theory.modes.mode import Mode
from hnlpeak.theory.species import Species

__all__ = ["CODE", "MODE", "pack", "sample"]

CODE = 6
"""Code of the mode in kernels."""


def pack(**form_factors: float) -> NDArray[np.float64]:
    """Parameters for ``sample``; ``form_factors`` as in ``kl3``."""
    return pack_kl3(Species.POSITRON, **form_factors)


sample = sample_kl3
"""Write e+, the daughters of the pi0 and, if radiated, the photon; returns 3 to 5."""

MODE = Mode(
    code=CODE,
    name="ke3",
    label="K+ -> pi0 e+ nu",
    latex=r"K^+\!\to\pi^0 e^+\nu",
    colour="#e76300",
    parent="K+",
    daughters=("e+", "pi0", "nu"),
    branching_fraction=Measured(0.0507, stat=0.0004, source="PDG 2024"),
    pack=pack,
    sample=sample,
    radiates=True,
    force_spread=force_spread,
    form_factors=FORM_FACTORS,
)
