"""Blinding: the bins that an analysis does not look at before it is frozen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError

__all__ = ["blind_mask"]


def blind_mask(edges: NDArray[np.float64], low: float, high: float) -> NDArray[np.bool_]:
    """Return True for the bins that overlap ``low`` to ``high`` MeV, also in part.

    ``UsageError`` where the range is empty.
    """
    if not low < high:
        raise UsageError(f"empty blind range: {low:g} to {high:g} MeV")
    return (edges[1:] > low) & (edges[:-1] < high)
