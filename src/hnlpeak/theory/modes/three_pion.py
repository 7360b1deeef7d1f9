"""K -> 3 pi: Dalitz plane with |M|^2 ~ 1 + g u + h u^2 + k v^2 (PDG convention; pion 3 is the odd one).

u = (s3 - s0) / m_pi+^2, v = (s1 - s2) / m_pi+^2, s_i = (P_K - P_i)^2, s0 their mean. The kinetic energy
of the odd pion and the cosine c of the pair's axis in the pair's rest frame are drawn uniformly; phase
space is then p_3 beta_12, with E_1 - E_2 = c p_3 beta_12, and rejection makes the density exact.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.borrow import borrowed
from hnlpeak.core.kernel import kernel
from hnlpeak.core.kinematics import around, unit_vector
from hnlpeak.theory.modes.envelope import upper_bound
from hnlpeak.theory.modes.masses import KAON, PION
from hnlpeak.theory.modes.pi0 import PI0_PARAMETERS

__all__ = ["pack_three_pion", "place_three_pions"]

_MASS, _ODD, _EVEN, _T_MAX, _S0, _G, _H, _K, _BOUND, _PION2 = range(PI0_PARAMETERS, PI0_PARAMETERS + 10)


def pack_three_pion(
    params: NDArray[np.float64], *, odd: float, even: float, g: float, h: float, k: float
) -> None:
    """Fill the slots of the Dalitz plane: mass of the odd pion and of the others (MeV), slopes."""
    t_max = ((KAON - odd) ** 2 - 4.0 * even**2) / (2.0 * KAON)
    s0 = (KAON**2 + odd**2 + 2.0 * even**2) / 3.0

    def largest(z: NDArray[np.float64]) -> NDArray[np.float64]:
        t = z * t_max
        s12 = (KAON - odd) ** 2 - 2.0 * KAON * t
        width = np.sqrt(t * (t + 2.0 * odd) * np.maximum(0.0, 1.0 - 4.0 * even**2 / s12))
        u = (s12 - s0) / PION**2
        v = 2.0 * KAON * width / PION**2
        # linear in v^2: the largest value is at an end
        return width * (1.0 + g * u + h * u * u + np.maximum(0.0, k * v * v))

    params[_MASS], params[_ODD], params[_EVEN] = KAON, odd, even
    params[_T_MAX], params[_S0], params[_PION2] = t_max, s0, PION**2
    params[_G], params[_H], params[_K] = g, h, k
    params[_BOUND] = upper_bound(largest)


@kernel
def place_three_pions(
    rng: np.random.Generator, params: NDArray[np.float64]
) -> tuple[float, float, float, float, float, float, float, float]:
    """Four-momenta (px, py, pz, E) of the odd pion and the first of the pair, MeV, isotropic."""
    rng, params = borrowed(rng), borrowed(params)
    mass = params[_MASS]
    odd = params[_ODD]
    even2 = params[_EVEN] * params[_EVEN]
    while True:
        t = params[_T_MAX] * rng.random()
        c = 2.0 * rng.random() - 1.0
        s12 = (mass - odd) * (mass - odd) - 2.0 * mass * t
        p2 = t * (t + 2.0 * odd)
        width = math.sqrt(p2 * max(0.0, 1.0 - 4.0 * even2 / s12))
        u = (s12 - params[_S0]) / params[_PION2]
        v = 2.0 * mass * c * width / params[_PION2]
        density = 1.0 + u * (params[_G] + params[_H] * u) + params[_K] * v * v
        if rng.random() * params[_BOUND] < width * density:
            break
    e3 = odd + t
    e1 = 0.5 * (mass - e3 + c * width)
    e2 = mass - e3 - e1
    p3 = math.sqrt(p2)
    p1 = math.sqrt(max(0.0, e1 * e1 - even2))
    cosine = 0.0
    if p1 * p3 > 0.0:
        cosine = min(1.0, max(-1.0, 0.5 * (e2 * e2 - even2 - p1 * p1 - p2) / (p1 * p3)))
    nx, ny, nz = unit_vector(rng)
    dx, dy, dz = around(rng, nx, ny, nz, cosine)
    return p3 * nx, p3 * ny, p3 * nz, e3, p1 * dx, p1 * dy, p1 * dz, e1
