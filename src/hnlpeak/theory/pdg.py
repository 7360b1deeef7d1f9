"""Masses and lifetimes of the PDG's listings, from the package ``particle``."""

from __future__ import annotations

from particle import Particle

__all__ = ["pdg_lifetime", "pdg_mass"]


def pdg_mass(pdg_id: int) -> float:
    """Return the mass in MeV; ``LookupError`` for a particle without one."""
    mass = Particle.from_pdgid(pdg_id).mass
    if mass is None:
        raise LookupError(f"no mass is listed for the particle {pdg_id}")
    return float(mass)


def pdg_lifetime(pdg_id: int) -> float:
    """Return the mean lifetime in ns, infinite for stable particles; ``LookupError`` for one without."""
    lifetime = Particle.from_pdgid(pdg_id).lifetime
    if lifetime is None:
        raise LookupError(f"no lifetime is listed for the particle {pdg_id}")
    return float(lifetime)
