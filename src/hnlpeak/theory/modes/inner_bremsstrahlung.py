"""M+ -> l+ nu (gamma): two-body decay with inner bremsstrahlung at tree level.

The branching fraction of the mode includes photons. With the probability that a photon above 0.1 MeV is
radiated, (x, v) is drawn from the Dalitz density of inner bremsstrahlung (Bijnens, Ecker, Gasser,
hep-ph/9209261), else the decay is two-body. In the variables of ``lepton_photon``

    rho_IB dx dy = (1 - v) [x^2 + 2 (1 - x)(1 - r) - 2 r (1 - r) / v] dln(x) dln(v),

so that drawing ln(x) and ln(v) uniformly leaves a factor that never exceeds 2 (1 - r): the soft and the
collinear singularities are in the variables, and rejection makes the sample exact.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.borrow import borrowed
from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel
from hnlpeak.core.kinematics import boost_to_rest, two_body_momentum, unit_vector
from hnlpeak.theory.modes.lepton_photon import place_lepton_photon
from hnlpeak.theory.modes.masses import KAON
from hnlpeak.theory.modes.mode import PARAMETERS
from hnlpeak.theory.modes.rows import put, put_polarised
from hnlpeak.theory.species import MASS, Species

__all__ = [
    "ALPHA",
    "PHOTON_ENERGY_MIN",
    "force_radiation",
    "ib_density",
    "ib_probability",
    "ib_spin",
    "pack_leptonic",
    "sample_leptonic",
]

ALPHA = 1.0 / 137.035999
"""Fine-structure constant."""
PHOTON_ENERGY_MIN = 0.1
"""Softest photon that is written, MeV; softer ones are below every detector's and resolution's reach."""

_PHOTON = float(Species.PHOTON)
_SPECIES, _MOMENTUM, _ENERGY, _P_IB, _MASS, _LEPTON, _R, _LN_X_MIN, _LN_X_RANGE, _LN_R, _POLARISED = range(11)


def ib_density(x: NDArray[np.float64], y: NDArray[np.float64], r: float) -> NDArray[np.float64]:
    """rho_IB(x, y) of hep-ph/9209261 (dimensionless), zero outside the Dalitz plane; broadcasts."""
    w = x + y - 1.0 - r
    inside = (x > 0.0) & (x <= 1.0 - r) & (y <= 1.0 + r) & (w * (1.0 - x) >= r * x)
    safe = np.where(inside, w, 1.0)
    positive = np.where(inside, x, 1.0)
    bracket = x * x + 2.0 * (1.0 - x) * (1.0 - r) - 2.0 * x * r * (1.0 - r) / safe
    return np.where(inside, (1.0 - y + r) / (positive**2 * safe) * bracket, 0.0)


def ib_probability(x_min: float, r: float) -> float:
    """Rate with a photon above x_min = 2 E_gamma / M in units of the two-body rate, r = (m_l / M)^2.

    (alpha / 2 pi) / (1 - r)^2 times the integral of rho_IB; over v it is closed, over ln(x) Gauss-Legendre.
    """
    nodes, weights = np.polynomial.legendre.leggauss(96)
    span = math.log((1.0 - r) / x_min)
    x = x_min * np.exp(0.5 * span * (nodes + 1.0))
    v_min = np.minimum(r / (1.0 - x), 1.0)
    log = -np.log(v_min)
    a = x * x + 2.0 * (1.0 - x) * (1.0 - r)
    b = 2.0 * r * (1.0 - r)
    over_v = a * (log - 1.0 + v_min) - b * (1.0 / v_min - 1.0 - log)
    integral = 0.5 * span * float(np.sum(weights * over_v))
    return ALPHA / (2.0 * math.pi) / (1.0 - r) ** 2 * integral


def pack_leptonic(lepton: Species) -> NDArray[np.float64]:
    """Parameters of K+ -> lepton nu (gamma) for ``sample_leptonic``."""
    lepton_mass = float(MASS[lepton])
    r = (lepton_mass / KAON) ** 2
    x_min = 2.0 * PHOTON_ENERGY_MIN / KAON
    momentum = two_body_momentum(KAON, lepton_mass, 0.0)
    params = np.zeros(PARAMETERS)
    params[_SPECIES] = lepton
    params[_MOMENTUM] = momentum
    params[_ENERGY] = math.hypot(momentum, lepton_mass)
    params[_P_IB] = ib_probability(x_min, r)
    params[_MASS] = KAON
    params[_LEPTON] = lepton_mass
    params[_R] = r
    params[_LN_X_MIN] = math.log(x_min)
    params[_LN_X_RANGE] = math.log((1.0 - r) / x_min)
    params[_LN_R] = math.log(r)
    params[_POLARISED] = 1.0 if lepton == Species.MUON_PLUS else 0.0
    return params


def force_radiation(params: NDArray[np.float64], share: float) -> tuple[NDArray[np.float64], float, float]:
    """Parameters with which the ``share`` of decays radiates, and the weights with and without photon that undo it.

    ``params`` are those of ``pack_leptonic``. Raises ``UsageError`` for shares that are not between 0 and 1.
    """
    if not 0.0 < share < 1.0:
        raise UsageError(f"radiation is forced to a share between 0 and 1, got {share:g}")
    forced = params.copy()
    forced[_P_IB] = share
    natural = float(params[_P_IB])
    return forced, natural / share, (1.0 - natural) / (1.0 - share)


@kernel
def ib_spin(
    px: float,
    py: float,
    pz: float,
    e: float,
    qx: float,
    qy: float,
    qz: float,
    q: float,
    mass: float,
    m: float,
) -> tuple[float, float, float]:
    """Spin polarisation vector of l+ (momentum p, mass m) beside a photon q in M+ -> l+ nu gamma, tree level.

    Summed over photon polarisations |M|^2 = G.l - m G.s with the four-vector (k the neutrino)
    G = V^2 k - (k.q / l.q) V + (k.V / l.q - k.q / (l.q)^2) q,  V = K / K.q - l / l.q,
    hence the polarisation is G_vector / G_0 in the lepton's rest frame; it tends to the neutrino's direction,
    that is to the two-body -p_hat, for soft photons.
    """
    kx, ky, kz = -px - qx, -py - qy, -pz - qz
    k = mass - e - q
    lq = e * q - px * qx - py * qy - pz * qz
    kq = k * q - kx * qx - ky * qy - kz * qz
    vx, vy, vz = -px / lq, -py / lq, -pz / lq
    v = 1.0 / q - e / lq
    vv = v * v - vx * vx - vy * vy - vz * vz
    kv = k * v - kx * vx - ky * vy - kz * vz
    a = kq / lq
    b = kv / lq - kq / (lq * lq)
    gx, gy, gz, g = boost_to_rest(
        vv * kx - a * vx + b * qx,
        vv * ky - a * vy + b * qy,
        vv * kz - a * vz + b * qz,
        vv * k - a * v + b * q,
        px,
        py,
        pz,
        e,
        m,
    )
    return gx / g, gy / g, gz / g


@kernel
def _sample_radiative(rng: np.random.Generator, params: NDArray[np.float64], out: NDArray[np.float64]) -> int:
    rng, params, out = borrowed(rng), borrowed(params), borrowed(out)
    mass = params[_MASS]
    r = params[_R]
    while True:
        x = math.exp(params[_LN_X_MIN] + params[_LN_X_RANGE] * rng.random())
        v = math.exp(params[_LN_R] * rng.random())
        if v * (1.0 - x) < r:
            continue
        weight = (1.0 - v) * (x * x + 2.0 * (1.0 - r) * (1.0 - x - r / v))
        if rng.random() * 2.0 * (1.0 - r) < weight:
            break
    px, py, pz, e, qx, qy, qz, q = place_lepton_photon(rng, x, v, mass, r)
    sx, sy, sz = 0.0, 0.0, 0.0
    if params[_POLARISED] > 0.0:
        sx, sy, sz = ib_spin(px, py, pz, e, qx, qy, qz, q, mass, params[_LEPTON])
    put_polarised(out, 0, params[_SPECIES], px, py, pz, e, sx, sy, sz)
    put(out, 1, _PHOTON, qx, qy, qz, q)
    return 2


@kernel
def sample_leptonic(rng: np.random.Generator, params: NDArray[np.float64], out: NDArray[np.float64]) -> int:
    """Write the lepton and, where one above 0.1 MeV is radiated, the photon; returns the rows written."""
    rng, params, out = borrowed(rng), borrowed(params), borrowed(out)
    if rng.random() < params[_P_IB]:
        return _sample_radiative(rng, params, out)
    nx, ny, nz = unit_vector(rng)
    p = params[_MOMENTUM]
    s = -params[_POLARISED]
    put_polarised(out, 0, params[_SPECIES], p * nx, p * ny, p * nz, params[_ENERGY], s * nx, s * ny, s * nz)
    return 1
