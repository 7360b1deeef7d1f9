"""Beam particles that interact in the matter of the beam line: how many of each kind, for each decay of the meson.

Of n particles that reach the matter n [1 - exp(-t)] interact, t its depth in their interaction lengths. The meson's own
have a tag in the beam tagger, the others need another particle's where the trigger requires one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from hnlpeak.detectors.absorber import HADRONS, depth_of, nucleons_met
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.beam_matter_card import BeamMatter
from hnlpeak.experiment.experiment import Experiment
from hnlpeak.simulation.interactions import pack_interaction
from hnlpeak.simulation.sample import (
    INTERACTIONS,
    PAIRS_OF_LOSSES,
    Bias,
    Sample,
    interaction_sample,
    with_more,
)
from hnlpeak.trigger.beam_tag import tag_chance, tagger_required

__all__ = ["interaction_template", "interactions_per_decay", "with_interactions_of"]


def _rate(experiment: Experiment, matter: BeamMatter, place: int, name: str) -> float:
    """Interactions of a beam particle, with the trigger's tag, for each meson decay in the fiducial volume."""
    fiducial, setup, shares = experiment.card.fiducial, experiment.setup[0], experiment.card.beam.particles()
    momentum = float(setup["beam"]["momentum"])

    def left(k: int, z: float) -> float:
        """Share of the particles at ``z_first`` that have not decayed."""
        return math.exp(-(z - fiducial.z_first) / (momentum * float(setup["parents"]["flight"][k])))

    decayed = left(0, fiducial.z_min) - left(0, fiducial.z_max)
    reached = shares[name] / next(iter(shares.values())) * left(place, 0.5 * (matter.z_first + matter.z_last))
    chance = tag_chance(experiment, place) if place else 1.0
    return -math.expm1(-depth_of(matter.interaction_lengths, name)) * reached * chance / decayed


def _parts(analysis: Analysis, exposure: float) -> Iterator[Sample]:
    """Interactions of an ``exposure`` in each matter, by beam particle; of those that the physics knows."""
    experiment = analysis.experiment
    beam, required = experiment.card.beam, tagger_required(experiment)
    for matter in experiment.card.matter_there():
        for place, name in enumerate(beam.particles()):
            if name not in HADRONS:
                continue
            row = pack_interaction(
                name,
                beam.momentum,
                nucleons_met(matter.interaction_lengths, name),
                matter.z_first,
                matter.z_last,
            )
            number = round(exposure * _rate(experiment, matter, place, name))
            yield interaction_sample(INTERACTIONS, row, number, place, tagged=required and place > 0)


def interactions_per_decay(analysis: Analysis) -> float:
    """Interactions that can trigger for each meson decay in the fiducial volume."""
    scale = 1e12
    return sum(part.decays for part in _parts(analysis, scale)) / scale


def with_interactions_of(analysis: Analysis, data: Sample, exposure: float) -> Sample:
    """``data`` with the interactions of its ``exposure``; itself where fewer than one is expected."""
    for part in _parts(analysis, exposure):
        if part.decays > 0:
            data = with_more(data, part)
    return data


def interaction_template(analysis: Analysis, number: int, *, forced_loss: float = 0.0) -> Sample:
    """Some ``number`` of interactions, a share ``forced_loss`` of their photons lost, key ``template/interactions``."""
    first, *others = _parts(analysis, number / interactions_per_decay(analysis))
    for more in others:
        first = with_more(first, more)
    bias = first.table.bias.copy()
    bias[Bias.LOSS], bias[Bias.PAIRS] = forced_loss, PAIRS_OF_LOSSES * forced_loss
    return replace(first, name=f"template/{INTERACTIONS}", table=first.table._replace(bias=bias))
