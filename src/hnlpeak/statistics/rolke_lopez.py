"""Rolke-Lopez intervals: profile likelihood of a Poisson count with uncertain background and efficiency.

W. Rolke, A. Lopez, J. Conrad, NIM A551 (2005) 493: n ~ Poisson(e mu + b), q(mu) = -2 ln of the ratio of
profiled likelihoods, interval {mu >= 0 : q(mu) <= Q} with Q the chi2 quantile (1 degree of freedom) at cl.
The interval is two-sided: at 90 % its upper end is asymptotically a one-sided 95 % limit.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Literal, get_args

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.arguments import control_events, events, finite, not_negative, positive, table
from hnlpeak.statistics.block_ends import block_ends, block_lower_ends
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
from hnlpeak.statistics.interval import Interval, Status
from hnlpeak.statistics.likelihood_set import likelihood_set
from hnlpeak.statistics.trolke_rules import first_accepted, trolke_set, without_zero

__all__ = ["TREATMENTS", "Treatment", "rolke_lopez"]

Treatment = Literal["unbounded", "bounded", "trolke", "trolke-bounded"]
CERTAIN = Known(1.0)
TREATMENTS: tuple[Treatment, ...] = get_args(Treatment)
# squares and logarithms of ratios to a smaller count leave the floats; the ends are those of 0 by then
_NO_COUNT = 1e-100
# elements worked on at a time, and how many it takes for a block to be worth it
_BLOCK, _FEW = 4096, 16
Floats = NDArray[np.float64]


@kernel
def _pair(columns: NDArray[np.float64] | None, i: int) -> tuple[float, float | None]:
    if columns is None:
        return 0.0, None
    return columns[0, i], columns[1, i]


@kernel
def _fill(
    columns: NDArray[np.float64],
    control: NDArray[np.float64] | None,
    trials: NDArray[np.float64] | None,
    rules: tuple[bool, bool, bool],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    status: NDArray[np.int8],
) -> None:
    bounded, trolke, physical = rules
    for i in range(lower.size):
        n, b, variance, e, r2, level = columns[:, i]
        if n < _NO_COUNT:
            n = 0.0
        y, tau = _pair(control, i)
        z, m = _pair(trials, i)
        c = Counting(n, b, variance, y, tau, r2, z, m, physical)
        if trolke:
            low, up, code = trolke_set(c, level, bounded)
        else:
            low, up, code = likelihood_set(c, level, bounded)
        lower[i] = low / e
        upper[i] = up / e
        status[i] = code


@kernel
def _next_counts(
    columns: NDArray[np.float64], control: NDArray[np.float64] | None, out: NDArray[np.float64]
) -> None:
    """Fill the next larger counts that have an interval, for counts that have none."""
    for i in range(out.size):
        n, b, variance, _, r2, level = columns[:, i]
        y, tau = _pair(control, i)
        # without a signal its efficiency plays no part
        out[i] = first_accepted(Counting(n, b, variance, y, tau, r2, 0.0, None, False), level)


def rolke_lopez(
    n: ArrayLike,
    *,
    background: Background,
    efficiency: Efficiency = CERTAIN,
    cl: ArrayLike = 0.90,
    treatment: Treatment = "bounded",
    physical: bool = False,
) -> Interval:
    """Interval for the signal rate mu from ``n`` observed events; all arguments broadcast.

    ``n`` may be any real number >= 0 (an Asimov count, for one). ``background`` is in events: ``Known(b)``,
    ``Gaussian(b, sigma)`` or ``Poisson(y, tau)``. ``efficiency`` multiplies mu: ``Known(e)``,
    ``Gaussian(e, sigma)`` or ``Binomial(z, m)``. Treatments: ``"unbounded"`` takes the likelihood ratio to
    the unrestricted maximum, and the interval may be empty; ``"bounded"`` takes it to q(0) where the estimate
    is negative, and never is; ``"trolke"`` and ``"trolke-bounded"`` add the rules of ROOT's TRolke for n = 0
    and for empty intervals. ``physical`` restricts Gaussian background and efficiency to values >= 0, as the
    other constraints always do; a background measured below zero contradicts it.

    Returns an :class:`Interval`: numbers for scalar input, arrays of the broadcast shape otherwise.
    Raises UsageError, naming the argument, for n < 0 or above 1e14, a background that is negative and certain,
    an efficiency that is not positive, cl outside (0, 1), and anything not finite.
    """
    if treatment not in TREATMENTS:
        raise UsageError(f"treatment must be one of {', '.join(TREATMENTS)}, got {treatment!r}")
    trolke = treatment.startswith("trolke")
    if trolke and isinstance(background, Gaussian):
        background = without_zero(background)
    parts = (_background_columns(background), _efficiency_columns(efficiency))
    columns = table(events("n", n), *parts[0][:2], *parts[1][:2], _quantile(cl), *parts[0][2:], *parts[1][2:])
    if physical:
        not_negative("background restricted to physical values", columns[1])
    shape = columns.shape[1:]
    rows = columns.reshape(columns.shape[0], -1)
    control = rows[6:8] if isinstance(background, Poisson) else None
    trials = rows[-2:] if isinstance(efficiency, Binomial) else None
    rules = (treatment in ("bounded", "trolke-bounded"), trolke, bool(physical))
    lower, upper, status = _ends(rows[:6], control, trials, rules)
    estimate = np.asarray((columns[0] - columns[1]) / columns[3])
    return Interval.of(lower.reshape(shape), upper.reshape(shape), estimate, status.reshape(shape))


def _ends(
    rows: Floats, control: Floats | None, trials: Floats | None, rules: tuple[bool, bool, bool]
) -> tuple[Floats, Floats, NDArray[np.int8]]:
    """(lower, upper, status): in blocks, and one by one what blocks leave."""
    size = rows.shape[1]
    lower, upper, status = np.zeros(size), np.empty(size), np.zeros(size, dtype=np.int8)
    if size < _FEW or rules[2]:
        _fill(rows, control, trials, rules, lower, upper, status)
        return lower, upper, status
    left = np.empty(size, dtype=bool)
    for start in range(0, size, _BLOCK):
        part = slice(start, start + _BLOCK)
        upper[part], lower[part], status[part], left[part] = _block(
            rows[:, part], _of(control, part), _of(trials, part), rules[0]
        )
    empty = np.flatnonzero(status == Status.EMPTY)
    lower[empty] = upper[empty] = np.nan
    if rules[1] and empty.size:
        upper[empty], lower[empty], status[empty], left[empty] = _substituted(
            np.take(rows, empty, axis=1), _of(control, empty), _of(trials, empty)
        )
    some = np.flatnonzero(left)
    if some.size:
        ends = np.empty(some.size), np.empty(some.size), np.empty(some.size, dtype=np.int8)
        _fill(np.take(rows, some, axis=1), _of(control, some), _of(trials, some), rules, *ends)
        lower[some], upper[some], status[some] = ends
    return lower, upper, status


def _substituted(
    rows: Floats, control: Floats | None, trials: Floats | None
) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """As :func:`_block`, by TRolke's rule for counts without an interval: that of a larger count."""
    none = rows[0] < _NO_COUNT  # has a rule of its own
    _next_counts(rows, control, rows[0])
    upper, lower, status, left = _block(rows, control, trials, False)
    left |= none | (status == Status.EMPTY)
    return upper, lower, np.full(status.size, float(Status.SUBSTITUTED)), left


