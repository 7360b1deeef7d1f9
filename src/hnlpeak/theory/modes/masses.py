"""Masses of the particles in decay modes, MeV."""

from __future__ import annotations

from hnlpeak.theory.particles import particle
from hnlpeak.theory.species import Species

__all__ = ["ELECTRON", "KAON", "LEPTONS", "MUON", "PION", "PI_ZERO"]

KAON = particle(321).mass
"""Mass of the charged kaon."""
PI_ZERO = particle(111).mass
"""Mass of the neutral pion."""
PION = particle(211).mass
"""Mass of the charged pion."""
MUON = particle(13).mass
"""Mass of the muon."""
ELECTRON = particle(11).mass
"""Mass of the electron."""

LEPTONS = (Species.POSITRON, Species.MUON_PLUS)
"""The charged leptons that decay modes can have."""
