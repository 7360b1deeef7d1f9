"""M+ -> l+ N for any meson, lepton and mass of N: the lepton and its polarisation; N leaves unseen.

The V - A current gives the lepton the helicity h = p (E_N - E_l) / (E_N E_l - p^2) in the meson rest frame
(Shrock, Phys. Rev. D 24, 1232 (1981)): -1 for a massless N, near +1 where the lepton is the light one.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel
from hnlpeak.core.kinematics import two_body_momentum, unit_vector
from hnlpeak.theory.modes.masses import LEPTONS
from hnlpeak.theory.modes.mode import PARAMETERS, Mode
from hnlpeak.theory.modes.rows import put_polarised
from hnlpeak.theory.species import MASS, Species

__all__ = ["CODE", "MODE", "lepton_helicity", "pack", "sample"]

CODE = 8
"""Code of the mode in kernels."""

_SPECIES, _MOMENTUM, _ENERGY, _HELICITY = range(4)


def lepton_helicity(meson_mass: float, lepton_mass: float, heavy_mass: float) -> float:
    """Mean helicity (-1 to 1) of l+ in the rest frame of M+ -> l+ N, masses in MeV, for an open channel."""
    p = two_body_momentum(meson_mass, lepton_mass, heavy_mass)
    e_l, e_n = math.hypot(p, lepton_mass), math.hypot(p, heavy_mass)
    return p * (e_n - e_l) / (e_n * e_l - p * p)


def pack(meson_mass: float, lepton: Species, heavy_mass: float) -> NDArray[np.float64]:
    """Parameters for ``sample``: masses in MeV, ``lepton`` POSITRON or MUON_PLUS.

    Raises UsageError for another lepton, for masses not finite or negative, and for a closed channel.
    """
    if lepton not in LEPTONS:
        raise UsageError(f"lepton of M+ -> l+ N: got {lepton!r}, allowed are POSITRON and MUON_PLUS")
    if not (math.isfinite(meson_mass) and meson_mass > 0.0):
        raise UsageError(f"meson mass: got {meson_mass} MeV, must be finite and above 0")
    lepton_mass = float(MASS[lepton])
    largest = meson_mass - lepton_mass
    if not 0.0 <= heavy_mass < largest:
        raise UsageError(f"mass of N: got {heavy_mass} MeV, must be at least 0 and below {largest:.6g} MeV")
    params = np.zeros(PARAMETERS)
    momentum = two_body_momentum(meson_mass, lepton_mass, heavy_mass)
    params[_SPECIES] = lepton
    params[_MOMENTUM] = momentum
    params[_ENERGY] = math.hypot(momentum, lepton_mass)
    if lepton == Species.MUON_PLUS:
        params[_HELICITY] = lepton_helicity(meson_mass, lepton_mass, heavy_mass)
    return params


@kernel
def sample(rng: np.random.Generator, params: NDArray[np.float64], out: NDArray[np.float64]) -> int:
    """Write the lepton; returns 1."""
    nx, ny, nz = unit_vector(rng)
    p = params[_MOMENTUM]
    h = params[_HELICITY]
    put_polarised(out, 0, params[_SPECIES], p * nx, p * ny, p * nz, params[_ENERGY], h * nx, h * ny, h * nz)
    return 1


MODE = Mode(
    code=CODE,
    name="hnl",
    label="M+ -> l+ N",
    latex=r"M^+\!\to\ell^+N",
    colour="#1a1a1a",
    parent=None,
    daughters=("l+", "N"),
    branching_fraction=None,
    pack=pack,
    sample=sample,
)
