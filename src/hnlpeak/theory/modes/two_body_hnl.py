"""M+ -> l+ N (gamma) for any meson, lepton and mass of N, with inner bremsstrahlung; N leaves unseen.

The rate, B(M+ -> l+ nu) rho, is taken as that with photons, as the measured B(M+ -> l+ nu) is.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.theory.modes.inner_bremsstrahlung import (
    force_radiation,
    lepton_helicity,
    pack_leptonic,
    sample_leptonic,
)
from hnlpeak.theory.modes.masses import LEPTONS
from hnlpeak.theory.modes.mode import Mode
from hnlpeak.theory.species import MASS, Species

__all__ = ["CODE", "MODE", "lepton_helicity", "pack", "sample"]

CODE = 8
"""Code of the mode in kernels."""


def pack(meson_mass: float, lepton: Species, heavy_mass: float) -> NDArray[np.float64]:
    """Parameters for ``sample``: masses in MeV, ``lepton`` POSITRON or MUON_PLUS.

    Raises UsageError for another lepton, for masses not finite or negative, and for a closed channel.
    """
    if lepton not in LEPTONS:
        raise UsageError(f"lepton of M+ -> l+ N: got {lepton!r}, allowed are POSITRON and MUON_PLUS")
    if not (math.isfinite(meson_mass) and meson_mass > 0.0):
        raise UsageError(f"meson mass: got {meson_mass} MeV, must be finite and above 0")
    largest = meson_mass - float(MASS[lepton])
    if not 0.0 <= heavy_mass < largest:
        raise UsageError(f"mass of N: got {heavy_mass} MeV, must be at least 0 and below {largest:.6g} MeV")
    return pack_leptonic(lepton, meson_mass=meson_mass, heavy_mass=heavy_mass)


sample = sample_leptonic
"""Write the lepton and, if radiated, the photon; returns 1 or 2."""

MODE = Mode(
    code=CODE,
    name="hnl",
    label="M+ -> l+ N (gamma)",
    latex=r"M^+\!\to\ell^+N",
    colour="#1a1a1a",
    parent=None,
    daughters=("l+", "N"),
    branching_fraction=None,
    pack=pack,
    sample=sample,
    radiates=True,
    force_radiation=force_radiation,
)
