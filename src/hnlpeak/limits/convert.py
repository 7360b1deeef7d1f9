"""From signal events to branching fraction to mixing: N_S = N_K A B, B = (B per unit |U|^2) |U|^2."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["branching_fraction_of", "mixing_of"]

Vector = NDArray[np.float64]


def branching_fraction_of(n_signal: Vector, *, n_kaon: Vector, acceptance: Vector) -> Vector:
    """Return B = N_S / (N_K A); NaN where N_K or A is zero or unknown: there is no limit."""
    return _ratio(n_signal, n_kaon * acceptance)


def mixing_of(branching_fraction: Vector, *, per_u2: Vector) -> Vector:
    """Return |U|^2 = B / (B per unit |U|^2); NaN where the decay is closed."""
    return _ratio(branching_fraction, per_u2)


def _ratio(above: Vector, below: Vector) -> Vector:
    above, below = np.broadcast_arrays(np.asarray(above, dtype=np.float64), below)
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0.0))
