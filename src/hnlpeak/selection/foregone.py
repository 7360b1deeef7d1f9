"""From the cuts of a card to what fails them all: the vetoes that simulation may act upon early."""

from __future__ import annotations

import math

import numpy as np

from hnlpeak.detectors.event import MAX_SYSTEMS
from hnlpeak.detectors.hodoscope import Hodoscope
from hnlpeak.detectors.kind import time_column
from hnlpeak.detectors.registry import KINDS
from hnlpeak.detectors.spectrometer import Spectrometer
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.experiment import Experiment
from hnlpeak.selection.aims import aims_of
from hnlpeak.simulation.foregone import FOLLOW_ALL, Foregone
from hnlpeak.simulation.sample import LEPTONS
from hnlpeak.theory.species import MASS

__all__ = ["foregone_of", "last_veto"]

_VETOES = ("n_tracks", "e_extra_mev", "in_acceptance")
_ENERGIES = ("e_over_p", "e_hadron_mev")
_MARGIN = 50.0  # mm, beside what depends on momentum
_SHARP = 1.0  # mm, of a view
_BLUR = 8.0  # standard deviations of a track's time


def _bounds(card: AnalysisCard, column: str) -> tuple[float, float]:
    """Bounds of a column that every selection asks for: outside of them a candidate fails all."""
    lows, highs = [], []
    for selection in card.selections:
        if selection.any_of:
            continue
        plain = [cut.bounds() for cut in card.cuts_of(selection) if cut.column == column and cut.by is None]
        lows.append(max((low[0] for low, _ in plain), default=-math.inf))
        highs.append(min((high[0] for _, high in plain), default=math.inf))
    return min(lows), max(highs)


def _asks(card: AnalysisCard, columns: tuple[str, ...]) -> bool:
    """True where a cut of any selection looks at one of these columns."""
    cuts = [cut for selection in card.selections if not selection.any_of for cut in card.cuts_of(selection)]
    return any(column in columns for cut in cuts for column in (cut.column, cut.by))


def _measures_well(experiment: Experiment) -> bool:
    """True where what chambers measure a track off by is nothing beside the margins of its course."""
    return all(
        spec.view_resolution * max(spec.tail_scale, 1.0) < _SHARP
        for spec in experiment.card.detectors
        if isinstance(spec, Spectrometer)
    )


def _behind_calorimeter(experiment: Experiment) -> tuple[str, ...]:
    """Columns of the systems with times that a muon may reach behind the calorimeter, after the trigger was asked."""
    z, systems = experiment.setup[0]["calorimeter_z"], experiment.card.systems()
    return tuple(
        time_column(spec.system)
        for spec in experiment.card.detectors
        if KINDS[spec.kind].timed
        and any(surface.z >= z for surface in KINDS[spec.kind].response(spec, systems.index(spec.system)))
    )


def foregone_of(card: AnalysisCard, experiment: Experiment) -> Foregone:
    """What fails in all selections of ``card``; nothing where the card follows every decay to the end."""
    every = card.samples.cutflow_every
    aims, lepton_mass = aims_of(card), float(MASS[LEPTONS[card.channel.lepton]])
    if every == 1:
        return FOLLOW_ALL._replace(aims=aims, lepton_mass=lepton_mass)
    systems, windows = experiment.card.systems(), np.zeros(MAX_SYSTEMS)
    for name in experiment.timed_systems:
        windows[systems.index(name)] = max(0.0, _bounds(card, time_column(name))[0])
    tracks = _bounds(card, "n_tracks")[1]
    extra = _bounds(card, "e_extra_mev")[1]
    reconstruction = experiment.card.reconstruction
    radius = max(
        reconstruction.association_radius, reconstruction.track_zone, reconstruction.undeflected_zone
    )
    merging = max(getattr(spec, "merge_distance", 0.0) for spec in experiment.card.detectors)
    resolution = max(
        (spec.time_resolution for spec in experiment.card.detectors if isinstance(spec, Hodoscope)),
        default=0.0,
    )
    return Foregone(
        windows,
        int(min(tracks, FOLLOW_ALL.most_tracks)),
        extra,
        radius + _MARGIN,
        every,
        _BLUR * resolution,
        merging,
        _bounds(card, "in_acceptance")[0] > 0.0 and _measures_well(experiment),
        _asks(card, (*_ENERGIES, *_behind_calorimeter(experiment))),
        aims,
        lepton_mass,
    )


def last_veto(card: AnalysisCard, selection: str) -> int:
    """The step of a selection's cut-flow that applies its last veto, 0 without one; the latest of a union's members."""
    (chosen,) = (s for s in card.selections if s.name == selection)
    members = [s for s in card.selections if s.name in chosen.any_of] or [chosen]
    steps = []
    for member in members:
        vetoes = [
            step
            for step, cut in enumerate(card.cuts_of(member), start=1)
            if cut.by is None
            and (cut.column in _VETOES or (cut.column.startswith("dt_") and cut.min is not None))
        ]
        steps.append(max(vetoes, default=0))
    return max(steps)
