"""Decays K+ -> pi+ pi0 that a photon surely loses: a signal in a veto, or a cluster away from the pion."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined, kernel
from hnlpeak.core.kinematics import boost_from_rest
from hnlpeak.core.lanes import exponential_of
from hnlpeak.core.random import State, beginning, uniform
from hnlpeak.detectors import beam_pipe, calorimeter, photon_veto, spectrometer
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.passage import conversion_depth
from hnlpeak.detectors.shape import surely_inside, surely_outside
from hnlpeak.detectors.surface import MATTER
from hnlpeak.simulation.decay_in_flight import depth_of_decay
from hnlpeak.simulation.foregone import Foregone, reach_of_track
from hnlpeak.simulation.screened import Screened
from hnlpeak.simulation.streams import Stage
from hnlpeak.theory.modes import pi0, pipi0
from hnlpeak.theory.species import Species

__all__ = ["are_known", "photons_are_lost"]

_STAGE, _PHOTON = int(Stage.DECAY), int(Stage.PHOTON)
_PION = int(Species.PION_PLUS)
_EDGE = 1e-3  # mm: more than rounding can do
_LEAST = 200.0  # MeV: what softer photons do is left to the long way


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


@inlined
def _draw_decay(
    state: State, params: NDArray[np.float64]
) -> tuple[bool, tuple[float, float, float, float], tuple[float, float, float, float], float, float]:
    """Whether the pi0 makes a pair; momentum and energy of the pi+ and of the first photon; of the pi0; a number."""
    a, state = uniform(state)
    b, state = uniform(state)
    px, py, pz, e, e_pi0 = pipi0.pion(params, a, b)
    a, state = uniform(state)
    pair = pi0.makes_pair(params, a)
    a, state = uniform(state)
    b, state = uniform(state)
    photon = pi0.first_photon(params, a, b, -px, -py, -pz, e_pi0)
    a, state = uniform(state)
    return pair, (px, py, pz, e), photon, e_pi0, a


@kernel
def _throw(
    decays: int,
    key: tuple[np.uint64, np.uint64],
    params: NDArray[np.float64],
    z_end: float,
    second: bool,
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
    at: int,
) -> None:
    """The pions of a block and one photon of each pi0, the first or the ``second``, from column ``at`` on."""
    z, mass = rows[Screened.Z], rows[Screened.MASS]
    kx, ky, kz, ke = rows[Screened.KX], rows[Screened.KY], rows[Screened.KZ], rows[Screened.KE]
    out_tx, out_ty, out_p, whole = (
        rows[Screened.TX, at:],
        rows[Screened.TY, at:],
        rows[Screened.P, at:],
        rows[Screened.WHOLE, at:],
    )
    gtx, gty, ge = rows[Screened.PHOTON_TX, at:], rows[Screened.PHOTON_TY, at:], rows[Screened.PHOTON_E, at:]
    flies = rows[Screened.FLIES, at:]
    for i in range(decays):
        pair, pion, photon, e_pi0, u = _draw_decay(beginning(key[0], key[1], numbers[i], _STAGE), params)
        px, py, pz, e = pion
        gx, gy, gz, g = photon
        fx, fy, fz, _ = boost_from_rest(gx, gy, gz, g, kx[i], ky[i], kz[i], ke[i], mass[i])
        first_flies = fz > 0.0
        if second:
            gx, gy, gz, g = -px - gx, -py - gy, -pz - gz, e_pi0 - g
            fx, fy, fz, _ = boost_from_rest(gx, gy, gz, g, kx[i], ky[i], kz[i], ke[i], mass[i])
        lx, ly, lz, _ = boost_from_rest(px, py, pz, e, kx[i], ky[i], kz[i], ke[i], mass[i])
        # one that flies back has no place among the particles
        forward = (lz > 0.0) & (fz > 0.0) & first_flies
        lz, fz = lz if forward else 1.0, fz if forward else 1.0
        p, energy = math.sqrt(lx * lx + ly * ly + lz * lz), math.sqrt(fx * fx + fy * fy + fz * fz)
        out_tx[i], out_ty[i], out_p[i] = lx / lz, ly / lz, p
        whole[i] = z[i] + depth_of_decay(lz, _PION, u) >= z_end
        gtx[i], gty[i], ge[i] = fx / fz, fy / fz, energy
        flies[i] = forward & (not pair) & (energy > _LEAST)


@kernel
def _draw_photons(
    decays: int,
    key: tuple[np.uint64, np.uint64],
    place: int,
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
    at: int,
) -> None:
    """First numbers of the photons at a ``place`` among the particles, from column ``at`` on: depth, missed, time.

    A loop of its own: one that writes more than eight columns does not run in lanes.
    """
    energy, depth = rows[Screened.PHOTON_E, at:], rows[Screened.DEPTH, at:]
    missed, late = rows[Screened.MISSED, at:], rows[Screened.LATE, at:]
    for i in range(decays):
        state = beginning(key[0], key[1], numbers[i], _PHOTON + 4 * place)
        a, state = uniform(state)
        b, state = uniform(state)
        c, state = uniform(state)
        depth[i], missed[i], late[i] = conversion_depth(energy[i], a), b, exponential_of(c)


@kernel
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
    flies, lost = rows[Screened.FLIES], rows[Screened.LOST]
    for i in range(decays):
        dz = z - z_from[i]
        at_x, at_y = x[i] + tx[i] * dz, y[i] + ty[i] * dz
        ahead = (dz > 0.0) & (flies[i] > 0.0)
        beside = surely_outside(shape, at_x, at_y, _EDGE)
        met = surely_inside(shape, at_x, at_y, _EDGE)
        seen = (depth[i] > paths) & (missed[i] >= bound) & (late[i] < latest)
        lost[i] = (lost[i] > 0.0) | (ahead & met & seen)
        flies[i] = (flies[i] > 0.0) & ((dz <= 0.0) | beside)


@kernel
def _pass(decays: int, z: float, shape: NDArray[np.float64], rows: NDArray[np.float64]) -> None:
    """Photons that surely cross the magnet at ``z`` fly on."""
    x, y, z_from = rows[Screened.X], rows[Screened.Y], rows[Screened.Z]
    tx, ty, flies = rows[Screened.PHOTON_TX], rows[Screened.PHOTON_TY], rows[Screened.FLIES]
    for i in range(decays):
        dz = z - z_from[i]
        met = surely_inside(shape, x[i] + tx[i] * dz, y[i] + ty[i] * dz, _EDGE)
        flies[i] = (flies[i] > 0.0) & ((dz <= 0.0) | met)


@kernel
def _graze(decays: int, z: float, params: NDArray[np.float64], rows: NDArray[np.float64]) -> None:
    """Photons that surely do not touch the pipe in the section that ends at ``z`` fly on."""
    x, y, z_from = rows[Screened.X], rows[Screened.Y], rows[Screened.Z]
    tx, ty, flies = rows[Screened.PHOTON_TX], rows[Screened.PHOTON_TY], rows[Screened.FLIES]
    for i in range(decays):
        dz = z - z_from[i]
        at_x, at_y = x[i] + tx[i] * dz, y[i] + ty[i] * dz
        touches = beam_pipe.may_touch(params, z_from[i], at_x, at_y, z, tx[i], ty[i])
        flies[i] = (flies[i] > 0.0) & ((dz <= 0.0) | (not touches))


@kernel
def _shower(
    decays: int,
    z: float,
    params: NDArray[np.float64],
    paths: float,
    bound: float,
    threshold: float,
    apart: float,
    kick: float,
    rows: NDArray[np.float64],
) -> None:
    """Photons that meet the calorimeter at ``z``: lost where their cluster is surely apart from the pion's ways.

    ``kick`` (mm MeV): what the magnet shifts a pion by, times its momentum.
    """
    x, y, z_from = rows[Screened.X], rows[Screened.Y], rows[Screened.Z]
    tx, ty, p = rows[Screened.TX], rows[Screened.TY], rows[Screened.P]
    gtx, gty, energy = rows[Screened.PHOTON_TX], rows[Screened.PHOTON_TY], rows[Screened.PHOTON_E]
    depth, missed, whole = rows[Screened.DEPTH], rows[Screened.MISSED], rows[Screened.WHOLE]
    flies, lost = rows[Screened.FLIES], rows[Screened.LOST]
    for i in range(decays):
        dz = z - z_from[i]
        met = surely_inside(params, x[i] + gtx[i] * dz, y[i] + gty[i] * dz, _EDGE)
        seen = (depth[i] > paths) & (missed[i] >= bound)
        seen &= calorimeter.surely_above(params, energy[i], threshold)
        reach = reach_of_track(apart, 0.0, p[i]) + calorimeter.largest_shift(params, energy[i])
        dx, dy = (gtx[i] - tx[i]) * dz, (gty[i] - ty[i]) * dz
        turned = dx - kick / p[i]
        beside2 = min(dx * dx, turned * turned)
        far = (beside2 + dy * dy > reach * reach) & (whole[i] > 0.0)
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


@inlined
def _doubt_pairs(decays: int, paths: float, rows: NDArray[np.float64]) -> None:
    """Where either photon may become tracks a cluster away from the pion's decides nothing: it may be near theirs."""
    depth, whole = rows[Screened.DEPTH], rows[Screened.WHOLE]
    for k in range(decays):
        if min(depth[k], depth[decays + k]) <= paths:
            whole[k] = whole[decays + k] = 0.0


