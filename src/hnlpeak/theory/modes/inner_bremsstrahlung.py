"""M+ -> l+ X (gamma): two-body decay with inner bremsstrahlung at tree level, X a neutrino or a heavy N.

The branching fraction of the mode includes photons. With the probability that a photon above 0.1 MeV is radiated,
the decay has three bodies, else two. The current couples to M's momentum, so that with P = p + k + q (M; lepton,
photon, X), masses m of the lepton and m_X, lepton emission, meson emission and contact term add up to

    u(q) [m_X (1 - g5) - m (1 + g5)] [V.e + k/ e/ / (2 p.k)] v(p),    V = p / p.k - P / P.k,

and, summed over spins and polarisations, to

    |M|^2 = - 8 (m_X^2 + m^2) [V^2 p.q - V.q + (V.p - 1) k.q / p.k] - 16 m_X^2 m^2 V^2,

which for m_X = 0 is rho_IB of Bijnens, Ecker, Gasser (hep-ph/9209261). In the variables of ``lepton_photon``,
x^2 v |M|^2 dln(x) dln(v) is smooth: the soft and the collinear singularities are in the variables, and rejection
below a bound makes the sample exact. What the meson's structure adds (``structure``) is in the same sample. Virtual
corrections are in the measured rate; the shape has none.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.borrow import borrowed
from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import inlined, kernel
from hnlpeak.core.kinematics import boost_to_rest, direction, two_body_momentum
from hnlpeak.theory.modes.lepton_photon import place_lepton_photon
from hnlpeak.theory.modes.masses import KAON
from hnlpeak.theory.modes.mode import PARAMETERS
from hnlpeak.theory.modes.rows import put, put_polarised
from hnlpeak.theory.modes.structure import NO_STRUCTURE, Structure, form_factors, structure_amplitude
from hnlpeak.theory.modes.structure_spin import structure_spin
from hnlpeak.theory.species import MASS, Species

__all__ = [
    "ALPHA",
    "PHOTON_ENERGY_MIN",
    "force_radiation",
    "ib_density",
    "ib_probability",
    "ib_spin",
    "lepton_helicity",
    "lepton_of",
    "pack_leptonic",
    "sample_leptonic",
    "squared_amplitude",
    "v_limits",
    "without_photon",
]

ALPHA = 1.0 / 137.035999
"""Fine-structure constant."""
PHOTON_ENERGY_MIN = 0.1
"""Softest photon that is written, MeV; softer ones are below every detector's and resolution's reach."""

_PHOTON = float(Species.PHOTON)
_SPECIES, _MOMENTUM, _ENERGY, _P_IB, _MASS, _LEPTON, _R, _S = range(8)
_LN_X_MIN, _LN_X_RANGE, _LN_V_MIN, _LN_V_RANGE, _BOUND, _HELICITY, _POLARISED = range(8, 15)
_PLUS, _PLUS_SLOPE, _MINUS, _MINUS_SLOPE = range(15, 19)
_HARD, _LN_X_HARD = range(19, 21)
_BOUND_POINTS = 400
_BOUND_MARGIN = 1.01
_ROUNDING = 1e-9


@kernel
def squared_amplitude(x: float, v: float, r: float, s: float) -> float:
    """|M|^2 in units of M^2 at (x, v); r = (m_l / M)^2, s = (m_X / M)^2. The boundary is not checked."""
    y = 1.0 + r - s - x * (1.0 - v)
    vv = 4.0 * (r / v - y + v) / (v * x * x)
    pq = 0.5 * (1.0 - x - r - s)
    vq = 2.0 * (pq / v - 0.5 * (2.0 - x - y)) / x
    vp = (2.0 * r / v - y) / x
    return -8.0 * (s + r) * (vv * pq - vq + (vp - 1.0) * (1.0 - v) / v) - 16.0 * s * r * vv


@kernel
def _two_body_amplitude(r: float, s: float) -> float:
    """|M|^2 of M -> l X in units of M^2 and of the coupling in ``squared_amplitude``."""
    return 4.0 * (r + s) * (1.0 - r - s) + 16.0 * r * s


@kernel
def v_limits(x: float, r: float, s: float) -> tuple[float, float]:
    """Range of v at ``x``; (1, 0) where there is none."""
    rest = 1.0 - x
    root2 = (rest - r - s) ** 2 - 4.0 * r * s
    if rest <= 0.0 or rest < r + s or root2 < 0.0:
        return 1.0, 0.0
    high = 0.5 * (rest + r - s + math.sqrt(root2)) / rest
    # their product is r / (1 - x): the lower one without cancellation
    return r / (rest * high), high


def _x_max(r: float, s: float) -> float:
    return 1.0 - (math.sqrt(r) + math.sqrt(s)) ** 2


def ib_density(x: NDArray[np.float64], y: NDArray[np.float64], r: float) -> NDArray[np.float64]:
    """rho_IB(x, y) of hep-ph/9209261 for a massless X (dimensionless), zero outside the Dalitz plane; broadcasts."""
    w = x + y - 1.0 - r
    inside = (x > 0.0) & (x <= 1.0 - r) & (y <= 1.0 + r) & (w * (1.0 - x) >= r * x)
    safe = np.where(inside, w, 1.0)
    positive = np.where(inside, x, 1.0)
    bracket = x * x + 2.0 * (1.0 - x) * (1.0 - r) - 2.0 * x * r * (1.0 - r) / safe
    return np.where(inside, (1.0 - y + r) / (positive**2 * safe) * bracket, 0.0)


@kernel
def _weights(
    x: NDArray[np.float64],
    t: NDArray[np.float64],
    r: float,
    s: float,
    plus: float,
    plus_slope: float,
    minus: float,
    minus_slope: float,
) -> NDArray[np.float64]:
    """x^2 v |M|^2 [ln v_max - ln v_min](x) on the grid of ``x`` and of the share ``t`` of the range in ln v."""
    out = np.zeros((x.size, t.size, 2))
    for i in range(x.size):
        low, high = v_limits(x[i], r, s)
        if low >= high:
            continue
        span = math.log(high / low)
        a, b = form_factors(x[i], plus, plus_slope, minus, minus_slope)
        for j in range(t.size):
            v = low * math.exp(span * t[j])
            whole = squared_amplitude(x[i], v, r, s) + structure_amplitude(x[i], v, r, a, b)
            out[i, j, 0] = x[i] * x[i] * v * whole
            out[i, j, 1] = span
    return out


@cache
def _gauss_legendre() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights on (-1, 1): their search takes longer than an integral."""
    nodes, weights = np.polynomial.legendre.leggauss(96)
    return nodes, weights


