"""Masses of the particles in decay modes, MeV, from the package ``particle`` (PDG)."""

from __future__ import annotations

from particle import Particle

from hnlpeak.theory.species import MASS, Species

__all__ = ["ELECTRON", "KAON", "LEPTONS", "MUON", "PION", "PI_ZERO"]


def _mass(pdg_id: int) -> float:
    mass = Particle.from_pdgid(pdg_id).mass
    if mass is None:
        raise LookupError(f"package particle has no mass of the PDG number {pdg_id}")
    return float(mass)


KAON = _mass(321)
"""Mass of the charged kaon."""
PI_ZERO = _mass(111)
"""Mass of the neutral pion."""
PION = float(MASS[Species.PION_PLUS])
"""Mass of the charged pion."""
MUON = float(MASS[Species.MUON_PLUS])
"""Mass of the muon."""
ELECTRON = float(MASS[Species.POSITRON])
"""Mass of the electron."""

LEPTONS = (Species.POSITRON, Species.MUON_PLUS)
"""The charged leptons that decay modes can have."""
