"""K+ -> e+ nu gamma, structure-dependent with positive photon helicity (SD+): not helicity suppressed.

Density (hep-ph/9209261) (V + A)^2 rho_SD+, rho_SD+ = (x + y - 1 - r) [(x + y - 1)(1 - x) - r], with
V + A = 0.125 [1 + 0.38 (1 - x)] (KLOE, arXiv:0907.3594). In the variables of ``lepton_photon``

    rho_SD+ dx dy = x^3 v [v (1 - x) - r] dx dv <= x^3 (1 - x) dx dv.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.borrow import borrowed
from hnlpeak.core.kernel import kernel
from hnlpeak.core.measured import Measured
from hnlpeak.theory.modes.envelope import upper_bound
from hnlpeak.theory.modes.lepton_photon import place_lepton_photon
from hnlpeak.theory.modes.masses import ELECTRON, KAON
from hnlpeak.theory.modes.mode import PARAMETERS, Mode
from hnlpeak.theory.modes.rows import put
from hnlpeak.theory.species import Species

__all__ = ["CODE", "FORM_FACTOR_SLOPE", "MODE", "measured_fraction", "pack", "sample", "sd_plus_density"]

CODE = 2
"""Code of the mode in kernels."""

FORM_FACTOR_SLOPE = 0.38
"""lambda of V + A proportional to 1 + lambda (1 - x)."""

_POSITRON = float(Species.POSITRON)
_PHOTON = float(Species.PHOTON)
_MASS, _R, _X_MAX, _SLOPE, _BOUND = range(5)


def sd_plus_density(x: NDArray[np.float64], y: NDArray[np.float64], r: float) -> NDArray[np.float64]:
    """(1 + lambda (1 - x))^2 rho_SD+(x, y), zero outside the Dalitz plane, broadcast over x and y."""
    w = x + y - 1.0 - r
    inside = (x > 0.0) & (x <= 1.0 - r) & (y <= 1.0 + r) & (w * (1.0 - x) >= r * x)
    form = (1.0 + FORM_FACTOR_SLOPE * (1.0 - x)) ** 2
    return np.where(inside, form * w * (w * (1.0 - x) - r * x), 0.0)


def measured_fraction() -> float:
    """Share of the SD+ rate with E_gamma > 10 MeV and p_e > 200 MeV, where KLOE measured it."""
    r = (ELECTRON / KAON) ** 2
    nodes, weights = np.polynomial.legendre.leggauss(64)
    share = []
    for x_min, p_min in ((0.0, 0.0), (20.0 / KAON, 200.0)):
        x = x_min + 0.5 * (1.0 - r - x_min) * (nodes + 1.0)
        y_cut = 2.0 * np.hypot(p_min, ELECTRON) / KAON
        y_low = np.maximum(1.0 - x + r / (1.0 - x), y_cut)
        y = y_low[:, None] + 0.5 * (1.0 + r - y_low)[:, None] * (nodes + 1.0)
        rows = np.sum(weights * sd_plus_density(x[:, None], y, r), axis=1) * (1.0 + r - y_low)
        share.append(float(np.sum(weights * rows)) * (1.0 - r - x_min))
    return share[1] / share[0]


def pack(*, slope: float = FORM_FACTOR_SLOPE) -> NDArray[np.float64]:
    """Parameters for ``sample``, with the ``slope`` of the form factor."""
    r = (ELECTRON / KAON) ** 2
    params = np.zeros(PARAMETERS)
    params[_MASS] = KAON
    params[_R] = r
    params[_X_MAX] = 1.0 - r
    params[_SLOPE] = slope
    params[_BOUND] = upper_bound(lambda x: x**3 * (1.0 - x) * (1.0 + slope * (1.0 - x)) ** 2)
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
        form = 1.0 + params[_SLOPE] * (1.0 - x)
        if rng.random() * params[_BOUND] < form * form * x * x * x * v * (v * (1.0 - x) - r):
            break
    px, py, pz, e, qx, qy, qz, q = place_lepton_photon(rng, x, v, params[_MASS], r, 0.0)
    put(out, 0, _POSITRON, px, py, pz, e)
    put(out, 1, _PHOTON, qx, qy, qz, q)
    return 2


def _branching_fraction() -> Measured:
    share = measured_fraction()
    return Measured(
        9.4e-6 / share,
        stat=0.4e-6 / share,
        source="KLOE 0907.3594: (9.4 +- 0.4)e-6 for E_gamma > 10, p_e > 200 MeV, over the share there",
    )


MODE = Mode(
    code=CODE,
    name="ke2g-sd",
    label="K+ -> e+ nu gamma (SD+)",
    latex=r"K^+\!\to e^+\nu\gamma\ \mathrm{(SD)}",
    colour="#bd1f01",
    parent="K+",
    daughters=("e+", "nu", "gamma"),
    branching_fraction=_branching_fraction(),
    pack=pack,
    sample=sample,
    form_factors=(("slope", FORM_FACTOR_SLOPE),),
)
