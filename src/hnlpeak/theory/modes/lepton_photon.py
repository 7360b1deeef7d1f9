"""Kinematics of M+ -> l+ nu gamma at a point of its Dalitz plane, in the meson rest frame.

With x = 2 E_gamma / M, y = 2 E_l / M and r = (m_l / M)^2 the plane is 0 <= x <= 1 - r,
r / (1 - x) <= v <= 1, where v = (x + y - 1 - r) / x is l.q in units of M E_gamma.
"""

from __future__ import annotations

import math

import numpy as np

from hnlpeak.core.kernel import kernel
from hnlpeak.core.kinematics import around, unit_vector

__all__ = ["place_lepton_photon"]


@kernel
def place_lepton_photon(
    rng: np.random.Generator, x: float, v: float, mass: float, r: float
) -> tuple[float, float, float, float, float, float, float, float]:
    """Four-momenta (px, py, pz, E) of the lepton and of the photon at (x, v), MeV, orientation isotropic."""
    half_y = 0.5 * (1.0 + r - x * (1.0 - v))
    reduced = math.sqrt(max(0.0, half_y * half_y - r))
    cosine = 0.0
    if reduced > 0.0:
        cosine = min(1.0, max(-1.0, (half_y - v) / reduced))
    nx, ny, nz = unit_vector(rng)
    qx, qy, qz = around(rng, nx, ny, nz, cosine)
    p = mass * reduced
    k = 0.5 * mass * x
    return p * nx, p * ny, p * nz, mass * half_y, k * qx, k * qy, k * qz, k
