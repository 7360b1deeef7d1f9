"""Which samples a search needs: its cards and an exposure become samples with keys, sizes and what they force."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal, get_args

import numpy as np

from hnlpeak.background.card import ControlRun
from hnlpeak.core.errors import UsageError
from hnlpeak.estimation.peak import mode_fraction
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.analysis_card import AnalysisCard, Template
from hnlpeak.experiment.columns import column_names
from hnlpeak.searches.companions import halo_template, of_parent, packed_halo, with_companions
from hnlpeak.searches.interactions import interaction_template, interactions_per_decay, with_interactions_of
from hnlpeak.searches.systematics import systematic_decays
from hnlpeak.selection.cuts import cut_table
from hnlpeak.simulation.sample import (
    HALO,
    INTERACTIONS,
    Sample,
    background_sample,
    conjugated,
    halo_sample,
    injected_sample,
    mode_sample,
    signal_sample,
    with_halo,
    with_photon_loss,
    with_tails,
)
from hnlpeak.simulation.tails import Tail
from hnlpeak.simulation.transport import CODES
from hnlpeak.theory.production import branching_fraction

__all__ = ["SIGNAL", "Injection", "Plan", "PseudoData", "plan"]

_SMALLEST_SHARE = 0.1
SIGNAL = "signal"
"""Source of an injected signal."""
_HALO_MUONS = 2_000_000
"""Halo muons that the expected spectrum is made of."""
_PLAIN_DECAYS = 1_000_000
"""Decays that it is made of for a mode without a template."""

_made_mode = lru_cache(maxsize=64)(mode_sample)
_made_signal = lru_cache(maxsize=256)(signal_sample)
_made_background = lru_cache(maxsize=4)(background_sample)
"""Samples as they were made before: bounds of densities take time, and who shows progress plans before the search."""

PseudoData = Literal["simulated", "expected", "asimov"]
"""Every decay simulated; drawn from the spectrum that templates and exposure let expect; that spectrum itself."""


@dataclass(frozen=True)
class Injection:
    """A signal put into the pseudo-data: mass in MeV and |U|^2."""

    mass: float
    u2: float


@dataclass(frozen=True)
class Plan:
    """All samples of a search; ``data`` is None where real candidates or an expected spectrum take its place.

    ``expected`` are samples of the components of that spectrum, empty unless the pseudo-data come from it.
    ``inject`` is the signal in the data.
    ``control`` is the control run without decays, None where the card scales none; ``cross_talk`` are decays of the
    antiparticle that are in it all the same, ``control_decays`` their number (of all modes, in the fiducial volume),
    ``control_muons`` that of its halo muons.
    ``tails`` are decays by mode whose track has a kick.
    ``share`` of the card's sizes are simulated, ``systematic_decays`` for the sources of its systematic errors.
    ``stated``: N_K is, so that the ``normalisation`` only has an event to look at, and nothing of it is counted.
    """

    calibration: Sample
    data: Sample | None
    normalisation: Sample
    signal: dict[float, Sample]
    templates: dict[str, Sample]
    control: Sample | None = None
    cross_talk: Sample | None = None
    control_decays: float = 0.0
    control_muons: int = 0
    tails: Mapping[str, Sample] = field(default_factory=dict)
    expected: Mapping[str, Sample] = field(default_factory=dict)
    inject: Injection | None = None
    stated: bool = False
    share: float = 1.0
    systematic_decays: int = 0

    @property
    def samples(self) -> list[Sample]:
        """All samples but that of the calibration, which the others need; the largest first."""
        found = [self.data, *self.signal.values(), *self.templates.values()]
        found += [] if self.stated else [self.normalisation]
        found += [*self.tails.values(), self.control, self.cross_talk, *self.expected.values()]
        different = {sample.name: sample for sample in found if sample is not None}
        return sorted(different.values(), key=lambda sample: -sample.decays)

    @property
    def decays(self) -> int:
        """Decays (and halo muons) to simulate in all."""
        # the beam is calibrated twice: as measured, and for the bias of the method
        samples = sum(sample.decays for sample in self.samples)
        return 2 * self.calibration.decays + samples + self.systematic_decays


def plan(
    analysis: Analysis,
    *,
    kaons: float | None = None,
    inject: Injection | None = None,
    real_data: bool = False,
    pseudo_data: PseudoData = "simulated",
    stated: bool = False,
) -> Plan:
    """The samples of ``analysis`` at an exposure of ``kaons`` decays in the fiducial volume (default: the card's).

    ``pseudo_data`` says where data come from that are not real. Where N_K is ``stated``, templates are there for the
    background alone: figures do without them.

    Raises ``UsageError`` for other pseudo-data, an exposure outside 1e3 to 1e13, for cuts on columns that are not
    there and for a control run of an experiment without halo.
    """
    card, samples = analysis.card, analysis.card.samples
    cut_table(card, column_names(analysis.experiment.timed_systems))
    _check_surfaces(analysis)
    exposure = card.exposure.decays if kaons is None else kaons
    _check_exposure(exposure, pseudo_data)
    share = min(1.0, max(_SMALLEST_SHARE, (exposure / card.exposure.decays) ** 0.5))
    meson, lepton = card.channel.meson, card.channel.lepton

    def size(decays: int) -> int:
        return max(100, int(decays * share + 0.5))

    needed = samples.templates if card.background.needs_decays or not stated else []
    templates = {t.mode: _template(analysis, t, size(t.decays)) for t in needed}
    simulated = not real_data and pseudo_data == "simulated"
    run = card.background.scaled_run()
    return Plan(
        calibration=_made_mode("calibration", samples.calibration_mode, size(samples.calibration_decays)),
        data=_data(analysis, exposure, inject) if simulated else None,
        normalisation=_made_mode(
            "normalisation", card.normalisation.mode, size(samples.normalisation_decays)
        ),
        signal={
            mass: _made_signal(f"signal/{mass:.6g}", meson, lepton, mass, size(samples.signal_decays))
            for mass in samples.signal_masses
        },
        templates=templates,
        control=None if run is None else _control(analysis, run, size),
        cross_talk=None if run is None else _cross_talk(run, size),
        control_decays=0.0 if run is None else _control_decays(run, size),
        control_muons=0 if run is None else size(run.muons),
        tails=_tails(card, size),
        inject=inject,
        stated=stated,
        share=share,
        systematic_decays=systematic_decays(analysis, share),
        expected={} if real_data or simulated else _expected(analysis, templates, inject, size),
    )


def _check_exposure(exposure: float, pseudo_data: str) -> None:
    """``UsageError`` for pseudo-data that are none, and for too few or too many decays."""
    if pseudo_data not in get_args(PseudoData):
        raise UsageError(
            f"pseudo-data: got {str(pseudo_data)[:40]!r}, allowed are {', '.join(get_args(PseudoData))}"
        )
    if not 1e3 <= exposure <= 1e13:
        raise UsageError(f"exposure: got {exposure:g} kaon decays, allowed are 1e3 to 1e13")


def _data(analysis: Analysis, exposure: float, inject: Injection | None) -> Sample:
    """The sample that stands for the data of ``exposure`` decays in the fiducial volume."""
    card, samples = analysis.card, analysis.card.samples
    total = round(exposure * analysis.experiment.decays_simulated_per_fiducial)
    data = _with_fractions(_made_background("data", tuple(samples.background_modes), total), card)
    if inject is not None:
        meson, lepton = card.channel.meson, card.channel.lepton
        fraction = float(branching_fraction(meson=meson, lepton=lepton, mass=inject.mass, u2=inject.u2))
        data = injected_sample(data, meson, lepton, inject.mass, fraction)
    data = with_interactions_of(analysis, with_companions(analysis, data, exposure), exposure)
    return with_photon_loss(data, _photon_loss(card))


def _check_surfaces(analysis: Analysis) -> None:
    """``ValueError`` for a surface that nothing would answer."""
    for stage in ("verdict", "response"):
        table = analysis.experiment.setup[0][stage]
        unknown = set(table["code"][: int(table["n"])].tolist()) - CODES
        if unknown:
            raise ValueError(f"simulation.transport has no line for surfaces of code {sorted(unknown)}")


def _template(analysis: Analysis, template: Template, decays: int) -> Sample:
    if template.mode == HALO:
        return halo_template(analysis, decays, forced_decay=template.forced_decay)
    if template.mode == INTERACTIONS:
        return interaction_template(analysis, decays, forced_loss=template.forced_loss)
    sample = _made_mode(
        f"template/{template.mode}",
        template.mode,
        decays,
        forced_decay=template.forced_decay,
        forced_pion_decay=template.forced_pion_decay,
        forced_loss=template.forced_loss,
        forced_pairs=template.forced_pairs,
        forced_both=template.forced_both,
        forced_radiation=template.forced_radiation,
        hard_photon=template.hard_photon,
        forced_dalitz=template.forced_dalitz,
        forced_soft=template.forced_soft,
        forced_gap=template.forced_gap,
        forced_near=template.forced_near,
        forced_muon_loss=template.forced_muon_loss,
        forced_spread=template.forced_spread,
        soft_momentum=template.soft_momentum,
        survival=template.survival,
        off_target=template.off_target,
    )
    return of_parent(sample, analysis.experiment)


def _tails(card: AnalysisCard, size: Callable[[int], int]) -> dict[str, Sample]:
    """Decays of each mode that the tails of tracks matter for, with one kick each."""
    tails = card.background.track_tails()
    if tails is None:
        return {}
    law = np.zeros(Tail.WIDTH)
    law[Tail.TURNS] = 2.0 * tails.angle_chance / tails.chance
    for place in (Tail.ANGLE_ONSET, Tail.ANGLE_MOST, Tail.MOMENTUM_ONSET, Tail.MOMENTUM_MOST):
        law[place] = getattr(tails, place.name.lower())
    made = {
        mode: _made_mode(f"tails/{mode}", mode, size(tails.decays), off_target=tails.off_target)
        for mode in tails.modes
    }
    return {mode: with_tails(sample, law) for mode, sample in made.items()}


def _expected(
    analysis: Analysis,
    templates: Mapping[str, Sample],
    inject: Injection | None,
    size: Callable[[int], int],
) -> dict[str, Sample]:
    """Samples of the components of simulated data and of the signal, from which the expected spectrum is made.

    They are the templates; where the trigger loses hard photons, which templates do not know, and where there is no
    template, samples of their own.
    """
    card, loss = analysis.card, _photon_loss(analysis.card)
    found = {}
    if inject is not None:
        meson, lepton = card.channel.meson, card.channel.lepton
        decays = size(card.samples.signal_decays)
        found[SIGNAL] = _made_signal("expected/signal", meson, lepton, inject.mass, decays)
    for mode in (*card.samples.background_modes, *card.samples.companion_modes):
        plain = _made_mode(f"expected/{mode}", mode, size(_PLAIN_DECAYS))
        sample = templates.get(mode) or of_parent(plain, analysis.experiment)
        if loss > 0.0:
            sample = with_photon_loss(replace(sample, name=f"expected/{mode}"), loss)
        found[mode] = sample
    if analysis.experiment.card.halo is not None:
        halo = templates.get(HALO) or halo_template(analysis, size(_HALO_MUONS), forced_decay=0.0)
        found[HALO] = halo if HALO in templates else replace(halo, name=f"expected/{HALO}")
    if interactions_per_decay(analysis) > 0.0:
        plain = interaction_template(analysis, size(_HALO_MUONS))
        found[INTERACTIONS] = templates.get(INTERACTIONS) or replace(plain, name=f"expected/{INTERACTIONS}")
    return found


def _with_fractions(sample: Sample, card: AnalysisCard) -> Sample:
    """``sample`` with its modes mixed by the branching fractions that the card chooses."""
    table = sample.table
    chosen = np.array(
        [mode_fraction(sample.components[source], card.fractions).value for source in table.sources.tolist()]
    )
    cumulative = np.cumsum(chosen / chosen.sum())
    cumulative[-1] = 1.0
    return replace(sample, table=table._replace(cumulative=cumulative))


def _photon_loss(card: AnalysisCard) -> float:
    """Share of the events with a hard photon that the trigger loses."""
    trigger = card.background.trigger_efficiency()
    return 0.0 if trigger is None else 1.0 - trigger.value


def _cross_talk(run: ControlRun, size: Callable[[int], int]) -> Sample | None:
    talk = run.cross_talk
    if talk is None:
        return None
    sample = _made_mode(
        "cross-talk", talk.mode, size(talk.simulated), forced_pion_decay=talk.forced_pion_decay
    )
    return conjugated(sample)


def _control_decays(run: ControlRun, size: Callable[[int], int]) -> float:
    """Decays in the fiducial volume during the control run."""
    return 0.0 if run.cross_talk is None else run.cross_talk.decays * size(run.muons) / run.muons


def _control(analysis: Analysis, run: ControlRun, size: Callable[[int], int]) -> Sample:
    """The control run: halo muons, and the decays of the antiparticle among them."""
    halo, muons, talk = packed_halo(analysis), size(run.muons), run.cross_talk
    if talk is None:
        return halo_sample("control", halo, muons)
    decays = _control_decays(run, size) * mode_fraction(talk.mode, analysis.card.fractions).value
    total = round(decays * analysis.experiment.decays_simulated_per_fiducial)
    return with_halo(conjugated(_made_mode("control", talk.mode, total)), halo, muons)
