"""A search in a spectrum that is given; only what its cards leave open is simulated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hnlpeak.core.measured import Measured
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.estimation.peak import peak_region
from hnlpeak.estimation.signal import SignalModel
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.limits.hypotheses import check_masses
from hnlpeak.limits.scan import scan as scan_spectrum
from hnlpeak.limits.search import Search
from hnlpeak.searches.joins import background_inputs, drawn_templates, join, provenance
from hnlpeak.searches.plan import plan
from hnlpeak.searches.samples import calibrated
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["search_spectrum"]


def search_spectrum(
    spectrum: Any,
    analysis: Analysis,
    *,
    signal: SignalModel | None = None,
    n_kaon: Measured | None = None,
    context: RunContext | None = None,
) -> Search:
    """Search in a given missing-mass spectrum: a ``Spectrum`` or anything UHI, in MeV.

    ``signal`` is a table of A(m), sigma(m) and N_K; without it they are simulated from the cards, N_K (unless
    ``n_kaon`` states it) with the Standard-Model peak of the spectrum itself. Templates of a background are simulated
    either way; those that figures alone would show are not where N_K is stated. ``context`` says how it is run (seed 1
    on one thread unless given). Raises ``UsageError`` where N_K is not known, ``InputDataError`` where the spectrum
    does not cover the scan, both before anything is simulated.
    """
    data = spectrum if isinstance(spectrum, Spectrum) else Spectrum.from_uhi(spectrum)
    context = context or RunContext()
    if signal is not None:
        return _with_table(data, analysis, signal, n_kaon, context)
    card = analysis.card
    check_masses(data, card)
    if n_kaon is None:
        peak_region(card, data)
    todo = plan(analysis, real_data=True, stated=n_kaon is not None)
    samples = calibrated(analysis, todo, context).together(todo.samples)
    return join(samples, data, decays=card.exposure.decays if n_kaon is None else n_kaon.value, n_kaon=n_kaon)


def _with_table(
    data: Spectrum, analysis: Analysis, signal: SignalModel, n_kaon: Measured | None, context: RunContext
) -> Search:
    """Nothing is simulated but the templates of a background that is made of them."""
    card = analysis.card
    flux = None if n_kaon is None else KaonFlux(n_kaon)
    inputs, decays = None, 0
    if card.background.needs_decays:
        check_masses(data, card)
        todo = replace(plan(analysis, real_data=True, stated=True), signal={})
        samples = calibrated(analysis, todo, context).together(todo.samples)
        inputs = background_inputs(samples, card.exposure.decays)
        decays = todo.decays
    result = scan_spectrum(data, card, signal=signal, flux=flux, inputs=inputs, context=context)
    templates = drawn_templates(card, data, inputs, result.normalisation.n_kaon.value)
    return Search(
        result,
        analysis,
        data,
        templates,
        signal,
        flux,
        decays=decays,
        provenance=provenance(analysis, context.seed if decays else None),
    )
