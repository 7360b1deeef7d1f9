"""Photons forced into gaps: within the holes of all counters on the way, then outside the edge of the next.

Behind a ring whose hole it passed a photon may miss the next ring on its outside, or the aperture of the magnet, whose
yoke stops it, or the last counter, in the beam hole of the others. A decay sees each gap under a small solid angle, and
what flies there may be as hard as any photon: no matter of softness (``forced_photons``). So directions are drawn by
the point where they cross the plane of the edge. Its radius is between ``inner``, the smallest of the edge, and
``reach``, the largest that the holes let pass, with a density that rises like the root, as the share of the azimuths
outside a rectangle does; its azimuth is one of these, rather one opposite the decay, where that is beside the axis:
through a hole one sees farther there. The density of the photon's direction in the frame of the meson, uniform by
nature, follows from that of the point: d(area) / d(direction in the laboratory) = D^2 (E / p_z)^3 at the distance D,
and d(direction in the laboratory) / d(direction in the meson's frame) = (E* / E)^2.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.core.kinematics import boost_from_rest, boost_to_rest
from hnlpeak.detectors.event import Record
from hnlpeak.theory.modes.slots import Daughter

__all__ = ["Gap", "Gaps", "chance_in_gaps", "draw_gap", "gaps_of", "into_gap"]

_PX, _PY, _PZ, _ENERGY = int(Daughter.PX), int(Daughter.PY), int(Daughter.PZ), int(Daughter.ENERGY)
_LEAST = 1e-9


class Gap(NamedTuple):
    """A gap as seen from a ``distance`` before the edge, mm.

    The edge has half-sizes ``half_x`` and ``half_y`` and the radius ``outer`` (infinite where it has none); ``inner``
    and ``reach`` are as in the text above.
    """

    distance: float
    half_x: float
    half_y: float
    outer: float
    inner: float
    reach: float


Gaps = tuple[Gap, Gap, Gap, Gap]
_KEPT = 4
_LAST = 0.6  # of the photons fly into the last gap: in the beam hole they may be hard
_OPPOSITE = 0.8


@inlined
def gaps_of(surfaces: Record, x: float, y: float, z: float) -> tuple[int, Gaps]:
    """How many gaps among ``surfaces`` photons of a decay at (x, y, z), mm, may find, and the last four of them."""
    none = Gap(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    first, second, third, fourth = none, none, none, none
    side, slope, found = math.sqrt(x * x + y * y), np.inf, 0
    for m in range(surfaces.n_thick):
        n = surfaces.thick[m]
        dz = surfaces.z[n] - z
        if dz <= 0.0:
            continue
        inner, reach = surfaces.edge[n], dz * slope - side
        if 0.0 < inner < reach - _LEAST and reach < np.inf:
            edge = surfaces.params[n]
            found += 1
            first, second, third = second, third, fourth
            fourth = Gap(dz, edge[3], edge[4], math.sqrt(edge[2]), inner, reach)
        slope = min(slope, (surfaces.hole[n] + side) / dz)
    return min(found, _KEPT), (fourth, third, second, first)


@inlined
def draw_gap(gaps: Gaps, number: int, u: float) -> Gap:
    """One of so many ``gaps`` by a uniform number: the last one, which comes first, or any of the others alike."""
    if number == 1 or u < _LAST:
        return gaps[0]
    return gaps[1 + min(int((u - _LAST) / (1.0 - _LAST) * (number - 1)), number - 2)]


@inlined
def _share_of(place: int, number: int) -> float:
    """The chance of a gap at its ``place`` in ``draw_gap``."""
    if number == 1:
        return 1.0
    return _LAST if place == 0 else (1.0 - _LAST) / (number - 1)


@inlined
def _arcs(gap: Gap, r: float) -> tuple[float, float]:
    """Half-widths of the arcs about the x and the y axis that lie outside the edge at the radius ``r``."""
    across = math.acos(gap.half_x / r) if r > gap.half_x else 0.0
    along = math.acos(gap.half_y / r) if r > gap.half_y else 0.0
    if r > gap.outer or across + along > 0.5 * math.pi:
        return 0.25 * math.pi, 0.25 * math.pi
    return across, along


@inlined
def _prefers_opposite(x: float, y: float) -> float:
    """Share of the points opposite a decay at (x, y); a decay on the axis has no opposite side."""
    return 0.5 if x == 0.0 and y == 0.0 else _OPPOSITE


@inlined
def into_gap(
    gap: Gap, x: float, y: float, kaon: NDArray[np.float64], rng: np.random.Generator
) -> tuple[float, float, float]:
    """A direction in the frame of the ``kaon`` (px, py, pz, E, m in the laboratory) from (x, y) into the gap."""
    r = gap.inner + (gap.reach - gap.inner) * rng.random() ** (2.0 / 3.0)
    across, along = _arcs(gap, r)
    at = (2.0 * rng.random() - 1.0) * (across + along)
    phi = at if abs(at) < across else 0.5 * math.pi + math.copysign(abs(at) - across, at)
    at_x, at_y = r * math.cos(phi), r * math.sin(phi)
    if (at_x * x + at_y * y < 0.0) != (rng.random() < _prefers_opposite(x, y)):
        at_x, at_y = -at_x, -at_y
    dx, dy, dz = at_x - x, at_y - y, gap.distance
    size = math.sqrt(dx * dx + dy * dy + dz * dz)
    dx, dy, dz, e = boost_to_rest(
        dx / size, dy / size, dz / size, 1.0, kaon[0], kaon[1], kaon[2], kaon[3], kaon[4]
    )
    return dx / e, dy / e, dz / e


@inlined
def _chance(gap: Gap, x: float, y: float, from_x: float, from_y: float) -> float:
    """Density of points in the plane of the edge at (x, y) for a decay at the place ``from``, 1 / mm^2."""
    r = math.sqrt(x * x + y * y)
    if not gap.inner < r < gap.reach:
        return 0.0
    if r <= gap.outer and abs(x) <= gap.half_x and abs(y) <= gap.half_y:
        return 0.0
    across, along = _arcs(gap, r)
    width = gap.reach - gap.inner
    by_radius = 1.5 * math.sqrt((r - gap.inner) / width) / width
    opposite = _prefers_opposite(from_x, from_y)
    side = opposite if x * from_x + y * from_y < 0.0 else 1.0 - opposite
    return float(by_radius * side / (2.0 * max(across + along, _LEAST) * r))


@inlined
def chance_in_gaps(
    gaps: Gaps, number: int, x: float, y: float, photon: NDArray[np.float64], kaon: NDArray[np.float64]
) -> float:
    """How many times as likely as nature ``into_gap`` draws the direction of ``photon`` (meson frame).

    The gap is one of so many ``gaps`` by ``draw_gap``.
    """
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
    if pz <= 0.0 or number == 0:
        return 0.0
    tx, ty, total = px / pz, py / pz, 0.0
    for k in range(number):
        d = gaps[k].distance
        total += _share_of(k, number) * d * d * _chance(gaps[k], x + tx * d, y + ty * d, x, y)
    of_area = (e / pz) ** 3 * (photon[_ENERGY] / e) ** 2
    return float(4.0 * math.pi * total * of_area)
