"""A search from its cards alone: pseudo-data (or real candidates), and everything that they need simulated."""

from __future__ import annotations

from functools import partial

from hnlpeak.chain.sample_run import SampleResult, tally_candidates
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.limits.search import Search
from hnlpeak.limits.settings import Exposure, InjectedSignal
from hnlpeak.reconstruction.candidates import Candidates
from hnlpeak.searches.expected import expected_data
from hnlpeak.searches.joins import join
from hnlpeak.searches.plan import Injection, PseudoData, plan
from hnlpeak.searches.samples import Samples, calibrated
from hnlpeak.spectrum.spectrum import Spectrum
from hnlpeak.trigger.downscale import trigger_rates

__all__ = ["run_search"]


def _exposure(
    analysis: Analysis,
    data: SampleResult,
    decays: float | None,
    inject: Injection | None,
    pseudo_data: PseudoData,
    flux: KaonFlux,
) -> Exposure:
    """Decays behind the downscaled trigger (of real data as N_K tells them), and rates of simulated triggers."""
    downscale = analysis.card.exposure.downscale
    if decays is None:
        return Exposure(None, downscale, flux.n_kaon.value * downscale)
    injected = None if inject is None else InjectedSignal(inject.mass, inject.u2)
    if pseudo_data != "simulated":  # nothing has triggered
        return Exposure(decays, downscale, decays * downscale, None, injected, pseudo_data=pseudo_data)
    rates = trigger_rates(
        analysis.experiment,
        triggers_per_decay=data.triggered / data.decays_in_fiducial,
        downscale=downscale,
    )
    return Exposure(decays, downscale, decays * downscale, rates, injected)


def _data(
    samples: Samples, given: SampleResult | None, decays: float, pseudo_data: PseudoData
) -> tuple[SampleResult, Spectrum | None]:
    """Real data where they are given, else the pseudo-data of the plan, and what is known to be expected of them."""
    if given is not None:
        return given, None
    if samples.plan.expected:
        return expected_data(samples, decays, draw=pseudo_data == "expected")
    if samples.plan.data is None:
        raise ValueError("the plan is one for real data, and there are none")
    return samples.run(samples.plan.data), None


def run_search(
    analysis: Analysis,
    *,
    kaons: float | None = None,
    inject: Injection | None = None,
    candidates: Candidates | None = None,
    selected: SampleResult | None = None,
    context: RunContext | None = None,
    pseudo_data: PseudoData = "simulated",
) -> Search:
    """Run the whole chain: calibration, data, signal, normalisation, templates, scan.

    ``kaons`` decays in the fiducial volume are simulated (default: the exposure of the card). Real data take the
    place of pseudo-data: ``candidates``, or what is ``selected`` from such already. ``pseudo_data`` that are not
    ``simulated`` decay by decay are drawn from the ``expected`` spectrum, templates times exposure, or are that
    spectrum (``asimov``). ``context`` says how it is run (seed 1 on one thread unless given). Raises ``UsageError``
    and ``InputDataError``.
    """
    real = tally_candidates(candidates, analysis.card) if candidates is not None else selected
    todo = plan(analysis, kaons=kaons, inject=inject, real_data=real is not None, pseudo_data=pseudo_data)
    samples = calibrated(analysis, todo, context or RunContext()).together(todo.samples)
    decays = kaons or analysis.card.exposure.decays
    data, known = _data(samples, real, decays, pseudo_data)
    if todo.data is not None:  # 1 unless jobs of a batch farm are lost
        decays *= data.decays / todo.data.decays
    simulated = None if real is not None else decays
    return join(
        samples,
        data.spectrum,
        decays=decays,
        cutflows=data.cutflows,
        exposure=partial(_exposure, analysis, data, simulated, inject, pseudo_data),
        known=known,
    )
