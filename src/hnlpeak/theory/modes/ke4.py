"""K+ -> pi+ pi- e+ nu with a constant form factor F of the pions' S wave; P wave (some 10 %) and slopes left out.

With the current F (p_1 + p_2) the pair, of mass sqrt(s) and energy E in the kaon's rest frame, is what the pi0 is in
K_e3: without the positron's mass in the matrix element

    |M|^2 ~ m_K [2 E_l E_nu - m_K E'],   E' = (m_K^2 + s) / (2 m_K) - E,

on the phase space dE dE_l sqrt(1 - 4 m_pi^2 / s) ds; it is at most m_K P^2 / 2, P the momentum of the pair.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.borrow import borrowed
from hnlpeak.core.kernel import kernel
from hnlpeak.core.kinematics import around, boost_from_rest, unit_vector
from hnlpeak.core.measured import Measured
from hnlpeak.theory.modes.masses import ELECTRON, KAON, PION
from hnlpeak.theory.modes.mode import PARAMETERS, Mode
from hnlpeak.theory.modes.rows import put
from hnlpeak.theory.species import Species

__all__ = ["CODE", "MODE", "pack", "sample"]

CODE = 12
"""Code of the mode in kernels."""

_POSITRON = float(Species.POSITRON)
_PION_PLUS = float(Species.PION_PLUS)
_PION_MINUS = float(Species.PION_MINUS)
_MASS, _PI, _LEPTON, _S_MAX, _BOUND = range(5)


def pack() -> NDArray[np.float64]:
    """Parameters for ``sample``."""
    params = np.zeros(PARAMETERS)
    params[_MASS], params[_PI], params[_LEPTON] = KAON, PION, ELECTRON
    params[_S_MAX] = (KAON - ELECTRON) ** 2
    # largest width P of the range of E_l times m_K P^2 / 2, for the lightest pair
    largest = (KAON**2 - 4.0 * PION**2) / (2.0 * KAON)
    params[_BOUND] = 0.5 * KAON * largest**3
    return params


@kernel
def _draw_pair(rng: np.random.Generator, params: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Mass squared, energy and momentum (MeV) of the pair, and the energy of the positron."""
    rng, params = borrowed(rng), borrowed(params)
    mass, m_l = params[_MASS], params[_LEPTON]
    least = 4.0 * params[_PI] * params[_PI]
    while True:
        s = least + (params[_S_MAX] - least) * rng.random()
        low = math.sqrt(s)
        high = 0.5 * (mass * mass + s - m_l * m_l) / mass
        # from the whole range of the lightest pair: heavier ones have a smaller one
        widest = 0.5 * (mass - math.sqrt(least)) ** 2 / mass
        energy = high - widest * rng.random()
        if energy <= low:
            continue
        p = math.sqrt(energy * energy - s)
        share = m_l * m_l / (mass * mass + s - 2.0 * mass * energy)
        e_l = 0.5 * ((mass - energy) * (1.0 + share) + (2.0 * rng.random() - 1.0) * p * (1.0 - share))
        rest = 0.5 * (mass * mass + s) / mass - energy
        density = mass * (2.0 * e_l * (mass - energy - e_l) - mass * rest)
        if rng.random() * params[_BOUND] < p * density * math.sqrt(1.0 - least / s):
            return s, energy, p, e_l


@kernel
def sample(rng: np.random.Generator, params: NDArray[np.float64], out: NDArray[np.float64]) -> int:
    """Write e+, pi+ and pi-; returns 3."""
    rng, params, out = borrowed(rng), borrowed(params), borrowed(out)
    mass, m_pi, m_l = params[_MASS], params[_PI], params[_LEPTON]
    s, energy, p, e_l = _draw_pair(rng, params)
    p_l = math.sqrt(max(0.0, e_l * e_l - m_l * m_l))
    e_nu = mass - energy - e_l
    cosine = 0.0
    if p * p_l > 0.0:
        cosine = min(1.0, max(-1.0, 0.5 * (e_nu * e_nu - p * p - p_l * p_l) / (p * p_l)))
    nx, ny, nz = unit_vector(rng)
    dx, dy, dz = around(rng, nx, ny, nz, cosine)
    put(out, 0, _POSITRON, p_l * dx, p_l * dy, p_l * dz, e_l)
    pair = math.sqrt(s)
    q = math.sqrt(0.25 * s - m_pi * m_pi)
    ux, uy, uz = unit_vector(rng)
    ax, ay, az, a = boost_from_rest(q * ux, q * uy, q * uz, 0.5 * pair, p * nx, p * ny, p * nz, energy, pair)
    put(out, 1, _PION_PLUS, ax, ay, az, a)
    put(out, 2, _PION_MINUS, p * nx - ax, p * ny - ay, p * nz - az, energy - a)
    return 3


MODE = Mode(
    code=CODE,
    name="ke4",
    label="K+ -> pi+ pi- e+ nu",
    latex=r"K^+\!\to\pi^+\pi^-e^+\nu",
    colour="#4c6f1f",
    parent="K+",
    daughters=("e+", "pi+", "pi-", "nu"),
    branching_fraction=Measured(4.247e-5, stat=0.024e-5, source="PDG 2024"),
    pack=pack,
    sample=sample,
)
