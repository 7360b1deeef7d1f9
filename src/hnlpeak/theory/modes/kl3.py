"""K+ -> pi0 l+ nu (gamma): Dalitz density with both form factors, the lepton's photon, and its polarisation.

In the kaon rest frame (hadronic current f+ (P_K + P_pi) + f- (P_K - P_pi), all energies there),

    rho = A f+^2 + B f+ f- + C f-^2,            E' = (m_K^2 + m_pi^2 - m_l^2) / (2 m_K) - E_pi,
    A = m_K (2 E_l E_nu - m_K E') + m_l^2 (E' / 4 - E_nu),  B = m_l^2 (E_nu - E' / 2),  C = m_l^2 E' / 4,

f+ = 1 + l+ t / m_pi+^2, f0 = 1 + l0 t / m_pi+^2, f- = (f0 - f+) (m_K^2 - m_pi0^2) / t (PDG).
The kinetic energy of the pion, z in units of its largest, is drawn from the line 1 + 50 z, which
follows phase space; the cosine of the lepton in the frame of the lepton pair, in which E_l is linear,
uniformly. The lepton may radiate a photon (``radiated_photon``), Y being the pion and the neutrino.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.borrow import borrowed
from hnlpeak.core.kernel import kernel
from hnlpeak.core.kinematics import around, boost_from_rest, boost_to_rest, unit_vector
from hnlpeak.core.measured import Measured
from hnlpeak.theory.modes.envelope import upper_bound
from hnlpeak.theory.modes.lepton_photon import place_lepton_photon
from hnlpeak.theory.modes.masses import KAON, PI_ZERO, PION
from hnlpeak.theory.modes.mode import PARAMETERS
from hnlpeak.theory.modes.pi0 import PI0_PARAMETERS, decay_pi0, pack_pi0
from hnlpeak.theory.modes.radiated_photon import chance_bound, draw_photon
from hnlpeak.theory.modes.rows import put, put_polarised
from hnlpeak.theory.species import MASS, Species

__all__ = [
    "FORM_FACTORS",
    "LAMBDA_PLUS",
    "LAMBDA_ZERO",
    "kl3_density",
    "kl3_spin",
    "pack_kl3",
    "sample_kl3",
    "without_radiation",
]

LAMBDA_PLUS = Measured(0.0296, source="PDG, linear slope of f+ from K+ -> pi0 e+ nu")
"""Slope of the vector form factor in t / m_pi+^2."""
LAMBDA_ZERO = Measured(0.0178, source="middle of the values in use, 0.0165 to 0.019")
"""Slope of the scalar form factor in t / m_pi+^2."""
FORM_FACTORS = (("lambda_plus", LAMBDA_PLUS.value), ("lambda_zero", LAMBDA_ZERO.value))
"""Both slopes by the names under which ``pack_kl3`` takes them."""

_SLOPE_OF_LINE = 50.0
_SPECIES, _MASS, _PI, _LEPTON, _T_MAX, _BOUND, _LAMBDA, _F_MINUS, _TILT, _POLARISED, _RADIATES = range(
    PI0_PARAMETERS, PI0_PARAMETERS + 11
)
_PHOTON = float(Species.PHOTON)


@kernel
def kl3_density(
    e_pi: float, e_l: float, mass: float, m_pi: float, m_l: float, slope: float, f_minus: float
) -> float:
    """rho(E_pi, E_l), MeV^3, for f+ = 1 + slope t (slope in MeV^-2) and constant f-; boundary not checked."""
    m2 = m_l * m_l
    e_nu = mass - e_pi - e_l
    rest = 0.5 * (mass * mass + m_pi * m_pi - m2) / mass - e_pi
    f_plus = 1.0 + slope * (mass * mass + m_pi * m_pi - 2.0 * mass * e_pi)
    a = mass * (2.0 * e_l * e_nu - mass * rest) + m2 * (0.25 * rest - e_nu)
    b = m2 * (e_nu - 0.5 * rest)
    return f_plus * (a * f_plus + b * f_minus) + 0.25 * m2 * rest * f_minus * f_minus


@kernel
def kl3_spin(
    px: float,
    py: float,
    pz: float,
    e: float,
    hx: float,
    hy: float,
    hz: float,
    e_pi: float,
    kx: float,
    ky: float,
    kz: float,
    k: float,
    mass: float,
    m: float,
    ratio: float,
) -> tuple[float, float, float]:
    """Spin polarisation vector of l+ (p, e, mass m) beside a pi0 (h, e_pi) and a neutrino (k), ratio = f- / f+.

    With the current H = P_K + P_pi + ratio (P_K - P_pi), |M|^2 = G.l + m G.s for
    G = 2 (k.H) H - H^2 k (V - A): the polarisation, -G_vector / G_0 in the lepton's rest frame, has length 1.
    A photon beside them is taken to turn no spin, as soft ones do.
    """
    less = 1.0 - ratio
    cx, cy, cz = less * hx, less * hy, less * hz
    c = (1.0 + ratio) * mass + less * e_pi
    cc = c * c - cx * cx - cy * cy - cz * cz
    kc = 2.0 * (k * c - kx * cx - ky * cy - kz * cz)
    gx, gy, gz, g = boost_to_rest(
        kc * cx - cc * kx, kc * cy - cc * ky, kc * cz - cc * kz, kc * c - cc * k, px, py, pz, e, m
    )
    return -gx / g, -gy / g, -gz / g


def pack_kl3(
    lepton: Species,
    *,
    lambda_plus: float = LAMBDA_PLUS.value,
    lambda_zero: float = LAMBDA_ZERO.value,
) -> NDArray[np.float64]:
    """Parameters of K+ -> pi0 lepton nu for ``sample_kl3``, with the slopes of the form factors."""
    m_l = float(MASS[lepton])
    slope = lambda_plus / PION**2
    f_minus = (lambda_zero - lambda_plus) * (KAON**2 - PI_ZERO**2) / PION**2
    t_max = ((KAON - PI_ZERO) ** 2 - m_l**2) / (2.0 * KAON)

    def largest(z: NDArray[np.float64]) -> NDArray[np.float64]:
        e_pi = PI_ZERO + z * t_max
        t = KAON**2 + PI_ZERO**2 - 2.0 * KAON * e_pi
        width = np.sqrt(np.maximum(0.0, e_pi**2 - PI_ZERO**2)) * np.maximum(0.0, 1.0 - m_l**2 / t)
        middle = 0.5 * (KAON - e_pi) * (1.0 + m_l**2 / t)
        # rho is a concave parabola in E_l: its vertex, from three values, clipped to the interval
        low, centre, high = (
            np.array(
                [kl3_density(x, y, KAON, PI_ZERO, m_l, slope, f_minus) for x, y in zip(e_pi, e, strict=True)]
            )
            for e in (middle - 1.0, middle, middle + 1.0)
        )
        vertex = np.clip(0.5 * (high - low) / (2.0 * centre - low - high), -0.5 * width, 0.5 * width)
        top = centre + 0.5 * (high - low) * vertex - 0.5 * (2.0 * centre - low - high) * vertex**2
        density: NDArray[np.float64] = width * top / (1.0 + _SLOPE_OF_LINE * z)
        return density

    params = np.zeros(PARAMETERS)
    pack_pi0(params)
    params[_SPECIES] = lepton
    params[_MASS], params[_PI], params[_LEPTON] = KAON, PI_ZERO, m_l
    params[_T_MAX], params[_BOUND] = t_max, upper_bound(largest)
    params[_LAMBDA], params[_F_MINUS], params[_TILT] = slope, f_minus, _SLOPE_OF_LINE
    params[_POLARISED] = 1.0 if lepton == Species.MUON_PLUS else 0.0
    params[_RADIATES] = chance_bound(KAON, m_l, PI_ZERO)
    return params


def without_radiation(params: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same decays, in which the lepton radiates no photon."""
    bare = params.copy()
    bare[_RADIATES] = 0.0
    return bare


