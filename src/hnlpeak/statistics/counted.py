"""A counting experiment as one of several that share a rate: n ~ Poisson(t e + b), b and e profiled."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.background import background_pull, background_q
from hnlpeak.statistics.conditional import conditional
from hnlpeak.statistics.constraints import Background, Efficiency, Known
from hnlpeak.statistics.counting_table import CountingTable, counting, counting_table
from hnlpeak.statistics.hypothesis import asimov

__all__ = ["Counted", "lattice"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
_CERTAIN = Known(1.0)


@dataclass(frozen=True, eq=False)
class Counted:
    """Counts of a table, flat; the efficiency of its columns is relative: signals are counts."""

    table: CountingTable

    @classmethod
    def of(cls, n: ArrayLike, *, background: Background, efficiency: Efficiency = _CERTAIN) -> Counted:
        """Return ``n`` events on ``background``; of ``efficiency`` the relative error alone matters."""
        return cls(counting_table(n, background, efficiency, 0.9))

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.table.size

    @property
    def convex(self) -> bool:
        """Where the efficiency is known q is convex."""
        return not np.any(self.table.columns[4] > 0.0)

    def __getitem__(self, which: Places) -> Counted:
        """The elements ``which``."""
        return Counted(self.table[which])

    def profile(self, which: Places, t: Floats) -> tuple[Floats, Floats]:
        """-2 ln of the likelihood ratio to the unrestricted maximum, and its slope, at ``t`` >= 0 signal counts."""
        part = self.table[which]
        q, slope = np.empty(which.size), np.empty(which.size)
        _profiles(part.columns, part.tau, part.trials, np.ascontiguousarray(t), q, slope)
        return q, slope

    def scale(self) -> Floats:
        """About the standard deviation of the signal counts."""
        return np.asarray(
            np.sqrt(self.table.n + np.maximum(self.table.background, 0.0) + self.table.columns[2]) + 0.5
        )

    def background_only(self) -> Counted:
        """The average counts of the background that fits the data best without a signal."""
        columns = self.table.columns.copy()
        _asimov(self.table.columns, self.table.tau, self.table.trials, columns)
        return Counted(replace(self.table, columns=columns))

    def expected(self) -> Counted:
        """The average counts of the measured background."""
        columns = self.table.columns.copy()
        columns[0] = np.maximum(columns[1], 0.0)
        return Counted(replace(self.table, columns=columns))

    def drawn(self, points: Floats) -> Counted:
        """Pseudo-experiments of background alone: ``points[k, draw]`` in (0, 1), three k, for all elements.

        The true background comes from its constraint (>= 0), count and measured background from it; those of an
        element lie together. The measurement of the efficiency is not drawn.
        """
        true, count, measured = (np.tile(column, self.size) for column in points)
        many = self.table[np.repeat(np.arange(self.size), points.shape[1])]
        columns, variance = many.columns.copy(), many.columns[2]
        if many.tau is None:
            sigma = np.sqrt(variance)
            with np.errstate(divide="ignore", invalid="ignore"):
                below = np.where(sigma > 0.0, scipy.special.ndtr(-many.background / sigma), 0.0)
            b = np.maximum(
                many.background + _times(sigma, scipy.special.ndtri(below + true * (1.0 - below))), 0.0
            )
            columns[1] = b + _times(sigma, scipy.special.ndtri(measured))
        else:
            b = scipy.special.gammaincinv(columns[3] + 1.0, true) / many.tau
            y = _poisson_quantile(measured, many.tau * b)
            columns[1], columns[2], columns[3] = y / many.tau, y / many.tau**2, y
        columns[0] = _poisson_quantile(count, b)
        return Counted(replace(many, columns=columns))


def lattice(dimensions: int, points: int) -> Floats:
    """Return ``points`` numbers in (0, 1) in each of ``dimensions``, evenly spread: a Kronecker lattice.

    Steps are powers of 1/g with g^(d + 1) = g + 1 (M. Roberts, "The unreasonable effectiveness of quasirandom
    sequences"): averages over them converge faster than over random numbers, and have no seed.
    """
    g = 2.0
    for _ in range(64):
        g = (1.0 + g) ** (1.0 / (dimensions + 1.0))
    steps = g ** -np.arange(1.0, dimensions + 1.0)
    return np.asarray((0.5 + np.outer(steps, np.arange(1, points + 1))) % 1.0)


def _times(sigma: Floats, deviations: Floats) -> Floats:
    return np.where(sigma > 0.0, sigma * np.where(sigma > 0.0, deviations, 0.0), 0.0)


def _poisson_quantile(p: Floats, mean: Floats) -> Floats:
    """Smallest count whose cumulative probability is ``p`` or more."""
    some = mean > 0.0
    rate = np.where(some, mean, 1.0)
    k = np.ceil(np.nan_to_num(scipy.special.pdtrik(p, rate)))
    # rounding at a whole number
    k = np.where((k > 0.0) & (scipy.special.pdtr(np.maximum(k - 1.0, 0.0), rate) >= p), k - 1.0, k)
    return np.where(some & (scipy.special.pdtr(0.0, rate) < p), np.maximum(k, 0.0), 0.0)


@kernel
def _profiles(
    columns: Floats, tau: Floats | None, trials: Floats | None, t: Floats, q: Floats, slope: Floats
) -> None:
    for i in range(t.size):
        c = counting(columns, tau, trials, i)
        if t[i] > 0.0 and c.r2 > 0.0:
            q[i], k, _, e = conditional(c, t[i], 1.0)
            slope[i] = -2.0 * k * e
        else:
            found = background_pull(c, t[i])
            q[i] = background_q(c, t[i], found)
            slope[i] = -2.0 * found[1] if math.isfinite(q[i]) else -math.inf


@kernel
def _asimov(columns: Floats, tau: Floats | None, trials: Floats | None, out: Floats) -> None:
    for i in range(columns.shape[1]):
        one = asimov(counting(columns, tau, trials, i))
        out[0, i], out[1, i], out[2, i], out[3, i] = one.n, one.b, one.variance, one.y
