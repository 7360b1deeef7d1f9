"""mu -> e nu nu with the muon's polarisation (Michel spectrum at tree level)."""

from __future__ import annotations

import math

import numpy as np

from hnlpeak.core.kernel import kernel
from hnlpeak.core.kinematics import around

__all__ = ["decay_muon"]


@kernel
def decay_muon(
    rng: np.random.Generator,
    charge: float,
    sx: float,
    sy: float,
    sz: float,
    muon_mass: float,
    electron_mass: float,
) -> tuple[float, float, float]:
    """Momentum (MeV) of the e+ or e- in the muon rest frame; s is the polarisation vector, |s| <= 1.

    d2Gamma / dx dcos ~ x^2 [(3 - 2x) + charge |s| cos (2x - 1)], x the momentum in units of its largest,
    (m_mu^2 - m_e^2) / (2 m_mu): the electron mass is neglected in the density only.
    Exact without rejection: 2 x^2 (3 - 2x) is half the density of the largest and half that of the second
    largest of four uniform numbers, and the density in cos is a straight line.
    """
    first = 0.0
    second = 0.0
    for _ in range(4):
        u = rng.random()
        if u > first:
            second = first
            first = u
        elif u > second:
            second = u
    u = rng.random()
    x = first
    if u < 0.5:
        x = second
        u *= 2.0
    else:
        u = 2.0 * u - 1.0
    s = math.sqrt(sx * sx + sy * sy + sz * sz)
    a = charge * min(1.0, s) * (2.0 * x - 1.0) / (3.0 - 2.0 * x)
    # distribution function (1 + c) / 2 + a (c^2 - 1) / 4 = u, solved without cancellation at small a
    cosine = (4.0 * u - 2.0 + a) / (1.0 + math.sqrt((1.0 - a) ** 2 + 4.0 * a * u))
    nx, ny, nz = 0.0, 0.0, 1.0
    if s > 0.0:
        nx, ny, nz = sx / s, sy / s, sz / s
    dx, dy, dz = around(rng, nx, ny, nz, min(1.0, max(-1.0, cosine)))
    p = x * 0.5 * (muon_mass - electron_mass * electron_mass / muon_mass)
    return p * dx, p * dy, p * dz
