"""Photons forced to where no veto sees them: soft ones to the side, ones into gaps, and ones along the charged track.

A decay with a pi0 is selected where both photons go unnoticed. Mostly one of them flies backwards in the meson's frame,
so that in the laboratory it is soft and misses all counters or is below their thresholds, or it finds a gap between
them, and the other runs along the charged track, where its cluster is taken for the track's own, or finds a gap too. By
nature that is rare, one in a hundred thousand. So a share of the decays is turned as a whole until a photon has an
energy below ``_SOFT`` or not far above, another until one flies into a gap (``forced_gap``), a share of the pi0 is
turned until a photon's mass with the track is below ``_NEAR`` or not far above (beside a soft photon, until it meets
the track behind the magnet, ``forced_bent``), and in a share of the decays both
photons of a pi0 are drawn into gaps (``forced_both``). A meson without spin decays alike in all orientations, and so
does a pi0: what nature draws uniformly from [0, 2], x = 1 + cos of the photon to the flight direction or 1 - cos to the
track in the frame of the pi0, is drawn from q(x) ~ (x + x0)^-(1 + a), a = ``_FALL_SOFT`` or ``_FALL_NEAR``, in the
share f of the decays, which then have the weight

    1 / (1 - f + f q(x) / p(x)),   q(x) / p(x) = 2 a (x + x0)^-(1 + a) / [x0^-a - (2 + x0)^-a],

with the sum of all ways to come by the same decay in the place of f q / p: of either photon, soft or in any gap, and,
with shares b of both photons, n of near ones, 1 / [(1 - b) (1 - n + n q_n / p) (...) + b q_b / p]. So the weight is
never above what a decay has that no way makes, and no way is a surprise to another. The constants change no
expectation; they were chosen on samples of K_e3 for many effective events in its windows.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import apart, inlined
from hnlpeak.core.kinematics import around, boost_from_rest, boost_to_rest
from hnlpeak.detectors.event import Record
from hnlpeak.simulation.forced_bent import Bend, chance_beside, turn_beside
from hnlpeak.simulation.forced_both import both_away, chance_of_both
from hnlpeak.simulation.forced_gap import Gaps, chance_in_gaps, draw_gap, gaps_of, into_gap
from hnlpeak.simulation.rare_cosine import LARGEST, draw_rare, times_as_likely
from hnlpeak.simulation.turned import cosine_to, is_pair, is_photon, tilted, turn_row
from hnlpeak.theory.modes.masses import PI_ZERO
from hnlpeak.theory.modes.slots import Daughter
from hnlpeak.theory.species import Species

__all__ = ["force_photons"]

_SOFT = 300.0  # MeV in the laboratory
_NEAR = 7.0  # MeV: photons of such a mass with a track reach the calorimeter some centimetres from its line
_FALL_SOFT, _FALL_NEAR = 1.0, 0.2
_DALITZ = 0.5  # of these shares in Dalitz decays: their pairs are not forced
_ELECTRON = int(Species.ELECTRON)
_PX, _PY, _PZ = int(Daughter.PX), int(Daughter.PY), int(Daughter.PZ)
_ENERGY, _SPECIES = int(Daughter.ENERGY), int(Daughter.SPECIES)
_TINY = 1e-9


@inlined
def _is_dalitz(daughters: NDArray[np.float64], n: int) -> bool:
    found = False
    for d in range(n):
        found = found or int(daughters[d, _SPECIES]) == _ELECTRON
    return found


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
) -> tuple[float, float, float, float]:
    """Direction of the ``track`` in the frame of the pi0, and ``x0`` of photons near it (0: it has no direction)."""
    px, py, pz, e = pi0
    tx, ty, tz, t = boost_to_rest(track[_PX], track[_PY], track[_PZ], track[_ENERGY], px, py, pz, e, PI_ZERO)
    size = math.sqrt(tx * tx + ty * ty + tz * tz)
    if size < _TINY:
        return 0.0, 0.0, 1.0, 0.0
    return tx / size, ty / size, tz / size, min(_NEAR * _NEAR / (PI_ZERO * t), LARGEST)


@inlined
def _boost_rows(rows: NDArray[np.float64], px: float, py: float, pz: float, e: float) -> None:
    for row in rows:
        row[_PX], row[_PY], row[_PZ], row[_ENERGY] = boost_from_rest(
            row[_PX], row[_PY], row[_PZ], row[_ENERGY], px, py, pz, e, PI_ZERO
        )


@inlined
def _aim(track: NDArray[np.float64], rows: NDArray[np.float64], rng: np.random.Generator) -> None:
    """Turn the daughters of a pi0 in its frame until one photon, or the only one, flies near the ``track``."""
    px, py, pz, e = _sum_of(rows)
    tx, ty, tz, x0 = _seen_by_pi0(track, (px, py, pz, e))
    if x0 == 0.0:
        return
    near = 1.0 - draw_rare(x0, _FALL_NEAR, rng)
    if rows.shape[0] == 2 and rng.random() < 0.5:
        near = -near
    _boost_rows(rows, -px, -py, -pz, e)
    turn_row(rows, rows.shape[0], 0, around(rng, tx, ty, tz, near))
    _boost_rows(rows, px, py, pz, e)


@inlined
def _chance_near(track: NDArray[np.float64], rows: NDArray[np.float64]) -> float:
    """How many times as likely as nature ``_aim`` turns the daughters of a pi0 like this."""
    px, py, pz, e = _sum_of(rows)
    tx, ty, tz, x0 = _seen_by_pi0(track, (px, py, pz, e))
    if x0 == 0.0:
        return 1.0
    a = rows[0]
    gx, gy, gz, g = boost_to_rest(a[_PX], a[_PY], a[_PZ], a[_ENERGY], px, py, pz, e, PI_ZERO)
    near = min(1.0, max(-1.0, (gx * tx + gy * ty + gz * tz) / g))
    found = times_as_likely(1.0 - near, x0, _FALL_NEAR)
    if rows.shape[0] == 2:
        found = 0.5 * (found + times_as_likely(1.0 + near, x0, _FALL_NEAR))
    return found


@inlined
def _apart(daughters: NDArray[np.float64], d: int) -> float:
    """How far from the charged daughter photon ``d`` flies: its share in the choice of the one that is made soft."""
    track = daughters[0]
    p = math.sqrt(track[_PX] * track[_PX] + track[_PY] * track[_PY] + track[_PZ] * track[_PZ])
    if p == 0.0:
        return 1.0
    return _TINY + 1.0 - cosine_to(daughters[d], track[_PX] / p, track[_PY] / p, track[_PZ] / p)


@inlined
def _softness(photon: NDArray[np.float64], kaon: NDArray[np.float64]) -> float:
    """x0 of a soft photon."""
    return float(min(_SOFT * kaon[4] / (kaon[3] * photon[_ENERGY]), LARGEST))


@inlined
def _send_away(
    shares: tuple[float, float],
    whole: float,
    gaps: tuple[int, Gaps],
    at: tuple[float, float],
    bend: Bend,
    daughters: NDArray[np.float64],
    n: int,
    kaon: NDArray[np.float64],
    k: tuple[float, float, float],
    rng: np.random.Generator,
) -> None:
    """Turn the decay until a photon is soft, in the first of these shares, or flies into one of so many ``gaps``.

    Rather a photon away from the track, by its part of the ``whole``.
    """
    soft, into = shares
    u = rng.random()
    if u >= soft + into:
        return
    left, chosen = rng.random() * whole, -1
    for d in range(n):
        if left >= 0.0 and is_photon(daughters[d]):
            left -= _apart(daughters, d)
            chosen = d
    if u < soft:
        x0 = _softness(daughters[chosen], kaon)
        turn_row(daughters, n, chosen, tilted(daughters[chosen], draw_rare(x0, _FALL_SOFT, rng) - 1.0, k))
        turn_beside(bend, daughters, n, chosen, kaon, k, rng)
    else:
        to = into_gap(draw_gap(gaps[1], gaps[0], rng.random()), at[0], at[1], kaon, rng)
        turn_row(daughters, n, chosen, to)


@inlined
def _chance_away(
    shares: tuple[float, float],
    whole: float,
    gaps: tuple[int, Gaps],
    at: tuple[float, float],
    bend: Bend,
    daughters: NDArray[np.float64],
    n: int,
    kaon: NDArray[np.float64],
    k: tuple[float, float, float],
) -> float:
    """How many times as likely as nature decays are that ``_send_away`` has turned, or left, like this."""
    soft, into = shares
    found = 1.0 - soft - into
    for d in range(n):
        if is_photon(daughters[d]):
            back = 1.0 + cosine_to(daughters[d], k[0], k[1], k[2])
            more = soft * times_as_likely(back, _softness(daughters[d], kaon), _FALL_SOFT)
            if more > 0.0:
                more *= chance_beside(bend, daughters, n, d, kaon, k)
            if into > 0.0:
                more += into * chance_in_gaps(gaps[1], gaps[0], at[0], at[1], daughters[d], kaon)
            found += _apart(daughters, d) / whole * more
    return found


@inlined
def _photons_apart(daughters: NDArray[np.float64], n: int) -> float:
    """Sum of ``_apart`` of all photons."""
    whole = 0.0
    for d in range(n):
        if is_photon(daughters[d]):
            whole += _apart(daughters, d)
    return whole


@inlined
def _aim_all(near: float, daughters: NDArray[np.float64], n: int, rng: np.random.Generator) -> None:
    """Aim a photon of each pi0 in the share ``near`` of the cases."""
    d = 1
    while d < n:
        rows = _pi0_at(daughters, n, d)
        if rows > 0 and rng.random() < near:
            _aim(daughters[0], daughters[d : d + rows], rng)
        d += max(rows, 1)


@inlined
def _chance_aimed(near: float, daughters: NDArray[np.float64], n: int) -> float:
    """How many times as likely as nature decays are that ``_aim_all`` has left like this."""
    found, d = 1.0, 1
    while d < n:
        rows = _pi0_at(daughters, n, d)
        if rows > 0:
            found *= 1.0 - near + near * _chance_near(daughters[0], daughters[d : d + rows])
        d += max(rows, 1)
    return found


@inlined
def _first_pi0(daughters: NDArray[np.float64], n: int) -> int:
    """Row of the first photon of a pi0, 0 without one."""
    for d in range(1, n - 1):
        if is_pair(daughters[d], daughters[d + 1]):
            return d
    return 0


@apart
def force_photons(
    shares: tuple[float, float, float, float],
    surfaces: Record,
    magnet: tuple[float, float, float],
    event: Record,
    daughters: NDArray[np.float64],
    n: int,
    kaon: NDArray[np.float64],
    rng: np.random.Generator,
) -> float:
    """Force photons among the ``n`` ``daughters`` (rows of ``Daughter``, meson frame) and return the event's weight.

    ``shares`` are those of the decays turned until a photon is soft, of the decays turned until one flies into a gap
    among ``surfaces``, seen from the decay point of ``event``, of the pi0 with a photon near daughter 0, and of the
    decays with both photons of a pi0 away; ``magnet`` is its kick of daughter 0 along x (MeV), its place and the
    calorimeter's, mm; ``kaon`` is px, py, pz, E, m of the meson in the laboratory, MeV. The weight is 0 where both
    cannot be.
    """
    soft, into, near, both = shares
    p = math.sqrt(kaon[0] * kaon[0] + kaon[1] * kaon[1] + kaon[2] * kaon[2])
    if soft + into + near + both == 0.0 or p == 0.0:
        return 1.0
    k = (kaon[0] / p, kaon[1] / p, kaon[2] / p)
    at = (event.x_decay, event.y_decay)
    gaps = gaps_of(surfaces, at[0], at[1], event.z_decay)
    bend = Bend(magnet[0], magnet[1] - event.z_decay, magnet[2] - event.z_decay)
    pi0 = _first_pi0(daughters, n)
    if gaps[0] == 0 or pi0 == 0:
        both = 0.0
    if gaps[0] == 0:
        into = 0.0
    if pi0 == 0 and _is_dalitz(daughters, n):
        soft, into, near = _DALITZ * soft, _DALITZ * into, _DALITZ * near
    away = (soft, into)
    if both > 0.0 and rng.random() < both:
        if not both_away(gaps[1], gaps[0], at[0], at[1], daughters, n, pi0, kaon, k, rng):
            return 0.0
        whole = _photons_apart(daughters, n)
    else:
        _aim_all(near, daughters, n, rng)
        whole = _photons_apart(daughters, n)
        if whole > 0.0:
            _send_away(away, whole, gaps, at, bend, daughters, n, kaon, k, rng)
    found = _chance_aimed(near, daughters, n)
    if whole > 0.0:
        found *= _chance_away(away, whole, gaps, at, bend, daughters, n, kaon, k)
    if both > 0.0:
        two = chance_of_both(gaps[1], gaps[0], at[0], at[1], daughters[pi0], daughters[pi0 + 1], kaon, k)
        found = (1.0 - both) * found + both * two
    return float(1.0 / found)
