"""Pseudo-experiments whose truth is known: pulls of N_K and b, uniform p-values, injected signals that come back.

The truth is a set of samples under a seed of its own, of the cards or of a varied experiment; each pseudo-experiment is
a draw of the whole spectrum, and of the control run where the card scales one, from what they let expect. It is
analysed as data are, with signal, normalisation and templates simulated under the seed of the study: N_K from its peak,
b by the card's method at masses over the scan, and at five masses again with signals of three strengths added.

Pulls of b are over what of its error moves from one pseudo-experiment to the next, p-values and intervals with that
and what the simulation, common to all, may have wrong (``BackgroundDetails.repeated``). Errors of what the truth has as
the card says, a branching fraction or the efficiency of a trigger, cannot show here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.inputs import BackgroundInputs
from hnlpeak.background.methods import estimate_background
from hnlpeak.chain.sample_run import SampleResult
from hnlpeak.core.errors import UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.estimation.peak import halo_under_peak, peak_flux, peak_region
from hnlpeak.estimation.signal import SignalModel
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.experiment import Experiment
from hnlpeak.limits.constraint import background_constraint
from hnlpeak.limits.hypotheses import Hypotheses, Hypothesis, background_task, hypotheses
from hnlpeak.limits.masks import estimate_with_masks
from hnlpeak.searches.expected import Expectation, expectation, expected_control
from hnlpeak.searches.joins import background_inputs, simulated_signal
from hnlpeak.searches.plan import plan
from hnlpeak.searches.samples import Samples, calibrated
from hnlpeak.simulation.sample import signal_sample
from hnlpeak.simulation.streams import stream
from hnlpeak.spectrum.spectrum import Spectrum
from hnlpeak.statistics import Known, method_call, p_value

__all__ = ["STRENGTHS", "ClosureRow", "background_mid_p", "closure", "closure_decays"]

STRENGTHS = (1.0, 3.0, 5.0)
"""Injected signal events in the window in units of sqrt(b + 1)."""
FAILS = 4.0
"""Standard deviations from which on a row fails: one of some 16000 does by chance."""
_POINTS = 10
_EVERY = 2
"""Every second of the masses gets signals."""
_TRUTH_SEED = 1_000_003
"""What is added to the seed for the samples of the truth."""

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class ClosureRow:
    """A ``value`` over all pseudo-experiments with its ``error``, and what is ``expected``.

    ``mass`` in MeV, ``strength`` of an injected signal (``STRENGTHS``) and its ``u2``; None where there is none.
    """

    quantity: str
    mass: float | None
    strength: float | None
    u2: float | None
    value: float
    error: float
    expected: float

    @property
    def deviation(self) -> float:
        """Standard deviations from what is expected."""
        return (self.value - self.expected) / self.error if self.error > 0.0 else np.nan

    @property
    def verdict(self) -> str:
        """``pass`` or ``fail``; ``not measured`` without a number."""
        if not np.isfinite(self.deviation):
            return "not measured"
        return "pass" if abs(self.deviation) < FAILS else "fail"

    def record(self) -> dict[str, Any]:
        """The row as JSON and CSV."""
        return {**vars(self), "deviation_sigma": self.deviation, "verdict": self.verdict}


@dataclass(frozen=True, eq=False)
class _Bench:
    """What all pseudo-experiments share: the analysis' own samples, the truth, and signals to inject."""

    card: AnalysisCard
    signal: SignalModel
    normalisation: SampleResult
    inputs: BackgroundInputs | None
    truth: Expectation
    control: Expectation | None
    signals: dict[float, Spectrum]
    seed: int

    @cached_property
    def truth_error(self) -> list[float]:
        """Error of the true b at each mass by the statistics of its samples."""
        found = hypotheses(self.truth.like, self.card, self.signal, KaonFlux(Measured(self.truth.decays)))
        return [self.truth.error(h.selection, h.window.low, h.window.high) for h in found]

    @cached_property
    def flux_error(self) -> float:
        """Relative error of N_K by the statistics of the truth's peak and of the normalisation sample."""
        selection, (low, high) = self.card.normalisation.selection, peak_region(self.card, self.truth.like)
        place, edges = self.truth.like.selections.index(selection), self.truth.like.edges
        first, last = (int(np.argmin(np.abs(edges - end))) for end in (low, high))
        events = float(self.truth.means[place, 0, first:last].sum())
        passed = float(self.normalisation.spectrum.between(selection, low, high).values)
        return float(np.hypot(self.truth.error(selection, low, high) / events, passed**-0.5))


@dataclass(frozen=True, eq=False)
class _Injected:
    """One signal in one pseudo-experiment: ``true`` events in the window, n, b, its errors, and the net efficiency.

    ``error`` is that which shows here, ``fixed`` its part that all pseudo-experiments have alike.
    """

    true: float
    u2: float
    found_u2: float
    n: float
    b: float
    error: float
    fixed: float
    net: float


