"""A number that never travels without its errors."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Measured"]


@dataclass(frozen=True)
class Measured:
    """A value with its uncertainties and where it comes from.

    ``stat`` and ``syst`` are standard deviations in the unit of ``value``; ``source`` is a citation or
    a one-line description of the computation.
    """

    value: float
    stat: float = 0.0
    syst: float = 0.0
    source: str = ""

    @property
    def error(self) -> float:
        """Total standard deviation: ``stat`` and ``syst`` in quadrature."""
        return math.hypot(self.stat, self.syst)
