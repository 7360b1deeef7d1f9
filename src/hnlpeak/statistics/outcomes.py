"""All outcomes of an experiment with a known truth, and the shares of them in which a method is right.

An outcome is a count n' ~ Poisson(e mu + b) with new measurements: b_m ~ N(b, sigma) or y ~ Poisson(tau b),
e_m ~ N(e, sigma_e) > 0 or z ~ Binomial(m, e). Counts are summed, in blocks. Of the Gaussian measurements the wider
one goes in cells, across each of which the ends run evenly, and the other in Gauss-Hermite nodes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.arguments import finite
from hnlpeak.statistics.constraints import Background, Binomial, Efficiency, Gaussian, Known, Poisson
from hnlpeak.statistics.interval import Interval
from hnlpeak.statistics.one_sided import central_value

__all__ = ["Job", "Outcomes", "covered", "outcomes"]

Floats = NDArray[np.float64]
_REACH = 5.5
_NODES = 12
# outcomes held at a time, and in all
_BLOCK, _MOST_OUTCOMES = 200_000, 3e8
# steps of the coverage that are looked at, and ends that are one
_STEP, _SAME = 1e-4, 1e-9


@dataclass(frozen=True)
class Job:
    """One true background and efficiency, how they are measured, and the method with its ``cl``.

    ``cells`` is how finely a measurement is sampled; ``positive``: a measured background must be above zero.
    """

    background: Background
    efficiency: Efficiency
    cl: float
    call: Callable[..., Interval]
    cells: int
    positive: bool

    @property
    def b(self) -> float:
        """True background, in events."""
        return float(central_value(self.background))

    @property
    def sigma_b(self) -> float:
        """Standard deviation of its Gaussian measurement, else 0."""
        return float(finite("sigma", self.background.sigma)) if isinstance(self.background, Gaussian) else 0.0

    @property
    def e(self) -> float:
        """True efficiency."""
        if isinstance(self.efficiency, Binomial):
            return float(finite("z", self.efficiency.z) / finite("m", self.efficiency.m))
        return float(finite("efficiency", self.efficiency.value))

    @property
    def sigma_e(self) -> float:
        """Standard deviation of its Gaussian measurement, else 0."""
        return float(finite("sigma", self.efficiency.sigma)) if isinstance(self.efficiency, Gaussian) else 0.0


@dataclass(frozen=True, eq=False)
class _Measurements:
    """Measured backgrounds and efficiencies with axes (count, background, efficiency, cells), one of them over the
    edges of the cells; the probabilities of those outside the cells, and of the cells (one: an exact value)."""

    background: Floats
    efficiency: Floats
    outer: Floats
    cells: Floats
    edges: int


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Interval ends of the counts ``n`` that matter for some signals, axes (count, outside the cells, edges)."""

    job: Job
    n: Floats
    lower: Floats
    upper: Floats
    measured: _Measurements

    def covered(self, signal: Floats) -> Floats:
        """(contained, not below) for each true signal among those, shape (2, signals)."""
        out, seen = _shares(self, signal)
        return _completed(out, seen, self.measured)

    def steps(self, largest: float) -> Floats:
        """True signals up to ``largest`` at which the coverage falls by a step, on its lower side.

        Just above an upper end, just below a lower one, where a share of more than 1e-4 of all outcomes has it: ends
        of a count that do not depend on what is measured beside it.
        """
        found = []
        last = self.measured.edges - 1
        share = self.measured.outer[:, None] * self.measured.cells
        for ends, side in ((self.upper, 1.0), (self.lower, -1.0)):
            one = ends[..., : self.measured.cells.size]
            two = ends[..., np.minimum(np.arange(1, self.measured.cells.size + 1), last)]
            flat = (np.abs(one - two) <= _SAME * one) & (one > 0.0) & (one < largest)
            count, outer, cell = np.nonzero(flat)
            at = one[flat]
            chance = _chances(self.n[count], self.job.e * at + self.job.b) * share[outer, cell]
            order = np.argsort(at)
            at, chance = at[order], chance[order]
            first = np.flatnonzero(np.diff(at, prepend=-1.0) > _SAME * at)
            large = np.add.reduceat(chance, first) > _STEP if first.size else np.zeros(0, dtype=bool)
            found.append(at[first][large] * (1.0 + side * 10.0 * _SAME))
        return np.concatenate(found)


def outcomes(job: Job, largest: float) -> Outcomes | None:
    """All outcomes for true signals from 0 to ``largest``; None for too many to be held at a time."""
    measured = _measurements(job, largest)
    first, last = _counts(job.b, job.e * largest + job.b)
    if (last + 1 - first) * measured.outer.size * measured.edges > _BLOCK:
        return None
    n = np.arange(float(first), float(last + 1))
    return Outcomes(job, n, *_ends(job, n, measured), measured)


