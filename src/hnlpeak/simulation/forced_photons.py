"""Photons forced to where no veto sees them: soft ones to the side, and ones along the charged track.

A decay with a pi0 is selected where both photons go unnoticed. Mostly one of them flies backwards in the meson's frame,
so that in the laboratory it is soft and misses all counters or is below their thresholds, and the other runs along the
charged track, where its cluster is taken for the track's own. By nature that is rare, one in a hundred thousand. So a
share of the decays is turned as a whole until a photon has an energy below ``_SOFT`` or not far above, and a share of
the pi0 has a photon whose mass with the track is below ``_NEAR`` or not far above. A meson without spin decays alike in
all orientations, and so does a pi0: what nature draws uniformly from [0, 2], x = 1 + cos of the photon to the flight
direction or 1 - cos to the track in the frame of the pi0, is drawn from q(x) ~ (x + x0)^-(1 + a), a = ``_FALL``, in the
share f of the decays, which then have the weight

    1 / (1 - f + f q(x) / p(x)),   q(x) / p(x) = 2 a (x + x0)^-(1 + a) / [x0^-a - (2 + x0)^-a],

with the sum of all ways to come by the same decay in the place of q. It is never above 1 / (1 - f). The three constants
change no expectation; they were chosen on a sample of K_e3 for many effective events in its windows.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.core.kinematics import around, boost_from_rest, boost_to_rest
from hnlpeak.theory.modes.masses import PI_ZERO
from hnlpeak.theory.modes.slots import Daughter
from hnlpeak.theory.species import Species

__all__ = ["force_photons"]

_SOFT = 300.0  # MeV in the laboratory
_NEAR = 7.0  # MeV: photons of such a mass with a track reach the calorimeter some centimetres from its line
_FALL = 0.2
_SAME_MASS2 = 1.0  # MeV^2: two photons of a pi0 are within rounding of its mass
_PHOTON = int(Species.PHOTON)
_PX, _PY, _PZ = int(Daughter.PX), int(Daughter.PY), int(Daughter.PZ)
_SX, _SY, _SZ = int(Daughter.SX), int(Daughter.SY), int(Daughter.SZ)
_ENERGY, _SPECIES = int(Daughter.ENERGY), int(Daughter.SPECIES)
_LARGEST = 2.0  # of 1 - cos
_TINY = 1e-9


@inlined
def _draw(x0: float, rng: np.random.Generator) -> float:
    """A number of [0, 2] with the density q."""
    first, last = x0**-_FALL, (_LARGEST + x0) ** -_FALL
    return float((first - rng.random() * (first - last)) ** (-1.0 / _FALL) - x0)


@inlined
def _ratio(x: float, x0: float) -> float:
    """q(x) / p(x)."""
    area = (x0**-_FALL - (_LARGEST + x0) ** -_FALL) / _FALL
    return float(_LARGEST * (x + x0) ** (-1.0 - _FALL) / area)


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
        near = 1.0 - _draw(x0, rng)
        if rng.random() < 0.5:
            near = -near
        nx, ny, nz = around(rng, tx, ty, tz, near)
        gx, gy, gz, g = boost_from_rest(half * nx, half * ny, half * nz, half, px, py, pz, e, PI_ZERO)
        a[_PX], a[_PY], a[_PZ], a[_ENERGY] = gx, gy, gz, g
        b[_PX], b[_PY], b[_PZ], b[_ENERGY] = px - gx, py - gy, pz - gz, e - g
    else:
        gx, gy, gz, _ = boost_to_rest(a[_PX], a[_PY], a[_PZ], a[_ENERGY], px, py, pz, e, PI_ZERO)
        near = min(1.0, max(-1.0, (gx * tx + gy * ty + gz * tz) / half))
    ratio = 0.5 * (_ratio(1.0 - near, x0) + _ratio(1.0 + near, x0))
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
def _turn_to(
    daughters: NDArray[np.float64], n: int, chosen: int, wanted: float, k: tuple[float, float, float]
) -> None:
    """Turn all daughters until the ``chosen`` one has the ``wanted`` cosine to the unit vector k, its azimuth kept."""
    row = daughters[chosen]
    c = _cosine(row, k[0], k[1], k[2])
    s = math.sqrt(1.0 - c * c)
    if s < _TINY:
        return
    p = math.sqrt(row[_PX] * row[_PX] + row[_PY] * row[_PY] + row[_PZ] * row[_PZ])
    e = (
        (row[_PX] / p - c * k[0]) / s,
        (row[_PY] / p - c * k[1]) / s,
        (row[_PZ] / p - c * k[2]) / s,
    )
    other = math.sqrt(max(0.0, 1.0 - wanted * wanted))
    cosine, sine = c * wanted + s * other, other * c - wanted * s
    for d in range(n):
        _rotate(daughters[d], _PX, k, e, cosine, sine)
        _rotate(daughters[d], _SX, k, e, cosine, sine)


@inlined
def _apart(daughters: NDArray[np.float64], d: int) -> float:
    """How far from the charged daughter photon ``d`` flies: its share in the choice of the one that is made soft."""
    track = daughters[0]
    p = math.sqrt(track[_PX] * track[_PX] + track[_PY] * track[_PY] + track[_PZ] * track[_PZ])
    if p == 0.0:
        return 1.0
    return _TINY + 1.0 - _cosine(daughters[d], track[_PX] / p, track[_PY] / p, track[_PZ] / p)


@inlined
def _soften(
    share: float,
    daughters: NDArray[np.float64],
    n: int,
    kaon: NDArray[np.float64],
    rng: np.random.Generator,
) -> float:
    """Turn a ``share`` of the decays until a photon is soft, rather one away from the track; returns the weight."""
    whole = 0.0
    for d in range(n):
        if _is_photon(daughters[d]):
            whole += _apart(daughters, d)
    p = math.sqrt(kaon[0] * kaon[0] + kaon[1] * kaon[1] + kaon[2] * kaon[2])
    if whole == 0.0 or p == 0.0:
        return 1.0
    k = (kaon[0] / p, kaon[1] / p, kaon[2] / p)
    soft = _SOFT * kaon[4] / kaon[3]
    if rng.random() < share:
        left, chosen = rng.random() * whole, -1
        for d in range(n):
            if left >= 0.0 and _is_photon(daughters[d]):
                left -= _apart(daughters, d)
                chosen = d
        wanted = _draw(min(soft / daughters[chosen, _ENERGY], _LARGEST), rng) - 1.0
        _turn_to(daughters, n, chosen, wanted, k)
    ratio = 0.0
    for d in range(n):
        if _is_photon(daughters[d]):
            x0 = min(soft / daughters[d, _ENERGY], _LARGEST)
            back = 1.0 + _cosine(daughters[d], k[0], k[1], k[2])
            ratio += _apart(daughters, d) / whole * _ratio(back, x0)
    return float(1.0 / (1.0 - share + share * ratio))


@inlined
def force_photons(
    soft: float,
    near: float,
    daughters: NDArray[np.float64],
    n: int,
    kaon: NDArray[np.float64],
    rng: np.random.Generator,
) -> float:
    """Force photons among the ``n`` ``daughters`` (rows of ``Daughter``, meson frame) and return the event's weight.

    A share ``near`` of the pi0 has a photon near daughter 0, a share ``soft`` of the decays is turned until a photon is
    soft; ``kaon`` is px, py, pz, E, m of the meson in the laboratory, MeV.
    """
    weight = 1.0
    if near > 0.0:
        d = 1
        while d + 1 < n:
            if _is_pair(daughters[d], daughters[d + 1]):
                weight *= _aim(near, daughters[0], daughters[d], daughters[d + 1], rng)
                d += 1
            d += 1
    if soft > 0.0:
        weight *= _soften(soft, daughters, n, kaon, rng)
    return weight
