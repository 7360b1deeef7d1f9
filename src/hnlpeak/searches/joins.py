"""How samples join into a search: signal, templates, N_K, scan, one event to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hnlpeak.background.control_run import scaled_control
from hnlpeak.background.inputs import HALO, BackgroundInputs
from hnlpeak.chain.replay import replay
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.estimation.peak import mode_fraction, peak_flux
from hnlpeak.estimation.signal import SignalModel, SignalPoint, signal_model
from hnlpeak.estimation.signal_mc import measure_signal
from hnlpeak.estimation.templates import combine, decays_that_fit, seen
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.limits.scan import scan
from hnlpeak.limits.search import ExampleEvent, Search
from hnlpeak.limits.settings import Exposure, Simulation
from hnlpeak.searches.samples import Samples
from hnlpeak.searches.systematics import measure_systematics
from hnlpeak.searches.weights import template_spectrum
from hnlpeak.selection.cutflow import Cutflow
from hnlpeak.simulation.sample import Sample
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["background_inputs", "cross_talk", "drawn_templates", "join", "provenance", "simulated_signal"]


def simulated_signal(samples: Samples) -> SignalModel:
    """Return A(m) and sigma(m) of every selection that a mass of the scan uses, and of others that have signal."""
    card = samples.analysis.card
    names = [selection.name for selection in card.selections]
    # a selection may serve the normalisation or a control region alone, and lose the signal
    needed = dict.fromkeys(card.selection_of(mass) for mass in card.scan.masses())
    points: dict[str, list[SignalPoint]] = {name: [] for name in names}
    for mass, sample in samples.plan.signal.items():
        made = samples.run(sample)
        measured = measure_signal(
            mass,
            made.spectrum,
            selections=names,
            decays=float(made.decays_in_fiducial),
            window=card.scan.window,
        )
        for name, point in measured.items():
            # the shape is needed for windows alone
            points[name].append(point if name in needed else replace(point, cumulative=None))
    points = {name: curve for name, curve in points.items() if curve or name in needed}
    source = f"simulation of {samples.analysis.experiment.card.name}"
    return signal_model(points, window=card.scan.window, source=source)


def background_inputs(samples: Samples, decays: float) -> BackgroundInputs | None:
    """Simulated background of ``decays`` decays (or fewer, if such sums do not fit) and the control run.

    None where the card has no templates.
    """
    if not samples.plan.templates:
        return None
    spectra = {
        mode: template_spectrum(samples.analysis, mode, sample, samples.run(sample).spectrum)
        for mode, sample in samples.plan.templates.items()
    }
    fitting = decays_that_fit(spectra, decays)
    templates = combine(spectra, decays=fitting, label="simulated background by decay mode")
    control, conjugate = samples.plan.control, samples.plan.cross_talk
    return BackgroundInputs(
        templates,
        None if control is None else samples.run(control).spectrum,
        None if conjugate is None else cross_talk(samples, conjugate),
        _kicked(samples, decays),
    )


def _kicked(samples: Samples, decays: float) -> Spectrum | None:
    """Decays whose track has a kick of the tails, as many as there are among ``decays``."""
    card = samples.analysis.card
    tails = card.background.track_tails()
    if tails is None:
        return None
    spectra = {
        mode: (samples.run(sample).spectrum, tails.chance * mode_fraction(mode, card.fractions).value)
        for mode, sample in samples.plan.tails.items()
    }
    label = "simulated decays with a kick of the track"
    return combine(spectra, decays=decays_that_fit(spectra, decays), label=label)


def cross_talk(samples: Samples, conjugate: Sample) -> Spectrum:
    """Decays that are in the control run, as many as the card says for its size."""
    mode = conjugate.components[0]
    fraction = mode_fraction(mode, samples.analysis.card.fractions).value
    made = {mode: (samples.run(conjugate).spectrum, fraction)}
    return combine(made, decays=samples.plan.control_decays, label="decays in the control run")


def drawn_templates(
    card: AnalysisCard, data: Spectrum, inputs: BackgroundInputs | None, n_kaon: float
) -> Spectrum | None:
    """Templates for figures and tables: the simulated decays as triggered, and the scaled control run."""
    background = card.background
    if inputs is None:
        return None
    trigger = background.trigger_efficiency()
    kept = {} if trigger is None else dict.fromkeys(trigger.applies_to, trigger.value)
    if background.scaled_run() is None:
        return seen(inputs.decays, kept)
    # figures scale everything to N_K
    unit = kept.get(HALO, 1.0) / inputs.decays.scaled_to(n_kaon)
    halo = {
        name: scaled_control(data, inputs, background, name, n_kaon=n_kaon, unit=unit)
        for name in inputs.decays.selections
    }
    return seen(inputs.decays, kept, halo, source=HALO)


def join(
    samples: Samples,
    data: Spectrum,
    *,
    decays: float,
    n_kaon: Measured | None = None,
    cutflows: tuple[Cutflow, ...] = (),
    exposure: Callable[[KaonFlux], Exposure] | None = None,
    known: Spectrum | None = None,
) -> Search:
    """Everything after the data: templates, N_K (measured unless stated), signal, scan, one event to look at.

    ``decays`` is the number of decays that the templates stand for before N_K is known; ``exposure`` tells how the data
    came about once it is, None for a spectrum that is given; ``known`` is the smooth expectation of pseudo-data.
    """
    card, context, calibration = samples.analysis.card, samples.context, samples.calibration
    normalisation = None if samples.plan.stated else samples.run(samples.plan.normalisation)
    # what templates stand for is arbitrary; beyond the card's exposure their bins may not fit into fixed point
    inputs = background_inputs(samples, min(decays, card.exposure.decays))
    # N_K first: it fails where the exposure is too small, and the signal takes its time
    if normalisation is not None:
        flux = peak_flux(card, data, normalisation, inputs)
    elif n_kaon is not None:
        flux = KaonFlux(n_kaon)
    else:
        raise ValueError("the plan is one for a stated N_K, and there is none")
    signal = simulated_signal(samples)
    result = scan(
        data,
        card,
        signal=signal,
        flux=flux,
        inputs=inputs,
        context=context,
        simulation=Simulation(context.seed, calibration.momentum.value, calibration.momentum.error),
        exposure=None if exposure is None else exposure(flux),
        systematics=measure_systematics(
            samples.analysis, signal, data.edges, context, share=samples.plan.share
        ),
        known=known,
    )
    return Search(
        result,
        samples.analysis,
        data,
        drawn_templates(card, data, inputs, flux.n_kaon.value),
        signal,
        flux,
        cutflows,
        calibration,
        _example(samples),
        samples.plan.decays,
        provenance=provenance(samples.analysis, context.seed),
    )


def _example(samples: Samples) -> ExampleEvent:
    """The first event of the normalisation sample that passes its cuts, in the first period."""
    card, seed = samples.analysis.card, samples.context.seed
    shown, experiment, calibration = samples.parts(samples.plan.normalisation)[0]
    selection = card.normalisation.selection
    record, candidate = replay(
        shown, experiment, card, calibration, seed=seed, shard=0, number=None, selection=selection
    )
    label = f"normalisation sample, seed {seed}, shard 0, event {candidate['number']:.0f}"
    return ExampleEvent(record, candidate, label)


def provenance(analysis: Analysis, seed: int | None) -> dict[str, str]:
    """Return what the page says last: the cards, and the seed where something was simulated."""
    lines = {"analysis": analysis.card.name, "experiment": analysis.experiment.card.name}
    return lines if seed is None else {**lines, "seed": str(seed)}
