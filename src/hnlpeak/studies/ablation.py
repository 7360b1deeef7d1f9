"""What each system is for: it is removed, and what moves is told in standard deviations.

Quantities are acceptances of the signal and of the normalisation, the width of a peak, triggers for each decay, and the
background by source between two masses. Mean beams are those of the cards. Each removal has random streams of its own:
the pull is (without - with) / sqrt(sum of squared errors), and of many pulls some are beyond 3 by chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hnlpeak.chain.sample_run import SampleResult
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.peak import peak_region
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.experiment import Experiment
from hnlpeak.experiment.remove import removable, without
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.searches.plan import Plan, plan
from hnlpeak.searches.samples import Samples
from hnlpeak.searches.weights import template_spectrum
from hnlpeak.simulation.sample import background_sample, mode_sample, signal_sample
from hnlpeak.studies.validation.bench import half_width

__all__ = ["MOVED", "Ablation", "ablate", "card_axes", "quantities"]

MOVED = 4.0
"""Pulls beyond this count as moved: of a thousand without any effect one in sixteen tables has one."""
_MASSES = (0.1, 0.5, 0.9)
"""Masses of signals, as places in the range of the search."""
_MIDDLE = 0.6
"""Where the range of the search is divided in two."""


@dataclass(frozen=True)
class Ablation:
    """A ``quantity`` of an analysis with all systems and without ``system``."""

    analysis: str
    system: str
    quantity: str
    nominal: Measured
    without: Measured

    @property
    def pull(self) -> float:
        """Difference in standard deviations; 0 where both are 0."""
        error = float(np.hypot(self.without.stat, self.nominal.stat))
        return (self.without.value - self.nominal.value) / error if error > 0.0 else 0.0

    @property
    def moved(self) -> bool:
        """Whether the pull is beyond what chance does."""
        return abs(self.pull) > MOVED

    def record(self) -> dict[str, Any]:
        """The row as JSON."""
        return {
            "analysis": self.analysis,
            "system": self.system,
            "quantity": self.quantity,
            "value": self.nominal.value,
            "error": self.nominal.stat,
            "without": self.without.value,
            "without_error": self.without.stat,
            "pull": self.pull,
            "moved": self.moved,
        }


def ablate(analysis: Analysis, context: RunContext, *, share: float) -> Iterator[Ablation]:
    """Yield what each quantity does when a system is removed, one system after the other.

    ``share``: of the sizes of the card's samples (above 0, at most 1); those of templates have a tenth at least.
    """
    nominal = quantities(analysis, context, share=share, key="all")
    for system in removable(analysis.experiment.card):
        changed = quantities(without(analysis, system), context, share=share, key=f"without {system}")
        for quantity, before in nominal.items():
            after = changed.get(quantity, Measured(0.0))
            yield Ablation(analysis.card.name, system, quantity, before, after)


def quantities(
    analysis: Analysis,
    context: RunContext,
    *,
    share: float,
    key: str,
) -> dict[str, Measured]:
    """Measure all quantities of ``analysis``; ``key`` names the random streams, ``share`` as in ``ablate``."""
    card = analysis.card
    wanted = plan(analysis, kaons=max(1e3, card.exposure.decays * share**2), real_data=True)
    samples = Samples(analysis, wanted, card_axes(analysis.experiment), context)
    found: dict[str, Measured] = {}
    masses = card.scan.masses()
    for place in _MASSES:
        mass = masses[round(place * (len(masses) - 1))]
        number = max(1000, round(card.samples.signal_decays * share * 4))
        signal = signal_sample(f"{key}/{mass:g}", card.channel.meson, card.channel.lepton, mass, number)
        found.update(_signal(samples.run(signal), mass, card.selection_of(mass)))
    number = max(1000, round(card.samples.normalisation_decays * share))
    normalisation = samples.run(mode_sample(f"{key}/peak", card.normalisation.mode, number))
    low, high = peak_region(card, normalisation.spectrum)
    inside = float(normalisation.spectrum.between(card.normalisation.selection, low, high).values)
    found["acceptance of the normalisation"] = _share(inside, normalisation.decays_in_fiducial)
    # each decay up to the trigger: else one in so many stands for those that photons lose before
    whole = replace(samples, analysis=_all_followed(analysis))
    data = whole.run(background_sample(f"{key}/triggers", card.samples.background_modes, number))
    found["triggers for each decay"] = _share(data.triggered, data.decays_in_fiducial)
    found.update(_background(samples, wanted, key))
    return found


def _all_followed(analysis: Analysis) -> Analysis:
    samples = analysis.card.samples.model_copy(update={"cutflow_every": 1})
    return replace(analysis, card=analysis.card.model_copy(update={"samples": samples}))


def _share(n: float, of: float) -> Measured:
    return Measured(n / of, stat=float(np.sqrt(max(n * (1.0 - min(n / of, 1.0)), 1.0)) / of))


def _signal(made: SampleResult, mass: float, selection: str) -> Iterator[tuple[str, Measured]]:
    view = made.spectrum.project(selection)
    counts = np.rint(view.values).astype(np.int64)
    n = float(counts.sum())
    yield f"acceptance at {mass:g} MeV", _share(n, made.decays_in_fiducial)
    if n:
        middles = 0.5 * (view.edges[1:] + view.edges[:-1])
        yield f"sigma(m) at {mass:g} MeV", half_width(np.repeat(middles, counts))


def _background(samples: Samples, wanted: Plan, key: str) -> Iterator[tuple[str, Measured]]:
    """Events of each source in the exposure of the card, between the ends of the search and its middle."""
    card = samples.analysis.card
    low, high = card.scan.mass_min, card.scan.mass_max
    middle = round(low + _MIDDLE * (high - low))
    for mode, template in wanted.templates.items():
        sample = replace(template, name=f"{key}/{template.name}")
        made, fraction = template_spectrum(samples.analysis, mode, sample, samples.run(sample).spectrum)
        scale = fraction * made.scaled_to(card.exposure.decays)
        for first, last in ((low, middle), (middle, high)):
            sums = made.between(card.selection_of(0.5 * (first + last)), first, last)
            value = scale * float(sums.values)
            # squares of weights below 1e-6 are lost in their integers: such a sum is worth nothing
            error = scale * float(np.sqrt(sums.variances)) or value
            yield f"background {mode}, {first:g} to {last:g} MeV", Measured(value, stat=error)
    if wanted.control is not None:
        control = replace(wanted.control, name=f"{key}/control")
        spectrum = samples.run(control).spectrum
        n = float(spectrum.between(card.selection_of(middle), low, high).values)
        of = control.decays * 1e-6
        yield "control run, for each million muons", Measured(n / of, stat=max(n, 1.0) ** 0.5 / of)


def card_axes(experiment: Experiment) -> tuple[BeamCalibration, ...]:
    """Return the mean beam of each period, as the card has it."""
    return tuple(
        BeamCalibration(
            Measured(beam.momentum),
            Measured(beam.slope_x),
            Measured(beam.slope_y),
            Measured(beam.x),
            Measured(beam.y),
            z_reference=beam.z_reference,
            events=1,
            source="card",
        )
        for beam in (period.card.beam for period in experiment.periods)
    )