@kernel
def _draw_energies(rng: np.random.Generator, params: NDArray[np.float64]) -> tuple[float, float]:
    rng, params = borrowed(rng), borrowed(params)
    mass, m_pi, m_l = params[_MASS], params[_PI], params[_LEPTON]
    tilt = params[_TILT]
    scale = tilt * (2.0 + tilt)
    while True:
        u = rng.random()
        # inverse of the line's distribution function; the second form is the first without its 0 / 0
        z = u * (2.0 + tilt) / (1.0 + math.sqrt(1.0 + scale * u))
        kinetic = params[_T_MAX] * z
        e_pi = m_pi + kinetic
        t = (mass - m_pi) * (mass - m_pi) - 2.0 * mass * kinetic
        share = m_l * m_l / t
        width = math.sqrt(kinetic * (kinetic + 2.0 * m_pi)) * max(0.0, 1.0 - share)
        e_l = 0.5 * ((mass - e_pi) * (1.0 + share) + (2.0 * rng.random() - 1.0) * width)
        density = kl3_density(e_pi, e_l, mass, m_pi, m_l, params[_LAMBDA], params[_F_MINUS])
        if rng.random() * params[_BOUND] * (1.0 + tilt * z) < width * density:
            return e_pi, e_l


@kernel
def _put_lepton(
    params: NDArray[np.float64],
    out: NDArray[np.float64],
    px: float,
    py: float,
    pz: float,
    e_l: float,
    hx: float,
    hy: float,
    hz: float,
    e_pi: float,
    kx: float,
    ky: float,
    kz: float,
    k: float,
) -> None:
    """Write the lepton beside the pion (h) and the neutrino (k), with its spin."""
    mass, m_pi = params[_MASS], params[_PI]
    sx, sy, sz = 0.0, 0.0, 0.0
    if params[_POLARISED] > 0.0:
        f_plus = 1.0 + params[_LAMBDA] * (mass * mass + m_pi * m_pi - 2.0 * mass * e_pi)
        ratio = params[_F_MINUS] / f_plus
        sx, sy, sz = kl3_spin(px, py, pz, e_l, hx, hy, hz, e_pi, kx, ky, kz, k, mass, params[_LEPTON], ratio)
    put_polarised(out, 0, params[_SPECIES], px, py, pz, e_l, sx, sy, sz)


