"""How well background alone explains the events in each window of a search: see ``statistics.local_excess``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from hnlpeak.background.estimates import BackgroundEstimates
from hnlpeak.core.records import Column, Vector
from hnlpeak.experiment.analysis_card import StatisticsCard
from hnlpeak.statistics.local_excess import local_p_value, local_significance, of_one_event

__all__ = ["Excess", "excess", "local_p_value", "local_significance", "of_one_event"]


@dataclass(frozen=True, eq=False)
class Excess:
    """How well background alone explains n: one-sided p-value, and the same in standard deviations (signed)."""

    p_value: Annotated[Vector, Column("p_value")]
    significance: Annotated[Vector, Column("local_significance")]


def excess(n: Vector, background: BackgroundEstimates, statistics: StatisticsCard) -> Excess:
    """Return the local p-values of ``n`` events in each window; NaN where there is no background estimate."""
    b, sigma, kind = background.background, background.error, statistics.constraint
    return Excess(local_p_value(n, b, sigma, kind=kind), local_significance(n, b, sigma, kind=kind))
