"""Photons forced into gaps: within the holes of all counters on the way, then outside the edge of the next.

Behind a ring whose hole it passed a photon may miss the next ring on its outside, or the aperture of the magnet, whose
yoke stops it, or the last counter, in the beam hole of the others; before the first ring it may miss that. A decay sees
each gap under a small solid angle, and by nature the direction of a photon is uniform in the frame of the meson: so the
direction is drawn uniformly within a gap, which is one of all by their solid angles, and all these photons have about
the same weight.

Between circles a direction has an azimuth phi to the meson's flight, uniform, and x = 1 + cos of its angle to it in the
meson's frame, uniform between those of the edge and of the hole at this azimuth (``_interval``): with the slope tau to
the flight in the laboratory x = 2 / (1 + gamma^2 tau^2), beta being 1. Outside a rectangle a point of its plane is
drawn uniformly from the segments that the rectangle's sides cut off the disc to which the hole is projected. There the
density of the direction follows from that of the point: d(area) / d(direction in the laboratory) = D^2 (E / p_z)^3 at
the distance D, and d(direction in the laboratory) / d(direction in the meson's frame) = (E* / E)^2.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.core.kinematics import boost_from_rest, boost_to_rest
from hnlpeak.detectors.event import Record
from hnlpeak.simulation.turned import cosine_to
from hnlpeak.theory.modes.slots import Daughter

__all__ = [
    "Flight",
    "Gap",
    "Gaps",
    "chance_in_gaps",
    "draw_gap",
    "flight_of",
    "gaps_of",
    "hard_gaps",
    "into_gap",
]

_PX, _PY, _PZ, _ENERGY = int(Daughter.PX), int(Daughter.PY), int(Daughter.PZ), int(Daughter.ENERGY)
_LARGEST_X = 2.0
_MARGIN = 0.003  # of the radii of edges and holes: what small angles neglect stays inside
_ALIKE = 0.2  # of the gaps are chosen without regard to their solid angles
_HARD = 0.1  # of all chances is added to each gap outside a rectangle where both photons are lost
_TINY = 1e-9

Vector3 = tuple[float, float, float]


class Gap(NamedTuple):
    """A gap as seen from a ``distance`` before the edge, mm, behind a ``hole`` at the distance ``before``.

    The edge is a circle of the radius ``outer`` or, where that is infinite, a rectangle of half-sizes ``half_x`` and
    ``half_y``; without a hole before it ``before`` is 0. Directions into it have x between ``low`` and ``high``;
    ``chance`` is about that of a photon by nature, ``area`` that of a rectangle's segments in mm^2.
    """

    distance: float
    half_x: float
    half_y: float
    outer: float
    before: float
    hole: float
    low: float
    high: float
    chance: float
    area: float


Gaps = tuple[Gap, Gap, Gap, Gap, Gap, Gap]
_KEPT = 6


class Flight(NamedTuple):
    """Of the meson: where it decays (mm), its slopes, and its squared Lorentz factor."""

    x: float
    y: float
    tx: float
    ty: float
    gamma2: float


@inlined
def flight_of(x: float, y: float, kaon: NDArray[np.float64]) -> Flight:
    """The flight of a ``kaon`` (px, py, pz, E, m) that decays at (x, y)."""
    return Flight(x, y, kaon[0] / kaon[2], kaon[1] / kaon[2], (kaon[3] / kaon[4]) ** 2)


@inlined
def _x_of(slope: float, gamma2: float) -> float:
    return _LARGEST_X / (1.0 + gamma2 * slope * slope) if slope > 0.0 else _LARGEST_X


@inlined
def _off(flight: Flight, distance: float) -> float:
    """How far from the axis the meson would be there, mm."""
    x, y = flight.x + flight.tx * distance, flight.y + flight.ty * distance
    return math.sqrt(x * x + y * y)


@inlined
def _between_circles(flight: Flight, distance: float, outer: float, before: float, hole: float) -> Gap:
    """The widths on the side of the axis where the meson is and on the other one, and their mean."""
    off, off_before = _off(flight, distance), _off(flight, before)
    outer, hole = (1.0 - _MARGIN) * outer, (1.0 + _MARGIN) * hole
    high = _x_of((outer - off) / distance, flight.gamma2)
    far_high, low, near_low = _x_of((outer + off) / distance, flight.gamma2), 0.0, 0.0
    if before > 0.0:
        low = _x_of((hole + off_before) / before, flight.gamma2)
        near_low = _x_of((hole - off_before) / before, flight.gamma2)
    width = 0.5 * (max(0.0, high - near_low) + max(0.0, far_high - low))
    return Gap(distance, np.inf, np.inf, outer, before, hole, low, high, width / _LARGEST_X, 0.0)


@inlined
def _segment(radius: float, beyond: float) -> float:
    """Area of the disc that lies ``beyond`` so far from its centre."""
    if beyond >= radius:
        return 0.0
    at = max(beyond, -radius)
    return radius * radius * math.acos(at / radius) - at * math.sqrt(radius * radius - at * at)


@inlined
def _side(gap: Gap, flight: Flight, number: int) -> tuple[float, float, float]:
    """Of one of the rectangle's four sides: radius of the disc, distances of the side from its centre and the axis."""
    ratio = gap.distance / gap.before
    centre = (flight.y if number > 1 else flight.x) * (1.0 - ratio)
    half = gap.half_y if number > 1 else gap.half_x
    return gap.hole * ratio, half - (centre if number % 2 == 0 else -centre), half


