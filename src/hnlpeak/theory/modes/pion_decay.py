"""pi -> mu nu in flight; pi -> e nu (1.23e-4) and radiation (2e-4) are left out."""

from __future__ import annotations

import numpy as np

from hnlpeak.core.kernel import kernel
from hnlpeak.core.kinematics import two_body_momentum, unit_vector

__all__ = ["decay_pion"]


@kernel
def decay_pion(
    rng: np.random.Generator, charge: float, pion_mass: float, muon_mass: float
) -> tuple[float, float, float, float, float, float]:
    """Momentum (MeV) of the muon in the pion rest frame and its spin: -p_hat for mu+, +p_hat for mu-."""
    nx, ny, nz = unit_vector(rng)
    p = two_body_momentum(pion_mass, muon_mass, 0.0)
    return p * nx, p * ny, p * nz, -charge * nx, -charge * ny, -charge * nz