@kernel
def _cosine_in_pair(params: NDArray[np.float64], e_pi: float, e_l: float, s: float) -> float:
    """Cosine of the pion to the lepton in the frame of pion and neutrino, whose squared mass is ``s`` M^2."""
    mass, m_pi, m_l = params[_MASS], params[_PI], params[_LEPTON]
    pair = mass * math.sqrt(s)
    e_rest = 0.5 * (pair * pair + m_pi * m_pi) / pair
    product = math.sqrt(max(0.0, e_l * e_l - m_l * m_l)) * math.sqrt(max(0.0, e_rest * e_rest - m_pi * m_pi))
    if product <= 0.0:
        return 0.0
    return float(min(1.0, max(-1.0, ((mass - e_l) * e_rest - e_pi * pair) / product)))


@kernel
def _sample_radiative(
    rng: np.random.Generator,
    params: NDArray[np.float64],
    out: NDArray[np.float64],
    x: float,
    v: float,
    r: float,
    s: float,
    cosine: float,
) -> int:
    """Write a decay with the photon (x, v); the pion keeps its ``cosine`` to the lepton in the pair's frame."""
    rng, params, out = borrowed(rng), borrowed(params), borrowed(out)
    mass, m_pi = params[_MASS], params[_PI]
    px, py, pz, e, gx, gy, gz, g = place_lepton_photon(rng, x, v, mass, r, s)
    qx, qy, qz, q = -px - gx, -py - gy, -pz - gz, mass - e - g
    pair = mass * math.sqrt(s)
    lx, ly, lz, _ = boost_to_rest(px, py, pz, e, qx, qy, qz, q, pair)
    size = math.sqrt(lx * lx + ly * ly + lz * lz)
    if size > 0.0:
        dx, dy, dz = around(rng, lx / size, ly / size, lz / size, cosine)
    else:
        dx, dy, dz = unit_vector(rng)
    e_rest = 0.5 * (pair * pair + m_pi * m_pi) / pair
    p_rest = math.sqrt(max(0.0, e_rest * e_rest - m_pi * m_pi))
    hx, hy, hz, h = boost_from_rest(p_rest * dx, p_rest * dy, p_rest * dz, e_rest, qx, qy, qz, q, pair)
    _put_lepton(params, out, px, py, pz, e, hx, hy, hz, h, qx - hx, qy - hy, qz - hz, q - h)
    n = decay_pi0(rng, params, out, 1, hx, hy, hz, h)
    put(out, n, _PHOTON, gx, gy, gz, g)
    return n + 1


@kernel
def sample_kl3(rng: np.random.Generator, params: NDArray[np.float64], out: NDArray[np.float64]) -> int:
    """Write the lepton, the daughters of the pi0 (2, or 3 of a Dalitz decay) and, if radiated, the photon."""
    rng, params, out = borrowed(rng), borrowed(params), borrowed(out)
    mass, m_pi, m_l = params[_MASS], params[_PI], params[_LEPTON]
    e_pi, e_l = _draw_energies(rng, params)
    r = (m_l / mass) ** 2
    s = 1.0 + r - 2.0 * e_l / mass
    x, v = draw_photon(rng, params[_RADIATES], mass, r, s)
    if x > 0.0:
        return _sample_radiative(rng, params, out, x, v, r, s, _cosine_in_pair(params, e_pi, e_l, s))
    p_pi = math.sqrt(e_pi * e_pi - m_pi * m_pi)
    p_l = math.sqrt(max(0.0, e_l * e_l - m_l * m_l))
    e_nu = mass - e_pi - e_l
    cosine = 0.0
    if p_pi * p_l > 0.0:
        cosine = min(1.0, max(-1.0, 0.5 * (e_nu * e_nu - p_pi * p_pi - p_l * p_l) / (p_pi * p_l)))
    nx, ny, nz = unit_vector(rng)
    dx, dy, dz = around(rng, nx, ny, nz, cosine)
    px, py, pz = p_l * dx, p_l * dy, p_l * dz
    hx, hy, hz = p_pi * nx, p_pi * ny, p_pi * nz
    _put_lepton(params, out, px, py, pz, e_l, hx, hy, hz, e_pi, -px - hx, -py - hy, -pz - hz, e_nu)
    return decay_pi0(rng, params, out, 1, hx, hy, hz, e_pi)