@inlined
def _fly(decays: int, setup: Record, foregone: Foregone, rows: NDArray[np.float64]) -> None:
    """The photons of a block through all surfaces, one after another."""
    surfaces = setup.response
    paths = 0.0
    for m in range(surfaces.n_neutral):
        n = surfaces.neutral[m]
        code, z, params = surfaces.code[n], surfaces.z[n], surfaces.params[n]
        if code in (MATTER, spectrometer.CHAMBER):
            paths += surfaces.paths_of[n]
        elif code == spectrometer.MAGNET:
            _pass(decays, z, params, rows)
        elif code == beam_pipe.CODE:
            _graze(decays, z, params, rows)
        elif code == photon_veto.CODE:
            window = foregone.windows[photon_veto.system_of(params)] - foregone.blur
            bound = photon_veto.most_missed(params, _LEAST)
            _meet(decays, z, params, paths, bound, photon_veto.in_time_below(params, window), rows)
        else:
            in_time = calorimeter.latest(params) < setup.cluster_window - foregone.blur
            threshold = max(foregone.extra, setup.cluster_threshold) if in_time else np.inf
            kick = setup.magnet_kick * (z - setup.magnet_z)
            bound = calorimeter.most_missed(params, _LEAST)
            _shower(decays, z, params, paths, bound, threshold, foregone.apart, kick, rows)


@inlined
def photons_are_lost(
    decays: int,
    setup: Record,
    foregone: Foregone,
    params: NDArray[np.float64],
    key: tuple[np.uint64, np.uint64],
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
) -> None:
    """Fill ``rows`` [LOST] for decays K+ -> pi+ pi0 with these ``numbers``; second photons in columns behind."""
    for k in range(decays):
        for row in (Screened.X, Screened.Y, Screened.Z):
            rows[row, decays + k] = rows[row, k]
        rows[Screened.LOST, k] = rows[Screened.LOST, decays + k] = 0.0
    for second in (False, True):
        at = decays if second else 0
        _throw(decays, key, params, setup.beam.z_end_hadron, second, numbers, rows, at)
        _draw_photons(decays, key, 2 if second else 1, numbers, rows, at)
    _doubt_pairs(decays, _paths_to_tracks(setup), rows)
    _fly(2 * decays, setup, foregone, rows)
    for k in range(decays):
        lost = rows[Screened.LOST, k] + rows[Screened.LOST, decays + k]
        rows[Screened.LOST, k] = lost if numbers[k] % foregone.every != 0 else 0.0
