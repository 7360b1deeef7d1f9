"""A sample in the periods of an experiment."""

from __future__ import annotations

from hnlpeak.experiment.experiment import Experiment
from hnlpeak.simulation.sample import Sample, in_periods

__all__ = ["shared_out"]


def shared_out(sample: Sample, experiment: Experiment) -> list[Sample]:
    """The sample of each period of ``experiment``."""
    periods = experiment.card.periods
    if not periods:
        return [sample]
    return in_periods(sample, [period.name for period in periods], experiment.shares)
