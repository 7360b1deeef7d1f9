"""Which samples the cards need, and how they join into one search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hnlpeak.chain.parts import Store
from hnlpeak.chain.plan import Injection, Plan, plan
from hnlpeak.chain.replay import replay
from hnlpeak.chain.sample_run import SampleResult, calibrate, run_sample, tally_candidates
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.background.control_run import control_region, control_scale
from hnlpeak.estimation.background.sources import HALO, BackgroundSources
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.estimation.peak import mode_fraction, peak_flux, peak_region
from hnlpeak.estimation.signal import SignalModel, SignalPoint, signal_model
from hnlpeak.estimation.signal_mc import measure_signal
from hnlpeak.estimation.templates import combine, with_control
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.analysis_card import AnalysisCard, TemplateBackground
from hnlpeak.limits.hypotheses import check_masses
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.scan import scan as scan_spectrum
from hnlpeak.limits.toys import with_toys
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.reconstruction.candidates import Candidates
from hnlpeak.selection.cutflow import Cutflow
from hnlpeak.simulation.sample import (
    Sample,
)
from hnlpeak.spectrum.spectrum import Spectrum
from hnlpeak.trigger.downscale import trigger_rates

__all__ = ["Injection", "Plan", "Search", "plan", "run", "scan", "search", "search_spectrum"]

Runner = Callable[[Sample], SampleResult]
Progress = Callable[[str, int], None]
"""Called with the name of a sample and a number of its decays that are done; with 0 when all begins."""


@dataclass(frozen=True, eq=False)
class Search:
    """Everything that a search makes, for reports and files.

    ``calibration`` and ``event`` are None where nothing was simulated, ``flux`` where a table gives N_K, ``cutflows``
    are empty where a spectrum was given.
    """

    result: SearchResult
    data: Spectrum
    templates: Spectrum | None
    signal: SignalModel
    flux: KaonFlux | None
    cutflows: tuple[Cutflow, ...]
    calibration: BeamCalibration | None
    event: tuple[np.void, dict[str, float]] | None
    decays: int


def _signal(analysis: Analysis, samples: dict[float, Sample], runner: Runner) -> SignalModel:
    card = analysis.card
    # a selection may serve the normalisation or a control region alone
    names = list(dict.fromkeys(card.selection_of(mass) for mass in card.scan.masses()))
    points: dict[str, list[SignalPoint]] = {name: [] for name in names}
    for mass, sample in samples.items():
        made = runner(sample)
        found = measure_signal(
            mass, made.spectrum, selections=names, decays=float(made.decays_in_fiducial), k=card.scan.window
        )
        for name, point in found.items():
            points[name].append(point)
    return signal_model(
        points, window=card.scan.window, source=f"simulation of {analysis.experiment.card.name}"
    )


def _templates(samples: dict[str, Sample], runner: Runner, decays: float) -> Spectrum | None:
    if not samples:
        return None
    spectra = {mode: (runner(sample).spectrum, mode_fraction(mode).value) for mode, sample in samples.items()}
    return combine(spectra, decays=decays, label="simulated background by decay mode")


def _sources(todo: Plan, runner: Runner, decays: float) -> BackgroundSources | None:
    templates = _templates(todo.templates, runner, decays)
    if templates is None:
        return None
    return BackgroundSources(templates, None if todo.control is None else runner(todo.control).spectrum)


def _drawn(
    card: AnalysisCard, data: Spectrum, sources: BackgroundSources | None, n_kaon: float
) -> Spectrum | None:
    """Templates for figures and tables: the simulated decays and the scaled control run."""
    region = control_region(data, sources, card.background)
    if region is None or sources is None or sources.control is None:
        return None if sources is None else sources.decays
    # figures scale everything to N_K
    scale = float(control_scale(region, np.array([n_kaon])).value[0]) / sources.decays.scaled_to(n_kaon)
    return with_control(sources.decays, sources.control, source=HALO, scale=scale)


def _runner(
    analysis: Analysis,
    calibration: BeamCalibration,
    *,
    seed: int,
    workers: int,
    progress: Progress | None,
    store: Store | None,
) -> Runner:
    def runner(sample: Sample) -> SampleResult:
        return run_sample(
            sample,
            analysis.experiment,
            analysis.card,
            calibration,
            seed=seed,
            workers=workers,
            progress=_report(progress, sample.name),
            store=store,
        )

    return runner


def _calibrate(
    analysis: Analysis, todo: Plan, *, seed: int, workers: int, progress: Progress | None
) -> BeamCalibration:
    if progress is not None:
        progress(todo.calibration.name, 0)
    return calibrate(
        todo.calibration,
        analysis.experiment,
        seed=seed,
        workers=workers,
        progress=_report(progress, todo.calibration.name),
    )


def _report(progress: Progress | None, name: str) -> Callable[[int], None] | None:
    return None if progress is None else lambda decays: progress(name, decays)


def _join(
    analysis: Analysis,
    todo: Plan,
    data: Spectrum,
    runner: Runner,
    calibration: BeamCalibration,
    *,
    seed: int,
    workers: int,
    exposure: float,
    n_kaon: Measured | None = None,
) -> Search:
    """Everything after the data: templates, N_K (measured unless stated), signal, scan, one event to look at."""
    card = analysis.card
    normalisation = runner(todo.normalisation)
    sources = _sources(todo, runner, exposure)
    # N_K first: it fails where the exposure is too small, and the signal takes its time
    flux = peak_flux(card, data, normalisation, sources) if n_kaon is None else KaonFlux(n_kaon)
    signal = _signal(analysis, todo.signal, runner)
    result = scan_spectrum(data, card, signal=signal, flux=flux, sources=sources)
    result = with_toys(result, data, card, signal=signal, flux=flux, seed=seed, workers=workers)
    beam: dict[str, Any] = {
        "seed": seed,
        "beam_momentum_mev": calibration.momentum.value,
        "beam_momentum_error_mev": calibration.momentum.stat,
    }
    event = replay(
        todo.normalisation, analysis.experiment, card, calibration, seed=seed, shard=0, number=None
    )
    return Search(
        replace(result, settings={**result.settings, **beam}),
        data,
        _drawn(card, data, sources, flux.n_kaon.value),
        signal,
        flux,
        (),
        calibration,
        event,
        todo.decays,
    )


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


def search(
    analysis: Analysis,
    *,
    seed: int = 1,
    kaons: float | None = None,
    inject: Injection | None = None,
    candidates: Candidates | None = None,
    workers: int = 1,
    progress: Progress | None = None,
    store: Store | None = None,
) -> Search:
    """Run the whole chain: calibration, data, signal, normalisation, templates, scan.

    ``candidates`` are real data and take the place of pseudo-data; ``store`` keeps finished parts. Raises
    ``UsageError`` and ``InputDataError``.
    """
    card = analysis.card
    todo = plan(analysis, kaons=kaons, inject=inject, real_data=candidates is not None)
    calibration = _calibrate(analysis, todo, seed=seed, workers=workers, progress=progress)
    runner = _runner(analysis, calibration, seed=seed, workers=workers, progress=progress, store=store)
    if candidates is not None:
        data = tally_candidates(candidates, card)
    else:
        assert todo.data is not None
        data = runner(todo.data)
    decays = kaons or card.exposure.decays
    made = _join(
        analysis, todo, data.spectrum, runner, calibration, seed=seed, workers=workers, exposure=decays
    )
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


def search_spectrum(
    spectrum: Any,
    analysis: Analysis,
    *,
    signal: SignalModel | None = None,
    n_kaon: Measured | None = None,
    seed: int = 1,
    workers: int = 1,
    progress: Progress | None = None,
    store: Store | None = None,
) -> Search:
    """Search in a given missing-mass spectrum: a ``Spectrum`` or anything UHI, in MeV.

    ``signal`` is a table of A(m), sigma(m) and N_K; without it they are simulated from the cards, N_K (unless
    ``n_kaon`` states it) with the Standard-Model peak of the spectrum itself. Templates of a background are simulated
    either way. Raises ``UsageError`` where N_K is
    not known, ``InputDataError`` where the spectrum does not cover the scan, both before anything is simulated.
    """
    data = spectrum if isinstance(spectrum, Spectrum) else Spectrum.from_uhi(spectrum)
    card = analysis.card
    if signal is not None:
        flux = None if n_kaon is None else KaonFlux(n_kaon)
        sources, decays = None, 0
        if isinstance(card.background, TemplateBackground):
            check_masses(data, card)
            todo = replace(plan(analysis, real_data=True), signal={})
            calibration = _calibrate(analysis, todo, seed=seed, workers=workers, progress=progress)
            runner = _runner(
                analysis, calibration, seed=seed, workers=workers, progress=progress, store=store
            )
            sources = _sources(todo, runner, card.exposure.decays)
            decays = todo.decays - todo.normalisation.decays
        result = scan_spectrum(data, card, signal=signal, flux=flux, sources=sources)
        result = with_toys(result, data, card, signal=signal, flux=flux, seed=seed, workers=workers)
        templates = _drawn(card, data, sources, float(result.normalisation["n_kaon"]["value"]))
        return Search(result, data, templates, signal, flux, (), None, None, decays)
    check_masses(data, card)
    if n_kaon is None:
        peak_region(card, data)
    todo = plan(analysis, real_data=True)
    calibration = _calibrate(analysis, todo, seed=seed, workers=workers, progress=progress)
    runner = _runner(analysis, calibration, seed=seed, workers=workers, progress=progress, store=store)
    exposure = card.exposure.decays if n_kaon is None else n_kaon.value
    return _join(
        analysis,
        todo,
        data,
        runner,
        calibration,
        seed=seed,
        workers=workers,
        exposure=exposure,
        n_kaon=n_kaon,
    )


def run(analysis: Analysis, *, seed: int = 1, kaons: float | None = None, workers: int = 1) -> SearchResult:
    """Simulate and search at ``kaons`` decays in the fiducial volume; see ``search`` for all that it makes."""
    return search(analysis, seed=seed, kaons=kaons, workers=workers).result


def scan(
    spectrum: Any,
    analysis: Analysis,
    *,
    signal: SignalModel | None = None,
    n_kaon: Measured | None = None,
    seed: int = 1,
    workers: int = 1,
) -> SearchResult:
    """Limits from a missing-mass spectrum: a ``Spectrum`` or anything UHI, in MeV; see ``search_spectrum``."""
    return search_spectrum(
        spectrum, analysis, signal=signal, n_kaon=n_kaon, seed=seed, workers=workers
    ).result
