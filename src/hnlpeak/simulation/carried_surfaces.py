"""What surfaces do to the muons of a block that are carried together, each surface for all of them, in lanes.

Every loop begins the numbers of a muon at a stage of its own, ``Stage.CARRIED`` and 4 more for each surface.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import in_lanes, inlined
from hnlpeak.core.lanes import normal_pair
from hnlpeak.core.random import beginning, uniform
from hnlpeak.detectors import hodoscope, matter, muon_veto, spectrometer
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.passage import of_light
from hnlpeak.detectors.shape import lies_inside, limits_of
from hnlpeak.detectors.surface import APERTURE, MATTER
from hnlpeak.simulation.carried import Carried, Carry
from hnlpeak.simulation.screened import LANES
from hnlpeak.simulation.streams import Stage
from hnlpeak.theory.species import MASS, Species

__all__ = ["carry_all"]

_STAGE, _LUCK = int(Stage.CARRIED), int(Stage.LUCK)
_M_MU = float(MASS[Species.MUON_PLUS])
Key = tuple[np.uint64, np.uint64]


@in_lanes
def _set_out(count: int, key: Key, numbers: NDArray[np.int64], rows: NDArray[np.float64]) -> None:
    """What belongs to a muon all the way."""
    p, inverse, minus_ln = rows[Carried.P], rows[Carried.INVERSE_BETA_P], rows[Carried.MINUS_LN_BETA2]
    luck, alive = rows[Carried.LUCK], rows[Carried.ALIVE]
    crossed, planes, time = rows[Carried.CROSSED], rows[Carried.PLANES], rows[Carried.TIME]
    met, seen, tx, ty = rows[Carried.MET], rows[Carried.SEEN], rows[Carried.TX], rows[Carried.TY]
    tx_start, ty_start = rows[Carried.TX_START], rows[Carried.TY_START]
    for i in range(count):
        luck[i], _ = uniform(beginning(key[0], key[1], numbers[i], _LUCK))
        inverse[i], minus_ln[i] = of_light(_M_MU, p[i])
        alive[i] = 1.0
        crossed[i] = planes[i] = time[i] = met[i] = seen[i] = 0.0
        tx[i], ty[i] = tx_start[i], ty_start[i]


@in_lanes
def _move(count: int, dz: float, rows: NDArray[np.float64]) -> None:
    x, y, tx, ty = rows[Carried.X], rows[Carried.Y], rows[Carried.TX], rows[Carried.TY]
    for i in range(count):
        x[i] += tx[i] * dz
        y[i] += ty[i] * dz


@in_lanes
def _scatter(
    count: int,
    params: NDArray[np.float64],
    angles: tuple[float, float],
    key: Key,
    stage: int,
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
) -> None:
    """Turn what crosses a layer of matter; ``angles``: constants of Highland's form, MeV."""
    x, y, tx, ty = rows[Carried.X], rows[Carried.Y], rows[Carried.TX], rows[Carried.TY]
    inverse, minus_ln = rows[Carried.INVERSE_BETA_P], rows[Carried.MINUS_LN_BETA2]
    constant, log_constant = angles
    limits = limits_of(params)
    for i in range(count):
        state = beginning(key[0], key[1], numbers[i], stage)
        u, state = uniform(state)
        v, state = uniform(state)
        a, b = normal_pair(u, v)
        inside = lies_inside(limits, x[i], y[i])
        theta = inverse[i] * (constant + log_constant * minus_ln[i]) if inside else 0.0
        tx[i] += theta * a
        ty[i] += theta * b


@in_lanes
def _cross_chamber(
    count: int,
    chamber: int,
    params: NDArray[np.float64],
    key: Key,
    stage: int,
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
) -> None:
    """Note where a chamber is crossed, and the normal numbers by which it will measure that."""
    x, y, alive, met = rows[Carried.X], rows[Carried.Y], rows[Carried.ALIVE], rows[Carried.MET]
    at = Carried.POINTS + 4 * chamber
    at_x, at_y, first, second = rows[at], rows[at + 1], rows[at + 2], rows[at + 3]
    bit = float(1 << chamber)
    limits = limits_of(params)
    for i in range(count):
        state = beginning(key[0], key[1], numbers[i], stage)
        u, state = uniform(state)
        v, state = uniform(state)
        first[i], second[i] = normal_pair(u, v)
        inside = lies_inside(limits, x[i], y[i]) & (alive[i] > 0.0)
        at_x[i], at_y[i] = x[i], y[i]
        met[i] += bit if inside else 0.0


@in_lanes
def _bend(count: int, charge: float, params: NDArray[np.float64], rows: NDArray[np.float64]) -> None:
    """The magnet's kick; what misses the magnet, or turns too much, ends."""
    x, y, tx, ty = rows[Carried.X], rows[Carried.Y], rows[Carried.TX], rows[Carried.TY]
    p, alive = rows[Carried.P], rows[Carried.ALIVE]
    limits = limits_of(params)
    for i in range(count):
        inside = lies_inside(limits, x[i], y[i])
        tx[i], ty[i], ratio2 = spectrometer.kicked(params, charge, tx[i], ty[i], p[i])
        alive[i] = inside & (ratio2 >= spectrometer.LEAST_RATIO2)


@inlined
def _straight(rows: NDArray[np.float64], i: int, before: float, behind: float) -> tuple[float, float]:
    """Where muon ``i`` is without matter, so far before (negative) or behind the magnet."""
    x = rows[Carried.X_MAGNET, i] + rows[Carried.TX_START, i] * before + rows[Carried.TX_BEHIND, i] * behind
    y = rows[Carried.Y_MAGNET, i] + rows[Carried.TY_START, i] * before + rows[Carried.TY_BEHIND, i] * behind
    return x, y


