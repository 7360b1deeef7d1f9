"""Expected limits: the distribution of the upper end if there is background only.

Definitions:

- ``"unconditional"`` (default): n ~ Poisson(b') with b' from its constraint, and the measurement of the
  background is redrawn, so that every pseudo-experiment has its own estimate. Gaussian: b' ~ N(b, sigma) with
  b' >= 0, b_m ~ N(b', sigma). Poisson(y, tau): b' ~ Gamma(y + 1, tau), y_m ~ Poisson(tau b'). Sums over n and
  y_m, quadrature over b', cells in b_m; no random numbers.
- ``"fixed"``: n ~ Poisson(b) and the background estimate stays as it is.
- ``"asimov"``: the limit at n = b; the bands at n = b + N sqrt(b + sigma^2), not below 0.
- ``"asimov-whole"``: the same with counts cut to whole numbers, int(b) and int(b + N sqrt(b + sigma^2)), as the
  public tables of NA62's search in 2007 data have them (francisnewson/hnuplots): TRolke takes whole counts only.
- ``"asymptotic"``, for ``"cls"`` alone: the limit at n = b with the bands of G. Cowan et al., EPJC 71 (2011)
  1554, eq. 89: A(L_N) = [N + Phi^-1(1 - (1 - cl) Phi(N))]^2 for the Asimov statistic A.

The p-quantile is the smallest limit L with P(limit <= L) >= p, p = Phi(N). An empty interval excludes every
signal and counts as limit 0. Across a cell the limit is taken as linear, which TRolke's saw-tooth is not:
under its rules quantiles are good to a cell's width. With sigma of order one event or more the distribution
is continuous and its quantiles move smoothly with b. At smaller sigma, for Poisson(y, tau) and always for
``"fixed"``, it has gaps between the limits of neighbouring counts, and a quantile steps across a gap where a
cumulative probability passes p: the median leaves the limit of n = 0, for one, near b = ln 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Literal, get_args

import numpy as np
import scipy
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.statistics.arguments import finite, not_negative, table
from hnlpeak.statistics.constraints import Background, Efficiency, Gaussian, Poisson
from hnlpeak.statistics.interval import Interval
from hnlpeak.statistics.methods import METHODS, method_call
from hnlpeak.statistics.one_sided import central_value, level_of
from hnlpeak.statistics.panels import truncated_normal
from hnlpeak.statistics.quantiles import quantiles
from hnlpeak.statistics.rolke_lopez import CERTAIN, Treatment, rolke_lopez

__all__ = [
    "EXPECTED_DEFINITIONS",
    "EXPECTED_LABELS",
    "Expected",
    "ExpectedDefinition",
    "expected_limit",
    "mean_limit",
]

ExpectedDefinition = Literal["unconditional", "fixed", "asimov", "asimov-whole", "asymptotic"]
EXPECTED_DEFINITIONS: tuple[ExpectedDefinition, ...] = get_args(ExpectedDefinition)
EXPECTED_LABELS: dict[ExpectedDefinition, str] = {
    "unconditional": "median and bands over counts and background measurements, both redrawn",
    "fixed": "median and bands over counts at the measured background",
    "asimov": "limit at the measured background; bands at counts shifted by standard deviations",
    "asimov-whole": "limit at the measured background cut to a whole count; bands at shifted, cut counts",
    "asymptotic": "asymptotic median and bands of CLs",
}
"""What the numbers of each definition are, for outputs."""

_BLOCK = 1 << 18  # numbers of a block of a table of probabilities, 2 MB
_BANDS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
# probabilities beyond this many standard deviations are left out of sums over counts and measurements
_REACH = 5.0
_MOST_EVENTS = 1e10


@dataclass(frozen=True, eq=False)
class Expected:
    """Quantiles of the upper end under background only: median, -+1 and -+2 standard deviations.

    Floats for scalar input, arrays otherwise; m2s <= m1s <= median <= p1s <= p2s, but for ``"asimov"`` under
    TRolke's rules, where the limit does not rise with the count.
    """

    median: float | NDArray[np.float64]
    m2s: float | NDArray[np.float64]
    m1s: float | NDArray[np.float64]
    p1s: float | NDArray[np.float64]
    p2s: float | NDArray[np.float64]
    definition: ExpectedDefinition = "unconditional"


def expected_limit(
    *,
    background: Background,
    efficiency: Efficiency = CERTAIN,
    cl: float = 0.90,
    method: str = "rolke-lopez",
    treatment: Treatment | None = None,
    definition: ExpectedDefinition = "unconditional",
) -> Expected:
    """Expected upper end of a method of ``METHODS`` for each background and efficiency (which broadcast).

    ``treatment`` belongs to ``"rolke-lopez"`` (``"bounded"`` unless given). The efficiency enters each
    interval with its uncertainty; its measurement is not redrawn. Methods that need thousands of intervals of
    milliseconds (Feldman-Cousins, exact CLs) take seconds per element; ``"asimov"`` takes five intervals.
    Where a method needs a positive background (``"bayes"``), measurements below sigma / 1000 count as such.

    Raises UsageError as the method does, for a background below zero, and for a definition that the method
    does not have.
    """
    if definition not in EXPECTED_DEFINITIONS:
        raise UsageError(f"definition must be one of {', '.join(EXPECTED_DEFINITIONS)}, got {definition!r}")
    if definition == "asymptotic" and method != "cls":
        raise UsageError(f"definition 'asymptotic' belongs to method cls, got {method}")
    jobs, shape = _jobs(background, efficiency, cl, method, treatment)
    _check_size(jobs, definition)
    bands = np.array([_DISTRIBUTIONS[definition](job) for job in jobs]).reshape(*shape, _BANDS.size)
    columns = [bands[..., i] for i in range(_BANDS.size)]
    m2s, m1s, median, p1s, p2s = (float(c) if c.shape == () else c for c in columns)
    return Expected(median, m2s, m1s, p1s, p2s, definition)


def mean_limit(
    *,
    background: Background,
    efficiency: Efficiency = CERTAIN,
    cl: float = 0.90,
    method: str = "rolke-lopez",
    treatment: Treatment | None = None,
) -> float | NDArray[np.float64]:
    """Mean upper end over n ~ Poisson(b), the background estimate fixed: TRolke's "sensitivity".

    Summed over the counts within eight standard deviations; infinite where one of their limits is. Arguments
    and errors as for :func:`expected_limit`.
    """
    jobs, shape = _jobs(background, efficiency, cl, method, treatment)
    means = np.empty(len(jobs))
    for i, job in enumerate(jobs):
        b = float(central_value(job.background))
        n = np.arange(max(np.floor(b - 8.0 * np.sqrt(b)), 0.0), np.ceil(b + 8.0 * np.sqrt(b) + 12.0))
        weight = _poisson(n, np.ones(n.size), np.array([b]))[:, 0]
        means[i] = job.limit(n, job.background) @ (weight / weight.sum())
    return float(means[0]) if shape == () else means.reshape(shape)


@dataclass(frozen=True)
class _Job:
    """One background hypothesis and how limits are set there."""

    background: Background
    efficiency: Efficiency
    cl: float
    method: str
    call: Callable[..., Interval]

    def limit(self, n: NDArray[np.float64], measured: Background) -> NDArray[np.float64]:
        found = self.call(n, background=measured, efficiency=self.efficiency, cl=self.cl)
        return np.asarray(np.nan_to_num(np.asarray(found.upper), nan=0.0, posinf=np.inf))


def _jobs(
    background: Background, efficiency: Efficiency, cl: float, method: str, treatment: Treatment | None
) -> tuple[list[_Job], tuple[int, ...]]:
    """One job an element, in order, and the shape of the answer."""
    if finite("cl", cl).shape != ():
        raise UsageError("cl must be one number for an expected limit")
    call = method_call(method, treatment)
    not_negative("background", central_value(background))
    numbers = [
        [np.asarray(getattr(part, field.name), dtype=np.float64) for field in fields(part)]
        for part in (background, efficiency)
    ]
    columns = table(*numbers[0], *numbers[1])
    flat, split = columns.reshape(len(columns), -1), len(numbers[0])
    jobs = [
        _Job(
            type(background)(*map(float, column[:split])),
            type(efficiency)(*map(float, column[split:])),
            cl,
            method,
            call,
        )
        for column in flat.T
    ]
    return jobs, columns.shape[1:]


def _check_size(jobs: list[_Job], definition: ExpectedDefinition) -> None:
    """Raise UsageError for a background whose counts are too many to be summed."""
    if definition in ("unconditional", "fixed"):
        largest = max((float(central_value(job.background)) for job in jobs), default=0.0)
        if largest > _MOST_EVENTS:
            raise UsageError(
                f"definition {definition!r} sums over counts: background must be at most {_MOST_EVENTS:g}, got "
                f"{largest:g}; use 'asimov'"
            )


def _spread(background: Background) -> tuple[float, float]:
    """Measured background and its standard deviation."""
    b = float(central_value(background))
    if isinstance(background, Poisson):
        return b, float(np.sqrt(b / finite("tau", background.tau)))
    return b, float(finite("sigma", background.sigma)) if isinstance(background, Gaussian) else 0.0


def _asimov(job: _Job) -> NDArray[np.float64]:
    b, sigma = _spread(job.background)
    return job.limit(np.maximum(b + _BANDS * np.hypot(np.sqrt(b), sigma), 0.0), job.background)


def _asimov_whole(job: _Job) -> NDArray[np.float64]:
    b, sigma = _spread(job.background)
    n = np.floor(np.maximum(b + _BANDS * np.hypot(np.sqrt(b), sigma), 0.0))
    return job.limit(n, job.background)


def _asymptotic(job: _Job) -> NDArray[np.float64]:
    roots = _BANDS + scipy.special.ndtri(1.0 - (1.0 - job.cl) * scipy.special.ndtr(_BANDS))
    b, _ = _spread(job.background)
    found = rolke_lopez(b, background=job.background, efficiency=job.efficiency, cl=level_of(roots))
    return np.asarray(found.upper)


def _fixed(job: _Job) -> NDArray[np.float64]:
    b, _ = _spread(job.background)
    n, size = _counts(b, np.sqrt(b), 1.0)
    limit = job.limit(n, job.background)
    return quantiles(limit, limit, _poisson(n, size, np.array([b]))[:, 0], scipy.special.ndtr(_BANDS))


def _unconditional(job: _Job) -> NDArray[np.float64]:
    if isinstance(job.background, Poisson):
        return _control_counts(job, job.background)
    if isinstance(job.background, Gaussian) and _spread(job.background)[1] > 0.0:
        return _cells(job)
    return _fixed(job)


def _step(job: _Job, sigma: float) -> float:
    """Counts go in groups where a spread makes the limit's distribution smooth over several of them."""
    return 1.0 if METHODS[job.method].whole_counts else max(1.0, np.floor(0.4 * sigma))


