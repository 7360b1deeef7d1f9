"""Probability that a photon goes unnoticed, as a function of its energy."""

from __future__ import annotations

import math
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from hnlpeak.core.card import Card
from hnlpeak.core.kernel import inlined
from hnlpeak.core.quantity import Energy, Fraction

__all__ = [
    "CURVE_WIDTH",
    "MAX_POINTS",
    "InefficiencyCurve",
    "inefficiency",
    "largest_beyond",
    "largest_inefficiency",
]

MAX_POINTS = 8
CURVE_WIDTH = 1 + 2 * MAX_POINTS
_FLOOR = 1e-12


class InefficiencyCurve(Card):
    """Probability to go unnoticed: ``values`` at rising ``energies``.

    Points are joined by straight lines in log-log; it is 1 below the first and flat above the last.
    """

    energies: Annotated[list[Energy], Field(min_length=1, max_length=MAX_POINTS)]
    values: Annotated[list[Fraction], Field(min_length=1, max_length=MAX_POINTS)]

    @model_validator(mode="after")
    def _points(self) -> Self:
        if len(self.energies) != len(self.values):
            raise ValueError(f"{len(self.energies)} energies but {len(self.values)} values")
        if sorted(set(self.energies)) != self.energies or self.energies[0] <= 0.0:
            raise ValueError("energies must be positive and rise strictly")
        return self

    def packed(self) -> list[float]:
        """``CURVE_WIDTH`` floats for ``inefficiency``: number of points, energies, values (at least 1e-12)."""
        pad = [0.0] * (MAX_POINTS - len(self.energies))
        values = [max(value, _FLOOR) for value in self.values]
        return [float(len(self.energies)), *self.energies, *pad, *values, *pad]


@inlined
def _last_point_below(curve: NDArray[np.float64], energy: float) -> int:
    """Number of the last point at or below ``energy``, counted from 1; 0 where there is none."""
    j = int(curve[0])
    while j > 0 and energy < curve[j]:
        j -= 1
    return j


@inlined
def largest_inefficiency(curve: NDArray[np.float64], energy: float) -> float:
    """Upper bound of ``inefficiency``: the larger value of the two points around ``energy``."""
    j = _last_point_below(curve, energy)
    if j == 0:
        return 1.0
    bound = curve[MAX_POINTS + j]
    return float(max(bound, curve[MAX_POINTS + j + 1]) if j < curve[0] else bound)


@inlined
def inefficiency(curve: NDArray[np.float64], energy: float) -> float:
    """Probability that a photon of ``energy`` (MeV) is missed, from a packed curve."""
    j = _last_point_below(curve, energy)
    if j == 0:
        return 1.0
    value = curve[MAX_POINTS + j]
    if j == curve[0]:
        return float(value)
    share = math.log(energy / curve[j]) / math.log(curve[j + 1] / curve[j])
    return float(value * (curve[MAX_POINTS + j + 1] / value) ** share)


@inlined
def largest_beyond(curve: NDArray[np.float64], energy: float) -> float:
    """Upper bound of ``inefficiency`` for all energies from ``energy`` (MeV) on."""
    bound = largest_inefficiency(curve, energy)
    for j in range(_last_point_below(curve, energy) + 1, int(curve[0]) + 1):
        bound = max(bound, curve[MAX_POINTS + j])
    return float(bound)
