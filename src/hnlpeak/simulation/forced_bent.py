"""Decays turned about a lost photon until another one meets the track behind the magnet, whose it is then taken for.

The magnet moves a track at the calorimeter, along x, by its kick. A photon that is as far from the straight track as
that meets it if it also lies on the right side, by nature in a tenth of the cases (60 mm at 200 mm). A meson without
spin decays alike in all orientations: so of the ``_STEPS`` decays that differ by equal turns about the direction of the
photon that is lost, which stays as it is, one is chosen by

    s = ``_FLOOR`` + 1 / [1 + (d / ``_MERGED``)^4],

d being how far from the bent track the other photon reaches the calorimeter. Each is by nature as likely as another, so
that the chosen one is s / (mean of s over all) times as likely.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.simulation.turned import cosine_to, is_photon, turn_about
from hnlpeak.theory.modes.slots import Daughter

__all__ = ["Bend", "chance_beside", "turn_beside"]

_PX, _PY, _PZ, _ENERGY = int(Daughter.PX), int(Daughter.PY), int(Daughter.PZ), int(Daughter.ENERGY)
_STEPS = 12
_MERGED = 60.0  # mm
_FLOOR = 0.03
_BACK = 0.5  # 1 + cos to the flight: lost photons fly backwards
_FARTHEST = 900.0  # mm
_TURNS = np.array(
    [[math.cos(2.0 * math.pi * k / _STEPS), math.sin(2.0 * math.pi * k / _STEPS)] for k in range(_STEPS)]
)

Vector3 = tuple[float, float, float]


class Bend(NamedTuple):
    """``kick`` (MeV) of the magnet along x on daughter 0; distances of it and the calorimeter from the decay, mm."""

    kick: float
    magnet: float
    calorimeter: float


class _Turning(NamedTuple):
    """A row as it turns: along the axis, across it, and at right angles to both; its energy."""

    along: Vector3
    across: Vector3
    aside: Vector3
    energy: float


@inlined
def _turning(row: NDArray[np.float64], a: Vector3) -> _Turning:
    x, y, z = row[_PX], row[_PY], row[_PZ]
    size = x * a[0] + y * a[1] + z * a[2]
    along = (size * a[0], size * a[1], size * a[2])
    aside = (a[1] * z - a[2] * y, a[2] * x - a[0] * z, a[0] * y - a[1] * x)
    return _Turning(along, (x - along[0], y - along[1], z - along[2]), aside, row[_ENERGY])


@inlined
def _course(
    row: _Turning, cosine: float, sine: float, kaon: NDArray[np.float64], k: Vector3
) -> tuple[float, float, float]:
    """Momentum along ``k`` in the laboratory, and slopes to it along x and y, of a turned row."""
    x = row.along[0] + cosine * row.across[0] + sine * row.aside[0]
    y = row.along[1] + cosine * row.across[1] + sine * row.aside[1]
    z = row.along[2] + cosine * row.across[2] + sine * row.aside[2]
    along = x * k[0] + y * k[1] + z * k[2]
    there = (kaon[3] * along + math.sqrt(kaon[3] ** 2 - kaon[4] ** 2) * row.energy) / kaon[4]
    if there <= 1.0:
        return 1.0, 1.0, 1.0
    # k is nearly the axis z
    return there, (x - along * k[0]) / there, (y - along * k[1]) / there


@inlined
def _apart(
    bend: Bend,
    track: _Turning,
    photon: _Turning,
    turned: tuple[float, float],
    kaon: NDArray[np.float64],
    k: Vector3,
) -> tuple[float, float, float]:
    """How far the photon is from the straight track at the calorimeter, along x and y, and the bent one, mm."""
    p, tx, ty = _course(track, turned[0], turned[1], kaon, k)
    _, gx, gy = _course(photon, turned[0], turned[1], kaon, k)
    moved = bend.kick / p * (bend.calorimeter - max(bend.magnet, 0.0))
    return (gx - tx) * bend.calorimeter, (gy - ty) * bend.calorimeter, moved


@inlined
def _score(
    bend: Bend,
    track: _Turning,
    photon: _Turning,
    turned: tuple[float, float],
    kaon: NDArray[np.float64],
    k: Vector3,
) -> float:
    x, y, moved = _apart(bend, track, photon, turned, kaon, k)
    d2 = ((x - moved) ** 2 + y * y) / (_MERGED * _MERGED)
    return _FLOOR + 1.0 / (1.0 + d2 * d2)


@inlined
def _partner(daughters: NDArray[np.float64], n: int, away: int) -> int:
    """The photon beside ``away`` that flies closest to the track, 0 where there is none."""
    track = daughters[0]
    p = math.sqrt(track[_PX] * track[_PX] + track[_PY] * track[_PY] + track[_PZ] * track[_PZ])
    found, closest = 0, -2.0
    if p == 0.0:
        return found
    for d in range(1, n):
        if d != away and is_photon(daughters[d]):
            cosine = cosine_to(daughters[d], track[_PX] / p, track[_PY] / p, track[_PZ] / p)
            if cosine > closest:
                found, closest = d, cosine
    return found


@inlined
def _axis(row: NDArray[np.float64]) -> Vector3:
    size = math.sqrt(row[_PX] * row[_PX] + row[_PY] * row[_PY] + row[_PZ] * row[_PZ])
    return row[_PX] / size, row[_PY] / size, row[_PZ] / size


@inlined
def _may_meet(
    bend: Bend, track: _Turning, photon: _Turning, axis: Vector3, kaon: NDArray[np.float64], k: Vector3
) -> bool:
    """True where the photon is about as far from the track as that is moved; all turns about the ``axis`` agree.

    By what it would be if the meson flew along the ``axis``.
    """
    if 1.0 + axis[0] * k[0] + axis[1] * k[1] + axis[2] * k[2] > _BACK or bend.calorimeter <= 0.0:
        return False
    flight = (-axis[0], -axis[1], -axis[2])
    p, _, _ = _course(track, 1.0, 0.0, kaon, flight)
    e, _, _ = _course(photon, 1.0, 0.0, kaon, flight)
    a, b = track.across, photon.across
    tx, ty, tz = b[0] / e - a[0] / p, b[1] / e - a[1] / p, b[2] / e - a[2] / p
    r = math.sqrt(tx * tx + ty * ty + tz * tz) * bend.calorimeter
    moved = abs(bend.kick) / p * (bend.calorimeter - max(bend.magnet, 0.0))
    return bool(moved < _FARTHEST and 0.5 * moved - _MERGED < r < 1.7 * moved + _MERGED)


@inlined
def turn_beside(
    bend: Bend,
    daughters: NDArray[np.float64],
    n: int,
    away: int,
    kaon: NDArray[np.float64],
    k: Vector3,
    rng: np.random.Generator,
) -> None:
    """Turn the ``n`` daughters about photon ``away`` until another one meets the track; ``k``: the flight."""
    other = _partner(daughters, n, away)
    if other == 0:
        return
    axis = _axis(daughters[away])
    track, photon = _turning(daughters[0], axis), _turning(daughters[other], axis)
    if not _may_meet(bend, track, photon, axis, kaon, k):
        return
    total, cosine, sine = 0.0, 1.0, 0.0
    for step in range(_STEPS):
        turned = (_TURNS[step, 0], _TURNS[step, 1])
        score = _score(bend, track, photon, turned, kaon, k)
        total += score
        if rng.random() * total < score:
            cosine, sine = turned
    turn_about(daughters, n, axis, cosine, sine)


@inlined
def chance_beside(
    bend: Bend, daughters: NDArray[np.float64], n: int, away: int, kaon: NDArray[np.float64], k: Vector3
) -> float:
    """How many times as likely as nature decays are that ``turn_beside`` has turned, or left, like this."""
    other = _partner(daughters, n, away)
    if other == 0:
        return 1.0
    axis = _axis(daughters[away])
    track, photon = _turning(daughters[0], axis), _turning(daughters[other], axis)
    if not _may_meet(bend, track, photon, axis, kaon, k):
        return 1.0
    first = total = 0.0
    for step in range(_STEPS):
        score = _score(bend, track, photon, (_TURNS[step, 0], _TURNS[step, 1]), kaon, k)
        total += score
        if step == 0:
            first = score
    return _STEPS * first / total
