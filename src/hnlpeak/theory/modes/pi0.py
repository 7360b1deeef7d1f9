"""pi0 -> gamma gamma and the Dalitz decay e+ e- gamma, on the spot (c tau is 25 nm).

Dalitz: Kroll and Wada, Phys. Rev. 98, 1355 (1955), with z = q^2 / M^2 and eps = 4 m_e^2 / q^2,

    dGamma / dln(q^2) ~ (1 - z)^3 (1 + a z)^2 (1 + eps / 2) sqrt(1 - eps)  (never above 1),

and 1 + c^2 + eps (1 - c^2) for the e+ direction to the virtual photon's in the pair's rest frame.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.borrow import borrowed
from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import inlined, kernel
from hnlpeak.core.kinematics import around, boost_from_rest, direction, unit_vector
from hnlpeak.core.measured import Measured
from hnlpeak.theory.modes.masses import ELECTRON, PI_ZERO
from hnlpeak.theory.modes.rows import put
from hnlpeak.theory.species import Species

__all__ = [
    "DALITZ",
    "FORM_FACTOR_SLOPE",
    "PI0_PARAMETERS",
    "TWO_PHOTON",
    "decay_pi0",
    "draw_pi0",
    "first_photon",
    "force_dalitz",
    "makes_pair",
    "pack_pi0",
]

TWO_PHOTON = Measured(0.98823, stat=0.00034, source="PDG 2024")
"""Branching fraction of pi0 -> gamma gamma."""
DALITZ = Measured(0.01174, stat=0.00035, source="PDG 2024")
"""Branching fraction of pi0 -> e+ e- gamma; the other modes (3.5e-5) are left out of the sum."""
FORM_FACTOR_SLOPE = Measured(0.0335, stat=0.0031, source="PDG 2024")
"""a of the transition form factor 1 + a q^2 / M^2."""

PI0_PARAMETERS = 6
"""Slots at the start of a mode's parameters that belong to the pi0."""

_PHOTON = float(Species.PHOTON)
_POSITRON = float(Species.POSITRON)
_ELECTRON = float(Species.ELECTRON)
_MASS, _P_DALITZ, _M_E, _SLOPE, _LN_Q2_MIN, _LN_Q2_RANGE = range(PI0_PARAMETERS)


def pack_pi0(params: NDArray[np.float64]) -> None:
    """Fill the pi0's slots of a mode's parameters."""
    params[_MASS] = PI_ZERO
    params[_P_DALITZ] = DALITZ.value / (DALITZ.value + TWO_PHOTON.value)
    params[_M_E] = ELECTRON
    params[_SLOPE] = FORM_FACTOR_SLOPE.value
    params[_LN_Q2_MIN] = 2.0 * math.log(2.0 * ELECTRON)
    params[_LN_Q2_RANGE] = 2.0 * math.log(PI_ZERO / (2.0 * ELECTRON))


def force_dalitz(params: NDArray[np.float64], share: float) -> tuple[NDArray[np.float64], float, float]:
    """Parameters with which the ``share`` of each pi0 makes e+ e- gamma, and a pi0's weights with and without that.

    ``params`` are those of a mode with pi0. Raises ``UsageError`` for shares that are not between 0 and 1.
    """
    if not 0.0 < share < 1.0:
        raise UsageError(f"Dalitz decays are forced to a share between 0 and 1, got {share:g}")
    forced = params.copy()
    forced[_P_DALITZ] = share
    natural = float(params[_P_DALITZ])
    return forced, natural / share, (1.0 - natural) / (1.0 - share)


@kernel
def _decay_dalitz(
    rng: np.random.Generator,
    params: NDArray[np.float64],
    out: NDArray[np.float64],
    row: int,
    px: float,
    py: float,
    pz: float,
    e: float,
) -> int:
    rng, params, out = borrowed(rng), borrowed(params), borrowed(out)
    mass = params[_MASS]
    while True:
        q2 = math.exp(params[_LN_Q2_MIN] + params[_LN_Q2_RANGE] * rng.random())
        z = q2 / (mass * mass)
        eps = min(1.0, 4.0 * params[_M_E] ** 2 / q2)
        form = 1.0 + params[_SLOPE] * z
        if rng.random() < (1.0 - z) ** 3 * form * form * (1.0 + 0.5 * eps) * math.sqrt(1.0 - eps):
            break
    while True:
        c = 2.0 * rng.random() - 1.0
        if 2.0 * rng.random() < 1.0 + c * c + eps * (1.0 - c * c):
            break
    nx, ny, nz = unit_vector(rng)
    dx, dy, dz = around(rng, nx, ny, nz, c)
    k = 0.5 * mass * (1.0 - z)
    gx, gy, gz, g = boost_from_rest(-k * nx, -k * ny, -k * nz, k, px, py, pz, e, mass)
    pair = math.sqrt(q2)
    half = 0.5 * pair
    p = half * math.sqrt(1.0 - eps)
    ax, ay, az, a = boost_from_rest(p * dx, p * dy, p * dz, half, k * nx, k * ny, k * nz, mass - k, pair)
    ax, ay, az, a = boost_from_rest(ax, ay, az, a, px, py, pz, e, mass)
    put(out, row, _PHOTON, gx, gy, gz, g)
    put(out, row + 1, _POSITRON, ax, ay, az, a)
    put(out, row + 2, _ELECTRON, px - gx - ax, py - gy - ay, pz - gz - az, e - g - a)
    return row + 3


@inlined
def makes_pair(params: NDArray[np.float64], u: float) -> bool:
    """True where the pi0 decays into e+ e- gamma, by a uniform number."""
    return bool(u < params[_P_DALITZ])


@inlined
def first_photon(
    params: NDArray[np.float64], u: float, v: float, px: float, py: float, pz: float, e: float
) -> tuple[float, float, float, float]:
    """One of the photons of a pi0 with this momentum, by two uniform numbers; the other takes the rest."""
    half = 0.5 * params[_MASS]
    nx, ny, nz = direction(u, v)
    return boost_from_rest(half * nx, half * ny, half * nz, half, px, py, pz, e, params[_MASS])


@inlined
def draw_pi0(rng: np.random.Generator) -> tuple[float, float, float]:
    """The three numbers by which ``decay_pi0`` decides; a mode draws them before all else."""
    return rng.random(), rng.random(), rng.random()


@kernel
def decay_pi0(
    rng: np.random.Generator,
    params: NDArray[np.float64],
    numbers: tuple[float, float, float],
    out: NDArray[np.float64],
    row: int,
    px: float,
    py: float,
    pz: float,
    e: float,
) -> int:
    """Write the daughters of a pi0 with the given momentum from ``row`` on; returns the next free row.

    ``numbers`` of ``draw_pi0`` make two photons; a Dalitz decay draws more.
    """
    rng, params, out = borrowed(rng), borrowed(params), borrowed(out)
    if makes_pair(params, numbers[0]):
        return _decay_dalitz(rng, params, out, row, px, py, pz, e)
    gx, gy, gz, g = first_photon(params, numbers[1], numbers[2], px, py, pz, e)
    put(out, row, _PHOTON, gx, gy, gz, g)
    put(out, row + 1, _PHOTON, px - gx, py - gy, pz - gz, e - g)
    return row + 2
