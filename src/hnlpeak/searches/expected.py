"""Data without simulating every decay: the spectrum that templates and exposure let expect, or a draw from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hnlpeak.chain.sample_run import SampleResult
from hnlpeak.core.errors import UsageError
from hnlpeak.estimation.smooth import smoothed
from hnlpeak.searches.companions import per_meson_decay
from hnlpeak.searches.joins import cross_talk
from hnlpeak.searches.plan import SIGNAL
from hnlpeak.searches.samples import Samples
from hnlpeak.searches.weights import template_spectrum
from hnlpeak.selection.cutflow import Cutflow
from hnlpeak.simulation.sample import HALO, Sample
from hnlpeak.simulation.streams import stream
from hnlpeak.spectrum.fixed_point import LARGEST_SUM, to_fixed
from hnlpeak.spectrum.spectrum import Spectrum
from hnlpeak.theory.production import branching_fraction

__all__ = ["Expectation", "drawn", "expectation", "expected_control", "expected_data"]

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Expectation:
    """``means`` [selection, source, bin] of the data of ``decays`` decays in the fiducial volume, by ``components``.

    ``like`` is a spectrum with the same axis and selections; ``made`` are the spectra behind the means, each with what
    one of its events stands for.
    """

    means: Vector
    components: tuple[str, ...]
    decays: float
    like: Spectrum
    made: tuple[tuple[Spectrum, float], ...]

    def draw(self, rng: np.random.Generator) -> Spectrum:
        """Return Poisson counts with these means."""
        return Spectrum.from_counts(
            drawn(self.means, rng),
            selections=self.like.selections,
            components=list(self.components),
            simulated=True,
            label="data drawn from the expected spectrum",
            decays_in_fiducial=self.decays,
            axis=self.like.axis,
        )

    def error(self, selection: str, low: float, high: float) -> float:
        """Return the error by the simulation's statistics of what is expected between two masses (MeV)."""
        sums = [scale**2 * float(made.between(selection, low, high).variances) for made, scale in self.made]
        return float(sum(sums) ** 0.5)

    def smooth(self, low: float, high: float) -> Expectation:
        """Return the same with smooth functions between ``low`` and ``high`` (MeV), but for the signal."""
        means = self.means.copy()
        edges, selections = self.like.edges, self.like.selections
        for k, (name, (made, scale)) in enumerate(zip(self.components, self.made, strict=True)):
            if name == SIGNAL:
                continue
            for s, selection in enumerate(selections):
                part = made.project(selection)
                means[s, k] = scale * smoothed(edges, part.values, part.variances, low=low, high=high)
        return replace(self, means=means)

    def known(self) -> Spectrum:
        """Return the sum of what is expected without any signal; bins of more than can be stored are that full."""
        background = [name != SIGNAL for name in self.components]
        means = self.means[:, background].sum(axis=1, keepdims=True)
        fixed = to_fixed(np.minimum(means, np.nextafter(LARGEST_SUM, 0.0)))
        return Spectrum.from_weights(
            fixed,
            fixed,
            selections=self.like.selections,
            components=["data"],
            simulated=True,
            label="expectation of the data",
            decays_in_fiducial=self.decays,
            axis=self.like.axis,
        )

    def together(self) -> Expectation:
        """Return the same with all components as one, ``data``."""
        return replace(self, means=self.means.sum(axis=1, keepdims=True), components=("data",))


def expectation(samples: Samples, decays: float) -> Expectation:
    """Return what the plan's expected components let expect of ``decays`` decays in the fiducial volume.

    Its means are events [selection, component, bin].
    """
    made, scales = _made(samples, decays)
    means = [scale * made[name].spectrum.values[:, 0] for name, scale in scales.items()]
    parts = tuple((made[name].spectrum, scale) for name, scale in scales.items())
    return Expectation(np.stack(means, axis=1), tuple(made), decays, parts[0][0], parts)


def expected_control(samples: Samples) -> Expectation | None:
    """Return what the halo of the plan and its cross-talk let expect of the control run; None where there is none.

    The plan is that of expected data. Halo muons are scaled to their number in the run, decays to theirs.
    """
    plan = samples.plan
    if plan.control is None:
        return None
    halo = samples.run(plan.expected[HALO]).spectrum
    parts = [(halo, plan.control_muons / plan.expected[HALO].decays)]
    if plan.cross_talk is not None:
        talk = cross_talk(samples, plan.cross_talk)
        parts.append((talk, talk.scaled_to(plan.control_decays)))
    means = sum(scale * spectrum.values.sum(axis=1, keepdims=True) for spectrum, scale in parts)
    return Expectation(np.asarray(means), (HALO,), plan.control_decays, halo, tuple(parts))


