"""How far "90 %" can be taken at its word at each mass: coverage of the limit's method at its own b and sigma_b.

The estimated background and its error are taken as true, and the counts and the measurement of b are drawn again (by
sums, see ``statistics.coverage``): in likelihoods of few events coverage is not what their asymptotic form promises.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from hnlpeak.background.estimates import BackgroundEstimates
from hnlpeak.core.records import Column, Vector
from hnlpeak.experiment.analysis_card import StatisticsCard
from hnlpeak.limits.constraint import background_constraint
from hnlpeak.limits.efficiency import NetEfficiency
from hnlpeak.statistics import METHODS, coverage_of_limit

__all__ = ["LARGEST", "OwnCoverage", "own_coverage"]

LARGEST = 2000.0
"""Background events above which coverage is that of the asymptotic form to some 1e-3, and is not summed."""


@dataclass(frozen=True, eq=False)
class OwnCoverage:
    """Probability that the interval holds the signal if that is the limit itself, and the smallest for any signal.

    ``upper_...``: that the limit is not below the signal. NaN without a limit, and for backgrounds above ``LARGEST``.
    """

    at_limit: Annotated[Vector, Column("coverage_at_limit")]
    smallest: Annotated[Vector, Column("coverage_min")]
    upper_at_limit: Annotated[Vector, Column("upper_coverage_at_limit")]
    upper_smallest: Annotated[Vector, Column("upper_coverage_min")]


def own_coverage(
    limit: Vector, background: BackgroundEstimates, efficiency: NetEfficiency, statistics: StatisticsCard
) -> OwnCoverage | None:
    """Return the coverage of the ``limit`` on signal events at each mass; None for methods that take long for it.

    Those have it from ``hnlpeak coverage --table``. An error of the efficiency is left out.
    """
    if METHODS[statistics.method].slow:
        return None
    b, sigma = background.background, background.error
    good = np.isfinite(limit) & np.isfinite(b) & (b >= 0.0) & (b <= LARGEST) & (sigma <= LARGEST)
    # a Poisson constraint needs a control region with events
    good &= (b > 0.0) | (statistics.constraint == "gaussian")
    columns = np.full((4, len(b)), np.nan)
    if good.any():
        found = coverage_of_limit(
            limit[good] * efficiency.value[good],
            background=background_constraint(b[good], sigma[good], kind=statistics.constraint),
            cl=statistics.cl,
            method=statistics.method,
            treatment=statistics.treatment,
        )
        smallest = found.minimum
        columns[:, good] = (found.contained, smallest.contained, found.not_below, smallest.not_below)
    return OwnCoverage(*columns)
