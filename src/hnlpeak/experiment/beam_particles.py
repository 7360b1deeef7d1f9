"""What flies in the beam: the meson whose decays are searched, and its companions."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import AfterValidator

from hnlpeak.core.errors import UsageError
from hnlpeak.theory.mesons import MESONS, meson
from hnlpeak.theory.particles import particle

__all__ = ["MAX_BEAM_PARTICLES", "BeamParticle", "BeamParticleName", "beam_particle"]

MAX_BEAM_PARTICLES = 4
_PROTON = 2212


class BeamParticle(NamedTuple):
    """A kind of particle in the beam: name, mass (MeV), c tau (mm, infinite for what does not decay)."""

    name: str
    mass: float
    c_tau: float


def _proper_name(name: str) -> str:
    if name in ("p", "p+"):
        return "p"
    try:
        return meson(name).name
    except UsageError:
        raise ValueError(f"{name!r} is no beam particle: choose from {', '.join([*MESONS, 'p'])}") from None


BeamParticleName = Annotated[str, AfterValidator(_proper_name)]
"""Name of a charged meson in any usual spelling, or ``p``."""


def beam_particle(name: str) -> BeamParticle:
    """Return the beam particle called ``name``, in the spelling of ``BeamParticleName``: mass in MeV, c tau in mm.

    A proton's c tau is infinite. ``UsageError`` for a name that is no meson's.
    """
    if name == "p":
        return BeamParticle(name, particle(_PROTON).mass, float("inf"))
    found = meson(name)
    return BeamParticle(name, found.mass, found.c_tau)
