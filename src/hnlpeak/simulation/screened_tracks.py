"""Decays with three charged pions of which surely too many make tracks, or none makes one.

Straight courses, the magnet's kick, and the numbers by which chambers see a particle tell who makes a point where; what
matter may turn a pion by is a margin of many standard deviations.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import in_lanes, inlined
from hnlpeak.core.random import beginning, uniform
from hnlpeak.detectors import beam_pipe, guard_ring, matter, photon_veto, spectrometer
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.shape import limits_of, surely_inside, surely_outside
from hnlpeak.detectors.surface import MATTER
from hnlpeak.simulation.foregone import Foregone, is_within_bounds
from hnlpeak.simulation.screened import Screened
from hnlpeak.simulation.screened_courses import EDGE, bend, put_places, throw
from hnlpeak.simulation.streams import Stage
from hnlpeak.theory.species import Species

__all__ = ["are_tracked", "tracks_lose"]

_LUCK, _PION = int(Stage.LUCK), int(Species.PION_PLUS)
_MANY_SIGMA = 8.0  # beyond, normal numbers are left out of account
_LEAST = 1000.0  # MeV: below, pions are not as light as scattering is taken here
_HEAVY = 1.02  # 1 / beta there, and what the logarithm of Highland's formula adds
_CHARGED = 3
_FEW_SIGMA, _MOVED = 5.0, 5.0  # of a course's angle; mm: how far the measured beam may be from the true one
_MANY = 100.0  # chambers: what ends makes a point in none


@inlined
def are_tracked(surfaces: Record, z_last: float) -> bool:
    """True where pions meet but rings, pipes, thin matter, chambers and the magnet before the end of the chambers."""
    for n in range(surfaces.n):
        if surfaces.z[n] <= z_last and surfaces.code[n] not in (
            photon_veto.CODE,
            guard_ring.CODE,
            beam_pipe.CODE,
            MATTER,
            spectrometer.CHAMBER,
            spectrometer.MAGNET,
        ):
            return False
    return True


@in_lanes
def _draw_luck(
    decays: int,
    key: tuple[np.uint64, np.uint64],
    place: int,
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
    at: int,
) -> None:
    """The number by which chambers see the particle at a ``place``, and its flight begun, from column ``at`` on."""
    luck, points, lacks = rows[Screened.LUCK, at:], rows[Screened.POINTS, at:], rows[Screened.LACKS, at:]
    flies, whole, p = rows[Screened.FLIES, at:], rows[Screened.WHOLE, at:], rows[Screened.P, at:]
    for i in range(decays):
        luck[i], _ = uniform(beginning(key[0], key[1], numbers[i], _LUCK + 4 * place))
        points[i] = 0.0
        lacks[i] = 0.0
        flies[i] = (whole[i] > 0.0) & (p[i] > _LEAST)


@in_lanes
def _clear(columns: int, z_first: float, z_last: float, hole2: float, rows: NDArray[np.float64]) -> None:
    """What surely meets none of the rings between ``z_first`` and ``z_last`` flies on."""
    x, y, z = rows[Screened.X], rows[Screened.Y], rows[Screened.Z]
    tx, ty, flies = rows[Screened.TX], rows[Screened.TY], rows[Screened.FLIES]
    for i in range(columns):
        a, b = z_first - z[i], z_last - z[i]
        ax, ay, bx, by = x[i] + tx[i] * a, y[i] + ty[i] * a, x[i] + tx[i] * b, y[i] + ty[i] * b
        flies[i] = (flies[i] > 0.0) & (ax * ax + ay * ay < hole2) & (bx * bx + by * by < hole2)


@inlined
def _place(z: float, z_magnet: float, i: int, rows: NDArray[np.float64]) -> tuple[float, float, bool]:
    """Where the course in column ``i`` is at ``z``, and whether that lies ahead of it."""
    dz, behind = min(z, z_magnet) - rows[Screened.Z, i], max(z - z_magnet, 0.0)
    x = rows[Screened.X, i] + rows[Screened.TX, i] * dz + rows[Screened.TX_BEHIND, i] * behind
    y = rows[Screened.Y, i] + rows[Screened.TY, i] * dz + rows[Screened.TY_BEHIND, i] * behind
    return x, y, z > rows[Screened.Z, i]


@in_lanes
def _meet(
    columns: int,
    z: float,
    z_magnet: float,
    shape: NDArray[np.float64],
    spread: float,
    opening: bool,
    rows: NDArray[np.float64],
) -> None:
    """At ``z`` what may meet a ``shape``, or miss it where it is an ``opening``, flies on no more.

    What surely ends there makes no further points. ``spread`` (mm MeV): what matter turns a course by, times p.
    """
    p, flies, lacks = rows[Screened.P], rows[Screened.FLIES], rows[Screened.LACKS]
    limits = limits_of(shape)
    for i in range(columns):
        x, y, ahead = _place(z, z_magnet, i, rows)
        margin = EDGE + spread / max(p[i], _LEAST)
        outside = surely_outside(limits, x, y, margin)
        inside = surely_inside(limits, x, y, margin)
        ends, passes = outside if opening else inside, inside if opening else outside
        flying = flies[i] > 0.0
        lacks[i] += _MANY if flying & ahead & ends else 0.0
        flies[i] = flying & (passes | (not ahead))


@in_lanes
def _stay_clear(
    columns: int,
    z: float,
    z_magnet: float,
    params: NDArray[np.float64],
    spread: float,
    rows: NDArray[np.float64],
) -> None:
    """What may touch a pipe in the section that ends at ``z`` flies on no more; courses are straight within one."""
    p, flies, z_from = rows[Screened.P], rows[Screened.FLIES], rows[Screened.Z]
    inner, outer, z_begin = beam_pipe.inner_of(params), beam_pipe.outer_of(params), beam_pipe.begin_of(params)
    for i in range(columns):
        x, y, ahead = _place(z, z_magnet, i, rows)
        from_x, from_y, _ = _place(max(z_begin, z_from[i]), z_magnet, i, rows)
        margin = EDGE + spread / max(p[i], _LEAST)
        dx, dy = x - from_x, y - from_y
        least, most = max(inner - margin, 0.0), outer + margin
        first2 = from_x * from_x + from_y * from_y
        within = (first2 < least * least) & (x * x + y * y < least * least)
        # farther from the axis at the beginning, and flying away from it
        away = (first2 > most * most) & (from_x * dx + from_y * dy >= 0.0)
        flies[i] = (flies[i] > 0.0) & (within | away | (not ahead))


@in_lanes
def _cross(
    columns: int,
    z: float,
    z_magnet: float,
    chamber: NDArray[np.float64],
    spread: float,
    rows: NDArray[np.float64],
) -> None:
    """Count the chamber at ``z`` for those that surely make a point there, and for those that surely make none."""
    p, flies, luck = rows[Screened.P], rows[Screened.FLIES], rows[Screened.LUCK]
    points, lacks = rows[Screened.POINTS], rows[Screened.LACKS]
    limits = limits_of(chamber)
    for i in range(columns):
        x, y, ahead = _place(z, z_magnet, i, rows)
        margin = EDGE + spread / max(p[i], _LEAST)
        point = ahead & surely_inside(limits, x, y, margin)
        point &= spectrometer.surely_points(chamber, x, y, margin, luck[i])
        none = (not ahead) | surely_outside(limits, x, y, margin)
        none |= spectrometer.surely_no_point(chamber, x, y, margin)
        flying = flies[i] > 0.0
        points[i] += 1.0 if flying & point else 0.0
        lacks[i] += 1.0 if flying & none else 0.0


@inlined
def _fly(decays: int, setup: Record, z_last: float, z_magnet: float, rows: NDArray[np.float64]) -> float:
    """The pions of a block through all surfaces up to the last chamber, one after another.

    Returns the angle (MeV, over the momentum) by which all of the matter turns them.
    """
    surfaces, rings = setup.response, setup.response.rings
    columns = _CHARGED * decays
    s0 = s1 = s2 = 0.0  # moments in z of the squared angles of all matter before
    n = 0
    while n < surfaces.n and surfaces.z[n] <= z_last:
        code, z, params = surfaces.code[n], surfaces.z[n], surfaces.params[n]
        spread = _HEAVY * _MANY_SIGMA * math.sqrt(max(z * z * s0 - 2.0 * z * s1 + s2, 0.0))
        angle = 0.0
        if n == rings.first and rings.end > n and s0 == 0.0 and rings.z_last < z_magnet:
            _clear(columns, rings.z_first, rings.z_last, rings.hole2, rows)
            n = rings.end
            continue
        if code == photon_veto.CODE:
            _meet(columns, z, z_magnet, params, spread, False, rows)
        elif code == spectrometer.MAGNET:
            _meet(columns, z, z_magnet, params, spread, True, rows)
        elif code == spectrometer.CHAMBER:
            _cross(columns, z, z_magnet, params, spread, rows)
            angle = spectrometer.largest_angle(params)
        elif code == beam_pipe.CODE:
            _stay_clear(columns, z, z_magnet, params, spread, rows)
        elif code == MATTER:
            angle = matter.largest_angle(params)
        s0 += angle * angle
        s1 += angle * angle * z
        s2 += angle * angle * z * z
        n += 1
    return math.sqrt(s0)


@inlined
def _comes_near(setup: Record, x: float, y: float, z: float, turned: float) -> bool:
    """True where a track that begins at (x, y, z), and is ``turned`` by so much, surely comes near the beam's axis."""
    good, beam = setup.good_track, setup.beam
    along = z - beam.z_reference
    dx, dy = x - beam.x - beam.slope_x * along, y - beam.y - beam.slope_y * along
    room = max(good.closest_approach - _MOVED - _FEW_SIGMA * turned * (setup.chamber_z[0] - z), 0.0)
    return bool(good.chosen == 0 or dx * dx + dy * dy < room * room)