def _cells(job: _Job) -> NDArray[np.float64]:
    """Quantiles over cells (count, slice of b_m), across each of which the limit runs evenly."""
    method = METHODS[job.method]
    b, sigma = _spread(job.background)
    n, size = _counts(b, np.hypot(np.sqrt(b), sigma), _step(job, sigma))
    rates, weights = truncated_normal(b, sigma, feature=max(1.0, np.sqrt(max(b - 2.0 * sigma, 0.1 * b))))
    reach = _REACH * np.sqrt(2.0) * sigma
    edges = np.linspace(max(b - reach, -_REACH * sigma), b + reach, method.cells + 1)
    mass = np.zeros((n.size, method.cells))
    for at in _blocks(rates.size, max(n.size, edges.size)):
        slices = np.diff(scipy.special.ndtr((edges - rates[at, None]) / sigma), axis=1) * weights[at, None]
        mass += _poisson(n, size, rates[at]) @ slices
    measured = np.maximum(edges, 1e-3 * sigma) if method.positive_background else edges
    limit = job.limit(n[:, None], Gaussian(measured, sigma))
    return quantiles(limit[:, 1:].ravel(), limit[:, :-1].ravel(), mass.ravel(), scipy.special.ndtr(_BANDS))


def _control_counts(job: _Job, background: Poisson) -> NDArray[np.float64]:
    """Quantiles over counts of the signal and the control region."""
    y, tau = float(finite("y", background.y)), float(finite("tau", background.tau))
    # by quantiles of a normal variable: b' is a smooth function of it
    x, weights = truncated_normal(8.0, 1.0, feature=0.5)
    rates = scipy.special.gammaincinv(y + 1.0, scipy.special.ndtr(x - 8.0)) / tau
    b, sigma = (y + 1.0) / tau, np.sqrt(y + 1.0) / tau
    n, size = _counts(b, np.hypot(np.sqrt(b), sigma), _step(job, sigma))
    control, many = _counts(y + 1.0, np.sqrt(2.0 * (y + 1.0)), _step(job, np.sqrt(y) / 8.0))
    mass = (_poisson(n, size, rates) * weights) @ _poisson(control, many, tau * rates).T
    limit = job.limit(n[:, None], Poisson(control, tau))
    return quantiles(limit.ravel(), limit.ravel(), mass.ravel(), scipy.special.ndtr(_BANDS))


