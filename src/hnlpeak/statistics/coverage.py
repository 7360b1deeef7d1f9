"""Coverage of a method where one uses it: sums over all outcomes, no toys.

The given background and efficiency are true, their errors are those of the measurement; :mod:`outcomes` sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.statistics.arguments import finite, not_negative, table
from hnlpeak.statistics.constraints import Background, Efficiency, Known
from hnlpeak.statistics.methods import METHODS, method_call
from hnlpeak.statistics.one_sided import central_value
from hnlpeak.statistics.outcomes import Job, covered, outcomes
from hnlpeak.statistics.rolke_lopez import Treatment

__all__ = [
    "Coverage",
    "LimitCoverage",
    "MinimumCoverage",
    "coverage",
    "coverage_of_limit",
    "minimum_coverage",
]

Floats = NDArray[np.float64]
_CERTAIN = Known(1.0)
# events between the rates of a grid, at least
_FINEST = 0.1
# rounds about how many valleys, those within so much of the lowest whose sides rise by more than so much, as long as
# a round gains so much
_ROUNDS, _VALLEYS, _NEAR, _LEVEL, _GAIN = 5, 4, 0.01, 1e-4, 1e-5


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
    """Smallest coverages over true signal rates, and the rates (``at_...``) where they are found."""

    contained: float | Floats
    at_contained: float | Floats
    not_below: float | Floats
    at_not_below: float | Floats


@dataclass(frozen=True, eq=False)
class LimitCoverage:
    """Coverages if a limit is the true signal rate, and the smallest ones over all rates.

    ``contained`` and ``not_below`` as in :class:`Coverage`; floats for scalar input, else arrays.
    """

    contained: float | Floats
    not_below: float | Floats
    minimum: MinimumCoverage


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
        found[:, members] = covered(jobs(setting), flat[0, members])
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

    The true signal runs over at least ``points`` values from 0 to (8 + 4 sqrt(b + sigma^2)) / efficiency, beyond which
    the coverage only settles, and 0.1 events or 0.3 sigma apart at most; over the lower sides of its steps, which are
    at ends of intervals that no measurement moves; and, up to five times, over values about the lowest of these.
    What is left is below 1e-3. For more than 2e5 outcomes steps
    are not looked for. Raises UsageError as :func:`coverage` does.
    """
    jobs, columns = _jobs(background, efficiency, cl, method, treatment)
    everything = table(*columns)
    shape = everything.shape[1:]
    found = np.empty((6, math.prod(shape)))
    for i, setting in enumerate(everything.reshape(len(everything), -1).T):
        found[:, i] = _smallest(jobs(setting), math.nan, points)
    return MinimumCoverage(*_of_shape(found[2:], shape))


def coverage_of_limit(
    limit: ArrayLike,
    *,
    background: Background,
    efficiency: Efficiency = _CERTAIN,
    cl: float = 0.90,
    method: str = "rolke-lopez",
    treatment: Treatment | None = None,
    points: int = 40,
) -> LimitCoverage:
    """Coverage of the method that gave ``limit``, if that is the true rate, and the smallest of all rates.

    For each limit, background and efficiency (which broadcast), as a scan has them at its masses: the measured
    background and its error are taken as true. The smallest is that of :func:`minimum_coverage` from ``points``
    rates, which reach the limit at least. A limit that is not finite has no coverage of its own: nan.
    Raises UsageError for a limit below zero, and as :func:`coverage` does.
    """
    limits = np.asarray(limit, dtype=np.float64)
    not_negative("limit", np.where(np.isfinite(limits), limits, 0.0))
    jobs, columns = _jobs(background, efficiency, cl, method, treatment)
    everything = table(np.where(np.isfinite(limits), limits, -1.0), *columns)
    shape = everything.shape[1:]
    found = np.empty((6, math.prod(shape)))
    for i, (value, *setting) in enumerate(everything.reshape(len(everything), -1).T):
        found[:, i] = _smallest(jobs(np.array(setting)), value if value >= 0.0 else math.nan, points)
    contained, not_below = _of_shape(found[:2], shape)
    return LimitCoverage(contained, not_below, MinimumCoverage(*_of_shape(found[2:], shape)))


def _of_shape(rows: Floats, shape: tuple[int, ...]) -> list[float | Floats]:
    return [float(row[0]) if shape == () else row.reshape(shape) for row in rows]


def _smallest(job: Job, limit: float, points: int) -> tuple[float, ...]:
    """(contained, not below) at the limit, and the smallest of each with its rate."""
    reach = (8.0 + 4.0 * math.hypot(math.sqrt(job.b), job.sigma_b)) / job.e
    own = [] if math.isnan(limit) else [limit]
    top = max([reach, *own])
    held = outcomes(job, top)
    find = partial(covered, job) if held is None else held.covered
    if job.sigma_b > 0.0:
        # falls of the coverage are as wide as the spread of b, and an event or so apart
        points = max(points, math.ceil(top * job.e / max(_FINEST, 0.3 * job.sigma_b)))
    grid = np.linspace(0.0, top, points)
    if held is not None:
        grid = np.concatenate([grid, held.steps(top)])
    rates = np.concatenate([grid, own])
    found = find(rates)
    at_limit = (found[0, -1], found[1, -1]) if own else (math.nan, math.nan)
    return (*at_limit, *_refined(find, rates, found, 0), *_refined(find, rates, found, 1))


def _refined(
    find: Callable[[Floats], Floats], rates: Floats, found: Floats, which: int
) -> tuple[float, float]:
    """The smallest of one coverage and its rate, with further rates about the lowest ones that are not level."""
    order = np.argsort(rates, kind="stable")
    rates, value = rates[order], found[which, order]
    for _ in range(_ROUNDS):
        beside = np.concatenate([[math.inf], value, [math.inf]])
        valley = (value <= beside[:-2]) & (value <= beside[2:]) & (value < value.min() + _NEAR)
        rise = np.maximum(*(np.where(np.isfinite(b), b, value) for b in (beside[:-2], beside[2:]))) - value
        places = np.flatnonzero(valley & (rise > _LEVEL))[:_VALLEYS]
        if places.size == 0:
            break
        low, high = rates[np.maximum(places - 1, 0)], rates[np.minimum(places + 1, rates.size - 1)]
        more = np.unique(low + np.linspace(0.0, 1.0, 8)[1:-1, None] * (high - low))
        found_there, before = find(more)[which], value.min()
        rates, value = np.concatenate([rates, more]), np.concatenate([value, found_there])
        order = np.argsort(rates, kind="stable")
        rates, value = rates[order], value[order]
        if before - value.min() < _GAIN:
            break
    lowest = int(value.argmin())
    return float(value[lowest]), float(rates[lowest])


def _jobs(
    background: Background, efficiency: Efficiency, cl: float, method: str, treatment: Treatment | None
) -> tuple[Callable[[Floats], Job], list[Floats]]:
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

    def job(numbers: Floats) -> Job:
        values = [float(number) for number in numbers]
        return Job(
            type(background)(*values[:split]),
            type(efficiency)(*values[split:]),
            cl,
            call,
            about.cells,
            about.positive_background,
        )

    return job, [*parts[0], *parts[1]]
