"""Relativistic kinematics of single particles as kernels: boosts, spins, directions, two-body momenta.

A four-vector is four scalars ``x, y, z, t`` (momentum and energy in MeV, or any other four-vector).
Spins are three-vectors in the rest frame of the particle that a boost without rotation reaches.
"""

from __future__ import annotations

import math

import numpy as np

from hnlpeak.core.kernel import inlined, kernel
from hnlpeak.core.lanes import cos_sin_turns

__all__ = [
    "around",
    "boost",
    "boost_from_rest",
    "boost_spin",
    "boost_to_rest",
    "direction",
    "turned",
    "two_body_momentum",
    "unit_vector",
]


@kernel
def two_body_momentum(mass: float, first: float, second: float) -> float:
    """Momentum (MeV) of either daughter of ``mass`` -> ``first`` + ``second`` at rest; 0 if closed."""
    above = mass * mass - (first + second) ** 2
    if above <= 0.0:
        return 0.0
    return math.sqrt(above * (mass * mass - (first - second) ** 2)) / (2.0 * mass)


@kernel
def boost(
    x: float, y: float, z: float, t: float, bx: float, by: float, bz: float
) -> tuple[float, float, float, float]:
    """The four-vector as seen where its old frame moves with velocity b, |b| < 1, in units of c."""
    b2 = bx * bx + by * by + bz * bz
    gamma = 1.0 / math.sqrt(1.0 - b2)
    along = x * bx + y * by + z * bz
    # (gamma - 1) / b2 without the cancellation at small velocities
    shift = gamma * (along * gamma / (1.0 + gamma) + t)
    return x + shift * bx, y + shift * by, z + shift * bz, gamma * (t + along)


@inlined
def boost_from_rest(
    x: float, y: float, z: float, t: float, px: float, py: float, pz: float, e: float, m: float
) -> tuple[float, float, float, float]:
    """The four-vector, given in the rest frame of a particle, where that has momentum p and energy e.

    The mass m must be above 0. Needs no velocity, hence keeps its digits at any Lorentz factor.
    """
    along = x * px + y * py + z * pz
    shift = (along + t * (e + m)) / (m * (e + m))
    return x + shift * px, y + shift * py, z + shift * pz, (e * t + along) / m


@kernel
def boost_to_rest(
    x: float, y: float, z: float, t: float, px: float, py: float, pz: float, e: float, m: float
) -> tuple[float, float, float, float]:
    """The four-vector in the rest frame of a particle with momentum p, energy e and mass m > 0."""
    return boost_from_rest(x, y, z, t, -px, -py, -pz, e, m)


@kernel
def boost_spin(
    sx: float,
    sy: float,
    sz: float,
    px: float,
    py: float,
    pz: float,
    e: float,
    m: float,
    bx: float,
    by: float,
    bz: float,
) -> tuple[float, float, float]:
    """Rest-frame spin of a particle (momentum p, energy e, mass m > 0) after a boost of its frame.

    ``s`` belongs to the rest frame reached directly from the old frame, the result to the one reached
    directly from the new one, where the old frame moves with velocity b: a Wigner rotation apart.
    """
    ax, ay, az, at = boost_from_rest(sx, sy, sz, 0.0, px, py, pz, e, m)
    ax, ay, az, at = boost(ax, ay, az, at, bx, by, bz)
    qx, qy, qz, qe = boost(px, py, pz, e, bx, by, bz)
    rx, ry, rz, _ = boost_to_rest(ax, ay, az, at, qx, qy, qz, qe, m)
    return rx, ry, rz


@inlined
def direction(u: float, v: float) -> tuple[float, float, float]:
    """The direction, uniform on the sphere, of two uniform numbers of [0, 1); without a branch, for lanes."""
    z = 2.0 * u - 1.0
    r = math.sqrt(1.0 - z * z)
    x, y = cos_sin_turns(v)
    return r * x, r * y, z


@inlined
def unit_vector(rng: np.random.Generator) -> tuple[float, float, float]:
    """A direction uniform on the sphere (Marsaglia, Ann. Math. Stat. 43, 645 (1972): no trigonometry)."""
    while True:
        u = 2.0 * rng.random() - 1.0
        v = 2.0 * rng.random() - 1.0
        s = u * u + v * v
        if s < 1.0:
            root = 2.0 * math.sqrt(1.0 - s)
            return u * root, v * root, 1.0 - 2.0 * s


@inlined
def _tilted(nx: float, ny: float, nz: float, cosine: float, a: float, b: float) -> tuple[float, float, float]:
    """The unit vector n times ``cosine``, and ``a`` and ``b`` along two directions across it."""
    # Orthonormal frame without square roots: Duff et al., J. Comput. Graph. Tech. 6(1) (2017)
    sign = math.copysign(1.0, nz)
    f = -1.0 / (sign + nz)
    g = nx * ny * f
    return (
        cosine * nx + a * (1.0 + sign * nx * nx * f) + b * g,
        cosine * ny + a * sign * g + b * (sign + ny * ny * f),
        cosine * nz - a * sign * nx - b * ny,
    )


@kernel
def around(
    rng: np.random.Generator, nx: float, ny: float, nz: float, cosine: float
) -> tuple[float, float, float]:
    """A direction at the given cosine to the unit vector n, its azimuth around n uniform."""
    while True:
        u = 2.0 * rng.random() - 1.0
        v = 2.0 * rng.random() - 1.0
        s = u * u + v * v
        if 0.0 < s < 1.0:
            break
    sine = math.sqrt(max(0.0, 1.0 - cosine * cosine)) / math.sqrt(s)
    return _tilted(nx, ny, nz, cosine, u * sine, v * sine)


@inlined
def turned(nx: float, ny: float, nz: float, cosine: float, u: float) -> tuple[float, float, float]:
    """A direction at the given cosine to the unit vector n, its azimuth by a uniform number; without a branch."""
    sine = math.sqrt(max(0.0, 1.0 - cosine * cosine))
    a, b = cos_sin_turns(u)
    return _tilted(nx, ny, nz, cosine, a * sine, b * sine)
