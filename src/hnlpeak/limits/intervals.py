"""Intervals for the signal events at every mass, by any method of ``statistics.METHODS``.

Signal that leaks into the background estimate is in all of them (see ``limits.efficiency``). Of the errors of A,
sigma(m) and N_K a search has those that its card names, published searches none; ``limit_with_errors`` has all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.estimates import BackgroundEstimates
from hnlpeak.core.records import Column, Vector, Words
from hnlpeak.experiment.analysis_card import SIGNAL_ERRORS, StatisticsCard
from hnlpeak.limits.constraint import background_constraint
from hnlpeak.limits.efficiency import NetEfficiency, net_efficiency
from hnlpeak.limits.hypotheses import Hypotheses
from hnlpeak.limits.limit import Bands, Limit
from hnlpeak.statistics import (
    METHODS,
    Gaussian,
    Interval,
    Poisson,
    Status,
    Treatment,
    expected_limit,
    method_call,
)

__all__ = [
    "MethodLimits",
    "SignalLimits",
    "limit_with_errors",
    "method_limits",
    "signal_limits",
    "treatment_limits",
    "usable",
]

Mask = NDArray[np.bool_]


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


def signal_limits(
    n: Vector,
    background: BackgroundEstimates,
    hypotheses: Hypotheses,
    statistics: StatisticsCard,
) -> SignalLimits:
    """Return the intervals and expected limits of the card's method; NaN where it can make none."""
    net = net_efficiency(hypotheses, background.leakage, statistics.errors)
    good = usable(background, statistics.method) & net.usable
    constraint, efficiency = _constraint(background, good, statistics), net.constraint(good)
    interval = _call(statistics)(n[good], background=constraint, efficiency=efficiency, cl=statistics.cl)
    expected = expected_limit(
        background=constraint,
        efficiency=efficiency,
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
    net = net_efficiency(hypotheses, background.leakage, statistics.errors)
    return {
        treatment: _observed(n, background, hypotheses, statistics, treatment, net)
        for treatment in METHODS[statistics.method].treatments
    }


def limit_with_errors(
    n: Vector, background: BackgroundEstimates, hypotheses: Hypotheses, statistics: StatisticsCard
) -> Limit:
    """Return observed limits with the errors of A, sigma(m), N_K and all sources of the card."""
    net = net_efficiency(hypotheses, background.leakage, SIGNAL_ERRORS, sources="all")
    return _observed(n, background, hypotheses, statistics, statistics.treatment, net)


def _observed(
    n: Vector,
    background: BackgroundEstimates,
    hypotheses: Hypotheses,
    statistics: StatisticsCard,
    treatment: Treatment | None,
    net: NetEfficiency,
) -> Limit:
    good = usable(background, statistics.method) & net.usable
    interval = method_call(statistics.method, treatment)(
        n[good],
        background=_constraint(background, good, statistics),
        efficiency=net.constraint(good),
        cl=statistics.cl,
    )
    return hypotheses.limit(_spread(good, interval.upper))