def _counts(low: float, high: float) -> tuple[int, int]:
    """First and last count that has a probability at rates from ``low`` to ``high``."""
    first = max(math.floor(low - 8.0 * math.sqrt(low) - 15.0), 0)
    return first, math.ceil(high + 8.0 * math.sqrt(high) + 15.0)


def _chances(n: Floats, rate: Floats) -> Floats:
    return np.asarray(np.exp(scipy.special.xlogy(n, rate) - rate - scipy.special.gammaln(n + 1.0)))


def _shares(held: Outcomes, signal: Floats) -> tuple[Floats, Floats]:
    """Probability that an outcome among those held is (contained, not below), and that it is among them."""
    out = np.zeros((2, signal.size))
    chances = _chances(held.n, (held.job.e * signal + held.job.b)[:, None])
    measured = held.measured
    _add(held.lower, held.upper, measured.outer, measured.cells, np.ascontiguousarray(signal), chances, out)
    return out, chances.sum(axis=1)


def _completed(out: Floats, seen: Floats, measured: _Measurements) -> Floats:
    # an efficiency without a success has no scale: every signal is allowed, and what is missing here covers
    return np.asarray(out + np.maximum(seen * (1.0 - measured.outer.sum()), 0.0))


def covered(job: Job, signal: Floats) -> Floats:
    """(contained, not below) for each true signal, shape (2, signals)."""
    measured = _measurements(job, float(signal.max()))
    rates = job.e * signal + job.b
    high = float(rates.max())
    first, last = _counts(float(rates.min()), high)
    each = measured.outer.size * measured.edges
    if (last - first) * each > _MOST_OUTCOMES:
        raise UsageError(
            f"coverage for {high:g} events would sum {(last - first) * each:.1g} outcomes, allowed are "
            f"{_MOST_OUTCOMES:.1g}; there the asymptotic coverage holds"
        )
    out, seen = np.zeros((2, signal.size)), np.zeros(signal.size)
    block = max(1, _BLOCK // each)
    for start in range(first, last + 1, block):
        n = np.arange(float(start), float(min(start + block, last + 1)))
        part, chance = _shares(Outcomes(job, n, *_ends(job, n, measured), measured), signal)
        out, seen = out + part, seen + chance
    return _completed(out, seen, measured)


def _measurements(job: Job, largest: float) -> _Measurements:
    """What is measured beside a count, for signals up to ``largest``."""
    cells_in_b = job.sigma_b > 0.0 and job.sigma_b >= job.sigma_e * largest
    edges, cells = np.zeros(1), np.ones(1)
    b, b_weight = _background_measurements(job)
    e, e_weight = _efficiency_measurements(job)
    if cells_in_b or job.sigma_e > 0.0:
        edges = np.linspace(-_REACH, _REACH, job.cells + 1)
        if cells_in_b:
            b, b_weight = job.b + job.sigma_b * edges, np.ones(1)
        else:
            edges = edges[job.e + job.sigma_e * edges > 0.0]
            e, e_weight = job.e + job.sigma_e * edges, np.ones(1)
        cells = np.diff(scipy.special.ndtr(edges))
    inner_e = not cells_in_b and job.sigma_e > 0.0
    return _Measurements(
        b[None, None, None, :] if cells_in_b else b[None, :, None, None],
        e[None, None, None, :] if inner_e else e[None, None, :, None],
        np.outer(b_weight, e_weight).reshape(-1),
        cells / cells.sum(),
        edges.size,
    )


def _ends(job: Job, n: Floats, measured: _Measurements) -> tuple[Floats, Floats]:
    """Lower and upper ends with axes (count, measurements outside the cells, edges)."""
    found = job.call(
        n[:, None, None, None],
        background=_measured_background(job, measured.background),
        efficiency=_measured_efficiency(job, measured.efficiency),
        cl=job.cl,
    )
    shape = np.broadcast_shapes((n.size, 1, 1, 1), measured.background.shape, measured.efficiency.shape)
    lower, upper = (
        np.broadcast_to(np.asarray(end), shape).reshape(n.size, -1, measured.edges)
        for end in (found.lower, found.upper)
    )
    return _continued(lower, ~(lower > 0.0)), _continued(upper, np.isnan(upper))


@kernel
def _continue(ends: Floats) -> None:
    """Ends that are nan (stopped: empty, or held at 0) put below zero, on the line through the two before.

    So that a cell in which this begins is divided where it begins.
    """
    for row in ends.reshape(-1, ends.shape[-1]):
        for j in range(row.size):
            if math.isnan(row[j]):
                line = 2.0 * row[j - 1] - row[j - 2] if j > 1 else -1.0
                row[j] = min(line, -1e-12) if not math.isnan(line) else -1.0


def _continued(end: Floats, stopped: NDArray[np.bool_]) -> Floats:
    answer = np.where(stopped, np.nan, end)
    _continue(answer)
    return answer


@cache
def _hermite() -> tuple[Floats, Floats]:
    x, weight = np.polynomial.hermite_e.hermegauss(_NODES)
    return x, weight / weight.sum()


def _background_measurements(job: Job) -> tuple[Floats, Floats]:
    """Values (events, or counts of the control region) and probabilities, as far as they are points."""
    if isinstance(job.background, Poisson):
        mean = float(finite("y", job.background.y))
        low = max(math.floor(mean - 7.0 * math.sqrt(mean)), 0)
        y = np.arange(low, math.ceil(mean + 7.0 * math.sqrt(mean) + 12.0) + 1.0)
        return y, np.exp(scipy.special.xlogy(y, mean) - mean - scipy.special.gammaln(y + 1.0))
    if job.sigma_b > 0.0:
        x, weight = _hermite()
        return job.b + job.sigma_b * x, weight
    return np.array([job.b]), np.ones(1)


def _efficiency_measurements(job: Job) -> tuple[Floats, Floats]:
    """Values (efficiencies, or successes) and probabilities, as far as they are points."""
    if isinstance(job.efficiency, Binomial):
        m = round(float(finite("m", job.efficiency.m)))
        spread = 7.0 * math.sqrt(m * job.e * (1.0 - job.e)) + 10.0
        z = np.arange(max(math.floor(m * job.e - spread), 1), min(math.ceil(m * job.e + spread), m) + 1.0)
        log = (
            scipy.special.gammaln(m + 1.0)
            - scipy.special.gammaln(z + 1.0)
            - scipy.special.gammaln(m - z + 1.0)
        )
        return z, np.exp(log + scipy.special.xlogy(z, job.e) + scipy.special.xlog1py(m - z, -job.e))
    if job.sigma_e > 0.0:
        x, weight = _hermite()
        values = job.e + job.sigma_e * x
        return values[values > 0.0], weight[values > 0.0] / weight[values > 0.0].sum()
    return np.array([job.e]), np.ones(1)


def _measured_background(job: Job, measured: Floats) -> Background:
    if isinstance(job.background, Poisson):
        return Poisson(measured, job.background.tau)
    if isinstance(job.background, Gaussian):
        floor = 1e-3 * job.sigma_b if job.positive else -math.inf
        return Gaussian(np.maximum(measured, floor), job.sigma_b)
    return Known(measured)


def _measured_efficiency(job: Job, measured: Floats) -> Efficiency:
    if isinstance(job.efficiency, Binomial):
        return Binomial(measured, job.efficiency.m)
    return Gaussian(measured, job.sigma_e) if isinstance(job.efficiency, Gaussian) else Known(measured)


@kernel
def _share_above(one: float, two: float, value: float) -> float:
    """Share of the way from ``one`` to ``two`` on which an end that runs evenly is at or above ``value``."""
    if one >= value and two >= value:
        return 1.0
    if one < value and two < value:
        return 0.0
    if math.isinf(one) or math.isinf(two):
        return 0.5
    return (max(one, two) - value) / abs(two - one)


@kernel
def _row(lower: Floats, upper: Floats, cells: Floats, mu: float) -> tuple[float, float]:
    """Shares of the cells in which ``mu`` is contained, and in which the upper end is not below it."""
    last = lower.size - 1
    contained, not_below = 0.0, 0.0
    for j in range(cells.size):
        k = min(j + 1, last)
        above = _share_above(upper[j], upper[k], mu)
        beyond = 1.0 - _share_above(-lower[j], -lower[k], -mu)
        not_below += cells[j] * above
        contained += cells[j] * max(above - beyond, 0.0)
    return contained, not_below


@kernel
def _add(
    lower: Floats, upper: Floats, outer: Floats, cells: Floats, signal: Floats, poisson: Floats, out: Floats
) -> None:
    """Adds the outcomes of some counts to (contained, not below) of each signal."""
    for n in range(lower.shape[0]):
        for i in range(outer.size):
            low, up = lower[n, i], upper[n, i]
            low_least, low_most = low.min(), low.max()
            up_least, up_most = up.min(), up.max()
            for s in range(signal.size):
                weight = poisson[s, n] * outer[i]
                mu = signal[s]
                if weight < 1e-14 or up_most < mu:
                    continue
                contained, not_below = 1.0, 1.0
                if up_least < mu or low_most > mu:
                    contained, not_below = 0.0, 1.0
                    if up_least < mu or low_least <= mu:
                        contained, not_below = _row(low, up, cells, mu)
                out[0, s] += weight * contained
                out[1, s] += weight * not_below
