"""Probability that a photon goes unnoticed, as a function of its energy."""

from __future__ import annotations

import math
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from hnlpeak.core.card import Card
from hnlpeak.core.kernel import kernel
from hnlpeak.core.quantity import Energy, Fraction

__all__ = ["CURVE_WIDTH", "MAX_POINTS", "InefficiencyCurve", "inefficiency"]

MAX_POINTS = 8
CURVE_WIDTH = 1 + 2 * MAX_POINTS
_FLOOR = 1e-12


class InefficiencyCurve(Card):
    """Points (energy, inefficiency), joined by straight lines in log-log; 1 below the first, flat above the last."""

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
        """``CURVE_WIDTH`` floats for ``inefficiency``: number of points, ln E, ln value."""
        pad = [0.0] * (MAX_POINTS - len(self.energies))
        log_values = [math.log(max(value, _FLOOR)) for value in self.values]
        return [float(len(self.energies)), *(math.log(e) for e in self.energies), *pad, *log_values, *pad]


@kernel
def inefficiency(curve: NDArray[np.float64], energy: float) -> float:
    """Probability that a photon of ``energy`` (MeV) is missed, from a packed curve."""
    n = int(curve[0])
    log_energy = math.log(energy) if energy > 0.0 else -np.inf
    if log_energy < curve[1]:
        return 1.0
    j = 1
    while j < n and log_energy >= curve[1 + j]:
        j += 1
    low = curve[MAX_POINTS + j]
    if j < n:
        share = (log_energy - curve[j]) / (curve[1 + j] - curve[j])
        low += share * (curve[1 + MAX_POINTS + j] - low)
    return math.exp(low)
