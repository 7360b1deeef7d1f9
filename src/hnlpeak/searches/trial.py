"""A few thousand decays through the whole chain: does anything that the search needs survive the cuts?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hnlpeak.chain.sample_run import SampleResult
from hnlpeak.core.errors import CardError, HnlpeakError, InputDataError
from hnlpeak.core.quantity import UNIT_OF_SUFFIX, UNITS
from hnlpeak.execution.context import Progress, RunContext
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.columns import ABSENT_TIME
from hnlpeak.experiment.remove import removable, without
from hnlpeak.experiment.selection_card import Cut, SelectionCard
from hnlpeak.searches.plan import plan
from hnlpeak.searches.samples import Samples, calibrated
from hnlpeak.selection.cuts import cut_table
from hnlpeak.selection.judge import passing
from hnlpeak.simulation.sample import Sample, mode_sample, signal_sample

__all__ = ["trial"]

Vector = NDArray[np.float64]

_DECAYS = 3000
_CALIBRATION = 20_000


def trial(analysis: Analysis, *, seed: int = 1, progress: Progress | None = None) -> Iterator[str]:
    """Yield a line on each sample that a search needs most: normalisation, lightest and heaviest signal.

    ``progress`` hears of the decays. ``CardError`` for one of which nothing is selected, with the cut after which
    nothing is left and what may mend it.
    """
    card = analysis.card
    calibration = mode_sample("calibration", card.samples.calibration_mode, _CALIBRATION)
    small = replace(plan(analysis, kaons=1e4), calibration=calibration)
    try:
        samples = calibrated(analysis, small, RunContext(seed=seed, progress=progress))
    except InputDataError as error:
        raise CardError(
            f"{card.name}: the mean beam cannot be measured: {error}; look at what three tracks must pass: the "
            "trigger, sizes and places of chambers and magnet, magnet.kick, and min_chambers and three_track_* of "
            "[reconstruction]"
        ) from error
    masses = card.scan.masses()
    asked = [
        (card.normalisation.selection, mode_sample("try/normalisation", card.normalisation.mode, _DECAYS))
    ]
    for mass in (masses[0], masses[-1]):
        meson, lepton = card.channel.meson, card.channel.lepton
        signal = signal_sample(f"try/signal/{mass:.6g}", meson, lepton, mass, _DECAYS)
        asked.append((card.selection_of(mass), signal))
    for selection, sample in asked:
        yield _line(samples, samples.run(sample), selection, sample)


def _line(samples: Samples, made: SampleResult, selection: str, sample: Sample) -> str:
    flow = next(flow for flow in made.cutflows if flow.selection == selection)
    passed = flow.passed.sum(axis=0)
    name = sample.name.removeprefix("try/")
    what = f"{name}: {passed[-1]:g} of {made.decays_in_fiducial} decays selected ({selection})"
    if passed[-1] > 0.0:
        return what
    card = samples.analysis.card
    dead = next(place for place, left in enumerate(passed) if left == 0.0)
    name = flow.cuts[dead - 1] if dead else "trigger or track"
    cuts = card.cuts_of(next(s for s in card.selections if s.name == selection))
    hint = _values(samples, sample, cuts[:dead]) if dead and cuts else ""
    hint += _what_revives(samples, selection, sample)
    raise CardError(f"{card.name}: {what}; none is left after {name!r}{hint}")


def _values(samples: Samples, sample: Sample, cuts: list[Cut]) -> str:
    """What the column of the last of these cuts holds for the candidates that pass all before it."""
    found, last = samples.candidates(sample), cuts[-1]
    values = found.columns[last.column]
    if cuts[:-1]:
        alone = SelectionCard(name="before", cuts=cuts[:-1])
        card = samples.analysis.card.model_copy(update={"cuts": [], "named_cuts": [], "selections": [alone]})
        table = np.array(list(found.columns.values()))
        values = values[passing(table, 0, cut_table(card, list(found.columns)))]
    if not values.size:
        return ""
    lows, highs = last.bounds()
    what = f"{last.column} is {_range(last.column, values)}, the cut takes "
    return f": {what}{_range(last.column, np.array([min(lows), max(highs)]))}"


def _range(column: str, values: Vector) -> str:
    """The ends of ``values`` in words, in the usual unit of the column."""
    low, high = float(np.min(values)), float(np.max(values))
    if column.startswith("dt_") and low == high == ABSENT_TIME:
        return f"{ABSENT_TIME:g} ns for all (no signal)"
    dimension = UNIT_OF_SUFFIX.get(column.rsplit("_", 1)[-1])
    unit = (
        ""
        if dimension is None
        else f" {next(name for name, scale in UNITS[dimension].items() if scale == 1.0)}"
    )
    if low == high:
        return f"{low:g}{unit} for all"
    if not np.isfinite(high):
        return f"{low:g}{unit} or more"
    return f"up to {high:g}{unit}" if not np.isfinite(low) else f"from {low:g} to {high:g}{unit}"


def _what_revives(samples: Samples, selection: str, sample: Sample) -> str:
    """Parts of the apparatus without which some of the decays are selected."""
    analysis, found = samples.analysis, []
    for part in removable(analysis.experiment.card):
        try:
            less = without(analysis, part)
            made = replace(samples, analysis=less, made={}).run(sample)
        except (HnlpeakError, ValueError, StopIteration):  # it cannot do without
            continue
        flow = next(flow for flow in made.cutflows if flow.selection == selection)
        if flow.passed.sum(axis=0)[-1] > 0.0:
            found.append(part)
    return (
        f"; without {' or '.join(found)} some are: look at its place, size and efficiency, and at the cuts on it"
        if found
        else ""
    )