_DISTRIBUTIONS = {
    "unconditional": _unconditional,
    "fixed": _fixed,
    "asimov": _asimov,
    "asimov-whole": _asimov_whole,
    "asymptotic": _asymptotic,
}


def _counts(centre: float, spread: float, step: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Counts that stand for groups of whole numbers, and how many are in each group; ``step`` at most.

    Where zero is in range the groups begin as single counts and grow: the probability may end there abruptly.
    """
    low = max(np.floor(centre - _REACH * spread), 0.0)
    high = np.ceil(centre + _REACH * spread + 12.0)
    if low > 0.0 or step == 1.0:
        edges = np.arange(low, high + step, step)
    else:
        grown = [0.0]
        while grown[-1] < high:
            grown.append(grown[-1] + max(1.0, np.floor(min(step, 0.1 * grown[-1]))))
        edges = np.array(grown)
    size = np.diff(edges)
    return edges[:-1] + 0.5 * (size - 1.0), size


def _blocks(rows: int, columns: int) -> list[slice]:
    """The rows of a table in pieces: a background of 10^6 with an error as large has tens of thousands of rates."""
    step = max(1, _BLOCK // columns)
    return [slice(first, first + step) for first in range(0, rows, step)]


def _poisson(
    n: NDArray[np.float64], size: NDArray[np.float64], rates: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Probability of each group of counts for each rate, shape (groups, rates)."""
    column = n[:, None]
    return np.asarray(
        size[:, None]
        * np.exp(scipy.special.xlogy(column, rates) - rates - scipy.special.gammaln(column + 1.0))
    )
