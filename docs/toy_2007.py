"""K_mu3 and K_2pi of the 2007 search in plain numpy: decays, straight tracks, cuts; no code of the package.

Numbers are those of the cards ``na62-2007`` and ``na62-2007-kmu2``, lengths in mm, momenta in MeV, z from the target.
What is simplified: tracks are straight and smeared, there is no matter but in the smearing, no pion decays behind the
first chamber, counters are 100 % efficient. The density of K_l3 is integrated with scipy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import integrate

Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]

KAON, PION, PI0, MUON = 493.677, 139.57039, 134.9768, 105.6584
C_TAU = {"K": 3712.0, "pi": 7804.5, "mu": 658638.0}
LAMBDA_PLUS, LAMBDA_ZERO = 0.0296, 0.0178
Z_FIRST, Z_LAST, FIDUCIAL = 100500.0, 217084.0, (102000.0, 200000.0)
CHAMBERS, Z_MAGNET, KICK = (217084.0, 226275.0, 231664.0, 238880.0), 229293.0, 265.0
Z_HODOSCOPE, Z_LKR, Z_MUV = 239465.0, 241082.0, (247780.0, 249028.0, 250120.0)
MASKED = ((711.0, 1027.0), (-711.0, 1027.0), (711.0, -1027.0), (-711.0, -1027.0), (869.0, -869.0))
PLUS_SHARE = 0.607312
PERIODS = ((73990.0, 2.42e-4, -8.1e-5, -3.2, 7.3, -1.0), (74060.0, -2.04e-4, -7.8e-5, -4.4, 7.7, 1.0))
"""Momentum, slopes, place at 102 m, direction of the magnet."""
SPREAD, WINGS, DIVERGENCE, SIZE = 1400.0, 0.07e-6, 52e-6, 5.0


def density(e_pi: Vector, e_l: Vector) -> Vector:
    """Dalitz density of K_mu3 with linear slopes, MeV^3."""
    m2, e_nu = MUON**2, KAON - e_pi - e_l
    rest = 0.5 * (KAON**2 + PI0**2 - m2) / KAON - e_pi
    f_plus = 1.0 + LAMBDA_PLUS * (KAON**2 + PI0**2 - 2.0 * KAON * e_pi) / PION**2
    f_minus = (LAMBDA_ZERO - LAMBDA_PLUS) * (KAON**2 - PI0**2) / PION**2
    a = KAON * (2.0 * e_l * e_nu - KAON * rest) + m2 * (0.25 * rest - e_nu)
    b = m2 * (e_nu - 0.5 * rest)
    return a * f_plus**2 + b * f_plus * f_minus + 0.25 * m2 * rest * f_minus**2


def muon_energy(m2: Vector) -> Vector:
    """Energy of the muon in the kaon's frame at a squared missing mass."""
    return 0.5 * (KAON**2 + MUON**2 - m2) / KAON


def pion_energies(m2: Vector) -> tuple[Vector, Vector]:
    """Least and largest energy of the pion beside a neutrino of the squared mass ``m2`` together."""
    e_l = muon_energy(m2)
    mass, e, p = np.sqrt(m2), KAON - e_l, np.sqrt(e_l**2 - MUON**2)
    own, its = 0.5 * (m2 + PI0**2) / mass, 0.5 * (m2 - PI0**2) / mass
    return (e * own - p * its) / mass, (e * own + p * its) / mass


def rate(m2: float) -> float:
    """dGamma / dm^2 of K_mu3, arbitrary units."""
    low, high = pion_energies(np.array(m2))
    found = integrate.quad(lambda e_pi: density(e_pi, muon_energy(np.array(m2))), float(low), float(high))
    return float(found[0]) / (2.0 * KAON)


WHOLE = integrate.quad(rate, PI0**2, (KAON - MUON) ** 2)[0]


def share(low: float, high: float) -> float:
    """Share of K_mu3 with a squared missing mass between two (MeV^2), without radiation."""
    return float(integrate.quad(rate, low, high)[0] / WHOLE)


def sphere(rng: np.random.Generator, n: int) -> Vector:
    """Directions."""
    c, f = 2.0 * rng.random(n) - 1.0, 2.0 * np.pi * rng.random(n)
    s = np.sqrt(1.0 - c * c)
    return np.array([s * np.cos(f), s * np.sin(f), c])