def _made(samples: Samples, decays: float) -> tuple[dict[str, SampleResult], dict[str, float]]:
    """The expected components' samples, and what one event of each stands for."""
    made = {name: samples.run(sample) for name, sample in samples.plan.expected.items()}
    return made, {name: decays * events for name, events in _per_decay(samples, made).items()}


def expected_data(samples: Samples, decays: float, *, draw: bool) -> tuple[SampleResult, Spectrum | None]:
    """Return the data of ``decays`` decays in the fiducial volume that the plan's expected components let expect.

    Where the background is taken to be smooth so are the templates (``estimation.smooth``): large exposures have more
    events than they. Bin by bin and component by component a Poisson number where ``draw``, else the expectation, whose
    variance is that of a count. The cut-flow is the expectation either way. Beside the data comes what they are drawn
    from, where that is smooth. ``UsageError`` where the expectation is too large to be stored.
    """
    made, scales = _made(samples, decays)
    expected = expectation(samples, decays)
    smooth = samples.analysis.card.background.smooth_range()
    if smooth is not None:
        expected = expected.smooth(*smooth)
    known = None if smooth is None else expected.known()
    if draw:
        spectrum = expected.draw(stream(samples.context.seed, "data/expected", 0))
    else:
        spectrum = _asimov(expected.means, expected.like, samples.plan.expected, decays)
    return SampleResult(spectrum, _cutflows(made, scales, decays), 0, round(decays), 0), known


def _asimov(means: Vector, like: Spectrum, components: Mapping[str, Sample], decays: float) -> Spectrum:
    most = float(means.sum(axis=1).max())
    if not most < LARGEST_SUM:
        raise UsageError(
            f"--pseudo-data asimov: {most:.3g} events expected in a bin, at most {LARGEST_SUM:.3g} can be kept as they "
            "are; give fewer --kaons, or --pseudo-data expected"
        )
    fixed = to_fixed(means)
    return Spectrum.from_weights(
        fixed,
        fixed,
        selections=like.selections,
        components=list(components),
        simulated=True,
        label="expected spectrum (Asimov data)",
        decays_in_fiducial=decays,
        axis=like.axis,
    )


def _per_decay(samples: Samples, made: Mapping[str, SampleResult]) -> dict[str, float]:
    """What one event of each sample stands for in the data of one decay in the fiducial volume.

    Simulated data are of the card's modes alone: their fractions add up to 1.
    """
    analysis, expected = samples.analysis, samples.plan.expected
    modes, inject = analysis.card.samples.background_modes, samples.plan.inject
    whole = sum(per_meson_decay(analysis, mode) for mode in modes)
    signal = 0.0
    if inject is not None:
        channel = analysis.card.channel
        meson, lepton = channel.meson, channel.lepton
        signal = float(branching_fraction(meson=meson, lepton=lepton, mass=inject.mass, u2=inject.u2))
    found = {}
    for name, result in made.items():
        if name == SIGNAL:
            found[name] = signal / result.decays_in_fiducial
            continue
        spectrum, share = template_spectrum(analysis, name, expected[name], result.spectrum)
        found[name] = spectrum.scaled_to(1.0) * share
        if name in modes:
            found[name] *= (1.0 - signal) / whole
    return found


def drawn(means: Vector, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return Poisson numbers with the ``means`` [selection, source, bin].

    Selections of one spectrum share their events: where one expects more than another, further events are drawn on top
    of the common ones. Each has its mean and variance; the correlation is that of selections that are nested.
    """
    order = np.argsort(means, axis=0, kind="stable")
    steps = np.diff(np.take_along_axis(means, order, axis=0), axis=0, prepend=0.0)
    counts = np.cumsum(rng.poisson(np.maximum(steps, 0.0)), axis=0)
    found = np.zeros(means.shape, dtype=np.int64)
    np.put_along_axis(found, order, counts, axis=0)
    return found


def _cutflows(
    made: Mapping[str, SampleResult], scales: Mapping[str, float], decays: float
) -> tuple[Cutflow, ...]:
    """The cut-flows of all components side by side, as ``decays`` decays let expect."""
    flows = [[_scaled(flow, scales[name]) for flow in result.cutflows] for name, result in made.items()]
    return tuple(
        replace(
            rows[0],
            components=tuple(made),
            passed=np.concatenate([flow.passed for flow in rows]),
            only_failed=np.concatenate([flow.only_failed for flow in rows]),
            decays=decays,
        )
        for rows in zip(*flows, strict=True)
    )


def _scaled(flow: Cutflow, scale: float) -> Cutflow:
    """The cut-flow with all numbers times ``scale``."""
    return replace(flow, passed=scale * flow.passed, only_failed=scale * flow.only_failed)
