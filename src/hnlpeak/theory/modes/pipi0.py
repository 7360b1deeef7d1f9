"""K+ -> pi+ pi0: two-body, the pi0 decays on the spot; radiative parts are left out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined, kernel
from hnlpeak.core.kinematics import direction, two_body_momentum
from hnlpeak.core.measured import Measured
from hnlpeak.theory.modes.masses import KAON, PI_ZERO, PION
from hnlpeak.theory.modes.mode import PARAMETERS, Mode
from hnlpeak.theory.modes.pi0 import PI0_PARAMETERS, decay_pi0, draw_pi0, pack_pi0
from hnlpeak.theory.modes.rows import put
from hnlpeak.theory.species import Species

__all__ = ["CODE", "MODE", "pack", "pion", "sample"]

CODE = 3
"""Code of the mode in kernels."""

_PION_PLUS = float(Species.PION_PLUS)
_MOMENTUM = PI0_PARAMETERS
_E_PION = PI0_PARAMETERS + 1
_E_PI0 = PI0_PARAMETERS + 2


def pack() -> NDArray[np.float64]:
    """Parameters for ``sample``."""
    params = np.zeros(PARAMETERS)
    pack_pi0(params)
    momentum = two_body_momentum(KAON, PION, PI_ZERO)
    params[_MOMENTUM] = momentum
    params[_E_PION] = math.hypot(momentum, PION)
    params[_E_PI0] = math.hypot(momentum, PI_ZERO)
    return params


@inlined
def pion(params: NDArray[np.float64], u: float, v: float) -> tuple[float, float, float, float, float]:
    """Momentum and energy of the pi+ by two uniform numbers, and the energy of the pi0."""
    p = params[_MOMENTUM]
    x, y, z = direction(u, v)
    return p * x, p * y, p * z, params[_E_PION], params[_E_PI0]


@kernel
def sample(rng: np.random.Generator, params: NDArray[np.float64], out: NDArray[np.float64]) -> int:
    """Write pi+ and the daughters of the pi0; returns 3, or 4 with a Dalitz decay."""
    numbers = draw_pi0(rng)
    u, v = rng.random(), rng.random()
    px, py, pz, e, e_pi0 = pion(params, u, v)
    put(out, 0, _PION_PLUS, px, py, pz, e)
    return decay_pi0(rng, params, numbers, out, 1, -px, -py, -pz, e_pi0)


MODE = Mode(
    code=CODE,
    name="pipi0",
    label="K+ -> pi+ pi0",
    latex=r"K^+\!\to\pi^+\pi^0",
    colour="#94a4a2",
    parent="K+",
    daughters=("pi+", "pi0"),
    branching_fraction=Measured(0.2067, stat=0.0008, source="PDG 2024"),
    pack=pack,
    sample=sample,
)
