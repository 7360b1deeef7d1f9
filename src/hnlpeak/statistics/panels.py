"""Gauss-Legendre quadrature over a normal density that is cut at zero."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["truncated_normal"]

_ORDER = 16


@cache
def _rule() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    nodes, weights = np.polynomial.legendre.leggauss(_ORDER)
    return nodes, weights


def truncated_normal(
    mean: float, sigma: float, *, feature: float, reach: float | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights (sum 1) for averages over N(mean, sigma) restricted to values >= 0.

    ``feature`` is the width of the narrowest structure of the function to be averaged, ``reach`` a point that
    the nodes must cover beside the bulk. A sigma of 0 gives the one node max(mean, 0).
    """
    if sigma == 0.0:
        return np.array([max(mean, 0.0)]), np.ones(1)
    low = max(0.0, min(mean, mean if reach is None else reach) - 8.0 * sigma)
    high = max(mean, 0.0, 0.0 if reach is None else reach) + 8.0 * sigma
    # with a mean below zero the density falls from zero on, over sigma^2 / |mean|
    narrow = max(min(feature, sigma, sigma * sigma / max(-mean, sigma)), 1e-3 * sigma)
    count = max(6, math.ceil((high - low) / (4.0 * narrow)))
    edges = np.linspace(low, high, count + 1)
    half = 0.5 * np.diff(edges)[:, None]
    x, w = _rule()
    nodes = (edges[:-1, None] + half + half * x).ravel()
    distance = 0.5 * ((nodes - mean) / sigma) ** 2
    weights = (half * w).ravel() * np.exp(distance.min() - distance)
    return nodes, weights / weights.sum()