def _of(columns: Floats | None, which: slice | NDArray[np.intp]) -> Floats | None:
    if columns is None:
        return None
    if isinstance(which, slice):
        return np.ascontiguousarray(columns[:, which])
    return np.take(columns, which, axis=1)


def _block(
    rows: Floats, control: Floats | None, trials: Floats | None, bounded: bool
) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """(upper, lower, status, whether left to the plain code) of a block."""
    rows = np.ascontiguousarray(rows)
    spread = rows[4] if trials is not None or rows[4].any() else None
    found = np.empty((4, rows.shape[1]))
    block_ends(rows, spread, control, trials, bounded, found)
    upper, status, two_sided, left = found
    lower = np.zeros(rows.shape[1])
    which = np.flatnonzero(two_sided)
    if which.size:
        ends = np.empty((2, which.size))
        few = None if spread is None else spread[which]
        block_lower_ends(np.take(rows, which, axis=1), few, _of(control, which), _of(trials, which), ends)
        lower[which] = ends[0]
        left[which] += ends[1]
    return upper, lower, status, left > 0.0


def _background_columns(background: Background) -> tuple[NDArray[np.float64], ...]:
    """(b, variance) as :class:`Counting` has them, and (y, tau) if Poisson."""
    if isinstance(background, Poisson):
        y, tau = table(control_events("y", background.y), positive("tau", background.tau))
        return events("y / tau", y / tau), np.asarray(y / tau / tau), y, tau
    if isinstance(background, Known | Gaussian):
        b, sigma = background_numbers(background)
        return b, np.asarray(sigma * sigma)
    raise UsageError(
        f"background must be Known(b), Gaussian(b, sigma) or Poisson(y, tau), got {background!r}"
    )


def _efficiency_columns(efficiency: Efficiency) -> tuple[NDArray[np.float64], ...]:
    """(e, r2), and (z, m) if binomial, as :class:`Counting` has them."""
    if isinstance(efficiency, Binomial):
        z, m = table(positive("z", efficiency.z), positive("m", efficiency.m))
        return np.asarray(z / m), np.asarray((m - z) / m / z), z, m
    if isinstance(efficiency, Known | Gaussian):
        e, relative = efficiency_numbers(efficiency)
        return e, np.asarray(relative * relative)
    raise UsageError(f"efficiency must be Known(e), Gaussian(e, sigma) or Binomial(z, m), got {efficiency!r}")


def _quantile(cl: ArrayLike) -> NDArray[np.float64]:
    """Quantile of chi2 with one degree of freedom at ``cl``."""
    level = finite("cl", cl)
    outside = (level <= 0.0) | (level >= 1.0)
    if np.any(outside):
        raise UsageError(f"cl must lie between 0 and 1, got {level[outside].flat[0]:g}")
    if (
        level.ndim == 0 and level >= 0.1
    ):  # without the library that takes a third of the time of a single interval
        return np.asarray(NormalDist().inv_cdf(0.5 * (1.0 - float(level))) ** 2)
    return np.asarray(2.0 * scipy.special.erfinv(level) ** 2)
