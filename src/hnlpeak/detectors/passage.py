"""Passage through thin matter: multiple scattering, bremsstrahlung, conversion of photons.

Highland's form of the scattering angle; Tsai's spectra of photons and of pairs in the limit of complete screening: all
as in the passage-of-particles chapter of the Review of Particle Physics. A pair opens by Tsai's angles (Rev. Mod. Phys.
46 (1974) 815) in the form of Geant4's physics manual.
"""

from __future__ import annotations

import math

import numpy as np

from hnlpeak.core.kernel import inlined
from hnlpeak.core.lanes import exponential_of, logarithm
from hnlpeak.detectors.detection import happens
from hnlpeak.detectors.event import MAX_CHAMBERS, MAX_PARTICLES, Record
from hnlpeak.detectors.surface import start_particle
from hnlpeak.theory.species import CHARGE, MASS, Species

__all__ = [
    "LARGEST_FLUCTUATION",
    "begin_pair",
    "conversion_depth",
    "conversion_paths",
    "convert",
    "highland_constants",
    "highland_weight",
    "minimum_ionising",
    "of_light",
    "plane_angle",
    "radiate",
    "scattering_angle",
]

_M_E = float(MASS[Species.POSITRON])
_LEAST_SQUARE, _MEAN_MOYAL = 1e-12, 1.2703628454614782
LARGEST_FLUCTUATION = -math.log(_LEAST_SQUARE) - _MEAN_MOYAL
"""Of ``minimum_ionising``, in units of its width."""


def highland_constants(radiation_lengths: float, whole: float | None = None) -> tuple[float, float]:
    """Constants (a, b) in MeV of the plane angle a + b ln(1 / beta^2), times 1 / (beta p).

    A layer of ``radiation_lengths`` may be part of a thicker body of ``whole`` radiation lengths: the logarithm
    is that of the body, so that its layers add up to it.
    """
    root = 13.6 * math.sqrt(radiation_lengths)
    log = math.log(radiation_lengths if whole is None else whole)
    return root * (1.0 + 0.038 * log), root * 0.038


def highland_weight(radiation_lengths: float, whole: float | None = None) -> float:
    """Squared plane angle at beta = 1 times p^2 over (13.6 MeV)^2."""
    return (highland_constants(radiation_lengths, whole)[0] / 13.6) ** 2


@inlined
def _minus_ln_beta2(w: float) -> float:
    """-ln beta^2 for w = (m / p)^2; the series is good to 3e-10."""
    return float(w - 0.5 * w * w if w < 1e-3 else math.log1p(w))


@inlined
def plane_angle(constant: float, log_constant: float, p: float, mass: float) -> float:
    """Plane angle of scattering, 13.6 MeV / (beta p) sqrt(t) [1 + 0.038 ln(t / beta^2)]; no branch, for lanes."""
    w = mass * mass / (p * p)
    return float(math.sqrt(1.0 + w) / p * (constant + log_constant * logarithm(1.0 + w)))


@inlined
def scattering_angle(constant: float, log_constant: float, s: Record) -> float:
    """``plane_angle`` of the particle in flight: what depends on it alone is kept until its momentum changes."""
    if s.p != s.scattered_p:
        w = MASS[s.species] ** 2 / (s.p * s.p)
        s.scattered_p = s.p
        s.minus_ln_beta2 = _minus_ln_beta2(w)
        s.inverse_beta_p = math.sqrt(1.0 + w) / s.p
    return float(s.inverse_beta_p * (constant + log_constant * s.minus_ln_beta2))


@inlined
def of_light(mass: float, p: float) -> tuple[float, float]:
    """1 / (beta p) and -ln beta^2 where p is above twenty times the ``mass``, to 1e-10; without a branch, for lanes."""
    w = mass * mass / (p * p)
    return math.sqrt(1.0 + w) / p, w * (1.0 - w * (0.5 - w / 3.0))


@inlined
def minimum_ionising(mean: float, width: float, rng: np.random.Generator) -> float:
    """Energy (MeV) that a minimum-ionising track leaves: Moyal's form of the Landau distribution about its ``mean``."""
    z = rng.standard_normal()
    fluctuation = -math.log(z * z + _LEAST_SQUARE) - _MEAN_MOYAL
    return float(max(mean + width * fluctuation, 0.1 * mean))


