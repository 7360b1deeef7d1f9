"""Coverage of a method where one uses it: sums over all outcomes, no toys.

The given background and efficiency are true, their errors are those of the measurement. An outcome is a count
n' ~ Poisson(e mu + b) with new measurements: b_m ~ N(b, sigma) or y ~ Poisson(tau b), e_m ~ N(e, sigma_e) > 0
or z ~ Binomial(m, e). Counts are summed. Of the Gaussian measurements the wider one goes in cells, across each
of which the ends run evenly, and the other in Gauss-Hermite nodes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, ndtr, xlog1py, xlogy

from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.arguments import finite, not_negative, table
from hnlpeak.statistics.constraints import Background, Binomial, Efficiency, Gaussian, Known, Poisson
from hnlpeak.statistics.interval import Interval
from hnlpeak.statistics.methods import METHODS, method_call
from hnlpeak.statistics.one_sided import central_value
from hnlpeak.statistics.rolke_lopez import Treatment

__all__ = ["Coverage", "MinimumCoverage", "coverage", "minimum_coverage"]

Floats = NDArray[np.float64]
_CERTAIN = Known(1.0)
_REACH = 5.5
_NODES = 12


@dataclass(frozen=True, eq=False)
class Coverage:
    """Probabilities for each true signal rate; floats for scalar input, else arrays of the broadcast shape.

    ``contained``: the interval holds the true rate; ``not_below``: its upper end is not below the true rate,
    which is the coverage of the upper limit. An empty interval misses.
    """

    signal: float | Floats
    contained: float | Floats
    not_below: float | Floats


@dataclass(frozen=True, eq=False)
class MinimumCoverage:
    """Smallest coverages over a grid of true signal rates, and the rates (``at_...``) where they are found."""

    contained: float | Floats
    at_contained: float | Floats
    not_below: float | Floats
    at_not_below: float | Floats


def coverage(
    signal: ArrayLike,
    *,
    background: Background,
    efficiency: Efficiency = _CERTAIN,
    cl: float = 0.90,
    method: str = "rolke-lopez",
    treatment: Treatment | None = None,
) -> Coverage:
    """Coverage of a method of ``METHODS`` at true ``signal`` rates, background and efficiency; all broadcast.

    Good to 1e-3 (known and Poisson backgrounds with a known efficiency: exact; TRolke's saw-tooth with a
    Gaussian background: 1e-2). One set of intervals serves all signals of one background and efficiency.
    Where a method needs a positive background (``"bayes"``), measurements below sigma / 1000 count as such.

    Raises UsageError for a signal or a true background below zero, and as the method does.
    """
    rates = not_negative("signal", signal)
    jobs, columns = _jobs(background, efficiency, cl, method, treatment)
    everything = table(rates, *columns)
    shape = everything.shape[1:]
    flat = everything.reshape(len(everything), -1)
    found = np.empty((2, flat.shape[1]))
    settings, group = np.unique(flat[1:], axis=1, return_inverse=True)
    for i, setting in enumerate(settings.T):
        members = np.flatnonzero(group.reshape(-1) == i)
        found[:, members] = _outcomes(jobs(setting), float(flat[0, members].max())).covered(flat[0, members])
    grids = (np.array(flat[0]).reshape(shape), found[0].reshape(shape), found[1].reshape(shape))
    return Coverage(*(float(grid) if shape == () else grid for grid in grids))


def minimum_coverage(
    *,
    background: Background,
    efficiency: Efficiency = _CERTAIN,
    cl: float = 0.90,
    method: str = "rolke-lopez",
    treatment: Treatment | None = None,
    points: int = 80,
) -> MinimumCoverage:
    """Smallest coverage for each background and efficiency (which broadcast): one number a mass of a scan.

    The true signal runs over ``points`` values from 0 to (8 + 4 sqrt(b + sigma^2)) / efficiency, beyond which the
    coverage only settles. Coverage has steps, so the smallest value on a grid is above the infimum.
    Raises UsageError as :func:`coverage` does.
    """
    jobs, columns = _jobs(background, efficiency, cl, method, treatment)
    everything = table(*columns)
    shape = everything.shape[1:]
    found = np.empty((4, math.prod(shape)))
    for i, setting in enumerate(everything.reshape(len(everything), -1).T):
        job = jobs(setting)
        reach = (8.0 + 4.0 * math.hypot(math.sqrt(job.b), job.sigma_b)) / job.e
        rates = np.linspace(0.0, reach, points)
        contained, not_below = _outcomes(job, reach).covered(rates)
        low, other = int(contained.argmin()), int(not_below.argmin())
        found[:, i] = contained[low], rates[low], not_below[other], rates[other]
    return MinimumCoverage(*(float(row[0]) if shape == () else row.reshape(shape) for row in found))


@dataclass(frozen=True)
class _Job:
    """One true background and efficiency, how they are measured, and the method."""

    background: Background
    efficiency: Efficiency
    cl: float
    call: Callable[..., Interval]
    cells: int
    positive: bool

    @property
    def b(self) -> float:
        return float(central_value(self.background))

    @property
    def sigma_b(self) -> float:
        return float(finite("sigma", self.background.sigma)) if isinstance(self.background, Gaussian) else 0.0

    @property
    def e(self) -> float:
        if isinstance(self.efficiency, Binomial):
            return float(finite("z", self.efficiency.z) / finite("m", self.efficiency.m))
        return float(finite("efficiency", self.efficiency.value))

    @property
    def sigma_e(self) -> float:
        return float(finite("sigma", self.efficiency.sigma)) if isinstance(self.efficiency, Gaussian) else 0.0


def _jobs(
    background: Background, efficiency: Efficiency, cl: float, method: str, treatment: Treatment | None
) -> tuple[Callable[[Floats], _Job], list[Floats]]:
    """What makes a job of one column of numbers, and the columns."""
    if finite("cl", cl).shape != ():
        raise UsageError("cl must be one number for a coverage")
    call = method_call(method, treatment)
    about = METHODS[method]
    not_negative("background", central_value(background))
    parts = [
        [finite(f.name, getattr(part, f.name)) for f in fields(part)] for part in (background, efficiency)
    ]
    split = len(parts[0])

    def job(numbers: Floats) -> _Job:
        values = [float(number) for number in numbers]
        return _Job(
            type(background)(*values[:split]),
            type(efficiency)(*values[split:]),
            cl,
            call,
            about.cells,
            about.positive_background,
        )

    return job, [*parts[0], *parts[1]]


@dataclass(frozen=True, eq=False)
class _Outcomes:
    """Ends for counts 0, 1, ... x outer measurement x edges of the inner one, with the probabilities of the
    outer measurements and of the cells between edges (one edge: an exact value)."""

    lower: Floats
    upper: Floats
    outer: Floats
    cells: Floats
    b: float
    e: float

    def covered(self, signal: Floats) -> Floats:
        """(contained, not below) for each signal, shape (2, signals)."""
        out = np.empty((2, signal.size))
        n = np.arange(float(self.lower.shape[0]))
        rates = self.e * signal + self.b
        poisson = np.exp(xlogy(n, rates[:, None]) - rates[:, None] - gammaln(n + 1.0))
        _sum(self.lower, self.upper, self.outer, self.cells, np.ascontiguousarray(signal), poisson, out)
        return out


def _outcomes(job: _Job, largest: float) -> _Outcomes:
    """All outcomes that matter for signals up to ``largest``."""
    rate = job.b + job.e * largest
    n = np.arange(math.ceil(rate + 8.0 * math.sqrt(rate) + 15.0) + 1.0)
    cells_in_b = job.sigma_b > 0.0 and job.sigma_b >= job.sigma_e * largest
    edges, cells = np.zeros(1), np.ones(1)
    b, b_weight = _background_measurements(job)
    e, e_weight = _efficiency_measurements(job)
    if cells_in_b or job.sigma_e > 0.0:
        edges = np.linspace(-_REACH, _REACH, job.cells + 1)
        cells = np.diff(ndtr(edges))
        if cells_in_b:
            b, b_weight = job.b + job.sigma_b * edges, np.ones(1)
        else:
            edges = edges[job.e + job.sigma_e * edges > 0.0]
            cells = np.diff(ndtr(edges))
            e, e_weight = job.e + job.sigma_e * edges, np.ones(1)
    # axes: count, background outside the cells, efficiency outside the cells, cells
    inner_e = not cells_in_b and job.sigma_e > 0.0
    measured_b = b[None, None, None, :] if cells_in_b else b[None, :, None, None]
    measured_e = e[None, None, None, :] if inner_e else e[None, None, :, None]
    found = job.call(
        n[:, None, None, None],
        background=_measured_background(job, measured_b),
        efficiency=_measured_efficiency(job, measured_e),
        cl=job.cl,
    )
    full = (n.size, b_weight.size, e_weight.size, edges.size)
    lower, upper = (
        np.broadcast_to(np.asarray(end), full).reshape(n.size, -1, edges.size)
        for end in (found.lower, found.upper)
    )
    outer = np.outer(b_weight, e_weight).reshape(-1)
    # an efficiency without a success has no scale: every signal is allowed, and what is missing here covers
    lower, upper = _continued(lower, ~(lower > 0.0)), _continued(upper, np.isnan(upper))
    return _Outcomes(lower, upper, outer, cells / cells.sum(), job.b, job.e)


def _continued(end: Floats, stopped: NDArray[np.bool_]) -> Floats:
    """Ends with those that are ``stopped`` (empty, or held at 0) below zero: on the line through the two before.

    So that a cell in which this begins is divided where it begins.
    """
    answer = np.array(end)
    with np.errstate(invalid="ignore"):
        for j in range(answer.shape[-1]):
            line = (
                2.0 * answer[..., j - 1] - answer[..., j - 2] if j > 1 else np.full(answer.shape[:-1], -1.0)
            )
            below = np.minimum(np.nan_to_num(line, nan=-1.0), -1e-12)
            answer[..., j] = np.where(stopped[..., j], below, answer[..., j])
    return answer


def _hermite() -> tuple[Floats, Floats]:
    x, weight = np.polynomial.hermite_e.hermegauss(_NODES)
    return x, weight / weight.sum()


def _background_measurements(job: _Job) -> tuple[Floats, Floats]:
    """Values (events, or counts of the control region) and probabilities, as far as they are points."""
    if isinstance(job.background, Poisson):
        mean = float(finite("y", job.background.y))
        low = max(math.floor(mean - 7.0 * math.sqrt(mean)), 0)
        y = np.arange(low, math.ceil(mean + 7.0 * math.sqrt(mean) + 12.0) + 1.0)
        return y, np.exp(xlogy(y, mean) - mean - gammaln(y + 1.0))
    if job.sigma_b > 0.0:
        x, weight = _hermite()
        return job.b + job.sigma_b * x, weight
    return np.array([job.b]), np.ones(1)


def _efficiency_measurements(job: _Job) -> tuple[Floats, Floats]:
    """Values (efficiencies, or successes) and probabilities, as far as they are points."""
    if isinstance(job.efficiency, Binomial):
        m = round(float(finite("m", job.efficiency.m)))
        spread = 7.0 * math.sqrt(m * job.e * (1.0 - job.e)) + 10.0
        z = np.arange(max(math.floor(m * job.e - spread), 1), min(math.ceil(m * job.e + spread), m) + 1.0)
        log = gammaln(m + 1.0) - gammaln(z + 1.0) - gammaln(m - z + 1.0)
        return z, np.exp(log + xlogy(z, job.e) + xlog1py(m - z, -job.e))
    if job.sigma_e > 0.0:
        x, weight = _hermite()
        values = job.e + job.sigma_e * x
        return values[values > 0.0], weight[values > 0.0] / weight[values > 0.0].sum()
    return np.array([job.e]), np.ones(1)


def _measured_background(job: _Job, measured: Floats) -> Background:
    if isinstance(job.background, Poisson):
        return Poisson(measured, job.background.tau)
    if isinstance(job.background, Gaussian):
        floor = 1e-3 * job.sigma_b if job.positive else -math.inf
        return Gaussian(np.maximum(measured, floor), job.sigma_b)
    return Known(measured)


def _measured_efficiency(job: _Job, measured: Floats) -> Efficiency:
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
def _sum(
    lower: Floats, upper: Floats, outer: Floats, cells: Floats, signal: Floats, poisson: Floats, out: Floats
) -> None:
    last = lower.shape[2] - 1
    for s in range(signal.size):
        mu = signal[s]
        contained, not_below = 0.0, 0.0
        for n in range(lower.shape[0]):
            if poisson[s, n] < 1e-13:
                continue
            for i in range(outer.size):
                weight = poisson[s, n] * outer[i]
                for j in range(cells.size):
                    k = min(j + 1, last)
                    above = _share_above(upper[n, i, j], upper[n, i, k], mu)
                    beyond = 1.0 - _share_above(-lower[n, i, j], -lower[n, i, k], -mu)
                    not_below += weight * cells[j] * above
                    contained += weight * cells[j] * max(above - beyond, 0.0)
        missing = 0.0
        for n in range(lower.shape[0]):
            missing += poisson[s, n]
        known = 0.0
        for i in range(outer.size):
            known += outer[i]
        lost = max(missing * (1.0 - known), 0.0)
        out[0, s] = contained + lost
        out[1, s] = not_below + lost
