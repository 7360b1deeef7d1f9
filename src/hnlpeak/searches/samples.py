"""The samples of one search, simulated when a join asks for them."""

from __future__ import annotations

from dataclasses import dataclass

from hnlpeak.chain.sample_run import SampleResult, calibrate, run_sample
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.searches.plan import Plan
from hnlpeak.simulation.sample import Sample

__all__ = ["Samples", "calibrated"]


@dataclass(frozen=True, eq=False)
class Samples:
    """The cards of a search, its plan, the mean beam of its experiment, and how it is run."""

    analysis: Analysis
    plan: Plan
    calibration: BeamCalibration
    context: RunContext

    def run(self, sample: Sample) -> SampleResult:
        """Return what ``sample`` gives; parts that the context's store has are not made again."""
        return run_sample(
            sample, self.analysis.experiment, self.analysis.card, self.calibration, self.context
        )


def calibrated(analysis: Analysis, plan: Plan, context: RunContext) -> Samples:
    """Measure the mean beam with the calibration sample of ``plan``, which all others need."""
    context.report(plan.calibration.name, 0)
    return Samples(analysis, plan, calibrate(plan.calibration, analysis.experiment, context), context)