@inlined
def _emit(event: Record, species: int, p: float, tx: float, ty: float) -> None:
    """Add a particle that flies on from where the one in flight is."""
    n = event.n_particles
    if n >= MAX_PARTICLES:
        return
    new = event.particles[n]
    segment = new.segments[0]
    segment.x = event.state.x
    segment.y = event.state.y
    segment.z = event.state.z
    segment.tx = tx
    segment.ty = ty
    segment.p = p
    segment.species = species
    start_particle(new)
    if CHARGE[species] != 0.0:
        for c in range(MAX_CHAMBERS):
            new.hits[c].var_x = 0.0
    event.n_particles = n + 1


@inlined
def radiate(radiation_lengths: float, u_min: float, event: Record, rng: np.random.Generator) -> None:
    """Emit photons of more than the share ``u_min``: dn/du = t (4/3 - 4u/3 + u^2) / u, u = k / E.

    Photons become particles of the event that fly on along the electron's direction.
    """
    s = event.state
    expected = 4.0 / 3.0 * math.log(1.0 / u_min) * radiation_lengths
    depth = rng.exponential()
    while depth < expected:
        u = u_min ** rng.random()
        if rng.random() * 4.0 / 3.0 < 4.0 / 3.0 - 4.0 * u / 3.0 + u * u and u < 1.0:
            _emit(event, Species.PHOTON, u * s.p, s.tx, s.ty)
            s.p *= 1.0 - u
        depth += rng.exponential()


def conversion_paths(radiation_lengths: float) -> float:
    """Mean free paths, 7/9 of the ``radiation_lengths``, of a hard photon until it becomes a pair.

    ``_strength`` has what softer ones do.
    """
    return 7.0 / 9.0 * radiation_lengths


@inlined
def _share(least: float, rng: np.random.Generator) -> float:
    """Share of the photon's energy that one of the pair takes: dn/dx ~ 1 - 4/3 x (1 - x), from ``least`` on."""
    x = least + (1.0 - 2.0 * least) * rng.random()
    while rng.random() > 1.0 - 4.0 / 3.0 * x * (1.0 - x):
        x = least + (1.0 - 2.0 * least) * rng.random()
    return x


@inlined
def _strength(energy: float) -> float:
    """Pair production at ``energy`` (MeV) over its limit 7/9 per radiation length.

    0.47 at 30 MeV, 0.68 at 100 MeV, 0.92 at a GeV: within 0.05 of the Bethe-Heitler parametrisation in Geant4's physics
    manual from 30 MeV to 70 GeV for carbon, neon, aluminium and iron.
    """
    return 0.97 * (energy + 20.0) / (energy + 72.0)


@inlined
def conversion_depth(energy: float, u: float) -> float:
    """Mean free paths of a hard photon that one of ``energy`` (MeV) flies before it interacts, by a uniform number."""
    return float(exponential_of(u) / _strength(energy))


@inlined
def _meets(paths: float, s: Record, rng: np.random.Generator) -> bool:
    """True where a photon interacts within so many mean free paths: one number for all matter on its way."""
    if s.depth == 0.0:
        s.depth = conversion_depth(s.p, rng.random())
    s.depth -= paths
    if s.depth > 0.0:
        return False
    s.depth = 0.0  # whoever flies on all the same has no memory
    return True


@inlined
def convert(paths: float, forced: float, event: Record, rng: np.random.Generator) -> None:
    """End the photon in flight if it converts within so many mean free ``paths``; a positron and an electron begin.

    At least the share ``forced`` of the photons is made to convert, with a weight.
    """
    s = event.state
    if s.p <= 4.0 * _M_E or event.n_particles > MAX_PARTICLES - 2:
        return
    chance = -math.expm1(-paths * _strength(s.p)) if forced > 0.0 else 0.0
    if happens(event, rng, chance, forced) if forced > chance else _meets(paths, s, rng):
        begin_pair(event, rng)


@inlined
def begin_pair(event: Record, rng: np.random.Generator) -> None:
    """Put a pair in the place of the photon: opposite transverse momenta of the order of the electron's mass."""
    s = event.state
    s.alive = 0
    x = _share(_M_E / s.p, rng)
    scale = 1.6 if rng.random() < 0.25 else 1.6 / 3.0
    kick = -scale * math.log((1.0 - rng.random()) * (1.0 - rng.random())) * _M_E
    phi = 2.0 * math.pi * rng.random()
    along, across = kick * math.cos(phi), kick * math.sin(phi)
    p, q = x * s.p, (1.0 - x) * s.p
    _emit(event, Species.POSITRON, p, s.tx + along / p, s.ty + across / p)
    _emit(event, Species.ELECTRON, q, s.tx - along / q, s.ty - across / q)
