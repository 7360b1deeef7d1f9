"""The photon that a charged lepton may radiate in K+ -> l+ Y, Y all else that is made: M+ -> l+ Y gamma.

For the decay without photon, Y of mass m_Y, given: with momenta p of the lepton, P of the meson, k of the photon

    |M|^2 = |M_0|^2 4 pi alpha { 2 p.P / (p.k P.k) - m^2 / (p.k)^2 - M^2 / (P.k)^2 + k.P / [p.k (p + k).P] }.

The first three terms are those of soft photons (Low's theorem; charged are the meson and the lepton alone); with the
last one photons along the lepton have the spectrum [1 + (1 - w)^2] / w in their share w of the energy of both, that of
a fermion. Phase space is exact. That is how PHOTOS works (Barberio, van Eijk, Was, Comput. Phys. Commun. 66 (1991) 115)
but for its interference weight. What the photon takes away from Y leaves the decay of Y as it was, relative to the
lepton's direction in the frame of Y. In the variables of ``lepton_photon``

    x^2 v {...} M^2 = 4 (y - r / v - v) + 2 x^2 / (x + y).

The sum over all photons is 1: virtual corrections are such that the rate, photons included, is the measured one.
"""

from __future__ import annotations

import math

import numpy as np

from hnlpeak.core.kernel import kernel
from hnlpeak.theory.modes.inner_bremsstrahlung import ALPHA, PHOTON_ENERGY_MIN, v_limits

__all__ = ["chance_bound", "draw_photon", "radiation_density"]

_FACTOR = ALPHA / (4.0 * math.pi)
_POINTS = 60
_MARGIN = 1.05


@kernel
def radiation_density(x: float, v: float, r: float, s: float) -> float:
    """x^2 v times the factor {...} in units of 1 / M^2; r = (m_l / M)^2, s = (m_Y / M)^2. Boundary not checked."""
    y = 1.0 + r - s - x * (1.0 - v)
    return 4.0 * (y - r / v - v) + 2.0 * x * x / (x + y)


@kernel
def _chance(x_min: float, u: float, w: float, r: float, s: float) -> tuple[float, float, float]:
    """(x, v) at the shares u and w of their ranges in ln x and ln v, and the rate there times both ranges."""
    root2 = (1.0 - r - s) ** 2 - 4.0 * r * s
    x_max = 1.0 - (math.sqrt(r) + math.sqrt(s)) ** 2
    low, high = v_limits(x_min, r, s)
    if x_max <= x_min or root2 <= 0.0 or low >= high:
        return 0.0, 0.0, 0.0
    span, width = math.log(x_max / x_min), math.log(high / low)
    x, v = x_min * math.exp(span * u), low * math.exp(width * w)
    low, high = v_limits(x, r, s)
    if not low <= v <= high:
        return 0.0, 0.0, 0.0
    return x, v, _FACTOR * span * width * radiation_density(x, v, r, s) / math.sqrt(root2)


@kernel
def _largest_chance(mass: float, lepton_mass: float, least: float, points: int) -> float:
    """Largest rate of ``_chance`` on a grid of masses of Y and of both shares."""
    r, x_min, step = (lepton_mass / mass) ** 2, 2.0 * PHOTON_ENERGY_MIN / mass, 1.0 / (points - 1)
    largest = 0.0
    for k in range(points):
        s = ((least + (mass - lepton_mass - least) * k * step) / mass) ** 2
        for i in range(points):
            for j in range(points):
                largest = max(largest, _chance(x_min, i * step, j * step, r, s)[2])
    return largest


def chance_bound(mass: float, lepton_mass: float, least: float) -> float:
    """Bound of what ``draw_photon`` compares its first number with, for M -> l Y with Y of ``least`` mass on; MeV."""
    return float(_MARGIN * _largest_chance(mass, lepton_mass, least, _POINTS))


@kernel
def draw_photon(
    rng: np.random.Generator, first: float, bound: float, mass: float, r: float, s: float
) -> tuple[float, float]:
    """Variables x = 2 E / M and v of a photon above 0.1 MeV, or (0, 0): none is radiated.

    ``first`` is a uniform number. ``bound`` is that of ``chance_bound``, ``mass`` M that of the meson in MeV; ``r`` and
    ``s`` are the squares of the masses of lepton and rest over M.
    """
    if first >= bound:
        return 0.0, 0.0
    x, v, chance = _chance(2.0 * PHOTON_ENERGY_MIN / mass, rng.random(), rng.random(), r, s)
    return (x, v) if first < chance else (0.0, 0.0)
