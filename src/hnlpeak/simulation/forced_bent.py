"""Decays turned about the beam until a photon meets the track behind the magnet, where it is taken for the track's.

The magnet moves a track at the calorimeter, along x, by its kick. A photon that is as far from the straight track as
that meets it if it also lies on the right side, by nature in a tenth of the cases (60 mm at 200 mm). A decay turned
about the meson's flight is as likely by nature, and a photon made soft (``forced_photons``) stays as soft: so of decays
with a soft photon the share ``_TURNED`` are turned, where the other photon's distance r to the track is about that of
the bend. The azimuth a from the track to the photon, by nature uniform, is drawn with

    q(a) = t / (2 pi [sin^2(a / 2) + t^2 cos^2(a / 2)]),        t = tan(w / 2),

a Cauchy density on the circle of half-width w = ``_MERGED`` / r about the side to which the magnet bends.
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
_TURNED = 0.7
_MERGED = 60.0  # mm
_LEAST = 1e-6

Vector3 = tuple[float, float, float]


class Bend(NamedTuple):
    """``kick`` (MeV) of the magnet along x on daughter 0; distances of it and the calorimeter from the decay, mm."""

    kick: float
    magnet: float
    calorimeter: float


class _Side(NamedTuple):
    """Share that is turned, t, both alike for all turns about the beam, and a."""

    share: float
    narrow: float
    azimuth: float


@inlined
def _course(row: NDArray[np.float64], kaon: NDArray[np.float64], k: Vector3) -> tuple[float, float, float]:
    """Momentum along ``k`` in the laboratory, and slopes to it along x and y."""
    along = row[_PX] * k[0] + row[_PY] * k[1] + row[_PZ] * k[2]
    p = math.sqrt(kaon[0] * kaon[0] + kaon[1] * kaon[1] + kaon[2] * kaon[2])
    there = (kaon[3] * along + p * row[_ENERGY]) / kaon[4]
    if there <= 0.0:
        return 0.0, 0.0, 0.0
    across = math.sqrt(1.0 - k[0] * k[0])
    tx = (row[_PX] - along * k[0]) / across
    ty = (k[2] * row[_PY] - k[1] * row[_PZ]) / across
    return there, tx / there, ty / there


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
def _side(
    bend: Bend, daughters: NDArray[np.float64], n: int, away: int, kaon: NDArray[np.float64], k: Vector3
) -> _Side:
    nothing = _Side(0.0, 1.0, 0.0)
    photon = _partner(daughters, n, away)
    if photon == 0 or bend.calorimeter <= 0.0:
        return nothing
    p, tx, ty = _course(daughters[0], kaon, k)
    e, gx, gy = _course(daughters[photon], kaon, k)
    if p <= 0.0 or e <= 0.0:
        return nothing
    moved = bend.kick / p * (bend.calorimeter - max(bend.magnet, 0.0))
    dx, dy = (gx - tx) * bend.calorimeter, (gy - ty) * bend.calorimeter
    r = math.sqrt(dx * dx + dy * dy)
    if r < _MERGED or abs(r - abs(moved)) > 2.0 * _MERGED:
        return nothing
    toward = math.copysign(1.0, moved)
    return _Side(_TURNED, math.tan(0.5 * _MERGED / r), math.atan2(toward * dy, toward * dx))


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
    """Turn the ``n`` daughters about the ``kaon``'s flight ``k`` until another photon than ``away`` meets the track."""
    side = _side(bend, daughters, n, away, kaon, k)
    if side.share == 0.0 or rng.random() >= side.share:
        return
    wanted = 2.0 * math.atan(side.narrow * math.tan(math.pi * (rng.random() - 0.5)))
    by = wanted - side.azimuth
    turn_about(daughters, n, k, math.cos(by), math.sin(by))


@inlined
def chance_beside(
    bend: Bend, daughters: NDArray[np.float64], n: int, away: int, kaon: NDArray[np.float64], k: Vector3
) -> float:
    """How many times as likely as nature decays are that ``turn_beside`` has turned, or left, like this."""
    side = _side(bend, daughters, n, away, kaon, k)
    if side.share == 0.0:
        return 1.0
    s, c = math.sin(0.5 * side.azimuth), math.cos(0.5 * side.azimuth)
    return 1.0 - side.share + side.share * side.narrow / (s * s + (side.narrow * c) ** 2)
