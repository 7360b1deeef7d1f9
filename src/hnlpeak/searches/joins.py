"""How samples join into a search: signal, templates, N_K, scan, one event to look at."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hnlpeak.background.control_run import control_region, control_scale
from hnlpeak.background.inputs import HALO, BackgroundInputs
from hnlpeak.chain.replay import replay
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.estimation.peak import mode_fraction, peak_flux
from hnlpeak.estimation.signal import SignalModel, SignalPoint, signal_model
from hnlpeak.estimation.signal_mc import measure_signal
from hnlpeak.estimation.templates import combine, with_control
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.limits.scan import scan
from hnlpeak.limits.search import Search
from hnlpeak.limits.settings import Exposure, Simulation
from hnlpeak.searches.samples import Samples
from hnlpeak.selection.cutflow import Cutflow
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["background_inputs", "drawn_templates", "join"]


def _signal(samples: Samples) -> SignalModel:
    card = samples.analysis.card
    # a selection may serve the normalisation or a control region alone
    names = list(dict.fromkeys(card.selection_of(mass) for mass in card.scan.masses()))
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
            points[name].append(point)
    source = f"simulation of {samples.analysis.experiment.card.name}"
    return signal_model(points, window=card.scan.window, source=source)


def background_inputs(samples: Samples, decays: float) -> BackgroundInputs | None:
    """Simulated background of ``decays`` decays and the control run; None where the card has no templates."""
    if not samples.plan.templates:
        return None
    spectra = {
        mode: (samples.run(sample).spectrum, mode_fraction(mode).value)
        for mode, sample in samples.plan.templates.items()
    }
    templates = combine(spectra, decays=decays, label="simulated background by decay mode")
    control = samples.plan.control
    return BackgroundInputs(templates, None if control is None else samples.run(control).spectrum)


def drawn_templates(
    card: AnalysisCard, data: Spectrum, inputs: BackgroundInputs | None, n_kaon: float
) -> Spectrum | None:
    """Templates for figures and tables: the simulated decays and the scaled control run."""
    region = control_region(data, inputs, card.background)
    if region is None or inputs is None or inputs.control is None:
        return None if inputs is None else inputs.decays
    # figures scale everything to N_K
    scale = float(control_scale(region, np.array([n_kaon])).value[0]) / inputs.decays.scaled_to(n_kaon)
    return with_control(inputs.decays, inputs.control, source=HALO, scale=scale)


def join(
    samples: Samples,
    data: Spectrum,
    *,
    decays: float,
    n_kaon: Measured | None = None,
    cutflows: tuple[Cutflow, ...] = (),
    exposure: Callable[[KaonFlux], Exposure] | None = None,
) -> Search:
    """Everything after the data: templates, N_K (measured unless stated), signal, scan, one event to look at.

    ``decays`` is the number of decays that the templates stand for before N_K is known; ``exposure`` tells how the data
    came about once it is, None for a spectrum that is given.
    """
    card, context, calibration = samples.analysis.card, samples.context, samples.calibration
    normalisation = samples.run(samples.plan.normalisation)
    inputs = background_inputs(samples, decays)
    # N_K first: it fails where the exposure is too small, and the signal takes its time
    flux = peak_flux(card, data, normalisation, inputs) if n_kaon is None else KaonFlux(n_kaon)
    signal = _signal(samples)
    result = scan(
        data,
        card,
        signal=signal,
        flux=flux,
        inputs=inputs,
        context=context,
        simulation=Simulation(context.seed, calibration.momentum.value, calibration.momentum.stat),
        exposure=None if exposure is None else exposure(flux),
    )
    event = replay(
        samples.plan.normalisation,
        samples.analysis.experiment,
        card,
        calibration,
        seed=context.seed,
        shard=0,
        number=None,
    )
    return Search(
        result,
        data,
        drawn_templates(card, data, inputs, flux.n_kaon.value),
        signal,
        flux,
        cutflows,
        calibration,
        event,
        samples.plan.decays,
    )