def ib_probability(x_min: float, r: float, s: float = 0.0, structure: Structure = NO_STRUCTURE) -> float:
    """Rate with a photon above x_min = 2 E_gamma / M in units of the two-body rate, r = (m_l / M)^2, s = (m_X / M)^2.

    A ``structure`` counts for a massless X alone.

    alpha / (4 pi sqrt(lambda(1, r, s))) times the integral of |M|^2 / |M_2|^2 over x and y; Gauss-Legendre in
    ln x and ln v. 0 where ``x_min`` is not below the largest x.
    """
    span = math.log(_x_max(r, s) / x_min) if x_min < _x_max(r, s) else 0.0
    if span <= 0.0:
        return 0.0
    nodes, weights = _gauss_legendre()
    # u^2 clusters points at the upper end, where the range of v closes with a square root
    u = 0.5 * (nodes + 1.0)
    x = x_min * np.exp(span * (1.0 - u * u))
    grid = _weights(x, u, r, s, *structure)
    over_v = grid[:, :, 1] * grid[:, :, 0] @ (0.5 * weights)
    integral = float(np.sum(span * weights * u * over_v))
    root = math.sqrt((1.0 - r - s) ** 2 - 4.0 * r * s)
    return ALPHA / (4.0 * math.pi * root) * integral / _two_body_amplitude(r, s)


def lepton_helicity(meson_mass: float, lepton_mass: float, heavy_mass: float) -> float:
    """Mean helicity (-1 to 1) of l+ in the rest frame of M+ -> l+ X, masses in MeV, for an open channel.

    h = p (E_X - E_l) / (E_X E_l - p^2) (Shrock, Phys. Rev. D 24, 1232 (1981)): -1 for a massless X, near +1
    where the lepton is the light one.
    """
    p = two_body_momentum(meson_mass, lepton_mass, heavy_mass)
    e_l, e_n = math.hypot(p, lepton_mass), math.hypot(p, heavy_mass)
    return p * (e_n - e_l) / (e_n * e_l - p * p)


