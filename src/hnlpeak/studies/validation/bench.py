"""Samples of both searches for measurements: each is simulated once, whoever asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from hnlpeak.chain.blocks import blocks
from hnlpeak.chain.sample_run import SampleResult
from hnlpeak.chain.shards import ShardSpec, assumed_of
from hnlpeak.core.measured import Measured
from hnlpeak.detectors.beam_tracker import BeamTracker
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.experiment.columns import column_names
from hnlpeak.experiment.experiment import build_setup
from hnlpeak.limits.search import Search
from hnlpeak.reconstruction.track import TRACK, fit_track, new_scratch
from hnlpeak.searches.plan import plan
from hnlpeak.searches.run import run_search
from hnlpeak.searches.samples import Samples, calibrated
from hnlpeak.simulation.sample import Sample, mode_sample, signal_sample

__all__ = ["Bench", "core", "fitted_width", "half_width"]

_FASTEST = "30 GeV"

Vector = NDArray[np.float64]


def half_width(values: Vector) -> Measured:
    """Half of the central 68.27 % of ``values``, with the error that a Gaussian sample would have."""
    low, high = np.quantile(values, [0.158655, 0.841345])
    width = 0.5 * float(high - low)
    return Measured(width, stat=1.2 * width / np.sqrt(2.0 * max(values.size, 1)))


def core(x: Vector, weights: Vector, *, mean: float, sigma: float) -> Measured:
    """Sigma of the Gaussian core within 1.5 sigma about its mean, by iteration from ``mean`` and ``sigma``.

    Moments within the cut are set right for what a Gaussian has outside: its rms there is 0.7442 sigma.
    """
    for _ in range(100):
        near = np.abs(x - mean) < 1.5 * sigma
        mean = float(np.average(x[near], weights=weights[near]))
        sigma = float(np.sqrt(np.average((x[near] - mean) ** 2, weights=weights[near]))) / 0.7442
    return Measured(sigma, stat=1.5 * sigma / np.sqrt(2.0 * float(weights[near].sum())))


def fitted_width(
    x: Vector, weights: Vector, *, bin_width: float, low: float = -np.inf, high: float = np.inf
) -> Measured:
    """Sigma of a Gaussian fitted to all filled bins between ``low`` and ``high``, each with the error of its events.

    That is the usual least-squares fit of a histogram. Tails count in it: it is wider than the core.
    """
    inside = (x > low) & (x < high)
    place = np.floor(x[inside] / bin_width)
    events = np.bincount((place - place.min()).astype(np.int64), weights[inside])
    centres = (place.min() + np.arange(events.size) + 0.5) * bin_width
    filled = events > 0.0
    centres, events = centres[filled], events[filled]

    def pulls(parameters: Vector) -> Vector:
        height, mean, sigma = parameters
        expected = height * np.exp(-0.5 * ((centres - mean) / sigma) ** 2)
        return np.asarray((expected - events) / np.sqrt(events))

    mean = float(np.average(centres, weights=events))
    sigma = float(np.sqrt(np.average((centres - mean) ** 2, weights=events)))
    start = np.array([events.max(), mean, sigma])
    found = optimize.least_squares(pulls, start, x_scale=[events.max(), sigma, sigma])
    width = abs(float(found.x[2]))
    return Measured(width, stat=width / np.sqrt(2.0 * float(events.sum())))


class Bench:
    """Where samples are made: ``context`` says how, ``decays`` how many of a signal or mode unless asked otherwise.

    ``searches`` are finished ones by the name of their analysis, which need not be made again.
    """

    def __init__(
        self, context: RunContext, *, decays: int, searches: Mapping[str, Search] | None = None
    ) -> None:
        self.context, self.decays, self.searches = context, decays, dict(searches or {})
        self.samples = cache(self._samples)
        self.signal = cache(self._signal)
        self.mode = cache(self._mode)

    @cached_property
    def search_2015(self) -> Search:
        """The whole search for K+ -> e+ N at its exposure."""
        return self._search("na62-2015-ke2")

    @cached_property
    def search_2007(self) -> Search:
        """The whole search for K+ -> mu+ N at its exposure."""
        return self._search("na62-2007-kmu2")

    def _search(self, name: str) -> Search:
        return self.searches.get(name) or run_search(load_analysis(name), context=self.context)

    def _samples(self, name: str, tracker: bool = False) -> Samples:
        analysis = load_analysis(name)
        if tracker:
            analysis = _with_tracker(analysis)
        return calibrated(analysis, plan(analysis, kaons=3e6, real_data=True), self.context)

    def _signal(self, name: str, mass: float, tracker: bool = False) -> SampleResult:
        samples = self.samples(name, tracker)
        channel = samples.analysis.card.channel
        label = f"validate/{mass:g}"
        return samples.run(signal_sample(label, channel.meson, channel.lepton, mass, self.decays))

    def _mode(self, name: str, mode: str) -> SampleResult:
        return self.samples(name).run(mode_sample(f"validate/{mode}", mode, 3 * self.decays))

    def momentum_errors(self, name: str, mode: str, *, at: float, within: float) -> Vector:
        """p / p_true - 1 of the tracks of ``mode`` that fly straight, p_true ``at`` +- ``within`` (MeV)."""
        samples = self.samples(name)
        sample, experiment, calibration = samples.parts(mode_sample(f"validate/{mode}/p", mode, self.decays))[
            0
        ]
        spec = ShardSpec(
            experiment.setup, sample, self.context.seed, len(column_names(experiment.timed_systems))
        )
        return _momentum_errors(spec, sample, assumed_of(samples.analysis.card, calibration), at, within)


def _momentum_errors(spec: ShardSpec, sample: Sample, assumed: object, at: float, within: float) -> Vector:
    setup, scratch, track = spec.frozen_setup()[0], new_scratch(), np.zeros(1, dtype=TRACK)
    errors = []
    for block in blocks(spec, assumed, (0, sample.decays)):  # type: ignore[arg-type]
        for event in block.events:
            for particle in event["particles"][: event["n_particles"]]:
                true = float(particle["segments"][0]["p"])
                straight = particle["n_segments"] == 1 and particle["n_chambers"] >= setup["min_chambers"]
                if straight and abs(true - at) < within and fit_track(setup, particle, scratch, track[0]):
                    errors.append(float(track[0]["p"]) / true - 1.0)
    return np.array(errors)


def _with_tracker(analysis: Analysis) -> Analysis:
    """The same search with the beam tracker of its experiment installed, and momenta as where it was used.

    The trigger of that search (arXiv:2005.09575) is known to take tracks below 30 GeV, from notes and not from its text
    (m); faster ones have better angles.
    """
    experiment = analysis.experiment
    detectors = [
        d.model_copy(update={"installed": True}) if isinstance(d, BeamTracker) else d
        for d in experiment.card.detectors
    ]
    card = experiment.card.model_copy(update={"detectors": detectors})
    text = experiment.text + "\n# beam tracker installed"
    cuts = [
        cut.model_copy(update={"max": _FASTEST}) if cut.column == "p_mev" and cut.by is None else cut
        for cut in analysis.card.cuts
    ]
    return replace(
        analysis,
        card=analysis.card.model_copy(update={"cuts": cuts}),
        experiment=replace(experiment, card=card, text=text, setup=build_setup(card)),
    )
