"""K+ -> pi0 l+ nu (gamma): Dalitz density with both form factors, the lepton's photon, and its polarisation.

In the kaon rest frame (hadronic current f+ (P_K + P_pi) + f- (P_K - P_pi), all energies there),

    rho = A f+^2 + B f+ f- + C f-^2,            E' = (m_K^2 + m_pi^2 - m_l^2) / (2 m_K) - E_pi,
    A = m_K (2 E_l E_nu - m_K E') + m_l^2 (E' / 4 - E_nu),  B = m_l^2 (E_nu - E' / 2),  C = m_l^2 E' / 4,

f+ = 1 + l+ t / m_pi+^2, f0 = 1 + l0 t / m_pi+^2, f- = (f0 - f+) (m_K^2 - m_pi0^2) / t (PDG).
The kinetic energy of the pion, z in units of its largest, is drawn from the line 1 + 50 z, which
follows phase space; the cosine of the lepton in the frame of the lepton pair, in which E_l is linear,
uniformly. The lepton may radiate a photon (``radiated_photon``), Y being the pion and the neutrino.

Windows of missing mass are as wide in the logarithm of the lepton's energy at all masses, as resolutions of momentum
are relative; but nature makes few leptons near both ends of the spectrum, and a pion beside the hardest ones is hardly
ever lost. So a share f of the decays may have the kinetic energy T of its lepton (before radiation) drawn there,
``_HARD`` of them by T = T_1 u^(1 / ``_POWER``), u uniform on [0, 1], just below the largest one, the others evenly in
ln T over the range ``_SOFT``, and a pion as nature adds to it; all then have the weight

    1 / (1 - f + f q(T) N / P(T)),      P(T) = integral of rho over the pions beside T,      N = integral of P.

The constants change no expectation; they and the shares of the card were chosen on samples, for many effective events.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.borrow import borrowed
from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import inlined, kernel, plain
from hnlpeak.core.kinematics import (
    around,
    boost_from_rest,
    boost_to_rest,
    direction,
    turned,
    unit_vector,
)
from hnlpeak.core.measured import Measured
from hnlpeak.theory.modes.envelope import upper_bound
from hnlpeak.theory.modes.lepton_photon import place_lepton_photon
from hnlpeak.theory.modes.masses import KAON, PI_ZERO, PION
from hnlpeak.theory.modes.mode import PARAMETERS
from hnlpeak.theory.modes.pi0 import PI0_PARAMETERS, decay_pi0, draw_pi0, pack_pi0
from hnlpeak.theory.modes.radiated_photon import chance_bound, draw_photon
from hnlpeak.theory.modes.rows import put, put_polarised
from hnlpeak.theory.modes.slots import Daughter
from hnlpeak.theory.species import MASS, Species

__all__ = [
    "FORM_FACTORS",
    "LAMBDA_PLUS",
    "LAMBDA_ZERO",
    "force_spread",
    "kl3_density",
    "kl3_spin",
    "lepton_density",
    "pack_kl3",
    "place_pion_and_lepton",
    "sample_kl3",
    "surely_bare",
    "try_energies",
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
_SPREAD = PI0_PARAMETERS + 11  # and behind it the integral of rho and the tallest pion beside a lepton
_HARD, _POWER, _BELOW = 0.68, 11.0, 0.98  # T_1 in units of the largest kinetic energy
_SOFT = (0.165, 0.4)  # of that as well
_FOLDS = math.log(_SOFT[1] / _SOFT[0])
_GAUSS = 1.0 / math.sqrt(3.0)
_MARGIN = 1.01
_TINY = 1e-300
_NODES = 64
_PHOTON = float(Species.PHOTON)
_WEIGHT = int(Daughter.WEIGHT)


@inlined
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


def _leptons(params: NDArray[np.float64], e_pi: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Largest energy of the lepton beside pions of the energies ``e_pi``, and the width of all."""
    mass, m_pi, m_l = params[_MASS], params[_PI], params[_LEPTON]
    share = m_l**2 / (mass**2 + m_pi**2 - 2.0 * mass * e_pi)
    width = np.sqrt(np.maximum(0.0, e_pi**2 - m_pi**2)) * np.maximum(0.0, 1.0 - share)
    return 0.5 * ((mass - e_pi) * (1.0 + np.minimum(share, 1.0)) + width), width


