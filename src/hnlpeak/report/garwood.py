"""Error bars of counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["garwood"]


def garwood(
    counts: ArrayLike, *, cl: float = 0.682689492137
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends of the central interval of a Poisson mean for observed ``counts`` (0 has lower end 0).

    Expectations in place of counts may be fractions; the same quantiles connect the whole numbers.
    F. Garwood, Biometrika 28 (1936) 437: quantiles of gamma distributions with shapes n and n + 1.
    """
    from scipy.special import gammaincinv

    n = np.asarray(counts, dtype=np.float64)
    tail = 0.5 * (1.0 - cl)
    low = np.where(n > 0.0, gammaincinv(np.where(n > 0.0, n, 1.0), tail), 0.0)
    return low, np.asarray(gammaincinv(n + 1.0, 1.0 - tail), dtype=np.float64)