def beside(rng: np.random.Generator, direction: Vector, cosine: Vector) -> Vector:
    """Directions at an angle to others, turned about them at random."""
    first = np.cross(direction.T, [0.0, 0.0, 1.0]).T
    first /= np.linalg.norm(first, axis=0)
    second, f = np.cross(direction.T, first.T).T, 2.0 * np.pi * rng.random(cosine.size)
    sine = np.sqrt(np.maximum(0.0, 1.0 - cosine**2))
    return cosine * direction + sine * (np.cos(f) * first + np.sin(f) * second)


def boosted(p: Vector, e: Vector, parent: Vector, mass: float) -> Vector:
    """Momenta ``p`` in the frame of a parent with the momentum ``parent``, in the laboratory."""
    energy = np.sqrt((parent**2).sum(axis=0) + mass**2)
    return p + parent * (((parent * p).sum(axis=0) / (energy + mass) + e) / mass)


def pi0_photons(rng: np.random.Generator, momentum: Vector) -> list[Vector]:
    """Both photons of pions."""
    energy = np.sqrt((momentum**2).sum(axis=0) + PI0**2)
    one = boosted(0.5 * PI0 * sphere(rng, energy.size), np.full(energy.size, 0.5 * PI0), momentum, PI0)
    return [one, momentum - one]


@dataclass
class Kaons:
    """Decays: numbers of the period, momentum, vertex, and weight per decay in the fiducial volume."""

    period: tuple[Vector, ...]
    momentum: Vector
    place: Vector
    weight: Vector


@dataclass
class Muons:
    """Muons with their kaons: where each begins, momentum, weight; photons from the kaon's vertex."""

    kaons: Kaons
    place: Vector
    momentum: Vector
    weight: Vector
    photons: list[Vector]


def kaons(rng: np.random.Generator, n: int) -> Kaons:
    """Kaons of both periods between collimator and first chamber."""
    plus = rng.random(n) < PLUS_SHARE
    period = tuple(np.where(plus, one, two) for one, two in zip(*PERIODS, strict=True))
    x = SPREAD * rng.standard_normal(5 * n)
    x = x[rng.random(5 * n) < (1.0 + WINGS * x**2) / (1.0 + WINGS * (5.0 * SPREAD) ** 2)]
    p = period[0] + np.resize(x, n)
    tx, ty = (slope + DIVERGENCE * rng.standard_normal(n) for slope in period[1:3])
    pz = p / np.sqrt(1.0 + tx**2 + ty**2)
    path = p / KAON * C_TAU["K"]
    whole = 1.0 - np.exp((Z_FIRST - Z_LAST) / path)
    z = Z_FIRST - path * np.log1p(-whole * rng.random(n))
    counted = np.exp((Z_FIRST - FIDUCIAL[0]) / path) - np.exp((Z_FIRST - FIDUCIAL[1]) / path)
    x, y = (
        at + SIZE * rng.standard_normal(n) + slope * (z - FIDUCIAL[0])
        for at, slope in zip(period[3:5], (tx, ty), strict=True)
    )
    return Kaons(period, np.array([pz * tx, pz * ty, pz]), np.array([x, y, z]), whole / counted / n)


def kmu3(rng: np.random.Generator, n: int, low: float, high: float) -> Muons:
    """K_mu3, pi0 to two photons, alike in the squared missing mass from ``low`` to ``high`` (MeV^2)."""
    k, m2 = kaons(rng, n), low + (high - low) * rng.random(n)
    e_l, (least, most) = muon_energy(m2), pion_energies(m2)
    e_pi = least + (most - least) * rng.random(n)
    p_l, p_pi, e_nu = np.sqrt(e_l**2 - MUON**2), np.sqrt(e_pi**2 - PI0**2), KAON - e_l - e_pi
    cosine = np.clip((e_nu**2 - p_l**2 - p_pi**2) / (2.0 * p_l * p_pi), -1.0, 1.0)
    direction = sphere(rng, n)
    pion = boosted(p_pi * beside(rng, direction, cosine), e_pi, k.momentum, KAON)
    weight = k.weight * density(e_pi, e_l) * (most - least) * (high - low) / (2.0 * KAON * WHOLE)
    muon = boosted(p_l * direction, e_l, k.momentum, KAON)
    return Muons(k, k.place, muon, weight, pi0_photons(rng, pion))


