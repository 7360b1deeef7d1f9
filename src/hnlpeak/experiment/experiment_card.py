"""The experiment card: beam, detectors, trigger, fiducial volume, reconstruction constants."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, Union

from pydantic import Field, StrictBool, StrictInt, ValidationInfo, field_validator, model_validator

from hnlpeak.core.card import Card, Sourced
from hnlpeak.core.quantity import (
    Angle,
    Energy,
    Fraction,
    Length,
    Positive,
    Rate,
    Share,
    Time,
    parse_percentage,
)
from hnlpeak.detectors.event import MAX_PARTICLES, MAX_SYSTEMS
from hnlpeak.detectors.kind import DetectorSpec
from hnlpeak.detectors.registry import KINDS
from hnlpeak.detectors.spectrometer import Spectrometer
from hnlpeak.experiment.beam_matter_card import BeamMatter
from hnlpeak.experiment.beam_particles import MAX_BEAM_PARTICLES, BeamParticleName
from hnlpeak.experiment.halo_card import Halo
from hnlpeak.experiment.meson_name import MesonName
from hnlpeak.experiment.setup import MAX_LEVELS
from hnlpeak.experiment.trigger_faults import never_passes

__all__ = [
    "Beam",
    "Detector",
    "ExperimentCard",
    "Fiducial",
    "GoodTrack",
    "Period",
    "Primary",
    "Reconstruction",
    "TriggerLevel",
]

if TYPE_CHECKING:
    Detector = DetectorSpec
else:
    Detector = Annotated[Union[tuple(kind.spec for kind in KINDS.values())], Field(discriminator="kind")]  # noqa: UP007
"""A detector's table: one of the specs of ``detectors.registry``, told by its ``kind``."""


MAX_ACCIDENTALS = 1000
"""Most accidental signals in the readout of one event, on average."""


class Primary(Sourced):
    """Primary protons, target and dump: the frame in which z is measured (layout and rates only).

    Protons of ``momentum`` hit ``target`` (its material), ``target_length`` long, at ``z_target``; what is left of the
    beam ends at ``z_dump``.
    """

    momentum: Energy
    target: str
    target_length: Length
    z_target: Length
    z_dump: Length


class Beam(Sourced):
    """Secondary beam at ``z_reference``, behind its last element.

    ``meson`` is the one whose decays are searched, ``momentum`` its mean and ``momentum_spread`` the rms about it (or
    ``"1 %"`` of it). ``slope_x``, ``slope_y`` are the mean slopes, ``divergence_x``, ``divergence_y`` the rms about
    them, ``x``, ``y`` the mean position and ``size_x``, ``size_y`` the rms about it. With ``momentum_wings`` w the
    spectrum is the Gaussian of ``momentum_spread`` times 1 + w x^2, where x is the distance from the mean in units of
    the spread; its rms is then larger by the root of (1 + 3 w) / (1 + w). At nominal intensity ``rate`` particles pass,
    a fraction ``meson_fraction`` of them the decaying meson; data were taken at a fraction of it, uniform between
    ``intensity_min`` and ``intensity_max``. ``companions`` are the shares of other particles, by name.
    """

    meson: MesonName
    momentum: Energy
    momentum_spread: Energy
    momentum_wings: Fraction = 0.0
    slope_x: Angle
    slope_y: Angle
    divergence_x: Angle
    divergence_y: Angle
    z_reference: Length
    x: Length
    y: Length
    size_x: Length
    size_y: Length
    rate: Rate
    meson_fraction: Fraction
    companions: dict[BeamParticleName, Share] = {}
    intensity_min: Fraction
    intensity_max: Fraction

    @field_validator("momentum_spread", mode="before")
    @classmethod
    def _of_the_momentum(cls, given: Any, info: ValidationInfo) -> Any:
        """A percentage is one of the momentum."""
        share, momentum = parse_percentage(given), info.data.get("momentum")
        if share is None:
            return given
        if momentum is None:
            raise ValueError(f"{given!r} is one of beam.momentum, which is missing or wrong")
        return f"{share * momentum!r} MeV"

    def contradictions(self) -> Iterator[str]:
        """Yield what no beam is."""
        if self.momentum <= 0.0 or self.momentum_spread >= 0.2 * self.momentum:
            yield "momentum must be positive and its spread below a fifth of it"
        for name in ("divergence_x", "divergence_y", "size_x", "size_y"):
            if getattr(self, name) < 0.0:
                yield f"{name} must not be negative"
        if self.intensity_min > self.intensity_max:
            yield "intensity_min is above intensity_max"
        if self.meson in self.companions:
            yield f"companions: {self.meson} is the decaying meson, its share is meson_fraction"
        if len(self.companions) >= MAX_BEAM_PARTICLES:
            yield f"companions: {len(self.companions)}, at most {MAX_BEAM_PARTICLES - 1}"
        total = self.meson_fraction + sum(self.companions.values())
        if total > 1.0 + 1e-9:
            yield f"meson_fraction and companions add up to {total:g}, above 1"

    def particles(self) -> dict[str, float]:
        """Shares of the beam's particles by name, the decaying meson first."""
        return {self.meson: self.meson_fraction, **self.companions}


