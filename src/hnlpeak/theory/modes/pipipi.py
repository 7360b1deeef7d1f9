"""K+ -> pi+ pi+ pi-."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import kernel
from hnlpeak.core.measured import Measured
from hnlpeak.theory.modes.masses import KAON, PION
from hnlpeak.theory.modes.mode import PARAMETERS, Mode
from hnlpeak.theory.modes.rows import put
from hnlpeak.theory.modes.three_pion import pack_three_pion, place_three_pions
from hnlpeak.theory.species import Species

__all__ = ["CODE", "MODE", "SLOPES", "pack", "sample"]

CODE = 4
"""Code of the mode in kernels."""

SLOPES = {"g": -0.21134, "h": 0.0185, "k": -0.00463}
"""Dalitz slopes, PDG."""

_PION_PLUS = float(Species.PION_PLUS)
_PION_MINUS = float(Species.PION_MINUS)
_KAON = PARAMETERS - 1


def pack() -> NDArray[np.float64]:
    """Parameters for ``sample``."""
    params = np.zeros(PARAMETERS)
    pack_three_pion(params, odd=PION, even=PION, **SLOPES)
    params[_KAON] = KAON
    return params


@kernel
def sample(rng: np.random.Generator, params: NDArray[np.float64], out: NDArray[np.float64]) -> int:
    """Write pi+, pi+, pi-; returns 3."""
    ox, oy, oz, oe, px, py, pz, e = place_three_pions(rng, params)
    put(out, 0, _PION_PLUS, px, py, pz, e)
    put(out, 1, _PION_PLUS, -ox - px, -oy - py, -oz - pz, params[_KAON] - oe - e)
    put(out, 2, _PION_MINUS, ox, oy, oz, oe)
    return 3


MODE = Mode(
    code=CODE,
    name="pi3",
    label="K+ -> pi+ pi+ pi-",
    latex=r"K^+\!\to\pi^+\pi^+\pi^-",
    colour="#832db6",
    parent="K+",
    daughters=("pi+", "pi+", "pi-"),
    branching_fraction=Measured(0.05583, stat=0.00024, source="PDG 2024"),
    pack=pack,
    sample=sample,
)