@inlined
def _decide(decays: int, setup: Record, foregone: Foregone, turned: float, rows: NDArray[np.float64]) -> None:
    """Set ``rows`` [GONE] where tracks are too many or where there is none; ``turned`` as ``_fly`` returns it."""
    least = min(setup.min_chambers, setup.n_chambers - 1)
    if setup.good_track.chosen != 0:
        least = setup.n_chambers
    for k in range(decays):
        tracks, without, placed = 0, 0, 0
        x, y, z = rows[Screened.X, k], rows[Screened.Y, k], rows[Screened.Z, k]
        for part in range(_CHARGED):
            at = part * decays + k
            p, passes = rows[Screened.P, at], rows[Screened.PASSES, at] > 0.0
            placed += p > 0.0
            sure = passes and rows[Screened.POINTS, at] >= least and rows[Screened.FLIES, at] > 0.0
            near = _comes_near(setup, x, y, z, turned / max(p, _LEAST))
            tracks += sure and near and is_within_bounds(setup.good_track, p, z)
            without += rows[Screened.LACKS, at] > setup.n_chambers - setup.min_chambers
        lost = tracks > foregone.most_tracks or without == _CHARGED
        rows[Screened.GONE, k] = placed == _CHARGED and lost


@inlined
def tracks_lose(
    decays: int,
    setup: Record,
    foregone: Foregone,
    key: tuple[np.uint64, np.uint64],
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
    magnet: tuple[float, NDArray[np.float64]],
    sign: float,
    forced: float,
) -> None:
    """Set ``rows`` [GONE] for decays into pi+, pi+ and pi-, times ``sign``; pions in groups of columns.

    A share ``forced`` of them is made to decay (0: as in nature).
    """
    z_last = setup.chamber_z[setup.n_chambers - 1]
    for place in range(_CHARGED):
        # first of the pair, second of it, odd one
        mix = (0.0, 0.0, 1.0) if place == 0 else ((1.0, -1.0, -1.0) if place == 1 else (0.0, 1.0, 0.0))
        charge = -sign if place == _CHARGED - 1 else sign
        at = place * decays
        put_places(decays, rows, at)
        throw(decays, key, mix, _PION, place, z_last, forced, numbers, rows, at)
        _draw_luck(decays, key, place, numbers, rows, at)
        bend(decays, magnet[0], magnet[1], charge, rows, at)
    turned = _fly(decays, setup, z_last, magnet[0], rows)
    _decide(decays, setup, foregone, turned, rows)
