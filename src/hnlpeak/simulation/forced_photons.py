"""Photons forced to where no veto sees them: into gaps between the counters, backwards, and along the charged track.

A decay with a pi0 is selected where both photons go unnoticed. Mostly one of them flies backwards in the meson's frame,
so that in the laboratory it finds a gap between the counters or is so soft that they miss it, and the other runs along
the charged track, where its cluster is taken for the track's own, or finds a gap too. By nature that is rare, one in a
hundred thousand. So a share of the decays is turned as a whole until a photon flies into a gap (``forced_gap``),
another until its energy is about ``_SOFT`` or less, and then about that photon until another one meets the track behind
the magnet (``forced_bent``); a share of the pi0 is turned until a photon flies near the track (``forced_near``), and in
a share of the decays both photons of a pi0 are drawn into gaps (``forced_both``). A meson without spin decays alike in
all orientations, and so does a pi0: what nature draws uniformly, x = 1 + cos of the photon to the flight direction for
one, has the density q(x) in the share f of the decays, which then have the weight

    1 / (1 - f + f q(x) / p(x)),   soft photons: q(x) / p(x) = x0 (2 + x0) / (x + x0)^2,

with the sum of all ways to come by the same decay in the place of f q / p: of either photon, soft or in any gap, and,
with shares b of both photons, n of near ones, 1 / [(1 - b) (1 - n + n q_n / p) (...) + b q_b / p]. So the weight is
never above what a decay has that no way makes, and no way is a surprise to another. The one photon of a Dalitz decay
is near the track or away, never both, so that these shares add: n q_n / p + (1 - n) (...). The constants change no
expectation; they were chosen on samples of K_e3 for many effective events in its windows.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import apart, inlined
from hnlpeak.detectors.event import Record
from hnlpeak.simulation.forced_bent import Bend, chance_beside, turn_beside
from hnlpeak.simulation.forced_both import both_away, chance_of_both
from hnlpeak.simulation.forced_gap import (
    Flight,
    Gaps,
    chance_in_gaps,
    draw_gap,
    flight_of,
    gaps_of,
    hard_gaps,
    into_gap,
)
from hnlpeak.simulation.forced_near import aim_all, chance_aimed, first_pi0
from hnlpeak.simulation.rare_cosine import LARGEST, draw_rare, times_as_likely
from hnlpeak.simulation.turned import cosine_to, is_photon, tilted, turn_row
from hnlpeak.theory.modes.slots import Daughter
from hnlpeak.theory.species import Species

__all__ = ["force_photons"]

_SOFT = 80.0  # MeV in the laboratory
_DALITZ_AWAY, _DALITZ_NEAR = 0.6, 0.35  # of these shares in Dalitz decays: their pairs are not forced
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
    gaps: tuple[int, float, Gaps],
    flight: Flight,
    bend: Bend,
    daughters: NDArray[np.float64],
    n: int,
    kaon: NDArray[np.float64],
    k: tuple[float, float, float],
    rng: np.random.Generator,
) -> bool:
    """Turn the decay until a photon is soft, in the first of these shares, or flies into one of the ``gaps``.

    Rather a photon away from the track, by its part of the ``whole``. False where it finds no gap.
    """
    soft, into = shares
    u = rng.random()
    if u >= soft + into:
        return True
    left, chosen = rng.random() * whole, -1
    for d in range(n):
        if left >= 0.0 and is_photon(daughters[d]):
            left -= _apart(daughters, d)
            chosen = d
    if u < soft:
        x0 = _softness(daughters[chosen], kaon)
        turn_row(daughters, n, chosen, tilted(daughters[chosen], draw_rare(x0, rng) - 1.0, k))
    else:
        found, to = into_gap(draw_gap(gaps, rng.random()), flight, kaon, k, rng)
        if not found:
            return False
        turn_row(daughters, n, chosen, to)
    turn_beside(bend, daughters, n, chosen, kaon, k, rng)
    return True


@inlined
def _chance_away(
    shares: tuple[float, float],
    whole: float,
    gaps: tuple[int, float, Gaps],
    flight: Flight,
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
            more = soft * times_as_likely(back, _softness(daughters[d], kaon))
            if into > 0.0:
                more += into * chance_in_gaps(gaps, flight, daughters[d], kaon, k)
            if more > 0.0:
                more *= chance_beside(bend, daughters, n, d, kaon, k)
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
    calorimeter's, mm; ``kaon`` is px, py, pz, E, m of the meson in the laboratory, MeV. The weight is 0 where
    what was asked for cannot be.
    """
    soft, into, near, both = shares
    p = math.sqrt(kaon[0] * kaon[0] + kaon[1] * kaon[1] + kaon[2] * kaon[2])
    if soft + into + near + both == 0.0 or p == 0.0:
        return 1.0
    k = (kaon[0] / p, kaon[1] / p, kaon[2] / p)
    flight = flight_of(event.x_decay, event.y_decay, kaon)
    gaps = gaps_of(surfaces, flight, event.z_decay)
    bend = Bend(magnet[0], magnet[1] - event.z_decay, magnet[2] - event.z_decay)
    pi0 = first_pi0(daughters, n)
    hard = hard_gaps(gaps)
    if pi0 == 0 or hard[0] == 0:
        both = 0.0
    if gaps[0] == 0:
        into = 0.0
    one, nearby, away = pi0 == 0 and _is_dalitz(daughters, n), 0.0, (soft, into)
    if one:
        nearby, near = _DALITZ_NEAR * near, 1.0
        away = (_DALITZ_AWAY * soft / (1.0 - nearby), _DALITZ_AWAY * into / (1.0 - nearby))
    aimed = not one or rng.random() < nearby
    send = not (one and aimed)
    if both > 0.0 and rng.random() < both:
        if not both_away(gaps, hard, flight, daughters, n, pi0, kaon, k, rng):
            return 0.0
        whole = _photons_apart(daughters, n)
    else:
        if aimed:
            aim_all(near, bend, daughters, n, kaon, rng)
        whole = _photons_apart(daughters, n)
        send = send and whole > 0.0
        if send and not _send_away(away, whole, gaps, flight, bend, daughters, n, kaon, k, rng):
            return 0.0
    found = chance_aimed(near, bend, daughters, n, kaon)
    sent = _chance_away(away, whole, gaps, flight, bend, daughters, n, kaon, k) if whole > 0.0 else 1.0
    found = nearby * found + (1.0 - nearby) * sent if one else found * sent
    if both > 0.0:
        two = chance_of_both(gaps, hard, flight, daughters[pi0], daughters[pi0 + 1], kaon, k)
        found = (1.0 - both) * found + both * two
    return float(1.0 / found)
