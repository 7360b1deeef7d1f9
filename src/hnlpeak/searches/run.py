"""A search from its cards alone: pseudo-data (or real candidates), and everything that they need simulated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hnlpeak.chain.sample_run import SampleResult, tally_candidates
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.search import Search
from hnlpeak.reconstruction.candidates import Candidates
from hnlpeak.searches.joins import join
from hnlpeak.searches.plan import Injection, plan
from hnlpeak.searches.samples import Samples, calibrated
from hnlpeak.trigger.downscale import trigger_rates

__all__ = ["run", "search"]


def _delivered(
    analysis: Analysis, data: SampleResult, exposure: float | None, flux: KaonFlux | None
) -> dict[str, Any]:
    """Decays behind the downscaled trigger (of real data as N_K tells them), and rates of simulated triggers."""
    downscale = analysis.card.exposure.downscale
    if exposure is None:
        measured = None if flux is None else flux.n_kaon.value * downscale
        return {"downscale": downscale, "decays_delivered": measured}
    rates = trigger_rates(
        analysis.experiment,
        triggers_per_decay=data.triggered / data.decays_in_fiducial,
        downscale=downscale,
    )
    return {
        "downscale": downscale,
        "decays_delivered": exposure * downscale,
        "decay_rate_hz": rates.decays,
        "trigger_rate_hz": rates.triggers,
        "recorded_rate_hz": rates.recorded,
    }


def _data(samples: Samples, candidates: Candidates | None) -> SampleResult:
    """Real candidates where they are given, else the pseudo-data of the plan."""
    if candidates is not None:
        return tally_candidates(candidates, samples.analysis.card)
    if samples.plan.data is None:
        raise ValueError("the plan is one for real data, and there are none")
    return samples.run(samples.plan.data)


def search(
    analysis: Analysis,
    *,
    kaons: float | None = None,
    inject: Injection | None = None,
    candidates: Candidates | None = None,
    context: RunContext | None = None,
) -> Search:
    """Run the whole chain: calibration, data, signal, normalisation, templates, scan.

    ``kaons`` decays in the fiducial volume are simulated (default: the exposure of the card); ``candidates`` are
    real data and take the place of pseudo-data. ``context`` says how it is run (seed 1 on one thread unless
    given). Raises ``UsageError`` and ``InputDataError``.
    """
    todo = plan(analysis, kaons=kaons, inject=inject, real_data=candidates is not None)
    samples = calibrated(analysis, todo, context or RunContext())
    data = _data(samples, candidates)
    decays = kaons or analysis.card.exposure.decays
    made = join(samples, data.spectrum, exposure=decays)
    exposure = None if candidates is not None else decays
    extra: dict[str, Any] = {
        "exposure_decays": exposure,
        **_delivered(analysis, data, exposure, made.flux),
        "injected": None if inject is None else {"mass_mev": inject.mass, "u2": inject.u2},
    }
    return replace(
        made,
        result=replace(made.result, settings={**made.result.settings, **extra}),
        cutflows=data.cutflows,
    )


def run(analysis: Analysis, *, seed: int = 1, kaons: float | None = None, workers: int = 1) -> SearchResult:
    """Simulate and search at ``kaons`` decays in the fiducial volume; see ``search`` for all that it makes."""
    return search(analysis, kaons=kaons, context=RunContext(seed=seed, workers=workers)).result