def _tallest(params: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Width times the largest density of all leptons beside a pion, over the line from which pions are drawn."""
    e_pi = params[_PI] + z * params[_T_MAX]
    top, width = _leptons(params, e_pi)
    middle = top - 0.5 * width
    # rho is a concave parabola in E_l: its vertex, from three values, clipped to the interval
    masses = params[_MASS], params[_PI], params[_LEPTON], params[_LAMBDA], params[_F_MINUS]
    low, centre, high = (plain(kl3_density)(e_pi, e, *masses) for e in (middle - 1.0, middle, middle + 1.0))
    vertex = np.clip(0.5 * (high - low) / (2.0 * centre - low - high), -0.5 * width, 0.5 * width)
    height = centre + 0.5 * (high - low) * vertex - 0.5 * (2.0 * centre - low - high) * vertex**2
    density: NDArray[np.float64] = width * height / (1.0 + params[_TILT] * z)
    return density


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
    params = np.zeros(PARAMETERS)
    pack_pi0(params)
    params[_SPECIES] = lepton
    params[_MASS], params[_PI], params[_LEPTON] = KAON, PI_ZERO, m_l
    params[_T_MAX], params[_LAMBDA], params[_F_MINUS], params[_TILT] = t_max, slope, f_minus, _SLOPE_OF_LINE
    params[_BOUND] = upper_bound(partial(_tallest, params))
    params[_POLARISED] = 1.0 if lepton == Species.MUON_PLUS else 0.0
    params[_RADIATES] = chance_bound(KAON, m_l, PI_ZERO)
    return params


def without_radiation(params: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same decays, in which the lepton radiates no photon."""
    bare = params.copy()
    bare[_RADIATES] = 0.0
    return bare


@inlined
def _largest_energy(params: NDArray[np.float64]) -> float:
    mass, m_pi, m_l = params[_MASS], params[_PI], params[_LEPTON]
    return float((mass * mass + m_l * m_l - m_pi * m_pi) / (2.0 * mass))


@inlined
def _pions(params: NDArray[np.float64], e_l: float) -> tuple[float, float]:
    """Mean and half width of the energies of the pion beside a lepton of the energy ``e_l``."""
    mass, m_pi, m_l = params[_MASS], params[_PI], params[_LEPTON]
    s = mass * mass + m_l * m_l - 2.0 * mass * e_l
    p_l = math.sqrt(max(0.0, e_l * e_l - m_l * m_l))
    return 0.5 * (mass - e_l) * (1.0 + m_pi * m_pi / s), 0.5 * p_l * max(0.0, 1.0 - m_pi * m_pi / s)


@kernel
def lepton_density(params: NDArray[np.float64], e_l: float) -> float:
    """The integral of rho over the pions beside a lepton of the energy ``e_l``, MeV^4.

    rho is a polynomial of third degree in the pion's energy: two points of Gauss are exact.
    """
    middle, half = _pions(params, e_l)
    mass, m_pi, m_l, slope, f_minus = (
        params[_MASS],
        params[_PI],
        params[_LEPTON],
        params[_LAMBDA],
        params[_F_MINUS],
    )
    off = _GAUSS * half
    return half * (
        kl3_density(middle - off, e_l, mass, m_pi, m_l, slope, f_minus)
        + kl3_density(middle + off, e_l, mass, m_pi, m_l, slope, f_minus)
    )


def force_spread(params: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Parameters with which a ``share`` of the leptons are spread; ``UsageError`` unless it is from 0 to below 1."""
    if not 0.0 <= share < 1.0:
        raise UsageError(f"leptons are spread in a share of the decays from 0 to below 1, got {share:g}")
    largest, m_l = _largest_energy(params), params[_LEPTON]
    masses = params[_MASS], params[_PI], m_l, params[_LAMBDA], params[_F_MINUS]
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    u = 0.5 * (1.0 + nodes)
    energies = m_l + (largest - m_l) * u * u  # the density begins like the root of the kinetic energy
    densities = [lepton_density(params, e_l) for e_l in energies]
    # one number after the other: the last digits do not depend on how a machine adds
    whole = float(np.cumsum(weights * u * densities)[-1] * (largest - m_l))
    tallest = 0.0
    for e_l, density in zip(energies, densities, strict=True):
        middle, half = _pions(params, e_l)
        among = [kl3_density(e_pi, e_l, *masses) for e_pi in middle + half * nodes]
        tallest = max(tallest, 2.0 * half * max(among) / density)
    spread = params.copy()
    spread[_SPREAD : _SPREAD + 3] = share, whole, _MARGIN * tallest
    return spread


@inlined
def _spread_density(params: NDArray[np.float64], e_l: float) -> float:
    """Density q of the energies that ``_spread_energy`` draws, 1 / MeV."""
    kinetic = e_l - params[_LEPTON]
    x, found = kinetic / (_largest_energy(params) - params[_LEPTON]), 0.0
    if 0.0 < x < _BELOW:
        found = _HARD * _POWER * (x / _BELOW) ** _POWER / kinetic
    if _SOFT[0] < x < _SOFT[1]:
        found += (1.0 - _HARD) / (_FOLDS * kinetic)
    return found


@inlined
def _spread_energy(params: NDArray[np.float64], rng: np.random.Generator) -> float:
    """An energy near either end of the lepton's spectrum, MeV."""
    hard, u = rng.random() < _HARD, rng.random()
    x = _BELOW * u ** (1.0 / _POWER) if hard else _SOFT[1] * math.exp(-_FOLDS * u)
    return float(params[_LEPTON] + x * (_largest_energy(params) - params[_LEPTON]))


@inlined
def _weight_of(params: NDArray[np.float64], e_l: float) -> float:
    """The weight of a decay where leptons are spread."""
    ratio = _spread_density(params, e_l) * params[_SPREAD + 1] / max(lepton_density(params, e_l), _TINY)
    return float(1.0 / (1.0 - params[_SPREAD] + params[_SPREAD] * ratio))


@inlined
def _draw_pion(params: NDArray[np.float64], u: float) -> tuple[float, float, float, float]:
    """The line at the pion's energy, the energy, m_l^2 over the squared mass beside it, the width of the lepton's."""
    mass, m_pi, m_l, tilt = params[_MASS], params[_PI], params[_LEPTON], params[_TILT]
    # inverse of the line's distribution function; the second form is the first without its 0 / 0
    z = u * (2.0 + tilt) / (1.0 + math.sqrt(1.0 + tilt * (2.0 + tilt) * u))
    kinetic = params[_T_MAX] * z
    t = (mass - m_pi) * (mass - m_pi) - 2.0 * mass * kinetic
    share = m_l * m_l / t
    width = math.sqrt(kinetic * (kinetic + 2.0 * m_pi)) * max(0.0, 1.0 - share)
    return 1.0 + tilt * z, m_pi + kinetic, share, width


@inlined
def try_energies(params: NDArray[np.float64], a: float, b: float, c: float) -> tuple[bool, float, float]:
    """Energies of the pion and of the lepton (MeV) by three uniform numbers.

    False where the numbers do not make a decay: then others must. Without a branch, for lanes.
    """
    mass, m_pi, m_l = params[_MASS], params[_PI], params[_LEPTON]
    line, e_pi, share, width = _draw_pion(params, a)
    e_l = 0.5 * ((mass - e_pi) * (1.0 + share) + (2.0 * b - 1.0) * width)
    density = kl3_density(e_pi, e_l, mass, m_pi, m_l, params[_LAMBDA], params[_F_MINUS])
    return c * params[_BOUND] * line < width * density, e_pi, e_l


@inlined
def place_pion_and_lepton(
    params: NDArray[np.float64], e_pi: float, e_l: float, numbers: tuple[float, float, float]
) -> tuple[float, float, float, float, float, float]:
    """Momenta of the pion and of the lepton where none radiates, MeV, turned by three uniform numbers."""
    mass, m_pi, m_l = params[_MASS], params[_PI], params[_LEPTON]
    p_pi = math.sqrt(e_pi * e_pi - m_pi * m_pi)
    p_l = math.sqrt(max(0.0, e_l * e_l - m_l * m_l))
    e_nu = mass - e_pi - e_l
    product = p_pi * p_l
    cosine = 0.5 * (e_nu * e_nu - p_pi * p_pi - p_l * p_l) / (product if product > 0.0 else 1.0)
    cosine = min(1.0, max(-1.0, cosine)) if product > 0.0 else 0.0
    nx, ny, nz = direction(numbers[0], numbers[1])
    dx, dy, dz = turned(nx, ny, nz, cosine, numbers[2])
    return p_pi * nx, p_pi * ny, p_pi * nz, p_l * dx, p_l * dy, p_l * dz


@inlined
def surely_bare(params: NDArray[np.float64], u: float) -> bool:
    """True only where no photon is radiated, by the number that ``draw_photon`` begins with."""
    return bool(u >= params[_RADIATES])


@inlined
def _draw_spread(rng: np.random.Generator, params: NDArray[np.float64]) -> tuple[float, float]:
    """Energies of the pion and of a lepton near either end of its spectrum, MeV."""
    e_l = _spread_energy(params, rng)
    middle, half = _pions(params, e_l)
    bound = params[_SPREAD + 2] * lepton_density(params, e_l)
    mass, m_pi, m_l, slope, f_minus = (
        params[_MASS],
        params[_PI],
        params[_LEPTON],
        params[_LAMBDA],
        params[_F_MINUS],
    )
    while True:
        e_pi = middle + half * (2.0 * rng.random() - 1.0)
        density = kl3_density(e_pi, e_l, mass, m_pi, m_l, slope, f_minus)
        if rng.random() * bound <= 2.0 * half * density:
            return e_pi, e_l


@inlined
def _draw_energies(rng: np.random.Generator, params: NDArray[np.float64]) -> tuple[float, float]:
    if params[_SPREAD] > 0.0 and rng.random() < params[_SPREAD]:
        return _draw_spread(rng, params)
    found = False
    while not found:
        found, e_pi, e_l = try_energies(params, rng.random(), rng.random(), rng.random())
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
    numbers: tuple[float, float, float],
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
    n = decay_pi0(rng, params, numbers, out, 1, hx, hy, hz, h)
    put(out, n, _PHOTON, gx, gy, gz, g)
    return n + 1


@kernel
def sample_kl3(rng: np.random.Generator, params: NDArray[np.float64], out: NDArray[np.float64]) -> int:
    """Write the lepton, the daughters of the pi0 (2, or 3 of a Dalitz decay) and, if radiated, the photon."""
    rng, params, out = borrowed(rng), borrowed(params), borrowed(out)
    mass, m_l = params[_MASS], params[_LEPTON]
    # what is drawn a fixed number of times comes first, so that its place in the stream is known
    numbers = draw_pi0(rng)
    turns = (rng.random(), rng.random(), rng.random())
    first = rng.random()
    e_pi, e_l = _draw_energies(rng, params)
    if params[_SPREAD] > 0.0:
        out[0, _WEIGHT] = _weight_of(params, e_l)
    r = (m_l / mass) ** 2
    s = 1.0 + r - 2.0 * e_l / mass
    x, v = draw_photon(rng, first, params[_RADIATES], mass, r, s)
    if x > 0.0:
        cosine = _cosine_in_pair(params, e_pi, e_l, s)
        return _sample_radiative(rng, params, numbers, out, x, v, r, s, cosine)
    hx, hy, hz, px, py, pz = place_pion_and_lepton(params, e_pi, e_l, turns)
    e_nu = mass - e_pi - e_l
    _put_lepton(params, out, px, py, pz, e_l, hx, hy, hz, e_pi, -px - hx, -py - hy, -pz - hz, e_nu)
    return decay_pi0(rng, params, numbers, out, 1, hx, hy, hz, e_pi)