@in_lanes
def _cross_aperture(count: int, dz: float, params: NDArray[np.float64], rows: NDArray[np.float64]) -> None:
    """Count an aperture of the verdict so far from the magnet in z."""
    crossed, before, behind = rows[Carried.CROSSED], min(dz, 0.0), max(dz, 0.0)
    limits = limits_of(params)
    for i in range(count):
        x, y = _straight(rows, i, before, behind)
        crossed[i] += lies_inside(limits, x, y)


@in_lanes
def _fire_plane(
    count: int,
    dz: float,
    params: NDArray[np.float64],
    key: Key,
    stage: int,
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
) -> None:
    """Planes of the hodoscope that fire; the time of the track comes with the last one."""
    planes, time, before, behind = rows[Carried.PLANES], rows[Carried.TIME], min(dz, 0.0), max(dz, 0.0)
    limits = limits_of(params)
    for i in range(count):
        state = beginning(key[0], key[1], numbers[i], stage)
        w, state = uniform(state)
        u, state = uniform(state)
        v, state = uniform(state)
        x, y = _straight(rows, i, before, behind)
        planes[i] += lies_inside(limits, x, y) & hodoscope.fires(params, w)
        a, _ = normal_pair(u, v)
        time[i] = hodoscope.resolution_of(params) * a


@in_lanes
def _count_muon(
    count: int,
    counter: int,
    dz: float,
    params: NDArray[np.float64],
    key: Key,
    stage: int,
    numbers: NDArray[np.int64],
    rows: NDArray[np.float64],
) -> None:
    """Where a counter sees muons, and when."""
    p, seen, before, behind = rows[Carried.P], rows[Carried.SEEN], min(dz, 0.0), max(dz, 0.0)
    counters, at = muon_veto.counters_of(params), Carried.COUNTERS + 3 * counter
    at_x, at_y, time = rows[at], rows[at + 1], rows[at + 2]
    bit = float(1 << counter)
    for i in range(count):
        state = beginning(key[0], key[1], numbers[i], stage)
        w, state = uniform(state)
        a, state = uniform(state)
        b, state = uniform(state)
        u, state = uniform(state)
        v, state = uniform(state)
        x, y = _straight(rows, i, before, behind)
        efficient = muon_veto.sees(params, x, y, p[i], w)
        at_x[i], at_y[i], met = muon_veto.met(params, counters, x, y, p[i], (a, b))
        pull, _ = normal_pair(u, v)
        time[i] = muon_veto.resolution_of(params) * pull
        seen[i] += bit if efficient & met else 0.0


@inlined
def _fly(count: int, setup: Record, charge: float, key: Key, carry: Carry) -> int:
    """Fly through the response up to the last chamber; returns the stage after it."""
    surfaces, stage, numbers, rows = setup.response, _STAGE, carry.numbers, carry.rows
    z = surfaces.z[0]
    z_last = setup.chamber_z[setup.n_chambers - 1]
    for n in range(surfaces.n):
        if surfaces.z[n] > z_last:
            break
        code, params = surfaces.code[n], surfaces.params[n]
        if code not in (MATTER, spectrometer.CHAMBER, spectrometer.MAGNET):
            continue  # a pipe, of which all stay clear
        if surfaces.z[n] > z:
            _move(count, surfaces.z[n] - z, rows)
            z = surfaces.z[n]
        if code == spectrometer.MAGNET:
            _bend(count, charge, params, rows)
        else:
            is_chamber = code == spectrometer.CHAMBER
            if is_chamber:
                _cross_chamber(count, spectrometer.index_of(params), params, key, stage, numbers, rows)
                stage += 4
            angles = spectrometer.angles_of(params) if is_chamber else matter.angles_of(params)
            _scatter(count, params, angles, key, stage, numbers, rows)
        stage += 4
    return stage


@inlined
def _ask_verdict(count: int, surfaces: Record, z_magnet: float, key: Key, stage: int, carry: Carry) -> None:
    """Apertures, hodoscope and counters on straight lines."""
    numbers, rows, counter = carry.numbers, carry.rows, 0
    for n in range(surfaces.n):
        code, params, dz = surfaces.code[n], surfaces.params[n], surfaces.z[n] - z_magnet
        if code == APERTURE:
            _cross_aperture(count, dz, params, rows)
        elif code == hodoscope.CODE:
            _fire_plane(count, dz, params, key, stage, numbers, rows)
        elif code == muon_veto.CODE:
            _count_muon(count, counter, dz, params, key, stage, numbers, rows)
            counter += 1
        stage += 4


@inlined
def carry_all(setup: Record, z_magnet: float, charge: float, key: Key, carry: Carry) -> None:
    """Carry the muons of this ``charge`` (in e) that were taken, up to the last chamber and through the verdict."""
    count = carry.taken[0]
    if count == 0:
        return
    columns = -(-count // LANES) * LANES
    for k in range(count, columns):  # no loop has a rest that runs one by one
        carry.numbers[k] = carry.numbers[0]
        for row in range(Carried.X + 2):
            carry.rows[row, k] = carry.rows[row, 0]
    _set_out(columns, key, carry.numbers, carry.rows)
    stage = _fly(columns, setup, charge, key, carry)
    _ask_verdict(columns, setup.stages[1], z_magnet, key, stage, carry)
