"""The mean beam from three-track decays, less what the method itself gets wrong.

The kaons whose three pions are all seen are not those of the beam: their acceptance falls with momentum, and a pion
that decays in flight unnoticed takes momentum along. Together these move the mean by about -17 MeV (2015) and -41 MeV
(2007). Both are known from simulation, where the beam is known: what the same method finds there, minus the truth, is
taken off. The decays that a search looks for have the momentum of the beam within a few MeV.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hnlpeak.chain.shards import CalibrationTask, ShardSpec, calibrate_task, lost_shard
from hnlpeak.core.measured import Measured
from hnlpeak.execution.context import RunContext
from hnlpeak.execution.run import WorkerLost
from hnlpeak.experiment.columns import column_names
from hnlpeak.experiment.experiment import Experiment
from hnlpeak.reconstruction.calibration import N_SUMS, BeamCalibration, calibration_from_sums
from hnlpeak.simulation.sample import Sample
from hnlpeak.simulation.streams import shard_sizes

__all__ = ["calibrate", "calibrate_all", "selected_mean", "unbiased"]


def selected_mean(sample: Sample, experiment: Experiment, context: RunContext) -> BeamCalibration:
    """Mean of the fully reconstructed three-track decays of a sample, as they are selected."""
    return _means([(sample, experiment)], context)[0]


def _means(asked: Sequence[tuple[Sample, Experiment]], context: RunContext) -> list[BeamCalibration]:
    """The same of several samples, on one pool."""
    specs = [
        ShardSpec(experiment.setup, sample, context.seed, len(column_names(experiment.timed_systems)))
        for sample, experiment in asked
    ]
    tasks = [
        CalibrationTask(spec, shard) for spec in specs for shard in enumerate(shard_sizes(spec.sample.decays))
    ]
    sums = {spec: np.zeros(N_SUMS, dtype=np.int64) for spec in specs}
    try:
        for task, found in context.stream(tasks, calibrate_task):
            sums[task.spec] += found
            context.report(task.spec.sample.name, task.shard[1])
    except WorkerLost as lost:
        if not isinstance(lost.item, CalibrationTask):
            raise
        raise lost_shard(lost.item, lost) from lost
    return [
        calibration_from_sums(
            found, experiment.setup, f"{sample.decays} simulated {'+'.join(sample.components)} decays"
        )
        for found, (sample, experiment) in zip(sums.values(), asked, strict=True)
    ]


def unbiased(measured: BeamCalibration, simulated: BeamCalibration, truth: Experiment) -> BeamCalibration:
    """``measured`` less the bias of the method: what it found in the ``simulated`` beam of ``truth``, minus that.

    The statistical error of the simulation becomes a systematic one.
    """

    def less(found: Measured, known: Measured, true: float) -> Measured:
        value = found.value - (known.value - true)
        return Measured(value, stat=found.stat, syst=known.stat, source=f"{found.source}, bias taken off")

    beam = truth.setup[0]["beam"]
    return replace(
        measured,
        momentum=less(measured.momentum, simulated.momentum, float(beam["momentum"])),
        slope_x=less(measured.slope_x, simulated.slope_x, float(beam["slope_x"])),
        slope_y=less(measured.slope_y, simulated.slope_y, float(beam["slope_y"])),
        x=less(measured.x, simulated.x, float(beam["x"])),
        y=less(measured.y, simulated.y, float(beam["y"])),
    )


def calibrate(
    sample: Sample, experiment: Experiment, context: RunContext, *, model: Experiment | None = None
) -> BeamCalibration:
    """Mean beam of ``experiment`` from the three-track decays of a sample, without the bias of the method.

    The bias comes from as many decays again, of ``model`` (default: the experiment itself) under a key of their own.
    """
    return calibrate_all(sample, [experiment], context, model=model or experiment)[0]


def calibrate_all(
    sample: Sample, experiments: Sequence[Experiment], context: RunContext, *, model: Experiment
) -> list[BeamCalibration]:
    """The same of several ``experiments`` with the same decays, each without the bias that the ``model`` has."""
    again = replace(sample, name=f"{sample.name}/method")
    *measured, simulated = _means(
        [*((sample, experiment) for experiment in experiments), (again, model)], context
    )
    return [unbiased(found, simulated, model) for found in measured]
