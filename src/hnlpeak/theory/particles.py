"""The table of particles: mass, charge and lifetime by PDG number, from the package ``particle``.

Every mass and lifetime of the package is one of these; the values in use are pinned in the manifest of each run.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from particle import Particle as Listing

from hnlpeak.theory.constants import SPEED_OF_LIGHT

__all__ = ["Particle", "particle"]


@dataclass(frozen=True)
class Particle:
    """A particle of the PDG's listings: mass in MeV, charge in e, mean lifetime in ns (infinite where stable)."""

    pdg_id: int
    mass: float
    charge: float
    lifetime: float

    @property
    def c_tau(self) -> float:
        """Mean decay length at beta gamma = 1, mm."""
        return self.lifetime * SPEED_OF_LIGHT


@cache
def particle(pdg_id: int) -> Particle:
    """Return the particle of the PDG Monte Carlo number; ``LookupError`` for one without mass or lifetime."""
    listing = Listing.from_pdgid(pdg_id)
    if listing.mass is None or listing.lifetime is None or listing.charge is None:
        raise LookupError(f"the listings lack mass, charge or lifetime of the particle {pdg_id}")
    return Particle(pdg_id, float(listing.mass), float(listing.charge), float(listing.lifetime))
