"""K+ -> e+ nu gamma, structure-dependent with negative photon helicity (SD-): soft positrons, large missing masses.

Density (hep-ph/9209261) (V - A)^2 rho_SD-, rho_SD- = (1 - y + r) [(1 - x) (1 - y) + r]; in the variables of
``lepton_photon`` dx dy = x dx dv, and x rho_SD- stays below 1 + r.

Its rate is that of SD+ times [(V - A) / (V + A)]^2: without the positron's mass both densities have the same integral.
The interference with bremsstrahlung has a power of the positron's mass and is left out: -1.1e-8 of all kaons, 7e-4 of
what structure makes and, in positrons above 200 MeV, less than 1e-5 of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.borrow import borrowed
from hnlpeak.core.kernel import kernel
from hnlpeak.core.measured import Measured
from hnlpeak.theory.modes import ke2g_sd
from hnlpeak.theory.modes.lepton_photon import place_lepton_photon
from hnlpeak.theory.modes.masses import ELECTRON, KAON
from hnlpeak.theory.modes.mode import PARAMETERS, Mode
from hnlpeak.theory.modes.rows import put
from hnlpeak.theory.species import Species

__all__ = ["AXIAL", "CODE", "MODE", "VECTOR", "pack", "sample", "sd_minus_density"]

CODE = 11
"""Code of the mode in kernels."""

VECTOR, AXIAL = 0.0945, 0.0425
"""Form factors of chiral perturbation theory at order p^4."""

_POSITRON = float(Species.POSITRON)
_PHOTON = float(Species.PHOTON)
_MASS, _R, _X_MAX = range(3)


def sd_minus_density(x: NDArray[np.float64], y: NDArray[np.float64], r: float) -> NDArray[np.float64]:
    """rho_SD-(x, y), zero outside the Dalitz plane, broadcast over x and y."""
    w = x + y - 1.0 - r
    inside = (x > 0.0) & (x <= 1.0 - r) & (y <= 1.0 + r) & (w * (1.0 - x) >= r * x)
    return np.where(inside, (1.0 - y + r) * ((1.0 - x) * (1.0 - y) + r), 0.0)


def pack() -> NDArray[np.float64]:
    """Parameters for ``sample``."""
    params = np.zeros(PARAMETERS)
    params[_MASS] = KAON
    params[_R] = (ELECTRON / KAON) ** 2
    params[_X_MAX] = 1.0 - params[_R]
    return params


@kernel
def sample(rng: np.random.Generator, params: NDArray[np.float64], out: NDArray[np.float64]) -> int:
    """Write e+ and the photon; returns 2."""
    rng, params, out = borrowed(rng), borrowed(params), borrowed(out)
    r = params[_R]
    while True:
        x = params[_X_MAX] * rng.random()
        v = rng.random()
        if v * (1.0 - x) < r:
            continue
        y = 1.0 + r - x * (1.0 - v)
        if rng.random() * (1.0 + r) < x * (1.0 - y + r) * ((1.0 - x) * (1.0 - y) + r):
            break
    px, py, pz, e, qx, qy, qz, q = place_lepton_photon(rng, x, v, params[_MASS], r, 0.0)
    put(out, 0, _POSITRON, px, py, pz, e)
    put(out, 1, _PHOTON, qx, qy, qz, q)
    return 2


def _branching_fraction() -> Measured:
    ratio = ((VECTOR - AXIAL) / (VECTOR + AXIAL)) ** 2
    plus = ke2g_sd.MODE.branching_fraction
    value = 0.0 if plus is None else plus.value
    return Measured(
        ratio * value,
        syst=0.5 * ratio * value,
        source="SD+ times [(V - A) / (V + A)]^2 at order p^4, with half of it as its error",
    )


MODE = Mode(
    code=CODE,
    name="ke2g-sdm",
    label="K+ -> e+ nu gamma (SD-)",
    latex=r"K^+\!\to e^+\nu\gamma\ \mathrm{(SD^-)}",
    colour="#7a0f3c",
    parent="K+",
    daughters=("e+", "nu", "gamma"),
    branching_fraction=_branching_fraction(),
    pack=pack,
    sample=sample,
)
