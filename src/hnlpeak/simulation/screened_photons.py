"""Decays with neutral pions that a photon surely loses: a signal in a veto, or a cluster away from the charged one."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import in_lanes, inlined
from hnlpeak.core.kinematics import boost_from_rest
from hnlpeak.core.lanes import exponential_of
from hnlpeak.core.random import beginning, uniform
from hnlpeak.detectors import beam_pipe, calorimeter, photon_veto, spectrometer
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.passage import conversion_depth
from hnlpeak.detectors.shape import edges_of_ring, is_ring, limits_of, surely_inside, surely_outside
from hnlpeak.detectors.surface import MATTER
from hnlpeak.simulation.foregone import Foregone, reach_of_track
from hnlpeak.simulation.screened import Screened
from hnlpeak.simulation.screened_courses import EDGE, put_places
from hnlpeak.simulation.streams import Stage
from hnlpeak.theory.modes import pi0

__all__ = ["are_known", "photons_lose"]

_STAGE, _PHOTON = int(Stage.DECAY), int(Stage.PHOTON)
_LEAST = 200.0  # MeV: what softer photons do is left to the long way
_BARELY = 0.05  # mean free paths: what is thinner counts for photons that pass beside it, too
_Ring = tuple[float, float, float, float, float, float, float, float]
"""Station about the axis: z (mm), ``edges_of_ring``; mean free paths before it, and what ``_meet`` asks of numbers."""
_TOGETHER = 4
_NOWHERE: _Ring = (-np.inf, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@inlined
def are_known(setup: Record) -> bool:
    """True where photons meet vetoes, calorimeters, thin matter, the magnet and pipes too late for tracks alone."""
    surfaces = setup.response
    last = setup.n_chambers - setup.min_chambers
    for m in range(surfaces.n_neutral):
        n = surfaces.neutral[m]
        code = surfaces.code[n]
        if code == beam_pipe.CODE and (
            last < 0 or beam_pipe.begin_of(surfaces.params[n]) < setup.chamber_z[last]
        ):
            return False
        if code not in (
            photon_veto.CODE,
            beam_pipe.CODE,
            calorimeter.CODE,
            spectrometer.MAGNET,
            MATTER,
            spectrometer.CHAMBER,
        ):
            return False
    return True


@in_lanes
def _throw(
    decays: int,
    key: tuple[np.uint64, np.uint64],
    params: NDArray[np.float64],
    pion: int,
    second: bool,
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
    at: int,
) -> None:
    """One photon of each neutral ``pion`` (0, 1), the first or the ``second``, from column ``at`` on."""
    ax, ay, az, ae = rows[Screened.AX], rows[Screened.AY], rows[Screened.AZ], rows[Screened.AE]
    bx, by, bz, be = rows[Screened.BX], rows[Screened.BY], rows[Screened.BZ], rows[Screened.BE]
    kx, ky, kz, ke = rows[Screened.KX], rows[Screened.KY], rows[Screened.KZ], rows[Screened.KE]
    mass = rows[Screened.MASS]
    gtx, gty, ge = rows[Screened.PHOTON_TX, at:], rows[Screened.PHOTON_TY, at:], rows[Screened.PHOTON_E, at:]
    other = pion > 0
    for i in range(decays):
        state = beginning(key[0], key[1], numbers[i], _STAGE)
        _, state = uniform(state)
        a, state = uniform(state)
        b, state = uniform(state)
        _, state = uniform(state)
        c, state = uniform(state)
        d, state = uniform(state)
        u, v = c if other else a, d if other else b
        px = -ax[i] - bx[i] if other else bx[i]
        py = -ay[i] - by[i] if other else by[i]
        pz = -az[i] - bz[i] if other else bz[i]
        energy = mass[i] - ae[i] - be[i] if other else be[i]
        gx, gy, gz, g = pi0.first_photon(params, u, v, px, py, pz, energy)
        gx, gy, gz, g = (
            px - gx if second else gx,
            py - gy if second else gy,
            pz - gz if second else gz,
            energy - g if second else g,
        )
        fx, fy, fz, _ = boost_from_rest(gx, gy, gz, g, kx[i], ky[i], kz[i], ke[i], mass[i])
        # one that flies back has no place among the particles
        placed = (fz > 0.0) & (ae[i] > 0.0)
        fz = fz if placed else 1.0
        gtx[i], gty[i] = fx / fz, fy / fz
        ge[i] = math.sqrt(fx * fx + fy * fy + fz * fz) if placed else 0.0


@in_lanes
def _draw_photons(
    decays: int,
    key: tuple[np.uint64, np.uint64],
    place: int,
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
    at: int,
) -> None:
    """First numbers of the photons at a ``place`` among the particles, from column ``at`` on: depth, missed, time."""
    energy, depth = rows[Screened.PHOTON_E, at:], rows[Screened.DEPTH, at:]
    missed, late = rows[Screened.MISSED, at:], rows[Screened.LATE, at:]
    for i in range(decays):
        state = beginning(key[0], key[1], numbers[i], _PHOTON + 4 * place)
        a, state = uniform(state)
        b, state = uniform(state)
        c, state = uniform(state)
        depth[i], missed[i], late[i] = conversion_depth(energy[i], a), b, exponential_of(c)


@in_lanes
def _meet(
    decays: int,
    z: float,
    shape: NDArray[np.float64],
    paths: float,
    bound: float,
    latest: float,
    rows: NDArray[np.float64],
) -> None:
    """Photons that meet a station at ``z`` end there: lost where it surely sees them in time."""
    x, y, z_from = rows[Screened.X], rows[Screened.Y], rows[Screened.Z]
    tx, ty = rows[Screened.PHOTON_TX], rows[Screened.PHOTON_TY]
    depth, missed, late = rows[Screened.DEPTH], rows[Screened.MISSED], rows[Screened.LATE]
    flies, lost = rows[Screened.FLIES], rows[Screened.GONE]
    limits = limits_of(shape)
    for i in range(decays):
        dz = z - z_from[i]
        at_x, at_y = x[i] + tx[i] * dz, y[i] + ty[i] * dz
        ahead = (dz > 0.0) & (flies[i] > 0.0)
        beside = surely_outside(limits, at_x, at_y, EDGE)
        met = surely_inside(limits, at_x, at_y, EDGE)
        seen = (depth[i] > paths) & (missed[i] >= bound) & (late[i] < latest)
        lost[i] = (lost[i] > 0.0) | (ahead & met & seen)
        flies[i] = (flies[i] > 0.0) & ((dz <= 0.0) | beside)


@inlined
def _meet_ring(
    ring: _Ring,
    place: tuple[float, float, float, float, float],
    numbers: tuple[float, float, float],
    flies: bool,
    lost: bool,
) -> tuple[bool, bool]:
    """The same for one photon and a station that is a ring: whether it flies on, and whether it is lost."""
    z, hole_least, hole_most, edge_least, edge_most, paths, bound, latest = ring
    x, y, z_from, tx, ty = place
    depth, missed, late = numbers
    dz = z - z_from
    at_x, at_y = x + tx * dz, y + ty * dz
    radius2 = at_x * at_x + at_y * at_y
    met = (radius2 >= hole_most) & (radius2 <= edge_least)
    beside = (radius2 < hole_least) | (radius2 > edge_most)
    seen = (depth > paths) & (missed >= bound) & (late < latest)
    return flies & ((dz <= 0.0) | beside), lost | (flies & (dz > 0.0) & met & seen)


@in_lanes
def _meet_rings(decays: int, rings: tuple[_Ring, _Ring, _Ring, _Ring], rows: NDArray[np.float64]) -> None:
    """The same for four stations in a row: half of the time of a loop over columns is to read and to write them."""
    x, y, z_from = rows[Screened.X], rows[Screened.Y], rows[Screened.Z]
    tx, ty = rows[Screened.PHOTON_TX], rows[Screened.PHOTON_TY]
    depth, missed, late = rows[Screened.DEPTH], rows[Screened.MISSED], rows[Screened.LATE]
    flies, gone = rows[Screened.FLIES], rows[Screened.GONE]
    first, second, third, fourth = rings
    for i in range(decays):
        place, numbers = (x[i], y[i], z_from[i], tx[i], ty[i]), (depth[i], missed[i], late[i])
        on, lost = _meet_ring(first, place, numbers, flies[i] > 0.0, gone[i] > 0.0)
        on, lost = _meet_ring(second, place, numbers, on, lost)
        on, lost = _meet_ring(third, place, numbers, on, lost)
        flies[i], gone[i] = _meet_ring(fourth, place, numbers, on, lost)


@in_lanes
def _cross(
    decays: int, z: float, shape: NDArray[np.float64], paths: float, rows: NDArray[np.float64]
) -> None:
    """Matter at ``z`` of so many mean free ``paths`` takes them from the depth of photons that may meet it."""
    x, y, z_from = rows[Screened.X], rows[Screened.Y], rows[Screened.Z]
    tx, ty, depth = rows[Screened.PHOTON_TX], rows[Screened.PHOTON_TY], rows[Screened.DEPTH]
    limits = limits_of(shape)
    for i in range(decays):
        dz = z - z_from[i]
        beside = surely_outside(limits, x[i] + tx[i] * dz, y[i] + ty[i] * dz, EDGE)
        depth[i] -= 0.0 if beside else paths


@in_lanes
def _pass(decays: int, z: float, shape: NDArray[np.float64], rows: NDArray[np.float64]) -> None:
    """Photons that surely cross the magnet at ``z`` fly on."""
    limits = limits_of(shape)
    x, y, z_from = rows[Screened.X], rows[Screened.Y], rows[Screened.Z]
    tx, ty, flies = rows[Screened.PHOTON_TX], rows[Screened.PHOTON_TY], rows[Screened.FLIES]
    for i in range(decays):
        dz = z - z_from[i]
        met = surely_inside(limits, x[i] + tx[i] * dz, y[i] + ty[i] * dz, EDGE)
        flies[i] = (flies[i] > 0.0) & ((dz <= 0.0) | met)


@in_lanes
def _graze(decays: int, z: float, params: NDArray[np.float64], rows: NDArray[np.float64]) -> None:
    """Photons that surely do not touch the pipe in the section that ends at ``z`` fly on."""
    x, y, z_from = rows[Screened.X], rows[Screened.Y], rows[Screened.Z]
    tx, ty, flies = rows[Screened.PHOTON_TX], rows[Screened.PHOTON_TY], rows[Screened.FLIES]
    for i in range(decays):
        dz = z - z_from[i]
        at_x, at_y = x[i] + tx[i] * dz, y[i] + ty[i] * dz
        touches = beam_pipe.may_touch(params, z_from[i], at_x, at_y, z, tx[i], ty[i])
        flies[i] = (flies[i] > 0.0) & ((dz <= 0.0) | (not touches))


@in_lanes
def _accept(
    decays: int, z: float, plane: NDArray[np.float64], margin: float, rows: NDArray[np.float64]
) -> None:
    """Photons whose clusters at ``z`` may not count, for the place that they are at, decide nothing."""
    limits = limits_of(plane)
    x, y, z_from = rows[Screened.X], rows[Screened.Y], rows[Screened.Z]
    tx, ty, flies = rows[Screened.PHOTON_TX], rows[Screened.PHOTON_TY], rows[Screened.FLIES]
    for i in range(decays):
        dz = z - z_from[i]
        counts = surely_inside(limits, x[i] + tx[i] * dz, y[i] + ty[i] * dz, margin)
        flies[i] = (flies[i] > 0.0) & counts


@in_lanes
def _shower(
    decays: int,
    z: float,
    params: NDArray[np.float64],
    paths: float,
    bound: float,
    threshold: float,
    apart: float,
    kick: float,
    radiates: bool,
    lined: bool,
    far_from_pairs: float,
    rows: NDArray[np.float64],
    at: int,
) -> None:
    """Photons that meet the calorimeter at ``z``: lost where their cluster is surely apart from the charged one's ways.

    ``kick`` (mm MeV): what the magnet shifts that one by, times its momentum; one that ``radiates`` by any length. Its
    undeflected line is one of its ways where it is ``lined``. A cluster decides nothing where a photon may become
    tracks, within so many mean free paths: it may be near theirs.
    """
    x, y, z_from = rows[Screened.X], rows[Screened.Y], rows[Screened.Z]
    tx, ty, p = rows[Screened.TX], rows[Screened.TY], rows[Screened.P]
    gtx, gty = rows[Screened.PHOTON_TX, at:], rows[Screened.PHOTON_TY, at:]
    energy, depth, missed = (
        rows[Screened.PHOTON_E, at:],
        rows[Screened.DEPTH, at:],
        rows[Screened.MISSED, at:],
    )
    whole, shallowest = rows[Screened.WHOLE], rows[Screened.LEAST_DEPTH]
    flies, lost = rows[Screened.FLIES, at:], rows[Screened.GONE, at:]
    limits = limits_of(params)
    for i in range(decays):
        dz = z - z_from[i]
        met = surely_inside(limits, x[i] + gtx[i] * dz, y[i] + gty[i] * dz, EDGE)
        seen = (depth[i] > paths) & (missed[i] >= bound)
        seen &= calorimeter.surely_above(params, energy[i], threshold)
        momentum = max(p[i], 1.0)
        reach = reach_of_track(apart, 0.0, momentum) + calorimeter.largest_shift(params, energy[i])
        dx, dy = (gtx[i] - tx[i]) * dz, (gty[i] - ty[i]) * dz
        turned = dx - kick / momentum
        on_line = dx * dx if lined else np.inf
        beside2 = 0.0 if radiates else min(on_line, turned * turned)
        far = (beside2 + dy * dy > reach * reach) & (whole[i] > 0.0) & (shallowest[i] > far_from_pairs)
        lost[i] = (lost[i] > 0.0) | ((flies[i] > 0.0) & (dz > 0.0) & met & seen & far)
        flies[i] = (flies[i] > 0.0) & (dz <= 0.0)


@inlined
def _paths_to_tracks(setup: Record) -> float:
    """Mean free paths of thin matter in which a photon may become a pair that makes tracks."""
    last = setup.n_chambers - setup.min_chambers  # pairs that begin behind this chamber cross too few
    paths = 0.0
    if last >= 0:
        surfaces = setup.response
        for m in range(surfaces.n_neutral):
            n = surfaces.neutral[m]
            if surfaces.z[n] < setup.chamber_z[last]:
                paths += surfaces.paths_of[n]
    return paths


@in_lanes
def _join(decays: int, rows: NDArray[np.float64], at: int) -> None:
    """Take the photons from column ``at`` on into the least energy and depth of their decays."""
    energy, depth = rows[Screened.PHOTON_E, at:], rows[Screened.DEPTH, at:]
    least_e, least_depth = rows[Screened.LEAST_E], rows[Screened.LEAST_DEPTH]
    for i in range(decays):
        least_e[i], least_depth[i] = min(least_e[i], energy[i]), min(least_depth[i], depth[i])


@in_lanes
def _begin(decays: int, rows: NDArray[np.float64], at: int) -> None:
    """Photons from column ``at`` on fly where all of the decay have their place."""
    energy, flies, gone = rows[Screened.PHOTON_E, at:], rows[Screened.FLIES, at:], rows[Screened.GONE, at:]
    least = rows[Screened.LEAST_E]
    for i in range(decays):
        flies[i] = (least[i] > 0.0) & (energy[i] > _LEAST)
        gone[i] = 0.0


@in_lanes
def _take_in(decays: int, rows: NDArray[np.float64], at: int) -> None:
    """What photons from column ``at`` on lose is gone."""
    all_of_them, gone = rows[Screened.GONE], rows[Screened.GONE, at:]
    for i in range(decays):
        all_of_them[i] += gone[i]


@inlined
def _stay_accepted(columns: int, z: float, setup: Record, margin: float, rows: NDArray[np.float64]) -> None:
    """Of photons that meet the calorimeter at ``z`` those go on whose clusters count, moved by ``margin`` or not."""
    if setup.cluster_acceptance > 0.0:
        planes = setup.acceptance
        for n in range(planes.n):
            if planes.z[n] == z:
                _accept(columns, z, planes.params[n], margin, rows)


@inlined
def _reach_calorimeter(
    decays: int,
    photons: int,
    z: float,
    params: NDArray[np.float64],
    paths: float,
    setup: Record,
    foregone: Foregone,
    radiates: bool,
    charge: float,
    rows: NDArray[np.float64],
) -> None:
    """The photons of a block at the calorimeter."""
    in_time = calorimeter.latest(params) < setup.cluster_window - foregone.blur
    threshold = max(foregone.extra, setup.cluster_threshold) if in_time else np.inf
    kick = charge * setup.magnet_kick * (z - setup.magnet_z)
    bound, far = calorimeter.most_missed(params, _LEAST), _paths_to_tracks(setup)
    apart, lined = foregone.apart + foregone.moved, setup.undeflected_zone > 0.0
    _stay_accepted(photons * decays, z, setup, calorimeter.largest_shift(params, threshold), rows)
    for photon in range(photons):
        at = photon * decays
        _shower(decays, z, params, paths, bound, threshold, apart, kick, radiates, lined, far, rows, at)


@inlined
def _fly(
    decays: int,
    photons: int,
    setup: Record,
    foregone: Foregone,
    radiates: bool,
    charge: float,
    rows: NDArray[np.float64],
) -> None:
    """The photons of a block through all surfaces, one after another; rings in a row are met four at a time."""
    surfaces, columns = setup.response, photons * decays
    paths = 0.0
    rings, waiting = (_NOWHERE, _NOWHERE, _NOWHERE, _NOWHERE), 0
    for m in range(surfaces.n_neutral):
        n = surfaces.neutral[m]
        code, z, params = surfaces.code[n], surfaces.z[n], surfaces.params[n]
        if code in (MATTER, spectrometer.CHAMBER) and surfaces.paths_of[n] < _BARELY:
            paths += surfaces.paths_of[n]
            continue
        of_ring = code == photon_veto.CODE and is_ring(params) and params[0] == 0.0
        if waiting > 0 and (waiting == _TOGETHER or not of_ring):
            _meet_rings(columns, rings, rows)
            rings, waiting = (_NOWHERE, _NOWHERE, _NOWHERE, _NOWHERE), 0
        if code == photon_veto.CODE:
            window = foregone.windows[photon_veto.system_of(params)] - foregone.blur
            asked = paths, photon_veto.most_missed(params, _LEAST), photon_veto.in_time_below(params, window)
            if of_ring:
                rings, waiting = (
                    (rings[1], rings[2], rings[3], (z, *edges_of_ring(params, EDGE), *asked)),
                    waiting + 1,
                )
            else:
                _meet(columns, z, params, asked[0], asked[1], asked[2], rows)
        elif code == spectrometer.MAGNET:
            _pass(columns, z, params, rows)
        elif code == beam_pipe.CODE:
            _graze(columns, z, params, rows)
        elif code == calorimeter.CODE:
            _reach_calorimeter(decays, photons, z, params, paths, setup, foregone, radiates, charge, rows)
        else:
            _cross(columns, z, params, surfaces.paths_of[n], rows)
    if waiting > 0:
        _meet_rings(columns, rings, rows)


@inlined
def photons_lose(
    decays: int,
    setup: Record,
    foregone: Foregone,
    params: NDArray[np.float64],
    pions: int,
    radiates: bool,
    charge: float,
    key: tuple[np.uint64, np.uint64],
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
) -> None:
    """Set ``rows`` [GONE] for decays into one particle of this ``charge`` and neutral ``pions``; photons in groups."""
    rows[Screened.LEAST_E, :decays] = rows[Screened.LEAST_DEPTH, :decays] = np.inf
    for photon in range(2 * pions):
        at = photon * decays
        _throw(decays, key, params, photon // 2, photon % 2 == 1, numbers, rows, at)
        _draw_photons(decays, key, 1 + photon, numbers, rows, at)
        _join(decays, rows, at)
        if photon > 0:
            put_places(decays, rows, at)
    for photon in range(2 * pions):
        _begin(decays, rows, photon * decays)
    _fly(decays, 2 * pions, setup, foregone, radiates, charge, rows)
    for photon in range(1, 2 * pions):
        _take_in(decays, rows, photon * decays)
