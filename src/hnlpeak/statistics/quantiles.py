"""Quantiles of a distribution made of discrete and evenly spread masses."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import kernel

__all__ = ["quantiles"]


def quantiles(
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    mass: NDArray[np.float64],
    levels: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Smallest values x with P(X <= x) >= level, for each of ``levels``; infinite if no finite x has it.

    Each ``mass`` is spread evenly over [low, high] (ends in either order) or sits where they meet; the sum of
    masses counts as 1.
    """
    some = mass > 1e-18
    low, high = np.minimum(low, high)[some], np.maximum(low, high)[some]
    goals = levels * mass[some].sum()
    return np.array([_quantile(low, high, mass[some], goal) for goal in goals])


@kernel
def _reached(
    low: NDArray[np.float64], high: NDArray[np.float64], mass: NDArray[np.float64], limit: float
) -> float:
    """Mass at or below ``limit``."""
    total = 0.0
    for i in range(mass.size):
        if high[i] <= limit:
            total += mass[i]
        elif low[i] < limit:
            total += mass[i] * (limit - low[i]) / (high[i] - low[i])
    return total


@kernel
def _quantile(
    low: NDArray[np.float64], high: NDArray[np.float64], mass: NDArray[np.float64], level: float
) -> float:
    """Smallest limit with at least ``level`` of the mass, by bisection; infinite if no finite one has it."""
    floor, ceiling = math.inf, 0.0
    for i in range(mass.size):
        floor = min(floor, low[i])
        if high[i] < math.inf:
            ceiling = max(ceiling, high[i])
    if _reached(low, high, mass, ceiling) < level * (1.0 - 1e-12):
        return math.inf
    while ceiling - floor > 1e-11 * ceiling:
        middle = 0.5 * (floor + ceiling)
        if middle in (floor, ceiling):
            break
        if _reached(low, high, mass, middle) >= level:
            ceiling = middle
        else:
            floor = middle
    return ceiling
