"""Passage of charged particles through thin matter: multiple scattering and bremsstrahlung.

Highland's form of the scattering angle and Tsai's photon spectrum in the limit of complete screening, both as in
the passage-of-particles chapter of the Review of Particle Physics.
"""

from __future__ import annotations

import math

import numpy as np

from hnlpeak.core.kernel import inlined
from hnlpeak.detectors.event import MAX_PARTICLES, Record
from hnlpeak.detectors.surface import start_particle
from hnlpeak.theory.species import Species

__all__ = ["highland_constants", "highland_weight", "plane_angle", "radiate"]


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
def plane_angle(constant: float, log_constant: float, p: float, mass: float) -> float:
    """Plane angle of scattering, 13.6 MeV / (beta p) sqrt(t) [1 + 0.038 ln(t / beta^2)]."""
    w = mass * mass / (p * p)
    log = w - 0.5 * w * w if w < 1e-3 else math.log1p(w)  # -ln beta^2; the series is good to 3e-10
    return float(math.sqrt(1.0 + w) / p * (constant + log_constant * log))


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
            n = event.n_particles
            if n < MAX_PARTICLES:
                new = event.particles[n]
                photon = new.segments[0]
                photon.x = s.x
                photon.y = s.y
                photon.z = s.z
                photon.tx = s.tx
                photon.ty = s.ty
                photon.p = u * s.p
                photon.species = Species.PHOTON
                start_particle(new)
                event.n_particles = n + 1
            s.p *= 1.0 - u
        depth += rng.exponential()