@inlined
def _beside_rectangle(
    flight: Flight, distance: float, half_x: float, half_y: float, before: float, hole: float
) -> Gap:
    hole *= 1.0 + _MARGIN
    empty = Gap(distance, half_x, half_y, np.inf, before, hole, 0.0, 0.0, 0.0, 0.0)
    area = largest = off = 0.0
    for number in range(4):
        radius, beyond, half = _side(empty, flight, number)
        piece = _segment(radius, beyond)
        area += piece
        if piece > largest:
            along = flight.y + flight.ty * distance if number > 1 else flight.x + flight.tx * distance
            largest, off = piece, half - (along if number % 2 == 0 else -along)
    if area <= 0.0:
        return empty
    least = (min(half_x, half_y) - _off(flight, distance)) / distance
    # twice the tangent of half the angle: directions beside rectangles are drawn without small angles
    high = _x_of((1.0 - _MARGIN) * 2.0 * least / (1.0 + math.sqrt(1.0 + least * least)), flight.gamma2)
    low = _x_of((hole + _off(flight, before)) / before, flight.gamma2)
    fall = 1.0 + flight.gamma2 * (off / distance) ** 2
    chance = area * flight.gamma2 / (math.pi * (distance * fall) ** 2)
    return Gap(distance, half_x, half_y, np.inf, before, hole, low, high, chance, area)


