"""A sample: what decays, how many, with which random key and which weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.simulation.halo import HALO_KIND
from hnlpeak.simulation.interactions import INTERACTION_KIND
from hnlpeak.theory.mesons import meson as find_meson
from hnlpeak.theory.modes import MODES, cocktail
from hnlpeak.theory.modes.inner_bremsstrahlung import PHOTON_ENERGY_MIN
from hnlpeak.theory.modes.mode import Mode
from hnlpeak.theory.modes.pi0 import force_dalitz
from hnlpeak.theory.species import Species

__all__ = [
    "HALO",
    "INTERACTIONS",
    "LEPTONS",
    "PAIRS_OF_LOSSES",
    "Bias",
    "ModeTable",
    "Sample",
    "background_sample",
    "conjugated",
    "enriched_sample",
    "halo_sample",
    "in_periods",
    "injected_sample",
    "interaction_sample",
    "mode_sample",
    "signal_sample",
    "with_halo",
    "with_more",
    "with_parent",
    "with_photon_loss",
    "with_tails",
]

LEPTONS = {"e": Species.POSITRON, "mu": Species.MUON_PLUS}


HALO = "halo"
"""Name of the source of halo muons."""
PAIRS_OF_LOSSES = 0.25
"""Share of the forced losses of photons that are pairs of each chamber before the magnet, unless that is given."""
INTERACTIONS = "interactions"
"""Name of the source of beam particles that interact in matter."""


class Bias(IntEnum):
    """Places in the array of a sample's biasing: shares of forced decays, losses and photons, Russian roulette.

    A decay without daughters of the species ``COUNTED`` (radiated photons; electrons of Dalitz decays; -1: none is)
    has the weight ``LEAST``, one with one of them ``NEXT``, one with two ``MOST``: they undo what is forced there;
    of less than ``COUNTED_ENERGY`` (MeV, meson frame) none is counted.
    ``PAIRS`` is the share of the photons made to convert in each chamber before the magnet; ``SOFT_PHOTON``,
    ``GAP_PHOTON``, ``NEAR_PHOTON`` and ``BOTH_PHOTONS`` are those of ``forced_photons``, ``SPREAD_LEPTON`` is that of
    leptons near the ends of their spectrum, whose weights come with the daughters. ``SURVIVAL`` is the probability to
    survive Russian roulette, for decays without a charged daughter below the squared momentum ``SOFT2`` and others.
    ``OFF_TARGET`` is that for decays far from what the search selects (``simulation.aim``).
    ``MUON_LOSS``: share of the muons that a vetoing counter missed made to leave most of their momentum in the
    calorimeter.

    Not biasing, but of a sample alike: with ``PHOTON_LOSS`` the trigger misses an event with a hard photon, and
    ``CONJUGATE`` decays are those of the antiparticle.
    """

    MUON_DECAY = 0
    PION_DECAY = 1
    LOSS = 2
    COUNTED = 3
    LEAST = 4
    NEXT = 5
    MOST = 6
    SOFT2 = 7
    SURVIVAL = 8
    PHOTON_LOSS = 9
    CONJUGATE = 10
    SOFT_PHOTON = 11
    NEAR_PHOTON = 12
    MUON_LOSS = 13
    GAP_PHOTON = 14
    SPREAD_LEPTON = 15
    PAIRS = 16
    BOTH_PHOTONS = 17
    OFF_TARGET = 18
    COUNTED_ENERGY = 19


_NOT_WEIGHTS = (Bias.COUNTED, Bias.COUNTED_ENERGY, Bias.PHOTON_LOSS, Bias.CONJUGATE)
_ANALOGUE = (
    0.0,
    0.0,
    0.0,
    -1.0,
    1.0,
    1.0,
    1.0,
    0.0,
    1.0,
    0.0,
    0.0,
    0.0,
    0.0,
    0.0,
    0.0,
    0.0,
    0.0,
    0.0,
    1.0,
    0.0,
)
"""No biasing: decays as in nature, each with weight 1."""


class ModeTable(NamedTuple):
    """What kernels read: code, cumulative probability and parameters of each mode; source index; ``Bias``.

    ``parents`` are places among the particles of the beam: 0 for the decaying meson, others for its companions, -1 for
    what decays before the beam tagger. Decays of the parent ``counted`` are those that count as decays in the fiducial
    volume. Modes that are ``tagged`` stand for those of their decays alone that have a signal of the beam tagger in the
    trigger's window, be it another particle's. Every event has one kick by the law of ``tails`` (see
    ``simulation.tails``); empty for none.
    """

    codes: NDArray[np.int64]
    cumulative: NDArray[np.float64]
    parameters: NDArray[np.float64]
    sources: NDArray[np.int64]
    parents: NDArray[np.int64]
    tagged: NDArray[np.int64]
    bias: NDArray[np.float64]
    counted: int
    tails: NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """``decays`` meson decays between ``z_first`` and ``z_last`` of an experiment, under the random key ``name``.

    Halo muons count as decays here. ``components`` names where events may come from; modes of ``table`` point to one.
    The events' weights undo the biasing.
    """

    name: str
    decays: int
    components: tuple[str, ...]
    table: ModeTable

    @property
    def weighted(self) -> bool:
        """True where events carry weights."""
        return bool(np.any(np.delete(self.table.bias != _ANALOGUE, _NOT_WEIGHTS)))


def with_photon_loss(sample: Sample, loss: float) -> Sample:
    """``sample`` where the trigger misses the share ``loss`` of the events with a hard photon."""
    bias = sample.table.bias.copy()
    bias[Bias.PHOTON_LOSS] = loss
    return replace(sample, table=sample.table._replace(bias=bias))


def with_tails(sample: Sample, tails: NDArray[np.float64]) -> Sample:
    """``sample`` with one kick of the track in every event, by the packed law ``tails``."""
    return replace(sample, table=sample.table._replace(tails=tails))


def conjugated(sample: Sample) -> Sample:
    """The same decays of the antiparticle."""
    bias = sample.table.bias.copy()
    bias[Bias.CONJUGATE] = 1.0
    return replace(sample, table=sample.table._replace(bias=bias))


def in_periods(sample: Sample, names: Sequence[str], shares: Sequence[float]) -> list[Sample]:
    """The decays of ``sample`` shared out to periods by their ``shares``, each with a random key of its own."""
    ends = [round(sample.decays * sum(shares[: k + 1])) for k in range(len(shares))]
    ends[-1] = sample.decays
    return [
        replace(sample, name=f"{sample.name}/{name}", decays=end - start)
        for name, start, end in zip(names, [0, *ends], ends, strict=False)
    ]


def _table(
    codes: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    parameters: NDArray[np.float64],
    sources: Sequence[int],
    bias: Sequence[float] = _ANALOGUE,
    *,
    parents: Sequence[int] | None = None,
    tagged: Sequence[int] | None = None,
) -> ModeTable:
    # the likeliest first: the draw walks through the cumulative sums
    order = np.argsort(-probabilities, kind="stable")
    cumulative = np.cumsum(probabilities[order])
    cumulative[-1] = 1.0
    return ModeTable(
        codes=codes[order].astype(np.int64),
        cumulative=cumulative,
        parameters=np.ascontiguousarray(parameters[order]),
        sources=np.array(sources, dtype=np.int64)[order],
        parents=np.array(parents or [0] * len(codes), dtype=np.int64)[order],
        tagged=np.array(tagged or [0] * len(codes), dtype=np.int64)[order],
        bias=np.array(bias),
        counted=0,
        tails=np.zeros(0),
    )


def background_sample(name: str, modes: Sequence[str], decays: int) -> Sample:
    """All ``modes`` by branching fraction (normalised to their sum), as in data."""
    mix = cocktail(modes)
    table = _table(mix.codes, mix.probabilities, mix.parameters, range(len(modes)))
    return Sample(name, decays, tuple(modes), table)


def enriched_sample(name: str, modes: Sequence[str], decays: int, *, mode: str, share: float) -> Sample:
    """As ``background_sample``, with ``mode`` making up the ``share`` (0 to 1) of all decays.

    Raises ``UsageError`` for another share or a mode that is not among ``modes``.
    """
    if mode not in modes or not 0.0 < share < 1.0:
        raise UsageError(
            f"enriched sample: got {mode!r} at a share of {share:g}, need one of {list(modes)} and 0 to 1"
        )
    mix = cocktail(modes)
    probabilities = mix.probabilities.copy()
    place = list(modes).index(mode)
    probabilities[place] = 0.0
    probabilities *= (1.0 - share) / probabilities.sum()
    probabilities[place] = share
    table = _table(mix.codes, probabilities, mix.parameters, range(len(modes)))
    return Sample(name, decays, tuple(modes), table)


def _forced_daughters(
    record: Mode, row: NDArray[np.float64], radiation: float, hard: float, dalitz: float
) -> tuple[NDArray[np.float64], tuple[float, ...]]:
    """A mode's parameters with forced radiation or Dalitz decays, ``Bias.COUNTED`` to ``Bias.MOST`` that undo it."""
    pions = record.daughters.count("pi0")
    if radiation > 0.0:
        if record.force_radiation is None:
            radiating = ", ".join(key for key, other in MODES.items() if other.force_radiation is not None)
            raise UsageError(f"radiation can be forced in {radiating}; in {record.name!r} it cannot")
        row, radiated, not_radiated = record.force_radiation(row, radiation, hard)
        return row, (float(Species.PHOTON), not_radiated, radiated, radiated)
    if dalitz > 0.0:
        if not pions:
            raise UsageError(f"Dalitz decays can be forced of a pi0; {record.name!r} has none")
        row, yes, no = force_dalitz(row, dalitz)
        weights = [yes**k * no ** (pions - k) if k <= pions else 0.0 for k in range(3)]
        return row, (float(Species.ELECTRON), *weights)
    return row, _ANALOGUE[Bias.COUNTED : Bias.SOFT2]


