"""Does a downscaled trigger count the effective decays? Delivered decays in, one trigger in D kept, N_K out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hnlpeak.chain.beam import calibrate
from hnlpeak.chain.sample_run import run_sample, simulate_candidates, tally_candidates
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.flux import measure_flux
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.reconstruction.candidates import Candidates
from hnlpeak.simulation.sample import enriched_sample, mode_sample
from hnlpeak.simulation.streams import stream
from hnlpeak.trigger.downscale import kept_triggers

__all__ = ["DownscaleClosure", "downscale_closure"]

_SHARE = 0.9


@dataclass(frozen=True)
class DownscaleClosure:
    """N_K measured in the kept triggers, delivered decays in the fiducial volume, and delivered / D."""

    n_kaon: Measured
    delivered: float
    effective: float


def downscale_closure(
    analysis: Analysis, *, downscale: int, delivered: int, simulated_decays: int, context: RunContext
) -> DownscaleClosure:
    """Simulate ``delivered`` decays, nine tenths of the normalisation mode, and keep one trigger in ``downscale``.

    The acceptance comes from ``simulated_decays`` under another key, without any downscale.
    """
    card, experiment = analysis.card, analysis.experiment
    region, modes = card.normalisation, card.samples.background_modes
    edge = region.m2_max**0.5
    beam = calibrate(
        mode_sample("downscale/calibration", card.samples.calibration_mode, card.samples.calibration_decays),
        experiment,
        context,
    )
    simulated = run_sample(
        mode_sample("downscale/simulation", region.mode, simulated_decays),
        experiment,
        card,
        beam,
        context,
    )
    decays = float(simulated.decays_in_fiducial)
    a = float(simulated.spectrum.between(region.selection, -edge, edge).values) / decays
    sample = enriched_sample("downscale/data", modes, delivered, mode=region.mode, share=_SHARE)
    data = simulate_candidates(sample, experiment, card, beam, seed=context.seed)
    mask = kept_triggers(len(data), downscale, stream(context.seed, "downscale/kept", 0))
    kept: Candidates = replace(data, columns={name: column[mask] for name, column in data.columns.items()})
    n = float(tally_candidates(kept, card).spectrum.between(region.selection, -edge, edge).values)
    flux = measure_flux(
        n,
        acceptance_sm=Measured(a, stat=(a * (1.0 - a) / decays) ** 0.5),
        branching_fraction=Measured(_SHARE),
    )
    in_fiducial = float(data.decays_in_fiducial or 0.0)
    return DownscaleClosure(flux.n_kaon, in_fiducial, in_fiducial / downscale)
