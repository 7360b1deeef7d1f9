"""Does the number of kaon decays come out right? Samples with a known number, enriched in the normalisation mode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hnlpeak.chain.beam import calibrate
from hnlpeak.chain.sample_run import run_sample
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.flux import measure_flux
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.experiment import Experiment
from hnlpeak.simulation.sample import enriched_sample, mode_sample

__all__ = ["FluxClosure", "flux_closure"]

_SHARE = 0.9


@dataclass(frozen=True, eq=False)
class FluxClosure:
    """N_K measured and true, the errors, and the events under the peak: one entry a seed."""

    measured: NDArray[np.float64]
    error: NDArray[np.float64]
    true: NDArray[np.float64]
    selected: NDArray[np.float64]

    @property
    def pulls(self) -> NDArray[np.float64]:
        """(measured - true) / error."""
        return (self.measured - self.true) / self.error

    @property
    def bias(self) -> Measured:
        """Mean of measured / true - 1 with its error."""
        ratio = self.measured / self.true - 1.0
        return Measured(float(ratio.mean()), stat=float(ratio.std(ddof=1) / np.sqrt(ratio.size)))


def flux_closure(
    analysis: Analysis,
    *,
    seeds: Sequence[int],
    decays: int,
    simulated_decays: int,
    data_experiment: Experiment | None = None,
    context: RunContext | None = None,
) -> FluxClosure:
    """Measure N_K on one sample of ``decays`` decays a seed, nine tenths of them of the normalisation mode.

    The acceptance comes from ``simulated_decays`` of the analysis' own experiment under another key; the data may
    be made by another one (``data_experiment``), whose three-track decays then calibrate the data's beam. ``context``
    says how it is run; its seed is left to the ``seeds`` (0 for what they share).
    """
    context = replace(context or RunContext(), seed=0)
    card, nominal = analysis.card, analysis.experiment
    truth = nominal if data_experiment is None else data_experiment
    edge = card.normalisation.m2_max**0.5
    selection, mode = card.normalisation.selection, card.normalisation.mode
    calibration = mode_sample(
        "closure/calibration", card.samples.calibration_mode, card.samples.calibration_decays
    )
    beam = calibrate(calibration, nominal, context)
    beam_of_data = beam if data_experiment is None else calibrate(calibration, truth, context, model=nominal)
    simulated = run_sample(
        mode_sample("closure/simulation", mode, simulated_decays), nominal, card, beam, context
    )
    in_fiducial = float(simulated.decays_in_fiducial)
    a = float(simulated.spectrum.between(selection, -edge, edge).values) / in_fiducial
    acceptance = Measured(a, stat=(a * (1.0 - a) / in_fiducial) ** 0.5)
    rows = []
    for seed in seeds:
        sample = enriched_sample(
            "closure/data", card.samples.background_modes, decays, mode=mode, share=_SHARE
        )
        made = run_sample(sample, truth, card, beam_of_data, replace(context, seed=seed))
        n = float(made.spectrum.between(selection, -edge, edge).values)
        flux = measure_flux(n, acceptance_sm=acceptance, branching_fraction=Measured(_SHARE))
        # the number of decays is fixed here: what fluctuates is how many of them are selected
        spread = replace(flux.n_kaon, stat=flux.n_kaon.stat * (1.0 - _SHARE * a) ** 0.5)
        rows.append((flux.n_kaon.value, spread.error, float(made.decays_in_fiducial), n))
    return FluxClosure(*np.array(rows).T)
