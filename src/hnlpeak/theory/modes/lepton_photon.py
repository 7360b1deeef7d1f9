"""Kinematics of M+ -> l+ X gamma at a point of its Dalitz plane, in the meson rest frame.

With x = 2 E_gamma / M, y = 2 E_l / M, r = (m_l / M)^2 and s = (m_X / M)^2 the plane is
0 <= x <= 1 - (sqrt(r) + sqrt(s))^2, and v = (x + y - 1 - r + s) / x, the product of the lepton's and the photon's
four-momenta in units of M E_gamma, runs between [1 - x + r - s -+ sqrt(lambda(1 - x, r, s))] / (2 - 2 x): for a
massless X between r / (1 - x) and 1.
"""

from __future__ import annotations

import math

import numpy as np

from hnlpeak.core.kernel import kernel
from hnlpeak.core.kinematics import around, unit_vector

__all__ = ["place_lepton_photon"]


@kernel
def place_lepton_photon(
    rng: np.random.Generator, x: float, v: float, mass: float, r: float, s: float
) -> tuple[float, float, float, float, float, float, float, float]:
    """Four-momenta (px, py, pz, E) of the lepton and of the photon at (x, v), MeV, orientation isotropic."""
    half_y = 0.5 * (1.0 + r - s - x * (1.0 - v))
    reduced = math.sqrt(max(0.0, half_y * half_y - r))
    cosine = 0.0
    if reduced > 0.0:
        cosine = min(1.0, max(-1.0, (half_y - v) / reduced))
    nx, ny, nz = unit_vector(rng)
    qx, qy, qz = around(rng, nx, ny, nz, cosine)
    p = mass * reduced
    k = 0.5 * mass * x
    return p * nx, p * ny, p * nz, mass * half_y, k * qx, k * qy, k * qz, k