def _check_photons(record: Mode, soft: float, gap: float, near: float, both: float) -> None:
    """``UsageError`` where photons are forced that a mode does not have, or to a share outside 0 to 1."""
    if not (soft >= 0.0 and gap >= 0.0 and soft + gap < 1.0 and 0.0 <= near < 1.0 and 0.0 <= both < 1.0):
        raise UsageError(
            f"photons are forced in a share of the decays from 0 to below 1, got {max(soft + gap, near, both):g}"
        )
    pi0 = "pi0" in record.daughters
    if near + both > 0.0 and not pi0:
        raise UsageError(
            f"photons near the track, or both away, can be forced of a pi0; {record.name!r} has none"
        )
    if soft + gap > 0.0 and not (pi0 or record.radiates or "gamma" in record.daughters):
        raise UsageError(f"soft photons can be forced where there are photons; {record.name!r} has none")


def _with_spread_leptons(record: Mode, row: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """A mode's parameters with which a ``share`` of its leptons are near the ends."""
    if share == 0.0:
        return row
    if record.force_spread is None:
        able = ", ".join(key for key, other in MODES.items() if other.force_spread is not None)
        raise UsageError(
            f"leptons near the ends of their spectrum can be forced in {able}; in {record.name!r} they cannot"
        )
    return record.force_spread(row, share)


def _natural(mode: str) -> Mode:
    """The record of a mode with a rate of its own; ``UsageError`` for another."""
    if mode not in MODES or MODES[mode].branching_fraction is None:
        known = ", ".join(key for key, other in MODES.items() if other.branching_fraction is not None)
        raise UsageError(f"mode {mode!r} is not known; allowed: {known}")
    return MODES[mode]


def mode_sample(
    name: str,
    mode: str,
    decays: int,
    *,
    forced_decay: float = 0.0,
    forced_pion_decay: float = 0.0,
    forced_loss: float = 0.0,
    forced_pairs: float | None = None,
    forced_radiation: float = 0.0,
    hard_photon: float = PHOTON_ENERGY_MIN,
    forced_dalitz: float = 0.0,
    forced_soft: float = 0.0,
    forced_gap: float = 0.0,
    forced_near: float = 0.0,
    forced_both: float = 0.0,
    forced_muon_loss: float = 0.0,
    forced_spread: float = 0.0,
    soft_momentum: float = 0.0,
    survival: float = 1.0,
    off_target: float = 1.0,
    form_factors: Mapping[str, float] | None = None,
) -> Sample:
    """One background mode alone, with weights that undo the biasing.

    Forced decays: shares of the muons and pions made to decay in flight, of the photons made to go unnoticed, of those
    made to convert in each chamber before the magnet (None: ``PAIRS_OF_LOSSES`` of these), of the decays made to
    radiate a photon above ``hard_photon`` (MeV, meson frame), of the pi0 made to decay into e+ e- gamma, of the decays
    turned until a photon is soft or until one flies into a gap of the vetoes, of the pi0 made to emit a photon near the
    charged track, of the decays with both photons of a pi0 in gaps or backwards, of the muons that a vetoing counter
    missed made to leave most of their momentum in the calorimeter, of the decays with a lepton near either end of its
    spectrum (0: as in nature). Russian roulette: decays that will hardly be selected survive with the probability
    ``survival``, those with two tracks, with a photon that makes a cluster of its own, and (unless 0) without a charged
    daughter below ``soft_momentum`` (MeV, meson frame); those far from what the search selects with ``off_target``.
    ``form_factors`` take the place of the mode's own.

    Raises ``UsageError`` for an unknown mode, forced radiation where that cannot be, forced Dalitz decays or
    near photons of one without pi0, soft photons of one without photons, and survival 0.
    """
    record = _natural(mode)
    if not 0.0 < min(survival, off_target) <= max(survival, off_target) <= 1.0:
        raise UsageError(f"survival must be above 0 and at most 1, got {survival:g} and {off_target:g}")
    packed = record.pack(**(form_factors or {}))
    row, weights = _forced_daughters(record, packed, forced_radiation, hard_photon, forced_dalitz)
    _check_photons(record, forced_soft, forced_gap, forced_near, forced_both)
    row = _with_spread_leptons(record, row, forced_spread)
    bias = (forced_decay, forced_pion_decay, forced_loss, *weights, soft_momentum**2, survival, 0.0, 0.0)
    pairs = PAIRS_OF_LOSSES * forced_loss if forced_pairs is None else forced_pairs
    counted = hard_photon if forced_radiation > 0.0 else 0.0
    bias = (*bias, forced_soft, forced_near, forced_muon_loss, forced_gap, forced_spread, pairs)
    bias = (*bias, forced_both, off_target, counted)
    table = _table(np.array([record.code]), np.ones(1), row[None, :], [0], bias)
    return Sample(name, decays, (mode,), table)


def signal_sample(name: str, meson: str, lepton: str, mass: float, decays: int) -> Sample:
    """M+ -> l+ N with N of ``mass`` (MeV). Raises ``UsageError`` where the decay is closed."""
    record = MODES["hnl"]
    params = record.pack(find_meson(meson).mass, LEPTONS[lepton], mass)
    return Sample(
        name, decays, ("signal",), _table(np.array([record.code]), np.ones(1), params[None, :], [0])
    )


def injected_sample(base: Sample, meson: str, lepton: str, mass: float, fraction: float) -> Sample:
    """``base`` with a ``fraction`` (B(M -> l N)) of the decays replaced by signal, as source ``signal``."""
    if not 0.0 <= fraction < 1.0:
        raise UsageError(f"injected branching fraction {fraction:g} is not in [0, 1)")
    record = MODES["hnl"]
    params = record.pack(find_meson(meson).mass, LEPTONS[lepton], mass)
    table = base.table
    probabilities = np.append(np.diff(table.cumulative, prepend=0.0) * (1.0 - fraction), fraction)
    return Sample(
        base.name,
        base.decays,
        (*base.components, "signal"),
        _table(
            np.append(table.codes, record.code),
            probabilities,
            np.vstack([table.parameters, params]),
            [*table.sources, len(base.components)],
            parents=[*table.parents, 0],
            tagged=[*table.tagged, 0],
        ),
    )


def halo_sample(name: str, halo: NDArray[np.float64], muons: int, *, tagged: bool = False) -> Sample:
    """Halo muons alone, as in data taken without decays; ``halo`` are packed parameters.

    ``tagged`` muons have a signal of another particle in the beam tagger.
    """
    table = _table(np.array([HALO_KIND]), np.ones(1), halo[None, :], [0], parents=[-1], tagged=[int(tagged)])
    return Sample(name, muons, (HALO,), table)


def interaction_sample(
    name: str, interaction: NDArray[np.float64], number: int, place: int, *, tagged: bool
) -> Sample:
    """Interactions of the beam particle at ``place`` with packed parameters; ``tagged`` as in ``ModeTable``."""
    codes = np.array([INTERACTION_KIND])
    table = _table(codes, np.ones(1), interaction[None, :], [0], parents=[place], tagged=[int(tagged)])
    return Sample(name, number, (INTERACTIONS,), table)


def with_parent(sample: Sample, place: int, *, tagged: bool) -> Sample:
    """The same decays of the beam particle at ``place`` (see ``ModeTable``), which are counted."""
    table = sample.table
    return replace(
        sample,
        table=table._replace(
            parents=np.full_like(table.parents, place),
            tagged=np.full_like(table.tagged, int(tagged)),
            counted=place,
        ),
    )


def with_more(base: Sample, more: Sample) -> Sample:
    """``base`` with the decays of ``more``, without its biasing, on top; equal names of components are one component.

    What counts as decays is what counted in ``base``.
    """
    components = tuple(dict.fromkeys((*base.components, *more.components)))
    total = base.decays + more.decays
    if total == 0:
        return replace(base, components=components)
    parts = (base, more)
    tables = [part.table for part in parts]
    probabilities = [np.diff(part.table.cumulative, prepend=0.0) * (part.decays / total) for part in parts]
    places = [components.index(part.components[s]) for part in parts for s in part.table.sources]
    made = _table(
        np.concatenate([table.codes for table in tables]),
        np.concatenate(probabilities),
        np.vstack([table.parameters for table in tables]),
        places,
        base.table.bias.tolist(),
        parents=[p for table in tables for p in table.parents],
        tagged=[p for table in tables for p in table.tagged],
    )
    return replace(base, decays=total, components=components, table=made._replace(counted=base.table.counted))


def with_halo(base: Sample, halo: NDArray[np.float64], muons: int) -> Sample:
    """``base`` with ``muons`` halo muons on top, as source ``halo``."""
    return with_more(base, halo_sample(HALO, halo, muons))