def _largest_weight(x_min: float, r: float, s: float, structure: Structure) -> float:
    """Bound of x^2 v |M|^2 over the Dalitz plane above ``x_min``, smooth there and on its edges."""
    x = np.geomspace(x_min, _x_max(r, s), _BOUND_POINTS)
    grid = _weights(x, np.linspace(0.0, 1.0, _BOUND_POINTS), r, s, *structure)
    return _BOUND_MARGIN * float(grid[:, :, 0].max())


def pack_leptonic(
    lepton: Species,
    *,
    meson_mass: float = KAON,
    heavy_mass: float = 0.0,
    structure: Structure = NO_STRUCTURE,
) -> NDArray[np.float64]:
    """Parameters of M+ -> lepton X (gamma) for ``sample_leptonic``, masses in MeV; the channel must be open.

    A ``structure`` is that of a kaon with a massless X.
    """
    lepton_mass = float(MASS[lepton])
    r, s = (lepton_mass / meson_mass) ** 2, (heavy_mass / meson_mass) ** 2
    x_min = 2.0 * PHOTON_ENERGY_MIN / meson_mass
    momentum = two_body_momentum(meson_mass, lepton_mass, heavy_mass)
    params = np.zeros(PARAMETERS)
    params[_SPECIES] = lepton
    params[_MOMENTUM] = momentum
    params[_ENERGY] = math.hypot(momentum, lepton_mass)
    params[_MASS] = meson_mass
    params[_LEPTON] = lepton_mass
    params[_R], params[_S] = r, s
    params[_PLUS : _MINUS_SLOPE + 1] = structure
    params[_P_IB] = ib_probability(x_min, r, s, structure)
    if params[_P_IB] > 0.0:
        low, high = v_limits(x_min, r, s)
        params[_LN_X_MIN], params[_LN_X_RANGE] = math.log(x_min), math.log(_x_max(r, s) / x_min)
        params[_LN_V_MIN], params[_LN_V_RANGE] = math.log(low), math.log(high / low)
        params[_BOUND] = _largest_weight(x_min, r, s, structure)
    if lepton == Species.MUON_PLUS:
        params[_POLARISED] = 1.0
        params[_HELICITY] = lepton_helicity(meson_mass, lepton_mass, heavy_mass)
    return params


def force_radiation(
    params: NDArray[np.float64], share: float, energy: float = PHOTON_ENERGY_MIN
) -> tuple[NDArray[np.float64], float, float]:
    """Parameters with which a ``share`` of the decays radiates a photon above ``energy`` (MeV), others as in nature.

    With them the weights that undo it, of decays with and without such a photon. ``params`` are those of
    ``pack_leptonic``. Raises ``UsageError`` for shares that are not between 0 and 1 and energies that are not open.
    """
    if not 0.0 < share < 1.0:
        raise UsageError(f"radiation is forced to a share between 0 and 1, got {share:g}")
    r, s, x = float(params[_R]), float(params[_S]), 2.0 * energy / float(params[_MASS])
    if not math.exp(params[_LN_X_MIN]) <= x * (1.0 + _ROUNDING) or not x < _x_max(r, s):
        raise UsageError(
            f"photons are forced above {PHOTON_ENERGY_MIN:g} MeV and below their end, got {energy:g} MeV"
        )
    natural = ib_probability(x, r, s, Structure(*params[_PLUS : _MINUS_SLOPE + 1]))
    forced = params.copy()
    forced[_HARD], forced[_LN_X_HARD] = share, math.log(x)
    return forced, natural / (share + (1.0 - share) * natural), 1.0 / (1.0 - share)


