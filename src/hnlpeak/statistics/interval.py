"""What an interval is, for every method: two ends, the best estimate, and a status for each element."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.display import rows_html, short

__all__ = ["Interval", "Status"]


class Status(IntEnum):
    """How far an interval can be taken at its word.

    - ``OK``: as defined by the method.
    - ``EMPTY``: no signal >= 0 is accepted; both ends are nan.
    - ``UNBOUNDED``: every large signal is accepted; the upper end is inf.
    - ``DISCONNECTED``: large signals are accepted again, with an efficiency that fluctuated below zero;
      the ends are those of the first piece.
    - ``SUBSTITUTED``: a rule replaced the interval of this count (TRolke's extrapolation to n = 0, or the
      interval of a larger count).
    """

    OK = 0
    EMPTY = 1
    UNBOUNDED = 2
    DISCONNECTED = 3
    SUBSTITUTED = 4


_SHOWN_ROWS = 10


@dataclass(frozen=True, eq=False, repr=False)
class Interval:
    """Confidence interval for the signal rate mu, in signal events before efficiency.

    Floats and a :class:`Status` for scalar input; otherwise arrays of the broadcast shape, float64 and int8.
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

    def __repr__(self) -> str:
        if np.ndim(self.upper) == 0:
            ends = f"lower={self.lower:.6g}, upper={self.upper:.6g}, estimate={self.estimate:.6g}"
            return f"Interval({ends}, status={Status(int(self.status)).name})"
        upper = np.asarray(self.upper)
        there = upper[np.isfinite(upper)]
        ends = f"upper ends from {there.min():.4g} to {there.max():.4g}" if there.size else "no upper end"
        bad = int(np.count_nonzero(np.asarray(self.status)))
        return short("Interval", f"shape {upper.shape}", ends, f"{bad} not OK" if bad else "")

    def _repr_html_(self) -> str:
        columns = [np.ravel(x) for x in (self.lower, self.upper, self.estimate, self.status)]
        rows = [
            [*(f"{column[i]:.6g}" for column in columns[:3]), Status(int(columns[3][i])).name]
            for i in range(min(columns[0].size, _SHOWN_ROWS))
        ]
        return rows_html(("lower", "upper", "estimate", "status"), rows, left_out=columns[0].size - len(rows))
