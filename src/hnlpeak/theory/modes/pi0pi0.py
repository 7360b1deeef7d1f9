"""K+ -> pi+ pi0 pi0, both pi0 decaying on the spot."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import kernel
from hnlpeak.core.measured import Measured
from hnlpeak.theory.modes.masses import KAON, PI_ZERO, PION
from hnlpeak.theory.modes.mode import PARAMETERS, Mode
from hnlpeak.theory.modes.pi0 import decay_pi0, draw_pi0, pack_pi0
from hnlpeak.theory.modes.rows import put
from hnlpeak.theory.modes.three_pion import pack_three_pion, place_three_pions
from hnlpeak.theory.species import Species

__all__ = ["CODE", "MODE", "SLOPES", "pack", "sample"]

CODE = 5
"""Code of the mode in kernels."""

SLOPES = {"g": 0.626, "h": 0.052, "k": 0.0054}
"""Dalitz slopes, PDG."""

_PION_PLUS = float(Species.PION_PLUS)
_KAON = PARAMETERS - 1


def pack() -> NDArray[np.float64]:
    """Parameters for ``sample``."""
    params = np.zeros(PARAMETERS)
    pack_pi0(params)
    pack_three_pion(params, odd=PION, even=PI_ZERO, **SLOPES)
    params[_KAON] = KAON
    return params


@kernel
def sample(rng: np.random.Generator, params: NDArray[np.float64], out: NDArray[np.float64]) -> int:
    """Write pi+ and the daughters of both pi0; returns 5 to 7."""
    first, second = draw_pi0(rng), draw_pi0(rng)
    ox, oy, oz, oe, px, py, pz, e = place_three_pions(rng, params)
    put(out, 0, _PION_PLUS, ox, oy, oz, oe)
    row = decay_pi0(rng, params, first, out, 1, px, py, pz, e)
    return decay_pi0(rng, params, second, out, row, -ox - px, -oy - py, -oz - pz, params[_KAON] - oe - e)


MODE = Mode(
    code=CODE,
    name="pi00",
    label="K+ -> pi+ pi0 pi0",
    latex=r"K^+\!\to\pi^+\pi^0\pi^0",
    colour="#a96b59",
    parent="K+",
    daughters=("pi+", "pi0", "pi0"),
    branching_fraction=Measured(0.01760, stat=0.00023, source="PDG 2024"),
    pack=pack,
    sample=sample,
)
