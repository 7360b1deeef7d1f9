"""The samples of one search, simulated when a join asks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from hnlpeak.chain.beam import calibrate
from hnlpeak.chain.sample_run import SamplePart, SampleResult, run_samples, simulate_candidates
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.experiment import Experiment
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.reconstruction.candidates import Candidates
from hnlpeak.searches.periods import shared_out
from hnlpeak.searches.plan import Plan
from hnlpeak.simulation.sample import Sample

__all__ = ["Samples", "calibrated"]


@dataclass(frozen=True, eq=False)
class Samples:
    """The cards of a search, its plan, the mean beam of each period of its experiment, and how it is run.

    ``made`` gives results of samples by name that need not be made again.
    """

    analysis: Analysis
    plan: Plan
    calibrations: tuple[BeamCalibration, ...]
    context: RunContext
    made: Mapping[str, Callable[[], SampleResult]] = field(default_factory=dict)

    @property
    def calibration(self) -> BeamCalibration:
        """The mean beam of the first period."""
        return self.calibrations[0]

    def parts(self, sample: Sample) -> list[SamplePart]:
        """The sample shared out to the periods, each with its experiment and mean beam."""
        experiment = self.analysis.experiment
        return list(zip(shared_out(sample, experiment), experiment.periods, self.calibrations, strict=True))

    def run(self, sample: Sample) -> SampleResult:
        """Return what ``sample`` gives; parts that the context's store has are not made again."""
        if sample.name in self.made:
            return self.made[sample.name]()
        return self.together([sample]).made[sample.name]()

    def together(self, samples: Sequence[Sample]) -> Samples:
        """These, with ``samples`` made on one pool."""
        wanted = {sample.name: self.parts(sample) for sample in samples}
        return replace(self, made={**self.made, **run_samples(wanted, self.analysis.card, self.context)})

    def candidates(self, sample: Sample) -> Candidates:
        """Return all candidates of ``sample`` in memory, those of one period after the other."""
        made, before, in_fiducial = [], 0, 0.0
        for part, experiment, calibration in self.parts(sample):
            found = simulate_candidates(
                part, experiment, self.analysis.card, calibration, seed=self.context.seed
            )
            made.append({**found.columns, "number": found.columns["number"] + before})
            before += part.decays
            in_fiducial += found.decays_in_fiducial or 0.0
        columns = {name: np.concatenate([part[name] for part in made]) for name in made[0]}
        return Candidates(columns, True, sample.components, sample.name, in_fiducial)


def calibrated(
    analysis: Analysis, plan: Plan, context: RunContext, *, model: Experiment | None = None
) -> Samples:
    """Measure the mean beam of each period with the calibration sample of ``plan``, which all others need.

    The bias of the method is that of the ``model`` of the experiment, the experiment itself unless given.
    """
    context.report(plan.calibration.name, 0)
    experiment, sample = analysis.experiment, plan.calibration
    found = [
        calibrate(part, period, context, model=known)
        for part, period, known in zip(
            shared_out(sample, experiment), experiment.periods, (model or experiment).periods, strict=True
        )
    ]
    return Samples(analysis, plan, tuple(found), context)
