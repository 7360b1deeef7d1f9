"""The mean beam from three-track decays, less what the method itself gets wrong.

The kaons whose three pions are all seen are not those of the beam: their acceptance falls with momentum, and a pion
that decays in flight unnoticed takes momentum along. Together these move the mean by about -17 MeV (2015) and -41 MeV
(2007). Both are known from simulation, where the beam is known: what the same method finds there, minus the truth, is
taken off. The decays that a search looks for have the momentum of the beam within a few MeV.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from hnlpeak.chain.sample_run import run_shards
from hnlpeak.chain.shards import ShardSpec, calibrate_shard
from hnlpeak.core.measured import Measured
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.experiment import Experiment
from hnlpeak.reconstruction.calibration import BeamCalibration, calibration_from_sums
from hnlpeak.reconstruction.columns import column_names
from hnlpeak.simulation.sample import Sample
from hnlpeak.simulation.streams import shard_sizes

__all__ = ["calibrate", "selected_mean", "unbiased"]


def selected_mean(sample: Sample, experiment: Experiment, context: RunContext) -> BeamCalibration:
    """Mean of the fully reconstructed three-track decays of a sample, as they are selected."""
    columns = len(column_names(experiment.timed_systems))
    task = partial(calibrate_shard, ShardSpec(experiment.setup, sample, context.seed, columns))
    sums = run_shards(sample, list(enumerate(shard_sizes(sample.decays))), task, np.add, context)
    return calibration_from_sums(
        sums, experiment.setup, f"{sample.decays} simulated {'+'.join(sample.sources)} decays"
    )


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
    known = model or experiment
    again = replace(sample, name=f"{sample.name}/method")
    measured = selected_mean(sample, experiment, context)
    return unbiased(measured, selected_mean(again, known, context), known)
