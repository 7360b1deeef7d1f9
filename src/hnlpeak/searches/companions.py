"""Decays that are not of the searched meson but are triggered with it: of its companions in the beam, and halo.

What has no signal of its own in a beam tagger that the trigger requires is triggered with another particle's. Such
samples hold the decays with a signal alone; how many these are for each decay of the meson follows from the beam.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.estimation.peak import mode_fraction
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.experiment import Experiment
from hnlpeak.simulation.halo import pack_halo
from hnlpeak.simulation.sample import HALO, Bias, Sample, halo_sample, mode_sample, with_more, with_parent
from hnlpeak.theory.modes import MODES
from hnlpeak.trigger.beam_tag import tag_chance, tagger_required

__all__ = [
    "Companion",
    "companion",
    "decays_of",
    "halo_per_decay",
    "halo_template",
    "of_parent",
    "packed_halo",
    "per_meson_decay",
    "with_companions",
    "with_halo_of",
]


@dataclass(frozen=True)
class Companion:
    """A beam particle beside the decaying meson.

    ``place`` is that among the beam's particles; ``decays`` its decays in the fiducial volume for each of the meson's;
    ``simulated`` its decays between ``z_first`` and ``z_last`` for each in the fiducial volume; ``chance`` that a decay
    has the tag that the trigger requires.
    """

    place: int
    decays: float
    simulated: float
    chance: float


def companion(experiment: Experiment, name: str) -> Companion:
    """Return the companion ``name`` of the beam; the meson itself is one of chance 1. ``UsageError`` for none."""
    shares = experiment.card.beam.particles()
    if name not in shares:
        raise UsageError(f"no {name} in the beam of {experiment.card.name}: there are {', '.join(shares)}")
    place = list(shares).index(name)
    own, other = (_decayed(experiment, k) for k in (0, place))
    return Companion(
        place,
        shares[name] / next(iter(shares.values())) * other[0] / own[0],
        other[1] / other[0],
        tag_chance(experiment, place) if place else 1.0,
    )


def _decayed(experiment: Experiment, place: int) -> tuple[float, float]:
    """Shares of the particles at ``z_first`` that decay in the fiducial volume, and where decays are simulated."""
    fiducial = experiment.card.fiducial
    setup = experiment.setup[0]
    length = float(setup["beam"]["momentum"]) * float(setup["parents"]["flight"][place])
    first, last, low, high = (
        float(np.exp(-(z - fiducial.z_first) / length))
        for z in (fiducial.z_first, fiducial.z_last, fiducial.z_min, fiducial.z_max)
    )
    return low - high, first - last


def of_parent(sample: Sample, experiment: Experiment) -> Sample:
    """``sample`` of one mode, with the beam particle that decays so; ``tagged`` where that is not the meson."""
    parent = MODES[sample.components[0]].parent
    if parent is None or parent == experiment.card.beam.meson:
        return sample
    return with_parent(sample, companion(experiment, parent).place, tagged=tagger_required(experiment))


def per_meson_decay(analysis: Analysis, mode: str) -> float:
    """Decays by ``mode`` in the fiducial volume, with the tag of the trigger, for each decay of the meson there."""
    fraction = mode_fraction(mode, analysis.card.fractions).value
    parent = MODES[mode].parent
    if parent is None or parent == analysis.experiment.card.beam.meson:
        return fraction
    found = companion(analysis.experiment, parent)
    return fraction * found.decays * found.chance


def decays_of(analysis: Analysis, mode: str, exposure: float) -> int:
    """Decays to simulate of a companion's ``mode`` at an ``exposure`` of meson decays in the fiducial volume."""
    parent = MODES[mode].parent
    if parent is None:
        raise UsageError(f"mode {mode!r} is that of no beam particle")
    return round(
        exposure * per_meson_decay(analysis, mode) * companion(analysis.experiment, parent).simulated
    )


def with_companions(analysis: Analysis, data: Sample, exposure: float) -> Sample:
    """``data`` with the decays of the beam's other particles that the card names, and with the halo."""
    for mode in analysis.card.samples.companion_modes:
        more = of_parent(mode_sample(mode, mode, 0), analysis.experiment)
        data = with_more(data, replace(more, decays=decays_of(analysis, mode, exposure)))
    return with_halo_of(analysis, data, exposure)


def packed_halo(analysis: Analysis) -> NDArray[np.float64]:
    """Parameters of the experiment's halo. ``UsageError`` where it has none."""
    experiment = analysis.experiment.card
    if experiment.halo is None:
        raise UsageError(
            f"{analysis.card.name}: background.control_run needs a [halo] table in the card of {experiment.name}"
        )
    return pack_halo(experiment.halo, experiment.beam)


def with_halo_of(analysis: Analysis, data: Sample, exposure: float) -> Sample:
    """``data`` with the halo muons of its ``exposure`` (meson decays in the fiducial volume); itself without halo.

    Where the trigger requires a tag, muons of kaons that decay behind the tagger have their own, others need another
    particle's: those with one are simulated.
    """
    if analysis.experiment.card.halo is None:
        return data
    for more in _halo_parts(analysis, exposure):
        data = with_more(data, more)
    return data


def _halo_parts(analysis: Analysis, exposure: float) -> list[Sample]:
    """Halo muons of an ``exposure``: all together, or those of pions and of kaons where they are triggered apart."""
    experiment, row = analysis.experiment, packed_halo(analysis)
    halo, beam = experiment.card.halo, experiment.card.beam
    if halo is None or not tagger_required(experiment):
        return [halo_sample(HALO, row, 0 if halo is None else round(halo.rate * exposure))]
    muons = halo.rate * exposure
    pions, kaons = (pack_halo(halo.model_copy(update={"kaon_share": share}), beam) for share in (0.0, 1.0))
    others = tag_chance(experiment, None)
    return [
        halo_sample(HALO, pions, round(muons * (1.0 - halo.kaon_share) * others), tagged=True),
        with_parent(halo_sample(HALO, kaons, round(muons * halo.kaon_share)), 0, tagged=False),
    ]


def halo_template(analysis: Analysis, muons: int, *, forced_decay: float) -> Sample:
    """Some ``muons`` of the halo that can trigger, a share of them made to decay, under the key ``template/halo``."""
    first, *others = _halo_parts(analysis, muons / halo_per_decay(analysis))
    for more in others:
        first = with_more(first, more)
    bias = first.table.bias.copy()
    bias[Bias.MUON_DECAY] = forced_decay
    return replace(first, name=f"template/{HALO}", table=first.table._replace(bias=bias))


def halo_per_decay(analysis: Analysis) -> float:
    """Halo muons that are simulated for each meson decay in the fiducial volume."""
    scale = 1e9
    return sum(part.decays for part in _halo_parts(analysis, scale)) / scale
