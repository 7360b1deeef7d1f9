"""Intervals for the signal events at every mass, by any method of ``statistics.METHODS``.

The limit of a search leaves the errors of A and N_K out, as published searches do; ``limit_with_errors`` includes them
and the leakage of signal into the background estimate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.estimates import BackgroundEstimates
from hnlpeak.core.records import Column, Vector, Words
from hnlpeak.experiment.analysis_card import StatisticsCard
from hnlpeak.limits.constraint import background_constraint
from hnlpeak.limits.hypotheses import Hypotheses
from hnlpeak.limits.limit import Bands, Limit
from hnlpeak.statistics import (
    METHODS,
    Gaussian,
    Interval,
    Poisson,
    Status,
    expected_limit,
    method_call,
    p_value,
    significance,
)

__all__ = [
    "Excess",
    "MethodLimits",
    "SignalLimits",
    "excess",
    "limit_with_errors",
    "method_limits",
    "signal_limits",
    "treatment_limits",
    "usable",
]

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Excess:
    """How well background alone explains n: one-sided p-value, and the same in standard deviations (signed)."""

    p_value: Annotated[Vector, Column("p_value")]
    significance: Annotated[Vector, Column("local_significance")]


@dataclass(frozen=True, eq=False)
class SignalLimits:
    """Intervals for N_S of one method: ends, best estimate (may be negative), and what their upper ends mean.

    ``interval`` is ``ok`` or says how far the interval can be taken at its word (``statistics.Status``), ``none``
    where there is no interval.
    """

    lower: Annotated[Vector, Column("n_signal_lower")]
    estimate: Annotated[Vector, Column("n_signal_estimate")]
    interval: Annotated[Words, Column("interval_status")]
    observed: Annotated[Limit, Column("observed")]
    expected: Annotated[Bands, Column("expected")]


@dataclass(frozen=True, eq=False)
class MethodLimits:
    """Limits of a further method beside those of the search: ``interval`` as in :class:`SignalLimits`."""

    interval: Annotated[Words, Column("interval_status_{}")]
    observed: Annotated[Limit, Column("{}")]
    expected: Annotated[Bands, Column("{}_expected")]


def usable(background: BackgroundEstimates, method: str) -> Mask:
    """Masses where ``method`` can make an interval: with an estimate, above zero where the method needs that."""
    b = background.background
    some = np.isfinite(b) & np.isfinite(background.error)
    return some & (b > 0.0) if METHODS[method].positive_background else some


def _spread(good: Mask, values: Any) -> Vector:
    """Values of the good rows in a column that is NaN elsewhere."""
    column = np.full(good.shape, np.nan)
    column[good] = values
    return column


def _constraint(
    background: BackgroundEstimates, good: Mask, statistics: StatisticsCard
) -> Gaussian | Poisson:
    return background_constraint(
        background.background[good], background.error[good], kind=statistics.constraint
    )


def excess(n: Vector, background: BackgroundEstimates, statistics: StatisticsCard) -> Excess:
    """Return the local p-values of ``n`` events in each window; NaN where there is no background estimate."""
    good = np.isfinite(background.background) & np.isfinite(background.error)
    constraint = _constraint(background, good, statistics)
    return Excess(
        _spread(good, p_value(n[good], background=constraint)),
        _spread(good, significance(n[good], background=constraint)),
    )


def signal_limits(
    n: Vector,
    background: BackgroundEstimates,
    hypotheses: Hypotheses,
    statistics: StatisticsCard,
) -> SignalLimits:
    """Return the intervals and expected limits of the card's method; NaN where it can make none."""
    good = usable(background, statistics.method)
    constraint = _constraint(background, good, statistics)
    interval = _call(statistics)(n[good], background=constraint, cl=statistics.cl)
    expected = expected_limit(
        background=constraint,
        cl=statistics.cl,
        method=statistics.method,
        treatment=statistics.treatment,
        definition=statistics.expected,
    )

    def limit(upper: Any) -> Limit:
        return hypotheses.limit(_spread(good, upper))

    return SignalLimits(
        lower=_spread(good, interval.lower),
        estimate=_spread(good, interval.estimate),
        interval=_status_words(good, interval),
        observed=limit(interval.upper),
        expected=Bands(
            *map(limit, (expected.median, expected.m2s, expected.m1s, expected.p1s, expected.p2s))
        ),
    )


def method_limits(
    n: Vector, background: BackgroundEstimates, hypotheses: Hypotheses, statistics: StatisticsCard
) -> dict[str, MethodLimits]:
    """Return the limits of each of the card's further ``methods``, with its constraint, level and definition."""
    made = {
        name: signal_limits(n, background, hypotheses, statistics.with_method(name))
        for name in statistics.methods
    }
    return {name: MethodLimits(m.interval, m.observed, m.expected) for name, m in made.items()}


def _call(statistics: StatisticsCard) -> Callable[..., Interval]:
    return method_call(statistics.method, statistics.treatment)


def _status_words(good: Mask, interval: Interval) -> Words:
    status = np.full(good.shape, "none", dtype="<U16")
    status[good] = [Status(int(code)).name.lower() for code in np.atleast_1d(interval.status)]
    return status


def treatment_limits(
    n: Vector, background: BackgroundEstimates, hypotheses: Hypotheses, statistics: StatisticsCard
) -> dict[str, Limit]:
    """Return the observed limits under each treatment of deficits; empty for a method that has none."""
    good = usable(background, statistics.method)
    constraint = _constraint(background, good, statistics)
    found: dict[str, Limit] = {}
    for treatment in METHODS[statistics.method].treatments:
        call = method_call(statistics.method, treatment)
        upper = call(n[good], background=constraint, cl=statistics.cl).upper
        found[treatment] = hypotheses.limit(_spread(good, upper))
    return found


def limit_with_errors(
    n: Vector, background: BackgroundEstimates, hypotheses: Hypotheses, statistics: StatisticsCard
) -> Limit:
    """Return observed limits with the errors of N_K and A, and the leakage, as a Gaussian efficiency."""
    efficiency, error = _relative_efficiency(hypotheses, background.leakage)
    good = usable(background, statistics.method)
    good &= (efficiency > 0.0) & np.isfinite(efficiency) & np.isfinite(error)
    interval = _call(statistics)(
        n[good],
        background=_constraint(background, good, statistics),
        efficiency=Gaussian(efficiency[good], error[good]),
        cl=statistics.cl,
    )
    return hypotheses.limit(_spread(good, interval.upper))


def _relative_efficiency(hypotheses: Hypotheses, leakage: Vector) -> tuple[Vector, Vector]:
    """Efficiency of the window relative to A, less the leakage, and the relative error of N_K A."""
    acceptance, whole = hypotheses.acceptance, hypotheses.acceptance_no_window
    with np.errstate(divide="ignore", invalid="ignore"):
        outside = np.where(np.isnan(whole), acceptance, whole) / acceptance
        relative = np.hypot(
            hypotheses.acceptance_error / acceptance, hypotheses.n_kaon_error / hypotheses.n_kaon
        )
    efficiency = np.where(acceptance > 0.0, 1.0 - leakage * outside, np.nan)
    return efficiency, efficiency * relative