def k2pi(rng: np.random.Generator, n: int) -> Muons:
    """K+ -> pi+ pi0, pi0 to two photons, whose pi+ decays before the first chamber."""
    k, direction = kaons(rng, n), sphere(rng, n)
    e_pi = 0.5 * (KAON**2 + PION**2 - PI0**2) / KAON
    p = np.sqrt(e_pi**2 - PION**2)
    pion = boosted(p * direction, np.full(n, e_pi), k.momentum, KAON)
    zero = boosted(-p * direction, np.full(n, KAON - e_pi), k.momentum, KAON)
    length = (Z_LAST - k.place[2]) * rng.random(n)
    path = pion[2] / PION * C_TAU["pi"]
    weight = k.weight * np.exp(-length / path) * (Z_LAST - k.place[2]) / path
    e_l, p_l = 0.5 * (PION**2 + MUON**2) / PION, 0.5 * (PION**2 - MUON**2) / PION
    muon = boosted(p_l * sphere(rng, n), np.full(n, e_l), pion, PION)
    return Muons(k, k.place + pion / pion[2] * length, muon, weight, pi0_photons(rng, zero))


def octagon(x: Vector, y: Vector, inner: float) -> Mask:
    """Within a regular octagon of this inner radius."""
    return (abs(x) < inner) & (abs(y) < inner) & (abs(x) + abs(y) < np.sqrt(2.0) * inner)


def calorimeter(x: Vector, y: Vector) -> Mask:
    """Acceptance of tracks and of clusters that count."""
    inside = (np.hypot(x, y) > 150.0) & (abs(x) < 1026.0) & octagon(x, y, 1130.0)
    for mx, my in MASKED:
        beyond = np.hypot(np.maximum(abs(x - mx) - 79.0, 0.0), np.maximum(abs(y - my) - 79.0, 0.0))
        inside &= beyond > 80.0
    return inside


def course(m: Muons, z: float) -> tuple[Vector, Vector]:
    """Where muons are at ``z``."""
    tx, ty = m.momentum[:2] / m.momentum[2]
    bend = m.kaons.period[5] * KICK / np.linalg.norm(m.momentum, axis=0)
    return m.place[0] + tx * (z - m.place[2]) + bend * max(0.0, z - Z_MAGNET), m.place[1] + ty * (
        z - m.place[2]
    )


def accepted(m: Muons) -> Mask:
    """Muons that fly through all detectors within the acceptance of tracks."""
    found = (m.momentum[2] > 0.0) & (np.linalg.norm(m.momentum, axis=0) > 5e3)
    for z, least in zip(CHAMBERS, (120.0, 80.0, 80.0, 140.0), strict=True):
        x, y = course(m, z)
        found &= (np.hypot(x, y) > least) & octagon(x, y, 1200.0)
        if least > 80.0:
            found &= np.hypot(x, y) < 1150.0
    x, y = course(m, Z_HODOSCOPE)
    found &= (np.hypot(x, y) > 130.0) & (np.hypot(x, y) < 1210.0)
    found &= calorimeter(*course(m, Z_LKR))
    x, y = course(m, Z_MUV[0])
    found &= (np.hypot(x, y) > 150.0) & (abs(x) < 1350.0) & (abs(y) < 1350.0)
    return np.asarray(found & octagon(*course(m, Z_MUV[2]), 1300.0))


def regions(p: Vector, z: Vector, theta: Vector, phi: Vector) -> Mask:
    """The upper or the lower region; GeV, m, mrad, rad."""
    divide = np.interp(z, [90, 115, 140, 160, 200, 220], [12, 12, 5, 3, 1, 1])
    bottom = np.interp(
        z,
        [110.5, 111.75, 116.75, 125, 135, 145.75, 149, 150, 210],
        [11, 8.5, 6, 4, 3, 2.5, 1.6, 0, 0],
    )
    lower = (
        (z > 110.5) & (z < 200.0) & (theta > bottom) & (theta < divide) & (theta > 15.0 * (1.0 - p / 12.0))
    )
    top = np.interp(z, [120, 140, 155, 170, 190, 200], [10, 10, 8, 6, 4.5, 4])
    last = np.where(p < 25.0, np.interp(p, [10, 25], [160, 185]), 200.0)
    azimuth = np.interp(
        phi,
        [0.73, 0.90, 1.51, 2.30, 2.60, 3.20, 3.40, 4.00, 4.30, 4.77, 5.38, 5.55],
        [20, 12, 9, 6, 5, 4, 4, 5, 6, 9, 12, 20],
    )
    upper = (z > 120.0) & (z < last) & (theta > divide) & (theta < top) & (theta < azimuth)
    return np.asarray(lower | upper)


