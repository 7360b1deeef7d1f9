"""What the tables ``[background]`` of all methods have in common, and the control run that some of them scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Self

from pydantic import Field, StrictInt, model_validator

from hnlpeak.core.card import Card, Sourced
from hnlpeak.core.quantity import Energy, Fraction, OpenShare, Positive, Share, SignedEnergy

__all__ = [
    "BackgroundCard",
    "CheckRegion",
    "ControlRegionCard",
    "ControlRun",
    "CrossTalk",
    "TrackTails",
    "TriggerEfficiency",
]


class ControlRegionCard(Card):
    """Where the control run is scaled for a ``part`` of the selection ``of`` (a union of such parts).

    The scale comes from the cuts of ``selection`` between ``low`` and ``high`` in signed missing mass; ``error`` is its
    relative systematic error.
    """

    of: str
    part: str
    selection: str
    low: SignedEnergy
    high: SignedEnergy
    error: Fraction

    @model_validator(mode="after")
    def _region(self) -> Self:
        if not self.low < self.high:
            raise ValueError("empty region: low is not below high")
        return self


class CrossTalk(Card):
    """Decays in the control run all the same: ``decays`` of the antiparticle, of which ``mode`` can be selected.

    ``decays`` are those of the full control run in the fiducial volume, ``error`` the relative error of their number.
    ``simulated`` decays of the mode make its template, with ``forced_pion_decay`` as in ``samples.templates``.
    """

    mode: str
    decays: Positive
    error: Fraction
    simulated: Annotated[StrictInt, Field(ge=100)]
    forced_pion_decay: OpenShare = 0.0


class CheckRegion(Card):
    """Where data are compared with the sum of the background and nothing is fitted.

    From ``low`` to ``high`` in signed missing mass, after the cuts of ``selection``.
    """

    selection: str
    low: SignedEnergy
    high: SignedEnergy

    @model_validator(mode="after")
    def _region(self) -> Self:
        if not self.low < self.high:
            raise ValueError("empty region: low is not below high")
        return self


class TriggerEfficiency(Sourced):
    """Efficiency of the trigger for events of ``applies_to``, relative to that of the Standard-Model peak.

    It is ``value`` with the ``error``.

    It multiplies the background of these components (modes, or halo); N_K and A know nothing of it. Pseudo-data lose as
    many of the events with a photon of more than 1 GeV.
    """

    value: Share
    error: Fraction
    applies_to: list[str]


class TrackTails(Sourced):
    """Measured tails of reconstructed tracks that the simulation lacks: what they move is an error of b, no part of it.

    In each of x and y a track has a kick of the transverse momentum with the chance ``angle_chance``, and a relative
    change of the momentum with ``momentum_chance``; the law, with the onsets ``angle_onset``, ``momentum_onset`` and
    the largest kicks ``angle_most``, ``momentum_most``, is that of ``simulation.tails``. ``decays`` of each of
    ``modes`` are simulated with one kick each; of those that are far from what the search selects in spite of it
    the share ``off_target``, with a weight.
    """

    modes: Annotated[list[str], Field(min_length=1)]
    decays: Annotated[StrictInt, Field(ge=100)]
    angle_chance: Share
    angle_onset: Energy
    angle_most: Energy
    momentum_chance: Share
    momentum_onset: Share
    momentum_most: Share
    off_target: Share = 1.0

    @model_validator(mode="after")
    def _law(self) -> Self:
        if not (0.0 < self.angle_onset < self.angle_most and self.momentum_onset < self.momentum_most):
            raise ValueError("a tail's onset must be above 0 and below its largest kick")
        if self.chance > 0.1:
            raise ValueError(
                "tails of more than a tenth of the tracks: two kicks of a track are not simulated"
            )
        return self

    @property
    def chance(self) -> float:
        """Share of the tracks that have a kick."""
        return 2.0 * self.angle_chance + self.momentum_chance


class ControlRun(Sourced):
    """Data taken without meson decays (halo alone), and the region where they are scaled to the searched data.

    In the region, ``low`` to ``high`` in signed missing mass after the cuts of ``selection``, such events dominate.
    ``error`` is the relative systematic error of carrying the scale from there to the search windows. ``muons`` is the
    number of halo muons of a simulated control run. ``regions`` scale parts of a selection each by itself, with an
    error of their own before that of the shape, ``error``; ``cross_talk`` is subtracted.
    """

    selection: str
    low: SignedEnergy
    high: SignedEnergy
    error: Fraction
    muons: Annotated[StrictInt, Field(ge=100, le=100_000_000_000)]
    regions: list[ControlRegionCard] = []
    cross_talk: CrossTalk | None = None

    @model_validator(mode="after")
    def _region(self) -> Self:
        if not self.low < self.high:
            raise ValueError("empty region: low is not below high")
        return self


class BackgroundCard(Sourced):
    """How the background of a window is estimated; ``method`` tells which further keys there are."""

    method: str
    needs_decays: ClassVar[bool] = False
    """Whether the method uses simulated decays by mode."""

    def scaled_run(self) -> ControlRun | None:
        """Return the control run that the method scales to the data, None for none."""
        return None

    def trigger_efficiency(self) -> TriggerEfficiency | None:
        """Return the efficiency of the trigger that the method multiplies with, None for none."""
        return None

    def track_tails(self) -> TrackTails | None:
        """Return the tails of tracks whose effect is an error of b, None for none."""
        return None

    def smooth_range(self) -> tuple[float, float] | None:
        """Return where (MeV) the method takes the background to be smooth, None for nowhere."""
        return None

    def mode_errors(self) -> Mapping[str, float]:
        """Return the relative systematic errors of simulated decay modes; none where they are not used."""
        return {}

    def check(self, *, selections: Sequence[str], modes: Sequence[str]) -> None:
        """Raise ``ValueError`` where the table does not fit the card's ``selections`` or its template ``modes``."""
