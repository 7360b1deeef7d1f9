"""What an interval is, for every method: two ends, the best estimate, and a status for each element."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Interval", "Status"]


class Status(IntEnum):
    """How far an interval can be taken at its word."""

    OK = 0
    EMPTY = 1
    """No signal >= 0 is accepted; both ends are nan."""
    UNBOUNDED = 2
    """Every large signal is accepted; the upper end is inf."""
    DISCONNECTED = 3
    """Large signals are accepted again (with an efficiency fluctuated below zero); the ends are of the first piece."""
    SUBSTITUTED = 4
    """A rule replaced the interval of this count (TRolke's extrapolation to n = 0, or a larger count)."""


@dataclass(frozen=True)
class Interval:
    """Confidence interval for the signal rate mu, in signal events before efficiency.

    Floats and a :class:`Status` for scalar input, arrays (float64, and int8 status) of the broadcast shape otherwise.
    ``estimate`` is the maximum of the likelihood, (n - b) / efficiency, and may be negative.
    """

    lower: float | NDArray[np.float64]
    upper: float | NDArray[np.float64]
    estimate: float | NDArray[np.float64]
    status: Status | NDArray[np.int8]

    @classmethod
    def of(
        cls,
        lower: NDArray[np.float64],
        upper: NDArray[np.float64],
        estimate: NDArray[np.float64],
        status: NDArray[np.int8],
    ) -> Interval:
        """Arrays of one shape; shape () becomes plain numbers."""
        if lower.shape == ():
            return cls(float(lower), float(upper), float(estimate), Status(int(status)))
        return cls(lower, upper, estimate, status)

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, Interval):
            return NotImplemented
        pairs = ((getattr(self, name), getattr(other, name)) for name in self.__dataclass_fields__)
        return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)

    __hash__ = None  # type: ignore[assignment]