class Fiducial(Sourced):
    """Fiducial volume ``z_min`` to ``z_max``; decays are simulated from ``z_first`` to ``z_last``."""

    z_min: Length
    z_max: Length
    z_first: Length
    z_last: Length

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.z_first <= self.z_min < self.z_max <= self.z_last:
            raise ValueError("expected z_first <= z_min < z_max <= z_last")
        return self


class TriggerLevel(Sourced):
    """A level passes when all ``require`` systems have a signal and no ``veto`` system has.

    The charged particles must cross ``multiplicity_min`` to ``multiplicity_max`` chambers together.
    An accidental signal of a veto system within ``window`` around the event vetoes it too, and one of a required beam
    tagger fires it.
    """

    name: str
    require: list[str]
    veto: list[str] = []
    window: Time = "0 ns"  # type: ignore[assignment]
    multiplicity_min: Annotated[StrictInt, Field(ge=0)] = 0
    multiplicity_max: Annotated[StrictInt, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _multiplicity(self) -> Self:
        if self.multiplicity_max is not None and self.multiplicity_max < self.multiplicity_min:
            raise ValueError(
                f"trigger {self.name} passes nothing: multiplicity_min = {self.multiplicity_min} is above "
                f"multiplicity_max = {self.multiplicity_max}"
            )
        return self


class Period(Sourced):
    """A part of the data with a beam and a magnet of its own: what differs from the tables of the card.

    ``share`` is its part of the decays in the fiducial volume; ``momentum``, ``slope_x``, ``slope_y``, ``x``, ``y`` are
    those of its beam, ``magnet_direction`` that of its magnet's kick.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")]
    share: Share
    momentum: Energy | None = None
    slope_x: Angle | None = None
    slope_y: Angle | None = None
    x: Length | None = None
    y: Length | None = None
    magnet_direction: Literal[-1, 1] | None = None


class GoodTrack(Card):
    """Tracks that count; others are not seen.

    Their momentum lies between ``momentum_min`` and ``momentum_max``, they come to the beam's axis within
    ``closest_approach``, at a point between ``z_min`` and ``z_max``.
    """

    momentum_min: Energy
    momentum_max: Energy
    closest_approach: Length
    z_min: Length
    z_max: Length

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.momentum_min < self.momentum_max:
            raise ValueError("momentum_min must be below momentum_max")
        if not self.z_min < self.z_max:
            raise ValueError("z_min must be below z_max")
        if self.closest_approach <= 0.0:
            raise ValueError("closest_approach must be positive")
        return self


class Reconstruction(Sourced):
    """Constants of the reconstruction.

    Clusters within ``association_radius`` of the track's impact belong to it. Those above ``cluster_threshold``,
    within ``cluster_window`` of the track's time (and, with ``cluster_acceptance``, where a track could be selected)
    are counted as associated there; elsewhere, farther than ``track_zone`` from the impact and ``undeflected_zone``
    from the line it had before the magnet, as extra. Times of veto systems are looked at within ``readout_window``,
    places of muon hits within ``muon_window``. ``min_chambers`` measured chambers make a track, of which only a
    ``good_track`` counts (any without the key). The beam is calibrated with three tracks, each below
    ``three_track_chi2``, of the meson's mass within ``three_track_mass_window``, whose coordinates spread by less than
    ``three_track_vertex`` (rms) about their vertex.
    """

    association_radius: Length
    cluster_threshold: Energy
    cluster_window: Time
    track_zone: Length
    undeflected_zone: Length
    readout_window: Time
    cluster_acceptance: StrictBool = False
    muon_window: Time = "5 ns"  # type: ignore[assignment]
    min_chambers: Annotated[int, Field(ge=3, le=8)]
    good_track: GoodTrack | None = None
    three_track_chi2: Positive
    three_track_mass_window: Energy
    three_track_vertex: Length = "10 mm"  # type: ignore[assignment]


class ExperimentCard(Sourced):
    """One experiment: see the tables for the meaning of the keys.

    ``schema`` is the version of this form of cards, 1. ``name`` is used in files, ``title`` in figures. The tables:
    ``primary`` beam and target; the secondary ``beam``; ``fiducial`` volume; ``halo`` muons, if any; ``detectors``, one
    table each; ``trigger``, one table a level; ``periods`` with other beams, if any; constants of the
    ``reconstruction``.
    """

    schema_version: Literal[1] = Field(alias="schema")
    name: str
    title: str
    primary: Primary
    beam: Beam
    fiducial: Fiducial
    halo: Halo | None = None
    beam_matter: list[BeamMatter] = []
    detectors: Annotated[list[Detector], Field(min_length=1)]
    trigger: Annotated[list[TriggerLevel], Field(max_length=MAX_LEVELS)]
    periods: list[Period] = []
    reconstruction: Reconstruction

    def contradictions(self) -> Iterator[str]:
        """Yield what the tables say against each other: numbers of detectors, periods, rates, the trigger."""
        yield from self._numbers()
        yield from self._shares_of_periods()
        yield from self._accidentals()
        if self.halo is not None and self.halo.z_collimator > self.fiducial.z_first:
            yield "halo.z_collimator must not lie behind fiducial.z_first"
        systems = self.systems()
        if len(systems) > MAX_SYSTEMS:
            yield f"detectors: {len(systems)} systems, at most {MAX_SYSTEMS}"
        yield from self._matter()
        able = {detector.system for detector in self.detectors if KINDS[detector.kind].triggers}
        for level in self.trigger:
            for system in (*level.require, *level.veto):
                if system not in systems:
                    yield f"trigger {level.name}: no system {system!r}, there are {', '.join(systems)}"
                elif system not in able:
                    yield (
                        f"trigger {level.name}: {system!r} makes no trigger signal; those that do: "
                        f"{', '.join(sorted(able))}"
                    )
        chambers = sum(len(d.chambers) for d in self.detectors if isinstance(d, Spectrometer))
        yield from never_passes(self.trigger, MAX_PARTICLES * chambers)

    def _matter(self) -> Iterator[str]:
        names = [matter.name for matter in self.beam_matter]
        if len(set(names)) != len(names):
            yield f"beam_matter: names must differ, got {names}"
        for matter in self.beam_matter:
            if matter.z_first < self.fiducial.z_first:
                yield f"beam_matter {matter.name}: z_first lies before fiducial.z_first"
            if matter.of is not None and matter.of not in self.systems():
                yield f"beam_matter {matter.name}: no system {matter.of!r}"

    def matter_there(self) -> list[BeamMatter]:
        """The matter in the beam, without that of what is not installed."""
        absent = {d.system for d in self.detectors if not getattr(d, "installed", True)}
        return [matter for matter in self.beam_matter if matter.of not in absent]

    def _shares_of_periods(self) -> Iterator[str]:
        names = [period.name for period in self.periods]
        if len(set(names)) != len(names):
            yield f"periods need distinct names, got {names}"
        total = sum(period.share for period in self.periods)
        if self.periods and abs(total - 1.0) > 1e-6:
            yield f"the shares of the periods must add up to 1, got {total:g}"

    def in_period(self, period: Period) -> ExperimentCard:
        """The card as it was in ``period``: its beam and magnet, and no other period."""
        own = ("momentum", "slope_x", "slope_y", "x", "y")
        beam = {key: getattr(period, key) for key in own if getattr(period, key) is not None}
        made: dict[str, object] = {"beam": self.beam.model_copy(update=beam), "periods": []}
        if period.magnet_direction is not None:
            turned = {"direction": period.magnet_direction}
            made["detectors"] = [
                d.model_copy(update={"magnet": d.magnet.model_copy(update=turned)})
                if isinstance(d, Spectrometer)
                else d
                for d in self.detectors
            ]
        return self.model_copy(update=made)

    def _numbers(self) -> Iterator[str]:
        present = [detector.kind for detector in self.detectors]
        for name, kind in KINDS.items():
            number = present.count(name)
            if number < kind.least or (kind.most is not None and number > kind.most):
                expected = f"{kind.least} or more" if kind.most is None else f"{kind.least} to {kind.most}"
                yield f"detectors: {number} of kind {name}, expected {expected}"

    def _accidentals(self) -> Iterator[str]:
        """Rates that nothing looks at; each event draws its accidental signals one by one: they must have an end."""
        vetoing = {system for level in self.trigger for system in level.veto}
        for detector in self.detectors:
            kind = KINDS[detector.kind]
            seen = kind.timed or kind.accidentals_on is not None or detector.system in vetoing
            if getattr(detector, "accidental_rate", 0.0) > 0.0 and not seen:
                yield (
                    f"detectors.{detector.system}.accidental_rate changes nothing: its accidental signals have no "
                    f"column and veto no trigger level; leave it out"
                )
        rate = sum(float(getattr(detector, "accidental_rate", 0.0)) for detector in self.detectors)
        rate += sum(
            self.beam.rate for detector in self.detectors if KINDS[detector.kind].beam_signal is not None
        )
        number = 2.0 * self.reconstruction.readout_window * rate * self.beam.intensity_max
        if number > MAX_ACCIDENTALS:
            yield (
                f"accidental_rate of all detectors (beam.rate of a tagger), reconstruction.readout_window and "
                f"beam.intensity_max make {number:.3g} accidental signals per event, at most {MAX_ACCIDENTALS} "
                f"can be simulated"
            )

    def systems(self) -> list[str]:
        """Names of the detector systems in the order of the card, each once."""
        return list(dict.fromkeys(detector.system for detector in self.detectors))
