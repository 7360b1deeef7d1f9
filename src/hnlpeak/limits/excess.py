"""How well background alone explains the events in a window.

The error of a background estimate says how many events it was made of: y = (b / sigma)^2. With less than one, sigma
above b, a Gaussian cut at 0 is no picture of the estimate: such rows are mostly those whose side bands happened to be
emptier than they should, and their Gaussian p-values are below 3 sigma up to 12 times too often. There the p-value is
that of the equivalent control region, which is at most the nominal rate, and the significance is its mid-p value in
standard deviations, since Li and Ma's formula does not hold for fractions of an event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.estimates import BackgroundEstimates
from hnlpeak.core.records import Column, Vector
from hnlpeak.experiment.analysis_card import StatisticsCard
from hnlpeak.limits.constraint import background_constraint
from hnlpeak.statistics import deviations, p_value, significance
from hnlpeak.statistics.equivalent import equivalent_poisson

__all__ = ["Excess", "excess", "less_than_one_event", "local_p_value", "local_significance"]

Numbers = NDArray[np.float64]
Kind = Literal["gaussian", "poisson"]


@dataclass(frozen=True, eq=False)
class Excess:
    """How well background alone explains n: one-sided p-value, and the same in standard deviations (signed)."""

    p_value: Annotated[Vector, Column("p_value")]
    significance: Annotated[Vector, Column("local_significance")]


def less_than_one_event(b: Numbers, sigma: Numbers) -> NDArray[np.bool_]:
    """Return where an estimate ``b`` +- ``sigma`` holds less than one event's worth: (b / sigma)^2 < 1."""
    return np.asarray((sigma > b) & np.isfinite(b) & np.isfinite(sigma))


def local_significance(n: Numbers, b: Numbers, sigma: Numbers, *, kind: Kind) -> Numbers:
    """Return signed standard deviations of ``n`` events on ``b`` +- ``sigma``; NaN where these are no numbers."""
    few = less_than_one_event(b, sigma)
    z, usual = np.full(n.shape, np.nan), np.isfinite(b) & np.isfinite(sigma) & ~few
    z[usual] = significance(n[usual], background=background_constraint(b[usual], sigma[usual], kind=kind))
    z[few] = deviations(p_value(n[few], background=equivalent_poisson(b[few], sigma[few]), mid_p=True))
    return z


def local_p_value(n: Numbers, b: Numbers, sigma: Numbers, *, kind: Kind) -> Numbers:
    """Return the probability of at least ``n`` events on ``b`` +- ``sigma``; NaN where these are no numbers."""
    few = less_than_one_event(b, sigma)
    p, usual = np.full(n.shape, np.nan), np.isfinite(b) & np.isfinite(sigma) & ~few
    p[usual] = p_value(n[usual], background=background_constraint(b[usual], sigma[usual], kind=kind))
    p[few] = p_value(n[few], background=equivalent_poisson(b[few], sigma[few]))
    return p


def excess(n: Vector, background: BackgroundEstimates, statistics: StatisticsCard) -> Excess:
    """Return the local p-values of ``n`` events in each window; NaN where there is no background estimate."""
    b, sigma, kind = background.background, background.error, statistics.constraint
    return Excess(local_p_value(n, b, sigma, kind=kind), local_significance(n, b, sigma, kind=kind))