@dataclass(frozen=True, eq=False)
class _Experiment:
    """One pseudo-experiment: N_K, counts, b and true b at each mass, signals by (mass, strength).

    ``flux_moving`` is the error of N_K that is another in each, ``moving`` and ``fixed`` are parts of the error of b
    (see ``BackgroundDetails.repeated``).
    """

    flux: KaonFlux
    flux_moving: float
    n: Vector
    b: Vector
    moving: Vector
    fixed: Vector
    true: Vector
    injected: dict[tuple[float, float], _Injected]


def _coarse(card: AnalysisCard) -> AnalysisCard:
    """The card with few masses over the same range."""
    masses = card.scan.masses()
    step = max(1, (len(masses) - 1) // (_POINTS - 1)) * card.scan.step
    return card.model_copy(update={"scan": card.scan.model_copy(update={"step": step})})


def closure_decays(analysis: Analysis, kaons: float) -> int:
    """Decays that ``closure`` simulates."""
    own = plan(analysis, kaons=kaons, real_data=True)
    truth = plan(analysis, kaons=kaons, pseudo_data="expected")
    signals = len(_coarse(analysis.card).scan.masses()[::_EVERY]) * analysis.card.samples.signal_decays
    return own.decays + truth.decays + signals - own.systematic_decays - truth.systematic_decays


def _bench(analysis: Analysis, truth: Experiment, kaons: float, context: RunContext) -> _Bench:
    """Simulate both sets of samples."""
    own = calibrated(analysis, todo := plan(analysis, kaons=kaons, real_data=True), context).together(
        todo.samples
    )
    world = replace(analysis, experiment=truth)
    other = replace(context, seed=context.seed + _TRUTH_SEED)
    made = calibrated(
        world,
        expected := plan(world, kaons=kaons, pseudo_data="expected"),
        other,
        model=analysis.experiment,
    ).together(
        [sample for sample in (*expected.expected.values(), expected.cross_talk) if sample is not None]
    )
    card = _coarse(analysis.card)
    return _Bench(
        card,
        simulated_signal(own),
        own.run(todo.normalisation),
        background_inputs(own, min(kaons, card.exposure.decays)),
        expectation(made, kaons).together(),
        expected_control(made),
        {mass: _signal_spectrum(made, mass) for mass in card.scan.masses()[::_EVERY]},
        context.seed,
    )


def _signal_spectrum(samples: Samples, mass: float) -> Spectrum:
    card = samples.analysis.card
    sample = signal_sample(
        f"closure/{mass:g}", card.channel.meson, card.channel.lepton, mass, card.samples.signal_decays
    )
    return samples.run(sample).spectrum


def _one(bench: _Bench, number: int) -> _Experiment | None:
    """Draw and analyse a pseudo-experiment; None where it has no peak of its normalisation."""
    rng = stream(bench.seed, "closure/experiment", number)
    data = bench.truth.draw(rng)
    inputs = bench.inputs
    if inputs is not None and bench.control is not None:
        inputs = replace(inputs, control=bench.control.draw(rng))
    try:
        flux = peak_flux(bench.card, data, bench.normalisation, inputs)
    except UsageError:
        return None
    found = hypotheses(data, bench.card, bench.signal, flux)
    background = estimate_background(background_task(data, found, inputs), bench.card.background)
    where = [h.selection for h in found], [h.window.low for h in found], [h.window.high for h in found]
    true = _expected(bench.truth, found)
    table = Hypotheses.of(found, meson=bench.card.channel.meson, lepton=bench.card.channel.lepton)
    injected = {}
    for i in range(0, len(found), _EVERY):
        for strength in STRENGTHS:
            events = strength * float(np.sqrt(true[i] + 1.0))
            injected[found[i].mass, strength] = _inject(bench, data, inputs, found[i], table, i, events, rng)
    moving, fixed = background.details.repeated(background.stat, background.syst)
    return _Experiment(
        flux,
        _flux_moving(bench.card, data, inputs, flux),
        data.between(*where).values,
        background.background,
        moving,
        fixed,
        true,
        injected,
    )


def _flux_moving(
    card: AnalysisCard, data: Spectrum, inputs: BackgroundInputs | None, flux: KaonFlux
) -> float:
    """The error of N_K by the events of the peak and, of what the control run has there, its statistics."""
    halo = halo_under_peak(card, data, inputs)
    relative = 0.0 if halo is None or flux.n_sm is None else halo[0].stat / (flux.n_sm - halo[0].value)
    return float(np.hypot(flux.n_kaon.stat, relative * flux.n_kaon.value))


def _expected(truth: Expectation, found: Sequence[Hypothesis]) -> Vector:
    names, edges = truth.like.selections, truth.like.edges
    sums = []
    for h in found:
        first, last = (int(np.argmin(np.abs(edges - end))) for end in (h.window.low, h.window.high))
        sums.append(float(truth.means[names.index(h.selection), 0, first:last].sum()))
    return np.array(sums)


def _inject(
    bench: _Bench,
    data: Spectrum,
    inputs: BackgroundInputs | None,
    h: Hypothesis,
    table: Hypotheses,
    i: int,
    events: float,
    rng: np.random.Generator,
) -> _Injected:
    """Add ``events`` signal events in the window (in the mean) to ``data`` and look for them again."""
    signal = bench.signals[h.mass]
    inside = float(signal.between(h.selection, h.window.low, h.window.high).values)
    scale = events / inside
    more = rng.poisson(scale * signal.values[:, :1])
    mixed = Spectrum.from_counts(
        data.values.astype(np.int64) + more,
        selections=data.selections,
        components=list(data.components),
        simulated=True,
        label=data.label,
        decays_in_fiducial=data.decays_in_fiducial,
        axis=data.axis,
    )
    n = np.atleast_1d(mixed.between(h.selection, h.window.low, h.window.high).values)
    background, _ = estimate_with_masks(mixed, [h], n, bench.card, inputs)
    b = float(background.background[0])
    moving, fixed = (float(e[0]) for e in background.details.repeated(background.stat, background.syst))
    net = 1.0 - float(background.leakage[0]) * float(table.peak_per_window[i])
    # |U|^2 that makes these events: of the truth's own decays and acceptance, against the measured ones
    accepted = inside / float(signal.decays_in_fiducial or np.nan)
    u2 = events / (bench.truth.decays * accepted * float(table.per_u2[i]))
    found = (float(n[0]) - b) / net
    measured = float(table.n_kaon[i] * table.acceptance[i] * table.per_u2[i])
    return _Injected(events, u2, found / measured, float(n[0]), b, float(np.hypot(moving, fixed)), fixed, net)


def closure(
    analysis: Analysis,
    context: RunContext,
    *,
    experiments: int,
    kaons: float,
    truth: Experiment | None = None,
) -> Iterator[ClosureRow]:
    """Yield the rows of ``experiments`` pseudo-experiments of ``kaons`` decays, those of ``truth`` if given."""
    bench = _bench(analysis, truth or analysis.experiment, kaons, context)
    made: dict[int, _Experiment] = {}
    for number, each in context.stream(list(range(experiments)), _Task(bench)):
        context.report("pseudo-experiments", 1)
        if each is not None:
            made[number] = each
    done = [made[number] for number in sorted(made)]
    yield _row("experiments with a peak", [1.0] * len(done) + [0.0] * (experiments - len(done)), 1.0)
    if len(done) < 2:
        return
    moving = np.array([e.flux_moving for e in done])
    pulls = (np.array([e.flux.n_kaon.value for e in done]) - kaons) / moving
    yield from _pull_rows("N_K", None, pulls, kaons * bench.flux_error / float(moving.mean()))
    for i, mass in enumerate(bench.card.scan.masses()):
        yield from _at_mass(bench, done, i, mass)
    for i, mass in enumerate(bench.signals):
        for strength in STRENGTHS:
            injected = [e.injected[mass, strength] for e in done]
            yield from _of_signal(bench.card, injected, mass, strength, bench.truth_error[i * _EVERY])


@dataclass(frozen=True, eq=False)
class _Task:
    """``_one`` with its bench."""

    bench: _Bench

    def __call__(self, number: int) -> _Experiment | None:
        return _one(self.bench, number)


def _row(quantity: str, values: Sequence[float] | Vector, expected: float, **about: Any) -> ClosureRow:
    """The mean of ``values`` with its error."""
    array = np.asarray(values, dtype=np.float64)
    array = array[np.isfinite(array)]
    value = float(array.mean()) if array.size else np.nan
    error = float(array.std(ddof=1) / np.sqrt(array.size)) if array.size > 1 else np.nan
    place = {"mass": None, "strength": None, "u2": None, **about}
    if error == 0.0 and value == expected:
        error = 1.0 / array.size
    return ClosureRow(quantity, value=value, error=error, expected=expected, **place)


def background_mid_p(n: Vector, b: Vector, error: Vector, *, kind: Literal["gaussian", "poisson"]) -> Vector:
    """Return mid-p values of ``n`` events on ``b`` +- ``error`` > 0 that are uniform on average over experiments.

    The p-values of a search err on the safe side where the error is large, which no test of uniformity would pass.
    Here the constraint is taken at its word, and an estimate below its error as the control region that it is worth.
    """
    p, few = np.empty(b.shape), error > np.maximum(b, 0.0)
    parts: tuple[tuple[NDArray[np.bool_], Literal["gaussian", "poisson"]], ...] = (
        (few, "poisson"),
        (~few, kind),
    )
    for rows, name in parts:
        if rows.any():
            constraint = background_constraint(np.maximum(b[rows], 0.0), error[rows], kind=name)
            p[rows] = p_value(n[rows], background=constraint, mid_p=True)
    return p


def _pull_rows(name: str, mass: float | None, pulls: Vector, shared: float = 0.0) -> Iterator[ClosureRow]:
    """Mean and width of ``pulls``; ``shared`` is the error of their mean that all pseudo-experiments have alike."""
    mean = _row(f"pull of {name}, mean", pulls, 0.0, mass=mass)
    yield replace(mean, error=float(np.hypot(mean.error, shared)))
    some = pulls[np.isfinite(pulls)]
    width = float(some.std(ddof=1)) if some.size > 1 else np.nan
    error = width / np.sqrt(2.0 * max(some.size, 1))
    yield ClosureRow(f"pull of {name}, width", mass, None, None, width, float(error), 1.0)


def _at_mass(bench: _Bench, done: Sequence[_Experiment], i: int, mass: float) -> Iterator[ClosureRow]:
    n, b, moving, fixed, true = (
        np.array([getattr(e, name)[i] for e in done]) for name in ("n", "b", "moving", "fixed", "true")
    )
    good = np.isfinite(b) & (moving > 0.0)
    common = np.hypot(bench.truth_error[i], fixed)
    pulls = np.divide(b - true, moving, out=np.full(b.shape, np.nan), where=good)
    shared = float(np.mean(common[good]) / np.mean(moving[good])) if good.any() else 0.0
    yield from _pull_rows("b", mass, pulls, shared)

    def mid_p(shift: float) -> Vector:
        p = np.full(b.shape, np.nan)
        p[good] = background_mid_p(
            n[good],
            (b + shift * common)[good],
            np.hypot(moving, fixed)[good],
            kind=bench.card.statistics.constraint,
        )
        return p

    yield from _p_rows(mass, mid_p(0.0), mid_p(-1.0), mid_p(1.0))


def _p_rows(mass: float, p: Vector, *moved: Vector) -> Iterator[ClosureRow]:
    """Mean of ``p`` and share below 0.1; their errors hold what all have alike, which makes ``moved`` of p."""

    def row(quantity: str, values: Vector, others: Sequence[Vector], expected: float) -> ClosureRow:
        made = _row(quantity, values, expected, mass=mass)
        some = np.isfinite(values)
        change = (
            max((abs(float(other[some].mean()) - made.value) for other in others), default=0.0)
            if some.any()
            else 0.0
        )
        return replace(made, error=float(np.hypot(made.error, change)))

    def low(values: Vector) -> Vector:
        return np.where(np.isfinite(values), values < 0.1, np.nan)

    yield row("mid-p of background, mean", p, moved, 0.5)
    yield row("mid-p of background, share below 0.1", low(p), [low(other) for other in moved], 0.1)


def _of_signal(
    card: AnalysisCard, done: Sequence[_Injected], mass: float, strength: float, shared: float
) -> Iterator[ClosureRow]:
    """Rows of one injected signal.

    ``shared`` is the error of the true b by the truth's own statistics: events that all pseudo-experiments have too
    many or too few in the window, where the side bands do not see them. What is ``fixed`` in b is as well.
    """
    about = {"mass": mass, "strength": strength, "u2": float(np.mean([e.u2 for e in done]))}
    ratio = _row("injected |U|^2: found over true", [e.found_u2 / e.u2 for e in done], 1.0, **about)
    n, b, error, fixed, net, true = (
        np.array([getattr(e, name) for e in done]) for name in ("n", "b", "error", "fixed", "net", "true")
    )
    good = np.isfinite(b) & np.isfinite(error) & (net > 0.0)
    if not good.any():
        yield ratio
        return
    moved = np.hypot(shared, fixed[good]) / net[good]
    yield replace(ratio, error=float(np.hypot(ratio.error, np.mean(moved / true[good]))))
    interval = method_call(card.statistics.method, card.statistics.treatment)(
        n[good],
        background=background_constraint(b[good], error[good], kind=card.statistics.constraint),
        efficiency=Known(net[good]),
        cl=card.statistics.cl,
    )

    def covered(signal: Vector) -> Vector:
        inside = (np.asarray(interval.lower) <= signal) & (signal <= np.asarray(interval.upper))
        return inside.astype(np.float64)

    row = _row("injected signal: in its interval", covered(true[good]), card.statistics.cl, **about)
    spread = (card.statistics.cl * (1.0 - card.statistics.cl) / int(good.sum())) ** 0.5
    change = max(abs(float(covered(true[good] + way).mean()) - row.value) for way in (-moved, moved))
    yield replace(row, error=float(np.hypot(max(row.error, spread), change)))
