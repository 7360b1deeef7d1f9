"""Systematic errors of a search: its samples again with the numbers of each source of the card varied.

All worlds, nominal and varied, hold the same decays under the same random keys, and data and simulation change places:
what is varied is the apparatus, what reconstruction and calibration take for granted stays (the mean beam is calibrated
with three-track decays of the varied world, by the method of the nominal one). The error of a shift is that of the
decays which one world selects and the other does not.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.inputs import HALO, INTERACTIONS
from hnlpeak.chain.beam import calibrate_all
from hnlpeak.chain.selected import SelectedEvents, SelectionTask, joined, selected_events
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.signal import SignalModel
from hnlpeak.estimation.signal_mc import window_of
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.analysis_card import Template
from hnlpeak.experiment.columns import column_names
from hnlpeak.experiment.experiment import Experiment
from hnlpeak.experiment.systematics_card import SystematicsCard, VariedSource
from hnlpeak.experiment.vary import Variation, scaled, variation
from hnlpeak.limits.systematics import Shift, Systematics, SystematicSource
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.searches.companions import of_parent, per_meson_decay
from hnlpeak.searches.periods import shared_out
from hnlpeak.selection.cuts import cut_table
from hnlpeak.selection.foregone import foregone_of
from hnlpeak.simulation.sample import Sample, mode_sample, signal_sample

__all__ = ["measure_systematics", "systematic_decays"]

_log = logging.getLogger("hnlpeak")

_KEY = "systematics"
_PEAK = "peak"
_NOTHING = Variation({}, {}, {})
_NO_ESTIMATE = Measured(np.nan, stat=np.nan)

Vector = NDArray[np.float64]
Made = Mapping[str, SelectedEvents]
"""Selected events of each sample of a world by its name."""
Range = tuple[str, float, float]
"""A selection, and the missing masses (MeV) between which its events count."""


@dataclass(frozen=True, eq=False)
class _World:
    """A variation, the periods of the experiment that it makes, and their calibrated beams."""

    varied: Variation
    experiment: Experiment
    calibrations: tuple[BeamCalibration, ...] = ()


def systematic_decays(analysis: Analysis, share: float) -> int:
    """Decays that ``measure_systematics`` simulates, 0 for a card without the table."""
    table = analysis.card.systematics
    if table is None:
        return 0
    beams = 1
    total = nominal = len(_masses(analysis)) * _size(table.signal_decays, share)
    total = nominal = nominal + _size(table.normalisation_decays, share)
    templates = _template_sizes(analysis, table, share)
    total += sum(templates.values())
    for varied in (variation(source.vary, analysis.experiment.card) for source in table.varied):
        beams += bool(varied.experiment)
        moved = [mode for mode in templates if varied.moves_all or varied.form_factors(mode)]
        total += sum(templates[mode] for mode in moved) + varied.moves_all * nominal
    return total + (beams + 1) * _size(table.calibration_decays, share)


def measure_systematics(
    analysis: Analysis, signal: SignalModel, edges: Vector, context: RunContext, *, share: float
) -> Systematics | None:
    """Return the shifts by each source of the card; None for a card without the table.

    Windows are those of ``signal`` on the bin ``edges`` (MeV). ``share`` is that of the card's sizes to simulate.
    Where a world selects nothing the shift is NaN, and a warning says so. ``UsageError`` for an address that is not
    there.
    """
    table = analysis.card.systematics
    if table is None:
        return None
    varied = [_NOTHING, *(variation(source.vary, analysis.experiment.card) for source in table.varied)]
    worlds = _calibrated(analysis, table, varied, context, share)
    nominal, *others = _selected(analysis, table, worlds, context, share)
    found = [
        _source(analysis, table, source, world.varied, (nominal, {**nominal, **made}), signal, edges)
        for source, world, made in zip(table.varied, worlds[1:], others, strict=True)
    ]
    made = Systematics(tuple(_masses(analysis)), tuple(found))
    for source in made.sources:
        gone = [
            mass for mass, shift in zip(made.masses, source.efficiency.value, strict=True) if np.isnan(shift)
        ]
        if gone:
            _log.warning(
                "systematics: %s has no estimate at %s MeV: nothing is selected there, or nothing of the "
                "normalisation; simulate more decays, or vary by less",
                source.name,
                ", ".join(f"{mass:g}" for mass in gone),
            )
    return made


def _size(decays: int, share: float) -> int:
    return max(100, round(decays * share))


def _masses(analysis: Analysis) -> list[float]:
    """Masses of the study: hypotheses spread over the scan, its first and last among them."""
    masses, table = analysis.card.scan.masses(), analysis.card.systematics
    points = 2 if table is None else table.points
    return [masses[i] for i in sorted({round(x) for x in np.linspace(0, len(masses) - 1, points)})]


def _templates(analysis: Analysis) -> list[Template]:
    """Templates of decays that b is made of."""
    card = analysis.card
    found = card.samples.templates if card.background.needs_decays else []
    return [template for template in found if template.mode not in (HALO, INTERACTIONS)]


def _samples(analysis: Analysis, table: SystematicsCard, share: float) -> dict[str, Sample]:
    """Signals and the normalisation, and the templates if b is made of them, of the nominal world."""
    card = analysis.card
    meson, lepton, decays = card.channel.meson, card.channel.lepton, _size(table.signal_decays, share)
    found = {
        f"{mass:g}": signal_sample(f"{_KEY}/{mass:g}", meson, lepton, mass, decays)
        for mass in _masses(analysis)
    }
    mode, decays = card.normalisation.mode, _size(table.normalisation_decays, share)
    found[_PEAK] = mode_sample(f"{_KEY}/{_PEAK}", mode, decays)
    sizes = _template_sizes(analysis, table, share)
    for template in _templates(analysis):
        found[template.mode] = _template(analysis, template, sizes[template.mode], {})
    return found


def _template_sizes(analysis: Analysis, table: SystematicsCard, share: float) -> dict[str, int]:
    """Decays of each template, in the proportions of the samples of the card."""
    templates = _templates(analysis)
    largest = max((template.decays for template in templates), default=1)
    return {t.mode: _size(table.template_decays, share * t.decays / largest) for t in templates}


def _template(
    analysis: Analysis, template: Template, decays: int, form_factors: Mapping[str, float]
) -> Sample:
    options = template.model_dump(exclude={"mode", "decays"})
    name = f"{_KEY}/template/{template.mode}"
    sample = mode_sample(name, template.mode, decays, form_factors=form_factors, **options)
    return of_parent(sample, analysis.experiment)


def _moved(analysis: Analysis, nominal: Mapping[str, Sample], varied: Variation) -> dict[str, Sample]:
    """The samples that are others in a varied world."""
    made = dict(nominal) if varied.moves_all else {}
    for template in _templates(analysis):
        if factors := varied.form_factors(template.mode):
            made[template.mode] = _template(analysis, template, nominal[template.mode].decays, factors)
    return made


def _calibrated(
    analysis: Analysis,
    table: SystematicsCard,
    varied: Sequence[Variation],
    context: RunContext,
    share: float,
) -> list[_World]:
    """The worlds with the mean beam of each period as it is measured there, times what is varied of it."""
    nominal = analysis.experiment
    worlds = [_World(each, scaled(nominal, each.experiment)) for each in varied]
    sample = mode_sample(
        f"{_KEY}/calibration",
        analysis.card.samples.calibration_mode,
        _size(table.calibration_decays, share),
    )
    own = [k for k, world in enumerate(worlds) if world.varied.experiment or not k]
    periods, models = [worlds[k].experiment.periods for k in own], nominal.periods
    beams: list[list[BeamCalibration]] = [[] for _ in own]
    for p, part in enumerate(shared_out(sample, nominal)):
        made = calibrate_all(part, [each[p] for each in periods], context, model=models[p])
        for found, beam in zip(beams, made, strict=True):
            found.append(beam)
    by_world = dict(zip(own, beams, strict=True))
    return [
        replace(
            world,
            calibrations=tuple(_times(beam, world.varied.beam) for beam in by_world.get(k, by_world[0])),
        )
        for k, world in enumerate(worlds)
    ]


def _times(beam: BeamCalibration, factors: Mapping[str, float]) -> BeamCalibration:
    changed = {name: getattr(beam, name) for name in factors}
    return replace(
        beam, **{name: replace(known, value=factors[name] * known.value) for name, known in changed.items()}
    )


def _wanted(analysis: Analysis) -> dict[str, tuple[str, ...]]:
    """The selections whose events count of each sample: all that pass any would take 100 MB."""
    card = analysis.card
    of_mass = {f"{mass:g}": (card.selection_of(mass),) for mass in _masses(analysis)}
    searched = tuple(dict.fromkeys(name for (name,) in of_mass.values()))
    templates = {template.mode: searched for template in _templates(analysis)}
    return {**of_mass, _PEAK: (card.normalisation.selection,), **templates}


def _selected(
    analysis: Analysis, table: SystematicsCard, worlds: Sequence[_World], context: RunContext, share: float
) -> list[Made]:
    """What each world selects, all on one pool; of varied ones the samples alone that the variation moves."""
    card = analysis.card
    wanted = _wanted(analysis)
    tasks: dict[SelectionTask, tuple[int, str, int]] = {}
    sizes: dict[tuple[int, str], list[int]] = {}
    nominal = _samples(analysis, table, share)
    cuts = cut_table(card, column_names(analysis.experiment.timed_systems))
    for k, world in enumerate(worlds):
        periods = world.experiment.periods
        foregone = [foregone_of(card, period) for period in periods]
        for name, sample in (_moved(analysis, nominal, world.varied) if k else nominal).items():
            parts = shared_out(sample, analysis.experiment)
            sizes[k, name] = [part.decays for part in parts]
            for p, each in enumerate(zip(parts, periods, world.calibrations, strict=True)):
                task = SelectionTask(sample.name, each, card, wanted[name], context.seed, cuts, foregone[p])
                tasks[task] = k, name, p
    done: dict[tuple[int, str, int], SelectedEvents] = {}
    for task, found in context.stream(list(tasks), selected_events):
        done[tasks[task]] = found
        context.report(_KEY, task.part[0].decays)
    made: list[dict[str, SelectedEvents]] = [{} for _ in worlds]
    for (k, name), numbers in sizes.items():
        made[k][name] = joined([done[k, name, p] for p in range(len(numbers))], numbers)
    return list(made)


def _source(
    analysis: Analysis,
    table: SystematicsCard,
    source: VariedSource,
    varied: Variation,
    worlds: tuple[Made, Made],
    signal: SignalModel,
    edges: Vector,
) -> SystematicSource:
    card = analysis.card
    edge = card.normalisation.m2_max**0.5
    peak = _ratio(worlds, _PEAK, (card.normalisation.selection, -edge, edge))
    # N_K is the peak over its acceptance and its branching fraction
    rate = varied.fraction(card.normalisation.mode) * peak.value
    kaons = Measured(1.0 / rate, stat=peak.stat / (peak.value * rate))
    accepted = []
    for mass in _masses(analysis):
        selection = card.selection_of(mass)
        window = window_of(signal.at(mass, selection), card.scan.window, edges)
        accepted.append(_ratio(worlds, f"{mass:g}", (selection, window.low, window.high)))
    return SystematicSource(
        source.name,
        dict(source.vary),
        source.reference,
        source.confidence,
        source.name in table.in_limit,
        _shift(accepted),
        _shift([kaons] * len(accepted)),
        _shift([_product(a, kaons) for a in accepted]),
        _shift([_product(b, kaons) for b in _backgrounds(analysis, varied, worlds)])
        if card.background.needs_decays
        else None,
    )


def _shift(ratios: Iterable[Measured]) -> Shift:
    found = list(ratios)
    return Shift(tuple(ratio.value - 1.0 for ratio in found), tuple(ratio.stat for ratio in found))


def _product(a: Measured, b: Measured) -> Measured:
    return Measured(a.value * b.value, stat=float(np.hypot(a.stat * b.value, b.stat * a.value)))


def _difference2(before: SelectedEvents, after: SelectedEvents, where: Range) -> float:
    """Sum of the squared differences of the weights of the same decays in two worlds."""
    (old, w_old), (new, w_new) = (events.between(*where) for events in (before, after))
    numbers, places = np.unique(np.concatenate([old, new]), return_inverse=True)
    change = np.bincount(places, np.concatenate([-w_old, w_new]), minlength=numbers.size)
    return float(np.sum(change**2))


def _ratio(worlds: tuple[Made, Made], name: str, where: Range) -> Measured:
    """Acceptance in the varied world over that in the nominal one; of few events one at least has changed.

    Where one of the worlds selects nothing there is no estimate.
    """
    before, after = (made[name] for made in worlds)
    old, new = (float(events.between(*where)[1].sum()) for events in (before, after))
    if old < 1.0 or new < 1.0:
        return _NO_ESTIMATE
    if before is after:
        return Measured(1.0)
    change = max(_difference2(before, after, where), 1.0)
    return Measured(new / old * before.decays / after.decays, stat=change**0.5 / old)


def _backgrounds(analysis: Analysis, varied: Variation, worlds: tuple[Made, Made]) -> Iterable[Measured]:
    """Decays selected about each mass, half-way to its neighbours, in the varied world over those in the nominal."""
    card, masses = analysis.card, _masses(analysis)
    middles = [0.5 * (a + b) for a, b in pairwise(masses)]
    lows, highs = [card.scan.mass_min, *middles], [*middles, card.scan.masses()[-1]]
    fractions = {t.mode: per_meson_decay(analysis, t.mode) for t in _templates(analysis)}
    for mass, low, high in zip(masses, lows, highs, strict=True):
        where = card.selection_of(mass), low, high
        old = new = change = 0.0
        for mode, fraction in fractions.items():
            before, after = (made[mode] for made in worlds)
            unit = fraction / before.decays
            old += unit * float(before.between(*where)[1].sum())
            factor = varied.fraction(mode) * fraction / after.decays
            new += factor * float(after.between(*where)[1].sum())
            weights = before.between(*where)[1]
            one = float(np.mean(weights**2)) if weights.size and before is not after else 0.0
            change += unit**2 * max(_difference2(before, after, where), one)
        yield Measured(new / old, stat=change**0.5 / old) if old > 0.0 else _NO_ESTIMATE
