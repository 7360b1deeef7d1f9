"""The particles that leave signals: codes, masses, charges and lifetimes as kernels read them.

Neutrinos and heavy neutral leptons carry no code: no detector sees them.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.theory.particles import particle

__all__ = ["CHARGE", "C_TAU", "MASS", "PDG_ID", "Species", "is_hadron"]


class Species(IntEnum):
    """Codes of particles in event records."""

    PHOTON = 0
    POSITRON = 1
    ELECTRON = 2
    MUON_PLUS = 3
    MUON_MINUS = 4
    PION_PLUS = 5
    PION_MINUS = 6
    PROTON = 7
    KAON_PLUS = 8


PDG_ID = {
    Species.PHOTON: 22,
    Species.POSITRON: -11,
    Species.ELECTRON: 11,
    Species.MUON_PLUS: -13,
    Species.MUON_MINUS: 13,
    Species.PION_PLUS: 211,
    Species.PION_MINUS: -211,
    Species.PROTON: 2212,
    Species.KAON_PLUS: 321,
}
"""PDG Monte Carlo numbers of the species."""


def _column(attribute: str) -> NDArray[np.float64]:
    values = [getattr(particle(PDG_ID[species]), attribute) for species in Species]
    column = np.array(values, dtype=np.float64)
    column.setflags(write=False)
    return column


MASS = _column("mass")
"""Masses in MeV, indexed by ``Species``."""
CHARGE = _column("charge")
"""Electric charges in units of e, indexed by ``Species``."""
C_TAU = _column("c_tau")
"""Mean decay lengths c tau in mm, indexed by ``Species``; infinite for stable particles."""


@inlined
def is_hadron(species: int) -> bool:
    """True for what showers in matter as pions do; kaons are followed as far as they do not decay."""
    return bool(species >= Species.PION_PLUS)
