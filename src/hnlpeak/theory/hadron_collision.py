"""A hadron of the beam meets a nucleon of a nucleus: how many particles come out, which, and with what momenta.

The number n of charged ones follows Slattery's function (Phys. Rev. Lett. 29 (1972) 1624; pp at 50 to 300 GeV),

    n_mean P(n) = psi(z) = (3.79 z + 33.7 z^3 - 6.64 z^5 + 0.332 z^7) exp(-3.04 z),    z = n / n_mean,

with n of the parity of the charge, and n_mean = 0.88 + 0.44 ln s + 0.118 ln^2 s (Thome et al., Nucl. Phys. B129
(1977) 365; GeV^2) times (1 + nu) / 2 in a nucleus of which nu nucleons are met (Busza et al., Phys. Rev. Lett. 34
(1975) 836).
Among them are the leading hadron and the struck nucleon, each charged with a probability; all others are pions, the
neutral ones as many as half of the charged on average (isospin), and at least one pion is made.

Momenta fill cylindrical phase space (Jadach, Comput. Phys. Commun. 9 (1975) 297): transverse ones exponential, 0.33 GeV
on average, rapidities uniform between the leading hadron at the upper and the nucleon at the lower end, stretched and
shifted until energy and momentum are conserved; what needs more energy than there is is drawn again, which leaves 7 %
fewer charged particles in silicon. Leading protons have 0.51 of the largest momentum there on average, 0.64 on a
proton. No resonances, no diffraction but events of few particles, no Fermi
motion, no fragments of the nucleus: those would only add to what vetoes see.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import kernel
from hnlpeak.theory.modes.mode import PARAMETERS
from hnlpeak.theory.modes.pi0 import PI0_PARAMETERS, decay_pi0, draw_pi0, pack_pi0
from hnlpeak.theory.modes.slots import Daughter
from hnlpeak.theory.particles import particle
from hnlpeak.theory.species import MASS, Species

__all__ = ["MAX_SECONDARIES", "NUCLEON_MASS", "Collision", "collide", "mean_charged", "pack_collision"]

MAX_SECONDARIES = 128
"""Rows that ``collide`` needs to work in."""
NUCLEON_MASS = particle(2212).mass
"""Mass of the nucleon that is struck, a proton or a neutron, MeV."""

_SLOPE = 165.0  # MeV: transverse momenta ~ p exp(-p / slope)
_MOST_HADRONS = 40
_PEAK = 1.65  # above the largest value of psi
_MOST = 4.0  # of z: beyond lies 1e-3
_UNSEEN, _NEUTRAL_PION = -1.0, -2.0
_PROTON, _PION_PLUS, _PION_MINUS = float(Species.PROTON), float(Species.PION_PLUS), float(Species.PION_MINUS)
_PION_MASS = float(MASS[Species.PION_PLUS])
_PI0_MASS = particle(111).mass
_SPECIES, _PX, _PY, _PZ, _E = (int(slot) for slot in list(Daughter)[:5])
_TRANSVERSE, _PLACE, _WIDTH = int(Daughter.SX), int(Daughter.SY), int(Daughter.WIDTH)


class Collision(IntEnum):
    """Slots of the parameters behind those of the pi0.

    Mean number of charged particles; species and mass of the leading hadron if it stays charged, mass if not, whether
    it is then a pi0; probabilities that it, and the struck nucleon, are charged.
    """

    MEAN = PI0_PARAMETERS
    SPECIES = PI0_PARAMETERS + 1
    MASS = PI0_PARAMETERS + 2
    NEUTRAL_MASS = PI0_PARAMETERS + 3
    NEUTRAL_PION = PI0_PARAMETERS + 4
    STAYS = PI0_PARAMETERS + 5
    FREE = PI0_PARAMETERS + 6


_LEADING = {
    "p": (Species.PROTON, particle(2112).mass, 0.0, 2.0 / 3.0),
    "pi+": (Species.PION_PLUS, _PI0_MASS, 1.0, 2.0 / 3.0),
    "K+": (Species.KAON_PLUS, particle(310).mass, 0.0, 0.5),
}
"""Leading hadron, mass of its neutral partner, whether that is a pi0, and how often it stays charged: estimates."""


def mean_charged(s: float, nu: float = 1.0) -> float:
    """Mean number of charged particles at ``s`` (GeV^2) where ``nu`` nucleons are met."""
    log = math.log(s)
    return (0.88 + 0.44 * log + 0.118 * log * log) * 0.5 * (1.0 + nu)


def pack_collision(hadron: str, momentum: float, nu: float) -> NDArray[np.float64]:
    """Parameters for ``collide`` of a beam ``hadron`` (p, pi+, K+) of ``momentum`` (MeV) that meets ``nu`` nucleons."""
    species, neutral, is_pion, stays = _LEADING[hadron]
    mass = float(MASS[species])
    s = mass**2 + NUCLEON_MASS**2 + 2.0 * math.hypot(momentum, mass) * NUCLEON_MASS
    row = np.zeros(PARAMETERS)
    pack_pi0(row)
    row[Collision.MEAN] = mean_charged(1e-6 * s, nu)
    row[Collision.SPECIES], row[Collision.MASS] = species, mass
    row[Collision.NEUTRAL_MASS], row[Collision.NEUTRAL_PION], row[Collision.STAYS] = neutral, is_pion, stays
    return row


@kernel
def _charged(mean: float, charge: int, rng: np.random.Generator) -> int:
    """Number of charged particles, of the parity of the total ``charge``."""
    while True:
        z = _MOST * rng.random()
        z2 = z * z
        psi = z * (3.79 + z2 * (33.7 - z2 * (6.64 - 0.332 * z2))) * math.exp(-3.04 * z)
        if rng.random() * _PEAK < psi:
            n = 2 * int(0.5 * (z * mean + (1 - charge % 2))) + charge % 2
            if n > 0:
                return n


@kernel
def _put_hadron(
    out: NDArray[np.float64], row: int, species: float, mass: float, place: float, rng: np.random.Generator
) -> None:
    """Write a hadron with a transverse momentum and its ``place`` between the ends of the rapidity range."""
    pt = -_SLOPE * math.log((1.0 - rng.random()) * (1.0 - rng.random()))
    phi = 2.0 * math.pi * rng.random()
    out[row, _SPECIES] = species
    out[row, _PX], out[row, _PY] = pt * math.cos(phi), pt * math.sin(phi)
    out[row, _TRANSVERSE], out[row, _PLACE] = mass, place


@kernel
def _choose(rng: np.random.Generator, params: NDArray[np.float64], out: NDArray[np.float64]) -> int:
    """Choose the hadrons: the leading one, the nucleon, the pions; returns their number, 0 where that cannot be."""
    proton = 1 if rng.random() < 0.5 else 0
    charge = 1 + proton
    leading = 1 if rng.random() < params[Collision.STAYS] else 0
    struck = 1 if rng.random() < 0.5 else 0
    pions = _charged(params[Collision.MEAN], charge, rng) - leading - struck
    positive = charge - leading - struck + pions
    if pions < 0 or positive < 0 or positive % 2 == 1 or positive // 2 > pions:
        return 0
    positive //= 2
    neutral = int(rng.poisson(0.5 * max(pions, 1)))
    n = 2 + pions + neutral
    if n == 2 or n > _MOST_HADRONS:
        return 0
    if leading:
        _put_hadron(out, 0, params[Collision.SPECIES], params[Collision.MASS], 1.0, rng)
    else:
        kind = _NEUTRAL_PION if params[Collision.NEUTRAL_PION] > 0.0 else _UNSEEN
        _put_hadron(out, 0, kind, params[Collision.NEUTRAL_MASS], 1.0, rng)
    _put_hadron(out, 1, _PROTON if struck else _UNSEEN, NUCLEON_MASS, 0.0, rng)
    for i in range(2, n):
        if i - 2 < positive:
            _put_hadron(out, i, _PION_PLUS, _PION_MASS, rng.random(), rng)
        elif i - 2 < pions:
            _put_hadron(out, i, _PION_MINUS, _PION_MASS, rng.random(), rng)
        else:
            _put_hadron(out, i, _NEUTRAL_PION, _PI0_MASS, rng.random(), rng)
    return n


@kernel
def _sums(out: NDArray[np.float64], n: int, y: float) -> tuple[float, float, float, float]:
    """Sums of m_T exp(y x) and m_T exp(-y x) over the places x, and their derivatives by y."""
    a = b = da = db = 0.0
    for i in range(n):
        up = out[i, _TRANSVERSE] * math.exp(y * out[i, _PLACE])
        down = out[i, _TRANSVERSE] * math.exp(-y * out[i, _PLACE])
        a += up
        b += down
        da += out[i, _PLACE] * up
        db -= out[i, _PLACE] * down
    return a, b, da, db


@kernel
def _stretch(out: NDArray[np.float64], n: int, energy: float) -> bool:
    """Give ``n`` hadrons momenta of the total ``energy`` and none over all; False where there is not enough of it."""
    x = y = 0.0
    for i in range(n):
        x += out[i, _PX] / n
        y += out[i, _PY] / n
    total = 0.0
    for i in range(n):
        out[i, _PX] -= x
        out[i, _PY] -= y
        out[i, _TRANSVERSE] = math.sqrt(out[i, _TRANSVERSE] ** 2 + out[i, _PX] ** 2 + out[i, _PY] ** 2)
        total += out[i, _TRANSVERSE]
    if total >= 0.999 * energy:
        return False
    length = 2.0 * math.log(energy / total) + 1.0
    # the logarithm of the product of both sums is convex in the length: Newton's steps end above the root at most once
    for _ in range(60):
        a, b, da, db = _sums(out, n, length)
        step = (math.log(a * b) - 2.0 * math.log(energy)) / (da / a + db / b)
        length = max(length - step, 1e-3)
        if abs(step) < 1e-12:
            break
    a, b, _, _ = _sums(out, n, length)
    shift = 0.5 * math.log(b / a)
    for i in range(n):
        rapidity = length * out[i, _PLACE] + shift
        out[i, _PZ] = out[i, _TRANSVERSE] * math.sinh(rapidity)
        out[i, _E] = out[i, _TRANSVERSE] * math.cosh(rapidity)
    return True


@kernel
def _turn(out: NDArray[np.float64], n: int, bx: float, by: float, bz: float) -> None:
    """Turn the z axis to the unit vector b (not along y)."""
    size = math.hypot(bx, bz)
    ex, ez = bz / size, -bx / size  # e = (ex, 0, ez) at right angles to b; f = b x e
    fx, fy, fz = by * ez, bz * ex - bx * ez, -by * ex
    for i in range(n):
        x, y, z = out[i, _PX], out[i, _PY], out[i, _PZ]
        out[i, _PX] = x * ex + y * fx + z * bx
        out[i, _PY] = y * fy + z * by
        out[i, _PZ] = x * ez + y * fz + z * bz


@kernel
def _keep_seen(
    rng: np.random.Generator, params: NDArray[np.float64], out: NDArray[np.float64], n: int
) -> int:
    """Decay the neutral pions and leave what counters may see, in the first rows; returns their number."""
    end = n
    for i in range(n):
        if out[i, _SPECIES] == _NEUTRAL_PION:
            if end + 3 <= MAX_SECONDARIES:
                numbers = draw_pi0(rng)
                px, py, pz, e = out[i, _PX], out[i, _PY], out[i, _PZ], out[i, _E]
                end = decay_pi0(rng, params, numbers, out, end, px, py, pz, e)
            out[i, _SPECIES] = _UNSEEN
    seen = 0
    for i in range(end):
        if out[i, _SPECIES] >= 0.0:
            for slot in range(_WIDTH):
                out[seen, slot] = out[i, slot] if slot <= _E else 0.0
            seen += 1
    return seen


@kernel
def collide(
    rng: np.random.Generator,
    params: NDArray[np.float64],
    out: NDArray[np.float64],
    energy: float,
    bx: float,
    by: float,
    bz: float,
) -> int:
    """Write what counters may see of a collision of ``energy`` (MeV) along the unit vector b, in its own frame.

    Rows of ``Daughter``, ``MAX_SECONDARIES`` to work in; returns the rows written.
    """
    while True:
        n = _choose(rng, params, out)
        if n > 0 and _stretch(out, n, energy):
            break
    _turn(out, n, bx, by, bz)
    return _keep_seen(rng, params, out, n)
