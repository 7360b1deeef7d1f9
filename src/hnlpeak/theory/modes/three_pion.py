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
from hnlpeak.core.kernel import inlined, kernel
from hnlpeak.core.kinematics import direction, turned
from hnlpeak.theory.modes.envelope import upper_bound
from hnlpeak.theory.modes.masses import KAON, PION
from hnlpeak.theory.modes.pi0 import PI0_PARAMETERS

__all__ = ["pack_three_pion", "place_pions", "place_three_pions", "try_energies"]

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


@inlined
def try_energies(params: NDArray[np.float64], a: float, b: float, c: float) -> tuple[bool, float, float]:
    """Kinetic energy of the odd pion and energy of the first of the pair (MeV) by three uniform numbers.

    False where the numbers do not make a decay: then others must. Without a branch, for lanes.
    """
    mass, odd = params[_MASS], params[_ODD]
    t = params[_T_MAX] * a
    cosine = 2.0 * b - 1.0
    s12 = (mass - odd) * (mass - odd) - 2.0 * mass * t
    width = math.sqrt(t * (t + 2.0 * odd) * max(0.0, 1.0 - 4.0 * params[_EVEN] * params[_EVEN] / s12))
    u = (s12 - params[_S0]) / params[_PION2]
    v = 2.0 * mass * cosine * width / params[_PION2]
    density = 1.0 + u * (params[_G] + params[_H] * u) + params[_K] * v * v
    return c * params[_BOUND] < width * density, t, 0.5 * (mass - odd - t + cosine * width)


@inlined
def place_pions(
    params: NDArray[np.float64], t: float, e1: float, numbers: tuple[float, float, float]
) -> tuple[float, float, float, float, float, float, float, float]:
    """Four-momenta (px, py, pz, E) of the odd pion and the first of the pair, MeV, turned by three uniform numbers."""
    mass, odd = params[_MASS], params[_ODD]
    even2 = params[_EVEN] * params[_EVEN]
    e3 = odd + t
    e2 = mass - e3 - e1
    p2 = t * (t + 2.0 * odd)
    p3 = math.sqrt(p2)
    p1 = math.sqrt(max(0.0, e1 * e1 - even2))
    product = p1 * p3
    cosine = 0.5 * (e2 * e2 - even2 - p1 * p1 - p2) / (product if product > 0.0 else 1.0)
    cosine = min(1.0, max(-1.0, cosine)) if product > 0.0 else 0.0
    nx, ny, nz = direction(numbers[0], numbers[1])
    dx, dy, dz = turned(nx, ny, nz, cosine, numbers[2])
    return p3 * nx, p3 * ny, p3 * nz, e3, p1 * dx, p1 * dy, p1 * dz, e1


@kernel
def place_three_pions(
    rng: np.random.Generator, params: NDArray[np.float64]
) -> tuple[float, float, float, float, float, float, float, float]:
    """Four-momenta (px, py, pz, E) of the odd pion and the first of the pair, MeV, isotropic."""
    rng, params = borrowed(rng), borrowed(params)
    # the orientation first: what comes behind the tries has no place of its own in the stream
    numbers = (rng.random(), rng.random(), rng.random())
    while True:
        found, t, e1 = try_energies(params, rng.random(), rng.random(), rng.random())
        if found:
            return place_pions(params, t, e1, numbers)
