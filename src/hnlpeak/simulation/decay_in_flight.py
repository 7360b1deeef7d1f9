"""Decays of muons and pions on their way: where they happen and where the daughter goes.

Momenta are carried from the daughter's frame up to the kaon rest frame and then to the laboratory, so that the
muon's spin, fixed in the frame of its mother, needs no rotation of its own.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.core.kinematics import boost_from_rest
from hnlpeak.core.lanes import exponential_of
from hnlpeak.detectors.event import Record
from hnlpeak.theory.modes.muon_decay import decay_muon
from hnlpeak.theory.modes.pion_decay import decay_pion
from hnlpeak.theory.modes.slots import Daughter
from hnlpeak.theory.species import C_TAU, CHARGE, MASS, Species

__all__ = ["depth_of_decay", "fly", "place"]

_M_MU = float(MASS[Species.MUON_PLUS])
_M_PI = float(MASS[Species.PION_PLUS])
_M_E = float(MASS[Species.POSITRON])
_LENGTH = C_TAU / MASS  # decay length over momentum, mm / MeV
_STOPPED = 1e-3  # MeV: momentum of an electron that flies backwards and is lost


@inlined
def place(px: float, py: float, pz: float, e: float, kaon: NDArray[np.float64], segment: Record) -> bool:
    """Write slopes and momenta of a particle into ``segment``; False if it flies back.

    The particle is given in the kaon frame; ``kaon`` is px, py, pz, E, m of the kaon in the laboratory, MeV.
    """
    lx, ly, lz, _ = boost_from_rest(px, py, pz, e, kaon[0], kaon[1], kaon[2], kaon[3], kaon[4])
    if lz <= 0.0:
        return False
    inverse = 1.0 / lz
    segment.tx = lx * inverse
    segment.ty = ly * inverse
    segment.p = math.sqrt(lx * lx + ly * ly + lz * lz)
    segment.pz = lz
    return True


@inlined
def depth_of_decay(pz: float, species: int, u: float) -> float:
    """Distance along z (mm) after which a particle with ``pz`` (MeV) decays, by a uniform number; without a branch."""
    return float(pz * _LENGTH[species] * exponential_of(u))


@inlined
def _decay_z(segment: Record, z_end: float, forced: float, event: Record, rng: np.random.Generator) -> float:
    """Position z of the decay, infinite beyond ``z_end``; with probability ``forced`` before it, weighted."""
    if forced == 0.0:
        z = segment.z + depth_of_decay(segment.pz, segment.species, rng.random())
        return float(z) if z < z_end else np.inf
    length = segment.pz * _LENGTH[segment.species]  # along z
    room = (z_end - segment.z) / length
    if room <= 0.0:
        return np.inf
    chance = -math.expm1(-room)
    if rng.random() < forced:
        event.weight *= chance / forced
        return float(segment.z - length * math.log1p(-chance * rng.random()))
    event.weight *= (1.0 - chance) / (1.0 - forced)
    return np.inf


@inlined
def _begin(mother: Record, daughter: Record, z: float) -> None:
    daughter.x = mother.x + mother.tx * (z - mother.z)
    daughter.y = mother.y + mother.ty * (z - mother.z)
    daughter.z = z


@inlined
def _electron(
    charge: float, sx: float, sy: float, sz: float, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """Momentum and energy of the electron in the muon rest frame."""
    ex, ey, ez = decay_muon(rng, charge, sx, sy, sz, _M_MU, _M_E)
    return ex, ey, ez, math.sqrt(ex * ex + ey * ey + ez * ez + _M_E * _M_E)


@inlined
def _end_as_electron(
    charge: float, px: float, py: float, pz: float, e: float, kaon: NDArray[np.float64], segment: Record
) -> None:
    segment.species = Species.POSITRON if charge > 0.0 else Species.ELECTRON
    if not place(px, py, pz, e, kaon, segment):
        segment.tx = segment.ty = 0.0
        segment.p = segment.pz = _STOPPED


@inlined
def _fly_muon(
    d: NDArray[np.float64],
    kaon: NDArray[np.float64],
    z_end: float,
    forced: float,
    event: Record,
    particle: Record,
    rng: np.random.Generator,
) -> None:
    mother, child = particle.segments[0], particle.segments[1]
    z = _decay_z(mother, z_end, forced, event, rng)
    if z == np.inf:
        return
    charge = CHARGE[mother.species]
    x, y, w, e = _electron(charge, d[Daughter.SX], d[Daughter.SY], d[Daughter.SZ], rng)
    px, py, pz, pe = d[Daughter.PX], d[Daughter.PY], d[Daughter.PZ], d[Daughter.ENERGY]
    x, y, w, e = boost_from_rest(x, y, w, e, px, py, pz, pe, _M_MU)
    _begin(mother, child, z)
    _end_as_electron(charge, x, y, w, e, kaon, child)
    particle.n_segments = 2


@inlined
def _fly_pion(
    d: NDArray[np.float64],
    kaon: NDArray[np.float64],
    beam: Record,
    forced: float,
    event: Record,
    particle: Record,
    rng: np.random.Generator,
) -> None:
    pion, muon = particle.segments[0], particle.segments[1]
    z = _decay_z(pion, beam.z_end_hadron, forced, event, rng)
    if z == np.inf:
        return
    charge = CHARGE[pion.species]
    mx, my, mz, sx, sy, sz = decay_pion(rng, charge, _M_PI, _M_MU)
    me = math.sqrt(mx * mx + my * my + mz * mz + _M_MU * _M_MU)
    px, py, pz, pe = d[Daughter.PX], d[Daughter.PY], d[Daughter.PZ], d[Daughter.ENERGY]
    x, y, w, e = boost_from_rest(mx, my, mz, me, px, py, pz, pe, _M_PI)
    if not place(x, y, w, e, kaon, muon):
        return
    _begin(pion, muon, z)
    muon.species = Species.MUON_PLUS if charge > 0.0 else Species.MUON_MINUS
    particle.n_segments = 2
    z = _decay_z(muon, beam.z_end_muon, 0.0, event, rng)
    if z == np.inf:
        return
    x, y, w, e = _electron(charge, sx, sy, sz, rng)
    x, y, w, e = boost_from_rest(x, y, w, e, mx, my, mz, me, _M_MU)
    x, y, w, e = boost_from_rest(x, y, w, e, px, py, pz, pe, _M_PI)
    _begin(muon, particle.segments[2], z)
    _end_as_electron(charge, x, y, w, e, kaon, particle.segments[2])
    particle.n_segments = 3


@inlined
def fly(
    daughter: NDArray[np.float64],
    kaon: NDArray[np.float64],
    beam: Record,
    forced_muons: float,
    forced_pions: float,
    event: Record,
    particle: Record,
    rng: np.random.Generator,
) -> None:
    """Add the segments of a charged pion's or muon's decays, none of other particles.

    ``daughter`` and ``kaon`` are (px, py, pz, E, m) in MeV. The shares ``forced_muons`` and ``forced_pions`` (0 to 1,
    0 for none) of them are made to decay, with weights that undo it.
    """
    species = particle.segments[0].species
    if species in (Species.MUON_PLUS, Species.MUON_MINUS):
        _fly_muon(daughter, kaon, beam.z_end_muon, forced_muons, event, particle, rng)
    elif species in (Species.PION_PLUS, Species.PION_MINUS):
        _fly_pion(daughter, kaon, beam, forced_pions, event, particle, rng)