@kernel
def ib_spin(
    px: float,
    py: float,
    pz: float,
    e: float,
    kx: float,
    ky: float,
    kz: float,
    k: float,
    mass: float,
    m: float,
    heavy: float,
) -> tuple[float, float, float]:
    """Spin polarisation vector of l+ (momentum p, mass m) beside a photon k and X of mass ``heavy``, tree level.

    The part of |M|^2 linear in the spin four-vector is - 8 (m_X^2 - m^2) m G.s with

    G = V^2 q - [V.q / p.k + k.q / (p.k)^2] k + (k.q / p.k) V;

    the polarisation, its spatial part in the lepton's rest frame over |M|^2, tends to the two-body helicity times
    p_hat for soft photons.
    """
    qx, qy, qz = -px - kx, -py - ky, -pz - kz
    q = mass - e - k
    pk = e * k - px * kx - py * ky - pz * kz
    kq = k * q - kx * qx - ky * qy - kz * qz
    vx, vy, vz = px / pk, py / pk, pz / pk
    v = e / pk - 1.0 / k
    vv = v * v - vx * vx - vy * vy - vz * vz
    vq = v * q - vx * qx - vy * qy - vz * qz
    a = kq / pk
    b = vq / pk + kq / (pk * pk)
    gx, gy, gz, _ = boost_to_rest(
        vv * qx - b * kx + a * vx,
        vv * qy - b * ky + a * vy,
        vv * qz - b * kz + a * vz,
        vv * q - b * k + a * v,
        px,
        py,
        pz,
        e,
        m,
    )
    x = 2.0 * k / mass
    r, s = (m / mass) ** 2, (heavy / mass) ** 2
    whole = mass * mass * squared_amplitude(x, 2.0 * pk / (mass * mass * x), r, s)
    scale = 8.0 * (heavy * heavy - m * m) * m / whole
    return scale * gx, scale * gy, scale * gz


@kernel
def _sample_radiative(
    rng: np.random.Generator, params: NDArray[np.float64], hard: bool, out: NDArray[np.float64]
) -> int:
    """Write a decay with a photon, with a ``hard`` one where those are forced."""
    rng, params, out = borrowed(rng), borrowed(params), borrowed(out)
    mass = params[_MASS]
    r, s = params[_R], params[_S]
    begin, width = params[_LN_X_MIN], params[_LN_X_RANGE]
    if hard:
        begin, width = params[_LN_X_HARD], width - (params[_LN_X_HARD] - begin)
    while True:
        x = math.exp(begin + width * rng.random())
        v = math.exp(params[_LN_V_MIN] + params[_LN_V_RANGE] * rng.random())
        low, high = v_limits(x, r, s)
        if not low <= v <= high:
            continue
        plus, minus = form_factors(
            x, params[_PLUS], params[_PLUS_SLOPE], params[_MINUS], params[_MINUS_SLOPE]
        )
        whole = squared_amplitude(x, v, r, s) + structure_amplitude(x, v, r, plus, minus)
        if rng.random() * params[_BOUND] < x * x * v * whole:
            break
    px, py, pz, e, kx, ky, kz, k = place_lepton_photon(rng, x, v, mass, r, s)
    sx, sy, sz = 0.0, 0.0, 0.0
    if params[_POLARISED] > 0.0 and params[_PLUS] > 0.0:
        lepton, photon = (px, py, pz, e), (kx, ky, kz, k)
        sx, sy, sz, _ = structure_spin(lepton, photon, mass, params[_LEPTON], plus, minus)
    elif params[_POLARISED] > 0.0:
        heavy = mass * math.sqrt(s)
        sx, sy, sz = ib_spin(px, py, pz, e, kx, ky, kz, k, mass, params[_LEPTON], heavy)
    put_polarised(out, 0, params[_SPECIES], px, py, pz, e, sx, sy, sz)
    put(out, 1, _PHOTON, kx, ky, kz, k)
    return 2


@inlined
def lepton_of(params: NDArray[np.float64]) -> int:
    """Species of the lepton."""
    return int(params[_SPECIES])


@inlined
def without_photon(
    params: NDArray[np.float64], u: float, v: float, w: float
) -> tuple[bool, float, float, float, float]:
    """Whether a photon is radiated, by the uniform number u, and else the lepton's momentum and energy, by v and w."""
    p = params[_MOMENTUM]
    x, y, z = direction(v, w)
    radiates = u < params[_HARD] + (1.0 - params[_HARD]) * params[_P_IB]
    return radiates, p * x, p * y, p * z, params[_ENERGY]


@inlined
def sample_leptonic(rng: np.random.Generator, params: NDArray[np.float64], out: NDArray[np.float64]) -> int:
    """Write the lepton and, where one above 0.1 MeV is radiated, the photon; returns the rows written."""
    rng, params, out = borrowed(rng), borrowed(params), borrowed(out)
    u, v, w = rng.random(), rng.random(), rng.random()
    radiates, px, py, pz, e = without_photon(params, u, v, w)
    if radiates:
        return _sample_radiative(rng, params, u < params[_HARD], out)
    h = params[_HELICITY] / params[_MOMENTUM]
    put_polarised(out, 0, params[_SPECIES], px, py, pz, e, h * px, h * py, h * pz)
    return 1
