"""Photons of a pi0 forced near the charged track: its line, or as far from that as the magnet moves the track.

A photon within some centimetres of where the track, or its line before the magnet, reaches the calorimeter is taken for
the track's own. By nature x = 1 - cos of a photon to the track in the frame of the pi0 is uniform on [0, 2]. Beside a
photon that flies backwards in the meson's frame the other one meets the calorimeter at the distance

    r = D m_pi0 / E sqrt(x / 2)

from the line of a track as light as an electron, E being its energy in the laboratory and D the distance from the decay
(``_zones_of``). So in a share n of the pi0, which grows with the ``line``, x is drawn uniformly from up to ``line``
where r is below ``_ZONE``, or from where r is about the distance that the magnet moves the track by (``forced_bent``
then turns it to the right side), and in the share ``_ANYWHERE`` of these from q(x) ~ (x + line)^-2. The
density of all three over that of nature enters the weight.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.core.kinematics import around, boost_from_rest, boost_to_rest
from hnlpeak.simulation.forced_bent import Bend
from hnlpeak.simulation.rare_cosine import LARGEST, draw_rare, times_as_likely
from hnlpeak.simulation.turned import is_pair, is_photon, turn_row
from hnlpeak.theory.modes.masses import PI_ZERO
from hnlpeak.theory.modes.slots import Daughter
from hnlpeak.theory.species import Species

__all__ = ["aim_all", "chance_aimed", "first_pi0"]

_ZONE = 75.0  # mm: photons within 60 of a track's line, or of where it is bent to, are taken for its own
_SHORT, _LONG = 0.75, 1.3  # of the distance that the magnet moves a track by
_BENT, _ANYWHERE = 0.25, 0.2
_NEAREST = 1000.0  # mm
_OTHERWISE = 0.004  # of the photons beside a lost one go unnoticed elsewhere
_ELECTRON = int(Species.ELECTRON)
_PX, _PY, _PZ = int(Daughter.PX), int(Daughter.PY), int(Daughter.PZ)
_ENERGY, _SPECIES = int(Daughter.ENERGY), int(Daughter.SPECIES)
_TINY = 1e-9


class Zones(NamedTuple):
    """Ranges of x, 1 - cos of a photon to the track in the frame of the pi0, and the share of the second one.

    Up to ``line`` photons reach the calorimeter near the track's line, from ``first`` to ``last`` as far from that as
    the magnet moves the track.
    """

    line: float
    first: float
    last: float
    bent: float


@inlined
def _pi0_at(daughters: NDArray[np.float64], n: int, d: int) -> int:
    """How many rows from ``d`` on are those of a pi0: two photons, or the photon and the pair of a Dalitz decay."""
    if d + 1 < n and is_pair(daughters[d], daughters[d + 1]):
        return 2
    if d + 2 < n and is_photon(daughters[d]) and int(daughters[d + 2, _SPECIES]) == _ELECTRON:
        return 3
    return 0


@inlined
def _sum_of(rows: NDArray[np.float64]) -> tuple[float, float, float, float]:
    px, py, pz, e = 0.0, 0.0, 0.0, 0.0
    for row in rows:
        px, py, pz, e = px + row[_PX], py + row[_PY], pz + row[_PZ], e + row[_ENERGY]
    return px, py, pz, e


@inlined
def _seen_by_pi0(
    track: NDArray[np.float64], pi0: tuple[float, float, float, float]
) -> tuple[bool, tuple[float, float, float]]:
    """Direction of the ``track`` in the frame of the pi0; False where it has none."""
    px, py, pz, e = pi0
    tx, ty, tz, _ = boost_to_rest(track[_PX], track[_PY], track[_PZ], track[_ENERGY], px, py, pz, e, PI_ZERO)
    size = math.sqrt(tx * tx + ty * ty + tz * tz)
    if size < _TINY:
        return False, (0.0, 0.0, 1.0)
    return True, (tx / size, ty / size, tz / size)


@inlined
def _zones_of(
    track: NDArray[np.float64], pi0: tuple[float, float, float, float], bend: Bend, kaon: NDArray[np.float64]
) -> Zones:
    """Where photons of the pi0 reach the calorimeter near the ``track``, if the other one flies backwards."""
    px, py, pz, e = pi0
    p = max(math.sqrt(track[_PX] ** 2 + track[_PY] ** 2 + track[_PZ] ** 2), _TINY)
    tx, ty, tz = track[_PX] / p, track[_PY] / p, track[_PZ] / p
    along = px * tx + py * ty + pz * tz
    energy = 0.5 * PI_ZERO * PI_ZERO / (e - along)  # of a photon that flies along the track
    left = max(e - energy, _TINY)  # and of the other one
    boost = kaon[3] / kaon[4] * (1.0 - (along - energy) / left)
    distance = max(bend.calorimeter, _NEAREST)
    per_length = boost * energy / (PI_ZERO * distance)
    line = min(2.0 * (_ZONE * per_length) ** 2, LARGEST)
    moved = abs(bend.kick) / max(boost * p, 1.0) * max(distance - max(bend.magnet, 0.0), 0.0)
    first = 2.0 * (max(_SHORT * moved - _ZONE, 0.5 * _ZONE) * per_length) ** 2
    last = min(2.0 * ((_LONG * moved + _ZONE) * per_length) ** 2, LARGEST)
    if first > 0.5 * LARGEST or moved < _ZONE:
        return Zones(line, 0.0, LARGEST, 0.0)
    return Zones(line, first, last, _BENT)


@inlined
def _likely(zones: Zones) -> float:
    """Part of the share that is aimed: less where nature hardly ever has a photon near the line."""
    return (zones.line + 0.5 * _OTHERWISE) / (zones.line + 2.0 * _OTHERWISE)


@inlined
def _draw_near(zones: Zones, rng: np.random.Generator) -> float:
    u = rng.random()
    if u < zones.bent:
        return zones.first + (zones.last - zones.first) * rng.random()
    if u < 1.0 - _ANYWHERE:
        return zones.line * rng.random()
    return draw_rare(zones.line, rng)


@inlined
def _times_near(zones: Zones, x: float) -> float:
    """How many times as likely as nature ``_draw_near`` draws x."""
    found = _ANYWHERE * times_as_likely(x, zones.line)
    if x < zones.line:
        found += (1.0 - _ANYWHERE - zones.bent) * LARGEST / zones.line
    if zones.first < x < zones.last:
        found += zones.bent * LARGEST / (zones.last - zones.first)
    return found


@inlined
def _boost_rows(rows: NDArray[np.float64], px: float, py: float, pz: float, e: float) -> None:
    for row in rows:
        row[_PX], row[_PY], row[_PZ], row[_ENERGY] = boost_from_rest(
            row[_PX], row[_PY], row[_PZ], row[_ENERGY], px, py, pz, e, PI_ZERO
        )


@inlined
def _aim(
    track: NDArray[np.float64],
    rows: NDArray[np.float64],
    bend: Bend,
    kaon: NDArray[np.float64],
    share: float,
    rng: np.random.Generator,
) -> None:
    """Turn the daughters of a pi0 in its frame until one photon, or the only one, flies near the ``track``.

    In the ``share`` of the cases where that is likely enough.
    """
    px, py, pz, e = _sum_of(rows)
    seen, to = _seen_by_pi0(track, (px, py, pz, e))
    if not seen:
        return
    zones = _zones_of(track, (px, py, pz, e), bend, kaon)
    if rng.random() >= share * _likely(zones):
        return
    near = 1.0 - _draw_near(zones, rng)
    if rows.shape[0] == 2 and rng.random() < 0.5:
        near = -near
    _boost_rows(rows, -px, -py, -pz, e)
    turn_row(rows, rows.shape[0], 0, around(rng, to[0], to[1], to[2], near))
    _boost_rows(rows, px, py, pz, e)


@inlined
def _chance_near(
    track: NDArray[np.float64],
    rows: NDArray[np.float64],
    bend: Bend,
    kaon: NDArray[np.float64],
    share: float,
) -> float:
    """How many times as likely as nature ``_aim`` turns, or leaves, the daughters of a pi0 like this."""
    px, py, pz, e = _sum_of(rows)
    seen, to = _seen_by_pi0(track, (px, py, pz, e))
    if not seen:
        return 1.0
    a = rows[0]
    gx, gy, gz, g = boost_to_rest(a[_PX], a[_PY], a[_PZ], a[_ENERGY], px, py, pz, e, PI_ZERO)
    near = min(1.0, max(-1.0, (gx * to[0] + gy * to[1] + gz * to[2]) / g))
    zones = _zones_of(track, (px, py, pz, e), bend, kaon)
    found = _times_near(zones, 1.0 - near)
    if rows.shape[0] == 2:
        found = 0.5 * (found + _times_near(zones, 1.0 + near))
    share *= _likely(zones)
    return 1.0 - share + share * found


@inlined
def aim_all(
    near: float,
    bend: Bend,
    daughters: NDArray[np.float64],
    n: int,
    kaon: NDArray[np.float64],
    rng: np.random.Generator,
) -> None:
    """Aim a photon of each pi0 in the share ``near`` of the cases."""
    d = 1
    while d < n:
        rows = _pi0_at(daughters, n, d)
        if rows > 0:
            _aim(daughters[0], daughters[d : d + rows], bend, kaon, near, rng)
        d += max(rows, 1)


@inlined
def chance_aimed(
    near: float, bend: Bend, daughters: NDArray[np.float64], n: int, kaon: NDArray[np.float64]
) -> float:
    """How many times as likely as nature decays are that ``aim_all`` has left like this."""
    found, d = 1.0, 1
    while d < n:
        rows = _pi0_at(daughters, n, d)
        if rows > 0:
            found *= _chance_near(daughters[0], daughters[d : d + rows], bend, kaon, near)
        d += max(rows, 1)
    return found


@inlined
def first_pi0(daughters: NDArray[np.float64], n: int) -> int:
    """Row of the first photon of a pi0, 0 without one."""
    for d in range(1, n - 1):
        if is_pair(daughters[d], daughters[d + 1]):
            return d
    return 0
