"""Photons forced to where no veto sees them: soft ones to the side, ones into gaps, and ones along the charged track.

A decay with a pi0 is selected where both photons go unnoticed. Mostly one of them flies backwards in the meson's frame,
so that in the laboratory it is soft and misses all counters or is below their thresholds, or it finds a gap between
them, and the other runs along the charged track, where its cluster is taken for the track's own. By nature that is
rare, one in a hundred thousand. So a share of the decays is turned as a whole until a photon has an energy below
``_SOFT`` or not far above, another until one flies into a gap (``forced_gap``), and a share of the pi0 has a photon
whose mass with the track is below ``_NEAR`` or not far above. A meson without spin decays alike in all orientations,
and so does a pi0: what nature draws uniformly from [0, 2], x = 1 + cos of the photon to the flight direction or 1 - cos
to the track in the frame of the pi0, is drawn from q(x) ~ (x + x0)^-(1 + a), a = ``_FALL_SOFT`` or ``_FALL_NEAR``, in
the share f of the decays, which then have the weight

    1 / (1 - f + f q(x) / p(x)),   q(x) / p(x) = 2 a (x + x0)^-(1 + a) / [x0^-a - (2 + x0)^-a],

with the sum of all ways to come by the same decay in the place of f q / p: of either photon, soft or in any gap. So it
is never above 1 / (1 - f), and no way is a surprise to another. The constants change no expectation; they were chosen
on samples of K_e3 for many effective events in its windows.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.core.kinematics import around, boost_from_rest, boost_to_rest
from hnlpeak.detectors.event import Record
from hnlpeak.simulation.forced_gap import chance_in_gaps, gaps_of, into_gap
from hnlpeak.theory.modes.masses import PI_ZERO
from hnlpeak.theory.modes.slots import Daughter
from hnlpeak.theory.species import Species

__all__ = ["force_photons"]

_SOFT = 300.0  # MeV in the laboratory
_NEAR = 7.0  # MeV: photons of such a mass with a track reach the calorimeter some centimetres from its line
_FALL_SOFT, _FALL_NEAR = 1.0, 0.2
_DALITZ = 0.5  # of these shares in Dalitz decays: their pairs are not forced
_SAME_MASS2 = 1.0  # MeV^2: two photons of a pi0 are within rounding of its mass
_PHOTON, _ELECTRON = int(Species.PHOTON), int(Species.ELECTRON)
_PX, _PY, _PZ = int(Daughter.PX), int(Daughter.PY), int(Daughter.PZ)
_SX, _SY, _SZ = int(Daughter.SX), int(Daughter.SY), int(Daughter.SZ)
_ENERGY, _SPECIES = int(Daughter.ENERGY), int(Daughter.SPECIES)
_LARGEST = 2.0  # of 1 - cos
_TINY = 1e-9


@inlined
def _draw(x0: float, fall: float, rng: np.random.Generator) -> float:
    """A number of [0, 2] with the density q."""
    first, last = x0**-fall, (_LARGEST + x0) ** -fall
    return float((first - rng.random() * (first - last)) ** (-1.0 / fall) - x0)


@inlined
def _ratio(x: float, x0: float, fall: float) -> float:
    """q(x) / p(x)."""
    area = (x0**-fall - (_LARGEST + x0) ** -fall) / fall
    return float(_LARGEST * (x + x0) ** (-1.0 - fall) / area)


@inlined
def _cosine(a: NDArray[np.float64], x: float, y: float, z: float) -> float:
    """Cosine of the row's momentum to the unit vector (x, y, z)."""
    p2 = a[_PX] * a[_PX] + a[_PY] * a[_PY] + a[_PZ] * a[_PZ]
    if p2 == 0.0:
        return 1.0
    found = (a[_PX] * x + a[_PY] * y + a[_PZ] * z) / math.sqrt(p2)
    return float(min(1.0, max(-1.0, found)))


@inlined
def _is_photon(row: NDArray[np.float64]) -> bool:
    return int(row[_SPECIES]) == _PHOTON


