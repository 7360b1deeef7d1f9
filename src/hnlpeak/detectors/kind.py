"""A kind of detector: one record, in the kind's own file, that says all the rest of the house asks of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar, get_args

from hnlpeak.core.card import Sourced
from hnlpeak.core.quantity import Rate, Time
from hnlpeak.detectors.shape import Shape
from hnlpeak.detectors.surface import Surface

__all__ = [
    "BeamSignal",
    "Counter",
    "DetectorKind",
    "DetectorSpec",
    "Layer",
    "Outline",
    "Plane",
    "time_column",
]


class DetectorSpec(Sourced):
    """A detector's table in a card: its ``kind``, and the ``system`` by which trigger and columns call it."""

    kind: str
    system: str


class Counter(DetectorSpec):
    """A detector whose signals have times, of ``time_resolution`` (rms).

    Other particles make more of them at ``accidental_rate``, at nominal intensity.
    """

    time_resolution: Time
    accidental_rate: Rate = "0 Hz"  # type: ignore[assignment]


class Plane(NamedTuple):
    """A ``shape`` at ``z`` (mm)."""

    z: float
    shape: Shape


class Layer(NamedTuple):
    """Thin matter at ``z`` (mm) with its ``passage.highland_weight``."""

    z: float
    weight: float


class BeamSignal(NamedTuple):
    """What a beam particle does in a counter that stands in the beam.

    ``chance`` to be tagged; running sums of the probabilities that 0, 1, ... ``sectors`` fire; mean number of
    photo-electrons, ``light``, in a sector that fires.
    """

    chance: float
    sectors: tuple[float, ...]
    light: float


class Outline(NamedTuple):
    """How a detector is drawn: ``shape`` from ``z`` to ``z_end`` (mm) in ``colour``, None for a grey line.

    ``around`` (mm) draws the matter of that width around the shape instead. Detectors in the beam have no shape;
    ``present`` is False for what was not installed.
    """

    name: str
    z: float
    z_end: float
    shape: Shape | None
    colour: str | None = None
    around: float = 0.0
    present: bool = True


def time_column(system: str) -> str:
    """Name of the column that holds the distance in time of a system's nearest signal from the track."""
    return f"dt_{system.lower()}_ns"


S = TypeVar("S", bound=DetectorSpec)


def _nothing(spec: DetectorSpec) -> list[Any]:
    return []


def _no_surfaces(spec: DetectorSpec, system: int) -> list[Surface]:
    return []


def _no_constants(spec: DetectorSpec, system: int, setup: Any) -> None:
    pass


@dataclass(frozen=True)
class DetectorKind(Generic[S]):
    """All that cards, set-ups, simulation and figures ask of a kind of detector.

    ``spec`` is its table in a card, of which there may be ``least`` to ``most`` in an experiment. ``verdict`` packs
    the surfaces that decide on the trigger (before the full response, all particles on straight lines), ``response``
    those of the full response; ``simulation.transport`` has the line that calls what they do.

    ``acceptance`` lists the planes that a selected track must cross, ``matter`` what the track fit must know.
    ``constants`` writes into the set-up what generation and reconstruction read of the detector. ``outline`` draws
    it. Signals of a ``timed`` kind become a column. Levels of the trigger may ask for a kind that ``triggers``: a
    surface of its ``verdict`` sets the system's bit in ``event.bits``. Accidental signals have a time; those of
    calorimeters (clusters) and muon counters (hits) also have a place, spread over the plane ``accidentals_on``.
    With ``stops_hadrons`` no pion decays behind it. ``beam_signal`` says what a beam particle of a name does in a
    counter in the beam: the beam's other particles are its accidental signals. ``fills`` names the columns that say
    nothing without such a detector, beside that of its time, ``measured`` those of them that this one fills (all).
    With ``ends_tracks`` it stands behind all chambers.
    """

    spec: type[S]
    outline: Callable[[S], list[Outline]]
    verdict: Callable[[S, int], list[Surface]] = _no_surfaces
    response: Callable[[S, int], list[Surface]] = _no_surfaces
    acceptance: Callable[[S], list[Plane]] = _nothing
    matter: Callable[[S], list[Layer]] = _nothing
    constants: Callable[[S, int, Any], None] = _no_constants
    accidentals_on: Callable[[S], Plane] | None = None
    beam_signal: Callable[[S, str], BeamSignal] | None = None
    fills: tuple[str, ...] = ()
    measured: Callable[[S], tuple[str, ...]] | None = None
    triggers: bool = False
    timed: bool = False
    stops_hadrons: bool = False
    ends_tracks: bool = False
    least: int = 0
    most: int | None = None

    @property
    def name(self) -> str:
        """The value of ``kind`` in a card."""
        return str(get_args(self.spec.model_fields["kind"].annotation)[0])

    def columns(self, spec: S) -> list[str]:
        """Columns of the candidates that say nothing without this detector."""
        times = [time_column(spec.system)] if self.timed else []
        return [*(self.fills if self.measured is None else self.measured(spec)), *times]