def selected(rng: np.random.Generator, m: Muons) -> tuple[Vector, Mask]:
    """Reconstructed squared missing mass (MeV^2), and muons of the final selection, photons apart."""
    p_true = np.linalg.norm(m.momentum, axis=0)
    n = p_true.size
    p = p_true * (1.0 + np.hypot(0.0048, 9e-8 * p_true) * rng.standard_normal(n))
    angle = np.hypot(14.7e-6, 13.6 / p_true * np.sqrt(0.009))  # hits; window, helium, first chamber
    tx, ty = (t + angle * rng.standard_normal(n) for t in m.momentum[:2] / m.momentum[2])
    mean, sx, sy, x0, y0, _ = m.kaons.period
    x, y = course(m, CHAMBERS[0])
    dx, dy = x - x0 - sx * (CHAMBERS[0] - FIDUCIAL[0]), y - y0 - sy * (CHAMBERS[0] - FIDUCIAL[0])
    ux, uy = tx - sx, ty - sy
    back = -(dx * ux + dy * uy) / (ux**2 + uy**2)
    z, apart = 1e-3 * (CHAMBERS[0] + back), np.hypot(dx + ux * back, dy + uy * back)
    product = mean * p * (1.0 + tx * sx + ty * sy) / np.sqrt((1.0 + sx**2 + sy**2) * (1.0 + tx**2 + ty**2))
    m2 = KAON**2 + MUON**2 - 2.0 * (np.sqrt((mean**2 + KAON**2) * (p**2 + MUON**2)) - product)
    kept = accepted(m) & (p > 10e3) & (p < 65e3) & (z > 90.0) & (z < 210.0) & (apart < 30.0)
    return m2, kept & regions(1e-3 * p, z, 1e3 * np.hypot(ux, uy), np.arctan2(ty, tx) % (2.0 * np.pi))


def photons_pass(rng: np.random.Generator, m: Muons) -> Mask:
    """No cluster above 3 GeV in the acceptance beyond 400 mm of the muon, at most one within."""
    clusters = []
    for photon in m.photons:
        forward = np.maximum(photon[2], 1e-9)
        x, y = (m.kaons.place[i] + photon[i] / forward * (Z_LKR - m.kaons.place[2]) for i in (0, 1))
        e = np.linalg.norm(photon, axis=0)
        spread = np.sqrt(0.032**2 * 1e3 * e + 90.0**2 + (0.0042 * e) ** 2)
        seen = (photon[2] > 0.0) & (np.hypot(x, y) > 80.0) & octagon(x, y, 1280.0)
        clusters.append((x, y, np.where(seen, e + spread * rng.standard_normal(e.size), 0.0)))
    (x1, y1, e1), (x2, y2, e2) = clusters
    one = np.hypot(x1 - x2, y1 - y2) < 60.0
    at_x, at_y = course(m, Z_LKR + 365.0)
    beyond, near = np.zeros(e1.size, dtype=np.int64), np.zeros(e1.size, dtype=np.int64)
    for x, y, e in ((x1, y1, np.where(one, e1 + e2, e1)), (x2, y2, np.where(one, 0.0, e2))):
        counts, close = (e > 3e3) & calorimeter(x, y), np.hypot(x - at_x, y - at_y) < 400.0
        beyond += counts & ~close
        near += counts & close
    return np.asarray((beyond == 0) & (near <= 1))


def spectra(seed: int, mode: str, decays: int, edges: Vector) -> tuple[Vector, Vector, Vector]:
    """Events a decay of the mode in bins of m^2 (MeV^2): selected without and with the photons, variance of these."""
    rng, size = np.random.default_rng(seed), 1_000_000
    parts = max(1, decays // size)
    sums = np.zeros((3, edges.size - 1))
    for _ in range(parts):
        made = k2pi(rng, size) if mode == "pipi0" else kmu3(rng, size, edges[0] - 2e4, edges[-1] + 2e3)
        m2, kept = selected(rng, made)
        p = np.linalg.norm(made.momentum, axis=0)
        weight = made.weight / parts * np.exp((made.place[2] - Z_MUV[1]) * MUON / (p * C_TAU["mu"]))
        final = kept & photons_pass(rng, made)
        for i, (mask, power) in enumerate(((kept, 1), (final, 1), (final, 2))):
            sums[i] += np.histogram(m2[mask], edges, weights=weight[mask] ** power)[0]
    return sums[0], sums[1], sums[2]
