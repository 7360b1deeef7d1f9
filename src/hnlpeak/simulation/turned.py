"""Daughters of a decay as they are turned: a meson without spin decays alike in all orientations."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.theory.modes.masses import PI_ZERO
from hnlpeak.theory.modes.slots import Daughter
from hnlpeak.theory.species import Species

__all__ = ["cosine_to", "is_pair", "is_photon", "tilted", "turn", "turn_about", "turn_row"]

_SAME_MASS2 = 1.0  # MeV^2: two photons of a pi0 are within rounding of its mass
_PHOTON = int(Species.PHOTON)
_PX, _PY, _PZ = int(Daughter.PX), int(Daughter.PY), int(Daughter.PZ)
_SX = int(Daughter.SX)
_ENERGY, _SPECIES = int(Daughter.ENERGY), int(Daughter.SPECIES)
_TINY = 1e-9


@inlined
def cosine_to(a: NDArray[np.float64], x: float, y: float, z: float) -> float:
    """Cosine of the row's momentum to the unit vector (x, y, z)."""
    p2 = a[_PX] * a[_PX] + a[_PY] * a[_PY] + a[_PZ] * a[_PZ]
    if p2 == 0.0:
        return 1.0
    found = (a[_PX] * x + a[_PY] * y + a[_PZ] * z) / math.sqrt(p2)
    return float(min(1.0, max(-1.0, found)))


@inlined
def is_photon(row: NDArray[np.float64]) -> bool:
    """True for a photon."""
    return int(row[_SPECIES]) == _PHOTON


@inlined
def is_pair(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """True for the two photons of a pi0."""
    if not (is_photon(a) and is_photon(b)):
        return False
    product = a[_ENERGY] * b[_ENERGY] - a[_PX] * b[_PX] - a[_PY] * b[_PY] - a[_PZ] * b[_PZ]
    return bool(abs(2.0 * product - PI_ZERO * PI_ZERO) < _SAME_MASS2)


@inlined
def _rotate(
    row: NDArray[np.float64],
    x: int,
    k: tuple[float, float, float],
    e: tuple[float, float, float],
    cosine: float,
    sine: float,
) -> None:
    """Rotate the vector in the slots from ``x`` on from the unit vector ``k`` towards ``e``, at right angles to it."""
    along = row[x] * k[0] + row[x + 1] * k[1] + row[x + 2] * k[2]
    across = row[x] * e[0] + row[x + 1] * e[1] + row[x + 2] * e[2]
    more_k = along * cosine - across * sine - along
    more_e = along * sine + across * cosine - across
    for j in range(3):
        row[x + j] += more_k * k[j] + more_e * e[j]


@inlined
def turn(
    daughters: NDArray[np.float64], n: int, k: tuple[float, float, float], to: tuple[float, float, float]
) -> None:
    """Turn all daughters, the shortest way, until the unit vector ``k`` is the unit vector ``to``."""
    cosine = min(1.0, max(-1.0, to[0] * k[0] + to[1] * k[1] + to[2] * k[2]))
    ex, ey, ez = to[0] - cosine * k[0], to[1] - cosine * k[1], to[2] - cosine * k[2]
    sine = math.sqrt(ex * ex + ey * ey + ez * ez)
    if sine < _TINY:
        return
    e = (ex / sine, ey / sine, ez / sine)
    for d in range(n):
        _rotate(daughters[d], _PX, k, e, cosine, sine)
        _rotate(daughters[d], _SX, k, e, cosine, sine)


@inlined
def turn_about(
    daughters: NDArray[np.float64], n: int, axis: tuple[float, float, float], cosine: float, sine: float
) -> None:
    """Turn all daughters about the unit vector ``axis`` by an angle."""
    for d in range(n):
        row = daughters[d]
        for x in (_PX, _SX):
            vx, vy, vz = row[x], row[x + 1], row[x + 2]
            along = (1.0 - cosine) * (vx * axis[0] + vy * axis[1] + vz * axis[2])
            row[x] = cosine * vx + along * axis[0] + sine * (axis[1] * vz - axis[2] * vy)
            row[x + 1] = cosine * vy + along * axis[1] + sine * (axis[2] * vx - axis[0] * vz)
            row[x + 2] = cosine * vz + along * axis[2] + sine * (axis[0] * vy - axis[1] * vx)


@inlined
def turn_row(daughters: NDArray[np.float64], n: int, chosen: int, to: tuple[float, float, float]) -> None:
    """Turn all daughters, the shortest way, until the ``chosen`` one flies in the direction ``to``."""
    row = daughters[chosen]
    p = math.sqrt(row[_PX] * row[_PX] + row[_PY] * row[_PY] + row[_PZ] * row[_PZ])
    if p > 0.0:
        turn(daughters, n, (row[_PX] / p, row[_PY] / p, row[_PZ] / p), to)


@inlined
def tilted(
    row: NDArray[np.float64], wanted: float, k: tuple[float, float, float]
) -> tuple[float, float, float]:
    """The direction with the ``wanted`` cosine to the unit vector k and the azimuth of the row's momentum about it."""
    c = cosine_to(row, k[0], k[1], k[2])
    s = math.sqrt(1.0 - c * c)
    p = math.sqrt(row[_PX] * row[_PX] + row[_PY] * row[_PY] + row[_PZ] * row[_PZ])
    if s < _TINY or p == 0.0:
        return row[_PX] / max(p, _TINY), row[_PY] / max(p, _TINY), row[_PZ] / max(p, _TINY)
    other = math.sqrt(max(0.0, 1.0 - wanted * wanted)) / s
    along = wanted - other * c
    return (
        other * row[_PX] / p + along * k[0],
        other * row[_PY] / p + along * k[1],
        other * row[_PZ] / p + along * k[2],
    )
