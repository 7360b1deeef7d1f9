"""Arguments of the methods as columns that kernels turn into one :class:`Counting` per element."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.arguments import control_events, events, finite, positive, table
from hnlpeak.statistics.constraints import (
    Background,
    Binomial,
    Efficiency,
    Gaussian,
    Known,
    Poisson,
    background_numbers,
    efficiency_numbers,
)
from hnlpeak.statistics.counting import Counting
from hnlpeak.statistics.interval import Interval

__all__ = ["CountingTable", "confidence_level", "counting", "counting_table"]


@dataclass(frozen=True, eq=False)
class CountingTable:
    """Columns n, b, variance, y, r2, z, efficiency and cl of all elements, flat; ``shape`` is the answer's.

    ``tau`` and ``trials`` are columns too, or None where background or efficiency are of another kind.
    """

    columns: NDArray[np.float64]
    tau: NDArray[np.float64] | None
    trials: NDArray[np.float64] | None
    shape: tuple[int, ...]

    def __getitem__(self, which: NDArray[np.intp]) -> CountingTable:
        """The elements ``which``."""
        return CountingTable(
            np.ascontiguousarray(self.columns[:, which]),
            None if self.tau is None else self.tau[which],
            None if self.trials is None else self.trials[which],
            which.shape,
        )

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(self.columns.shape[1])

    @property
    def n(self) -> NDArray[np.float64]:
        """Observed counts."""
        return np.asarray(self.columns[0])

    @property
    def background(self) -> NDArray[np.float64]:
        """Measured backgrounds."""
        return np.asarray(self.columns[1])

    @property
    def efficiency(self) -> NDArray[np.float64]:
        """Measured efficiencies."""
        return np.asarray(self.columns[6])

    @property
    def cl(self) -> NDArray[np.float64]:
        """Confidence levels."""
        return np.asarray(self.columns[7])

    def interval(
        self, lower: NDArray[np.float64], upper: NDArray[np.float64], status: NDArray[np.int8]
    ) -> Interval:
        """Flat ends in signal counts as an :class:`Interval` of the signal rate."""
        estimate = (self.n - self.background) / self.efficiency
        return Interval.of(
            np.asarray(lower / self.efficiency).reshape(self.shape),
            np.asarray(upper / self.efficiency).reshape(self.shape),
            estimate.reshape(self.shape),
            status.reshape(self.shape),
        )


@kernel
def _entry(column: NDArray[np.float64] | None, i: int) -> float | None:
    if column is None:
        return None
    return float(column[i])


@kernel
def counting(
    columns: NDArray[np.float64],
    tau: NDArray[np.float64] | None,
    trials: NDArray[np.float64] | None,
    i: int,
) -> Counting:
    """Element ``i`` of a table."""
    n, b, variance, y, r2, z = columns[:6, i]
    return Counting(n, b, variance, y, _entry(tau, i), r2, z, _entry(trials, i), False)


def counting_table(
    n: ArrayLike, background: Background, efficiency: Efficiency, cl: ArrayLike
) -> CountingTable:
    """Check, broadcast and flatten the arguments of a method; UsageError that names what makes no sense."""
    b, variance, y, tau = _background_columns(background)
    e, r2, z, trials = _efficiency_columns(efficiency)
    stacked = table(events("n", n), b, variance, y, r2, z, e, confidence_level(cl), tau, trials)
    flat = stacked.reshape(len(stacked), -1)
    return CountingTable(
        flat[:8],
        flat[8] if isinstance(background, Poisson) else None,
        flat[9] if isinstance(efficiency, Binomial) else None,
        stacked.shape[1:],
    )


def confidence_level(cl: ArrayLike) -> NDArray[np.float64]:
    """``cl`` as an array; UsageError unless between 0 and 1."""
    level = finite("cl", cl)
    outside = (level <= 0.0) | (level >= 1.0)
    if np.any(outside):
        raise UsageError(f"cl must lie between 0 and 1, got {level[outside].flat[0]:g}")
    return level


def _background_columns(background: Background) -> tuple[NDArray[np.float64], ...]:
    """(b, variance, y, tau) as :class:`Counting` has them, tau 0 for None."""
    zero = np.zeros(())
    if isinstance(background, Poisson):
        y, tau = table(control_events("y", background.y), positive("tau", background.tau))
        return events("y / tau", y / tau), np.asarray(y / tau / tau), y, tau
    if isinstance(background, Known | Gaussian):
        b, sigma = background_numbers(background)
        return b, sigma * sigma, zero, zero
    raise UsageError(
        f"background must be Known(b), Gaussian(b, sigma) or Poisson(y, tau), got {background!r}"
    )


def _efficiency_columns(efficiency: Efficiency) -> tuple[NDArray[np.float64], ...]:
    """(e, r2, z, m): e and the rest as :class:`Counting` has them, m 0 for None."""
    zero = np.zeros(())
    if isinstance(efficiency, Binomial):
        z, m = table(positive("z", efficiency.z), positive("m", efficiency.m))
        return np.asarray(z / m), np.asarray((m - z) / m / z), z, m
    if isinstance(efficiency, Known | Gaussian):
        e, relative = efficiency_numbers(efficiency)
        return e, relative * relative, zero, zero
    raise UsageError(f"efficiency must be Known(e), Gaussian(e, sigma) or Binomial(z, m), got {efficiency!r}")