@inlined
def _is_pair(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """True for the two photons of a pi0."""
    if not (_is_photon(a) and _is_photon(b)):
        return False
    product = a[_ENERGY] * b[_ENERGY] - a[_PX] * b[_PX] - a[_PY] * b[_PY] - a[_PZ] * b[_PZ]
    return bool(abs(2.0 * product - PI_ZERO * PI_ZERO) < _SAME_MASS2)


@inlined
def _aim(
    share: float,
    track: NDArray[np.float64],
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    rng: np.random.Generator,
) -> float:
    """Draw the photons of a pi0 anew in a ``share`` of the cases, one near the ``track``; returns the weight."""
    px, py, pz, e = a[_PX] + b[_PX], a[_PY] + b[_PY], a[_PZ] + b[_PZ], a[_ENERGY] + b[_ENERGY]
    tx, ty, tz, t = boost_to_rest(track[_PX], track[_PY], track[_PZ], track[_ENERGY], px, py, pz, e, PI_ZERO)
    size = math.sqrt(tx * tx + ty * ty + tz * tz)
    if size < _TINY:
        return 1.0
    tx, ty, tz = tx / size, ty / size, tz / size
    half = 0.5 * PI_ZERO
    x0 = min(_NEAR * _NEAR / (2.0 * half * t), _LARGEST)
    if rng.random() < share:
        near = 1.0 - _draw(x0, _FALL_NEAR, rng)
        if rng.random() < 0.5:
            near = -near
        nx, ny, nz = around(rng, tx, ty, tz, near)
        gx, gy, gz, g = boost_from_rest(half * nx, half * ny, half * nz, half, px, py, pz, e, PI_ZERO)
        a[_PX], a[_PY], a[_PZ], a[_ENERGY] = gx, gy, gz, g
        b[_PX], b[_PY], b[_PZ], b[_ENERGY] = px - gx, py - gy, pz - gz, e - g
    else:
        gx, gy, gz, _ = boost_to_rest(a[_PX], a[_PY], a[_PZ], a[_ENERGY], px, py, pz, e, PI_ZERO)
        near = min(1.0, max(-1.0, (gx * tx + gy * ty + gz * tz) / half))
    ratio = 0.5 * (_ratio(1.0 - near, x0, _FALL_NEAR) + _ratio(1.0 + near, x0, _FALL_NEAR))
    return float(1.0 / (1.0 - share + share * ratio))


@inlined
def _rotate(
    row: NDArray[np.float64],
    x: int,
    k: tuple[float, float, float],
    e: tuple[float, float, float],
    cosine: float,
    sine: float,
) -> None:
    """Rotate the vector in the slots from ``x`` on from the unit vector ``k`` towards ``e``, at right angles to it."""
    along = row[x] * k[0] + row[x + 1] * k[1] + row[x + 2] * k[2]
    across = row[x] * e[0] + row[x + 1] * e[1] + row[x + 2] * e[2]
    more_k = along * cosine - across * sine - along
    more_e = along * sine + across * cosine - across
    for j in range(3):
        row[x + j] += more_k * k[j] + more_e * e[j]


@inlined
def _turn(daughters: NDArray[np.float64], n: int, chosen: int, x: float, y: float, z: float) -> None:
    """Turn all daughters, the shortest way, until the ``chosen`` one flies in the direction (x, y, z)."""
    row = daughters[chosen]
    p = math.sqrt(row[_PX] * row[_PX] + row[_PY] * row[_PY] + row[_PZ] * row[_PZ])
    if p == 0.0:
        return
    k = (row[_PX] / p, row[_PY] / p, row[_PZ] / p)
    cosine = min(1.0, max(-1.0, x * k[0] + y * k[1] + z * k[2]))
    ex, ey, ez = x - cosine * k[0], y - cosine * k[1], z - cosine * k[2]
    sine = math.sqrt(ex * ex + ey * ey + ez * ez)
    if sine < _TINY:
        return
    e = (ex / sine, ey / sine, ez / sine)
    for d in range(n):
        _rotate(daughters[d], _PX, k, e, cosine, sine)
        _rotate(daughters[d], _SX, k, e, cosine, sine)


@inlined
def _tilted(
    row: NDArray[np.float64], wanted: float, k: tuple[float, float, float]
) -> tuple[float, float, float]:
    """The direction with the ``wanted`` cosine to the unit vector k and the azimuth of the row's momentum about it."""
    c = _cosine(row, k[0], k[1], k[2])
    s = math.sqrt(1.0 - c * c)
    p = math.sqrt(row[_PX] * row[_PX] + row[_PY] * row[_PY] + row[_PZ] * row[_PZ])
    if s < _TINY or p == 0.0:
        return row[_PX] / max(p, _TINY), row[_PY] / max(p, _TINY), row[_PZ] / max(p, _TINY)
    other = math.sqrt(max(0.0, 1.0 - wanted * wanted)) / s
    along = wanted - other * c
    return (
        other * row[_PX] / p + along * k[0],
        other * row[_PY] / p + along * k[1],
        other * row[_PZ] / p + along * k[2],
    )


@inlined
def _apart(daughters: NDArray[np.float64], d: int) -> float:
    """How far from the charged daughter photon ``d`` flies: its share in the choice of the one that is made soft."""
    track = daughters[0]
    p = math.sqrt(track[_PX] * track[_PX] + track[_PY] * track[_PY] + track[_PZ] * track[_PZ])
    if p == 0.0:
        return 1.0
    return _TINY + 1.0 - _cosine(daughters[d], track[_PX] / p, track[_PY] / p, track[_PZ] / p)


@inlined
def _send_away(
    soft: float,
    into: float,
    surfaces: Record,
    event: Record,
    daughters: NDArray[np.float64],
    n: int,
    kaon: NDArray[np.float64],
    rng: np.random.Generator,
) -> float:
    """Turn the decay in a share ``soft`` until a photon is soft, in ``into`` until one flies into a gap.

    Rather a photon away from the track; returns the weight.
    """
    whole, dalitz = 0.0, False
    for d in range(n):
        dalitz = dalitz or int(daughters[d, _SPECIES]) == _ELECTRON
        if _is_photon(daughters[d]):
            whole += _apart(daughters, d)
    p = math.sqrt(kaon[0] * kaon[0] + kaon[1] * kaon[1] + kaon[2] * kaon[2])
    if whole == 0.0 or p == 0.0:
        return 1.0
    k = (kaon[0] / p, kaon[1] / p, kaon[2] / p)
    energy = _SOFT * kaon[4] / kaon[3]
    if dalitz:
        soft, into = _DALITZ * soft, _DALITZ * into
    at_x, at_y = event.x_decay, event.y_decay
    number, gaps = gaps_of(surfaces, at_x, at_y, event.z_decay)
    if number == 0:
        into = 0.0
    u = rng.random()
    if u < soft + into:
        left, chosen = rng.random() * whole, -1
        for d in range(n):
            if left >= 0.0 and _is_photon(daughters[d]):
                left -= _apart(daughters, d)
                chosen = d
        if u < soft:
            wanted = _draw(min(energy / daughters[chosen, _ENERGY], _LARGEST), _FALL_SOFT, rng) - 1.0
            x, y, z = _tilted(daughters[chosen], wanted, k)
        else:
            gap = gaps[min(int((u - soft) / into * number), number - 1)]
            x, y, z = into_gap(gap, at_x, at_y, kaon, rng)
        _turn(daughters, n, chosen, x, y, z)
    ratio = 0.0
    for d in range(n):
        if _is_photon(daughters[d]):
            x0 = min(energy / daughters[d, _ENERGY], _LARGEST)
            back = 1.0 + _cosine(daughters[d], k[0], k[1], k[2])
            more = soft * _ratio(back, x0, _FALL_SOFT)
            if into > 0.0:
                more += into * chance_in_gaps(gaps, number, at_x, at_y, daughters[d], kaon)
            ratio += _apart(daughters, d) / whole * more
    return float(1.0 / (1.0 - soft - into + ratio))


@inlined
def force_photons(
    shares: tuple[float, float, float],
    surfaces: Record,
    event: Record,
    daughters: NDArray[np.float64],
    n: int,
    kaon: NDArray[np.float64],
    rng: np.random.Generator,
) -> float:
    """Force photons among the ``n`` ``daughters`` (rows of ``Daughter``, meson frame) and return the event's weight.

    ``shares`` are those of the decays turned until a photon is soft, of the decays turned until one flies into a gap
    among ``surfaces``, seen from the decay point of ``event``, and of the pi0 with a photon near
    daughter 0; ``kaon`` is px, py, pz, E, m of the meson in the laboratory, MeV.
    """
    soft, into, near = shares
    weight = 1.0
    if near > 0.0:
        d = 1
        while d + 1 < n:
            if _is_pair(daughters[d], daughters[d + 1]):
                weight *= _aim(near, daughters[0], daughters[d], daughters[d + 1], rng)
                d += 1
            d += 1
    if soft + into > 0.0:
        weight *= _send_away(soft, into, surfaces, event, daughters, n, kaon, rng)
    return weight