@inlined
def gaps_of(surfaces: Record, flight: Flight, z: float) -> tuple[int, float, Gaps]:
    """How many gaps among ``surfaces`` photons of a decay at ``z`` may find, the sum of their chances, the last six."""
    none = Gap(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    gaps = (none, none, none, none, none, none)
    slope, before, hole, found = np.inf, 0.0, 0.0, 0
    for m in range(surfaces.n_thick):
        n = surfaces.thick[m]
        dz = surfaces.z[n] - z
        if dz <= 0.0:
            continue
        edge = surfaces.edge[n]
        if edge > 0.0 and edge < dz * slope + _off(flight, dz):
            params, gap = surfaces.params[n], none
            if params[2] < np.inf:
                gap = _between_circles(flight, dz, math.sqrt(params[2]), before, hole)
            elif before > 0.0:
                gap = _beside_rectangle(flight, dz, params[3], params[4], before, hole)
            if gap.chance > 0.0:
                found += 1
                gaps = (gap, gaps[0], gaps[1], gaps[2], gaps[3], gaps[4])
        if surfaces.hole[n] < dz * slope:
            before, hole, slope = dz, surfaces.hole[n], surfaces.hole[n] / dz
    number, total = min(found, _KEPT), 0.0
    for place in range(number):
        total += gaps[place].chance
    return number, total, gaps


@inlined
def _as_likely_as(gap: Gap, chance: float) -> Gap:
    return Gap(
        gap.distance,
        gap.half_x,
        gap.half_y,
        gap.outer,
        gap.before,
        gap.hole,
        gap.low,
        gap.high,
        chance,
        gap.area,
    )


@inlined
def hard_gaps(gaps: tuple[int, float, Gaps]) -> tuple[int, float, Gaps]:
    """Those outside rectangles alone, more alike: what flies there is not much softer than others."""
    number, whole, some = gaps
    none = Gap(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    found, total = 0, 0.0
    hard = (none, none, none, none, none, none)
    for place in range(number):
        gap = some[place]
        if gap.outer == np.inf:
            gap = _as_likely_as(gap, gap.chance + _HARD * whole)
            found += 1
            total += gap.chance
            hard = (gap, hard[0], hard[1], hard[2], hard[3], hard[4])
    return found, total, hard


@inlined
def _share_of(gap: Gap, number: int, total: float) -> float:
    """The chance of a gap in ``draw_gap``."""
    return _ALIKE / number + (1.0 - _ALIKE) * gap.chance / total


@inlined
def draw_gap(gaps: tuple[int, float, Gaps], u: float) -> Gap:
    """One of the gaps by a uniform number."""
    number, total, some = gaps
    chosen, left = number - 1, u
    for place in range(number - 1):
        left -= _share_of(some[place], number, total)
        if left < 0.0:
            chosen = place
            break
    return some[chosen]


@inlined
def _across(k: Vector3) -> tuple[Vector3, Vector3]:
    """Unit vectors at right angles to the flight ``k``, about along x and along y."""
    size = math.sqrt(k[0] * k[0] + k[2] * k[2])
    a = (k[2] / size, 0.0, -k[0] / size)
    return a, (k[1] * a[2], k[2] * a[0] - k[0] * a[2], -k[1] * a[0])


@inlined
def _slope_to(flight: Flight, distance: float, radius: float, cosine: float, sine: float) -> float:
    """Slope to the flight, at an azimuth to it, of what is so far from the axis at a distance; -1 for none."""
    x, y = flight.x + flight.tx * distance, flight.y + flight.ty * distance
    along = x * cosine + y * sine
    square = radius * radius - x * x - y * y + along * along
    return (math.sqrt(square) - along) / distance if square > 0.0 else -1.0


@inlined
def _interval(gap: Gap, flight: Flight, cosine: float, sine: float) -> tuple[float, float]:
    """Range of x between the circles at an azimuth; empty where that has none."""
    high = _x_of(_slope_to(flight, gap.distance, gap.outer, cosine, sine), flight.gamma2)
    if gap.before == 0.0:
        return 0.0, high
    slope = _slope_to(flight, gap.before, gap.hole, cosine, sine)
    return _x_of(slope, flight.gamma2), high


@inlined
def _beside(
    gap: Gap, flight: Flight, kaon: NDArray[np.float64], rng: np.random.Generator
) -> tuple[bool, Vector3]:
    """A direction outside the rectangle."""
    left, number = rng.random() * gap.area, 0
    radius, beyond, half = _side(gap, flight, 0)
    while number < 3 and left >= _segment(radius, beyond):
        left -= _segment(radius, beyond)
        number += 1
        radius, beyond, half = _side(gap, flight, number)
    if beyond >= radius:
        return False, (0.0, 0.0, 1.0)
    least, out = max(beyond, -radius), radius
    while True:  # the width of the disc falls like a root towards its end
        out = radius - (radius - least) * rng.random() ** (2.0 / 3.0)
        if 2.0 * radius * rng.random() ** 2 <= radius + out:
            break
    to = math.sqrt(radius * radius - out * out) * (2.0 * rng.random() - 1.0)
    out += half - beyond  # from the centre of the disc to the axis
    out = out if number % 2 == 0 else -out
    to += (flight.x if number > 1 else flight.y) * (1.0 - gap.distance / gap.before)
    dx, dy, dz = (to if number > 1 else out) - flight.x, (out if number > 1 else to) - flight.y, gap.distance
    size = math.sqrt(dx * dx + dy * dy + dz * dz)
    dx, dy, dz, e = boost_to_rest(
        dx / size, dy / size, dz / size, 1.0, kaon[0], kaon[1], kaon[2], kaon[3], kaon[4]
    )
    return True, (dx / e, dy / e, dz / e)


@inlined
def into_gap(
    gap: Gap, flight: Flight, kaon: NDArray[np.float64], k: Vector3, rng: np.random.Generator
) -> tuple[bool, Vector3]:
    """A direction into the gap in the frame of the ``kaon`` that flies along ``k``; False where none is found."""
    if gap.outer == np.inf:
        return _beside(gap, flight, kaon, rng)
    phi = 2.0 * math.pi * rng.random()
    cosine, sine = math.cos(phi), math.sin(phi)
    low, high = _interval(gap, flight, cosine, sine)
    if high <= low:
        return False, (0.0, 0.0, 1.0)
    x = low + (high - low) * rng.random()
    along, across = x - 1.0, math.sqrt(max(0.0, x * (_LARGEST_X - x)))
    a, b = _across(k)
    return True, (
        along * k[0] + across * (cosine * a[0] + sine * b[0]),
        along * k[1] + across * (cosine * a[1] + sine * b[1]),
        along * k[2] + across * (cosine * a[2] + sine * b[2]),
    )


@inlined
def _chance_between(gap: Gap, flight: Flight, x: float, photon: NDArray[np.float64], k: Vector3) -> float:
    """How many times as likely as nature a direction between the circles is."""
    a, b = _across(k)
    to_a = photon[_PX] * a[0] + photon[_PY] * a[1] + photon[_PZ] * a[2]
    to_b = photon[_PX] * b[0] + photon[_PY] * b[1] + photon[_PZ] * b[2]
    size = max(math.sqrt(to_a * to_a + to_b * to_b), _TINY)
    low, high = _interval(gap, flight, to_a / size, to_b / size)
    return _LARGEST_X / (high - low) if low < x < high else 0.0


@inlined
def _chance_beside(gap: Gap, flight: Flight, photon: NDArray[np.float64], kaon: NDArray[np.float64]) -> float:
    """The same outside the rectangle: in how many of the segments the point is, over their area."""
    px, py, pz, e = boost_from_rest(
        photon[_PX],
        photon[_PY],
        photon[_PZ],
        photon[_ENERGY],
        kaon[0],
        kaon[1],
        kaon[2],
        kaon[3],
        kaon[4],
    )
    if pz <= 0.0:
        return 0.0
    x, y = flight.x + px / pz * gap.distance, flight.y + py / pz * gap.distance
    ratio = gap.distance / gap.before
    dx, dy, radius = x - flight.x * (1.0 - ratio), y - flight.y * (1.0 - ratio), gap.hole * ratio
    if dx * dx + dy * dy >= radius * radius:
        return 0.0
    beyond = (abs(x) > gap.half_x) + (abs(y) > gap.half_y)
    of_area = (gap.distance * photon[_ENERGY] / e) ** 2 * (e / pz) ** 3
    return float(4.0 * math.pi * of_area * beyond / gap.area)


@inlined
def chance_in_gaps(
    gaps: tuple[int, float, Gaps],
    flight: Flight,
    photon: NDArray[np.float64],
    kaon: NDArray[np.float64],
    k: Vector3,
) -> float:
    """How many times as likely as nature ``into_gap`` draws the direction of ``photon`` (meson frame).

    The gap is one of all by ``draw_gap``.
    """
    number, whole, some = gaps
    x, total = 1.0 + cosine_to(photon, k[0], k[1], k[2]), 0.0
    for place in range(number):
        gap = some[place]
        if gap.low <= x <= gap.high:
            share = _share_of(gap, number, whole)
            if gap.outer == np.inf:
                total += share * _chance_beside(gap, flight, photon, kaon)
            else:
                total += share * _chance_between(gap, flight, x, photon, k)
    return total
