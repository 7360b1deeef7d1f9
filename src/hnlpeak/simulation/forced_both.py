"""Both photons of a pi0 forced away: one into a gap or backwards, the other into the yoke or the hole of the beam.

What only two gaps lose, in the yoke of the magnet above and below the beam or in the beam's hole and outside all rings,
one forced photon (``forced_photons``) finds as rarely as nature finds a gap. So both directions are drawn, n and n',
and the decay is made to fit: with the energies E and E' of the photons in the meson's frame, and u uniform on [-1, 1]
by nature,

    E E' = m^2 / [2 (1 - n.n')],        E, E' = E_pi0 (1 +- beta u) / 2,

where that has a solution: else the decay is given up, with the weight 0. All daughters are turned until the pi0 flies
along E n + E' n', and about it by any angle. By nature n is uniform, the azimuth of n' about it as well, and n.n' is
that of a uniform u, so that densities q of n and q' of n', in units of the uniform one, are

    q q' / 2 |d(n.n') / du|,            d(n.n') / du = 4 m^2 beta^2 u / [E_pi0^2 (1 - beta^2 u^2)^2],

times as likely as nature, with q backwards in the share ``_ANY_BACKWARDS``, any gap in ``_ANY_GAP`` and else, like q',
a gap outside a rectangle (two soft photons make no pi0), taken in either order.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.core.kinematics import around
from hnlpeak.simulation.forced_gap import Flight, Gaps, chance_in_gaps, draw_gap, into_gap
from hnlpeak.simulation.rare_cosine import draw_rare, times_as_likely
from hnlpeak.simulation.turned import cosine_to, turn, turn_about
from hnlpeak.theory.modes.masses import PI_ZERO
from hnlpeak.theory.modes.slots import Daughter

__all__ = ["both_away", "chance_of_both"]

_PX, _PY, _PZ, _ENERGY = int(Daughter.PX), int(Daughter.PY), int(Daughter.PZ), int(Daughter.ENERGY)
_BACKWARDS = 0.03  # 300 MeV in the laboratory, for a photon with half of the pi0's mass in a meson of 75 GeV
_ANY_BACKWARDS, _ANY_GAP = 0.25, 0.25  # of the first photons; the others fly where the second ones do
_TINY = 1e-9

Vector3 = tuple[float, float, float]


@inlined
def _put(row: NDArray[np.float64], n: Vector3, energy: float) -> None:
    row[_PX], row[_PY], row[_PZ], row[_ENERGY] = energy * n[0], energy * n[1], energy * n[2], energy


@inlined
def _any_gap(
    gaps: tuple[int, float, Gaps],
    flight: Flight,
    kaon: NDArray[np.float64],
    k: Vector3,
    rng: np.random.Generator,
) -> tuple[bool, Vector3]:
    return into_gap(draw_gap(gaps, rng.random()), flight, kaon, k, rng)


@inlined
def both_away(
    gaps: tuple[int, float, Gaps],
    hard: tuple[int, float, Gaps],
    flight: Flight,
    daughters: NDArray[np.float64],
    n: int,
    row: int,
    kaon: NDArray[np.float64],
    k: Vector3,
    rng: np.random.Generator,
) -> bool:
    """Draw both photons, ``row`` and the next, of a pi0 anew and turn the other daughters; False where none fits.

    The decay sees these ``gaps``, the ``hard`` ones outside rectangles; the ``kaon`` flies along ``k``.
    """
    a, b = daughters[row], daughters[row + 1]
    px, py, pz, e = a[_PX] + b[_PX], a[_PY] + b[_PY], a[_PZ] + b[_PZ], a[_ENERGY] + b[_ENERGY]
    p = math.sqrt(px * px + py * py + pz * pz)
    found, u = True, rng.random()
    if u < _ANY_BACKWARDS:
        first = around(rng, k[0], k[1], k[2], draw_rare(_BACKWARDS, rng) - 1.0)
    else:
        found, first = _any_gap(gaps if u < _ANY_BACKWARDS + _ANY_GAP else hard, flight, kaon, k, rng)
    there, second = _any_gap(hard, flight, kaon, k, rng)
    if not (found and there):
        return False
    less = 1.0 - (first[0] * second[0] + first[1] * second[1] + first[2] * second[2])
    square = e * e - 2.0 * PI_ZERO * PI_ZERO / max(less, _TINY)  # of E - E'
    if square < 0.0 or p < _TINY:
        return False
    half = 0.5 * math.copysign(min(math.sqrt(square), p), rng.random() - 0.5)
    more, rest = 0.5 * e + half, 0.5 * e - half
    to = (
        (more * first[0] + rest * second[0]) / p,
        (more * first[1] + rest * second[1]) / p,
        (more * first[2] + rest * second[2]) / p,
    )
    turn(daughters, n, (px / p, py / p, pz / p), to)
    phi = 2.0 * math.pi * rng.random()
    turn_about(daughters, n, to, math.cos(phi), math.sin(phi))
    if rng.random() < 0.5:
        _put(a, first, more)
        _put(b, second, rest)
    else:
        _put(a, second, rest)
        _put(b, first, more)
    return True


@inlined
def _backwards(photon: NDArray[np.float64], k: Vector3) -> float:
    return times_as_likely(1.0 + cosine_to(photon, k[0], k[1], k[2]), _BACKWARDS)


@inlined
def chance_of_both(
    gaps: tuple[int, float, Gaps],
    hard: tuple[int, float, Gaps],
    flight: Flight,
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    kaon: NDArray[np.float64],
    k: Vector3,
) -> float:
    """How many times as likely as nature ``both_away`` draws the photons ``a`` and ``b`` of a pi0."""
    in_a = chance_in_gaps(hard, flight, a, kaon, k)
    in_b = chance_in_gaps(hard, flight, b, kaon, k)
    if in_a + in_b == 0.0:
        return 0.0
    as_second = 1.0 - _ANY_BACKWARDS - _ANY_GAP
    first_a = _ANY_BACKWARDS * _backwards(a, k) + _ANY_GAP * chance_in_gaps(gaps, flight, a, kaon, k)
    first_b = _ANY_BACKWARDS * _backwards(b, k) + _ANY_GAP * chance_in_gaps(gaps, flight, b, kaon, k)
    first_a, first_b = first_a + as_second * in_a, first_b + as_second * in_b
    e, apart = a[_ENERGY] + b[_ENERGY], abs(a[_ENERGY] - b[_ENERGY])
    beta = math.sqrt(max(0.0, 1.0 - (PI_ZERO / e) ** 2))
    product = 4.0 * a[_ENERGY] * b[_ENERGY]
    slope = 4.0 * PI_ZERO * PI_ZERO * beta * apart * e / (product * product)
    return float(0.25 * (first_a * in_b + first_b * in_a) * slope)
