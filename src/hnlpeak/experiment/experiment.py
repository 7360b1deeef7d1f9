"""An experiment ready for simulation and reconstruction: the card and the tables it packs into."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.card import CardReading, look_at_card
from hnlpeak.core.display import facts_html, short
from hnlpeak.core.errors import CardError
from hnlpeak.detectors import beam_pipe, matter
from hnlpeak.detectors.kind import Counter, DetectorKind, DetectorSpec
from hnlpeak.detectors.registry import KINDS
from hnlpeak.detectors.shape import SHAPE_WIDTH, Shape
from hnlpeak.detectors.spectrometer import CHAMBER, MAGNET, largest_angle
from hnlpeak.detectors.surface import APERTURE, MATTER, Surface, surface_table
from hnlpeak.experiment.beam_particles import beam_particle
from hnlpeak.experiment.experiment_card import ExperimentCard, GoodTrack
from hnlpeak.experiment.four_points import fill_four_points
from hnlpeak.experiment.plausible import implausible
from hnlpeak.experiment.setup import (
    BEAM_FIELDS,
    FIDUCIAL_FIELDS,
    GOOD_TRACK_FIELDS,
    MAX_LAYERS,
    RECONSTRUCTION_FIELDS,
    new_setup,
)
from hnlpeak.theory.mesons import meson

__all__ = ["Experiment", "build_setup", "load_experiment", "look_at_experiment", "made_of"]


@dataclass(frozen=True, repr=False)
class Experiment:
    """A card with its packed tables, those of its first period; ``text`` is the card as read."""

    card: ExperimentCard
    text: str
    setup: NDArray[Any]

    def __repr__(self) -> str:
        return short("Experiment", *self._facts().values())

    def _facts(self) -> dict[str, str]:
        card = self.card
        return {
            "name": card.name,
            "beam": f"{card.beam.meson} of {1e-3 * card.beam.momentum:g} GeV",
            "decay volume": f"{1e-3 * card.fiducial.z_min:g} to {1e-3 * card.fiducial.z_max:g} m",
            "systems": f"systems {', '.join(card.systems())}",
        }

    def _repr_html_(self) -> str:
        return facts_html(self.card.title, self._facts())

    @property
    def periods(self) -> list[Experiment]:
        """The experiment as it was in each period of its card, itself where the card has none."""
        cards = [self.card.in_period(period) for period in self.card.periods]
        made = [replace(self, card=card, setup=build_setup(card, k)) for k, card in enumerate(cards)]
        return made or [self]

    @property
    def shares(self) -> list[float]:
        """Share of the decays in each of ``periods``."""
        return [period.share for period in self.card.periods] or [1.0]

    @property
    def timed_systems(self) -> list[str]:
        """Systems whose signals are recorded with times, in the order of their columns."""
        systems = self.card.systems()
        setup = self.setup[0]
        return [systems[index] for index in setup["timed"][: setup["n_timed"]]]

    @property
    def decays_simulated_per_fiducial(self) -> float:
        """Decays between ``z_first`` and ``z_last`` per decay in the fiducial volume, at the mean momentum."""
        beam, fiducial = self.setup[0]["beam"], self.card.fiducial
        length = beam["momentum"] / beam["mass"] * beam["c_tau"]

        def decayed(low: float, high: float) -> float:
            return float(
                np.exp(-(low - fiducial.z_first) / length) - np.exp(-(high - fiducial.z_first) / length)
            )

        return decayed(fiducial.z_first, fiducial.z_last) / decayed(fiducial.z_min, fiducial.z_max)


def _described(card: ExperimentCard) -> Iterator[tuple[DetectorKind[Any], DetectorSpec, int]]:
    """Kind, table and number of the system of each detector."""
    systems = card.systems()
    for detector in card.detectors:
        yield KINDS[detector.kind], detector, systems.index(detector.system)


def _in_stages(verdict: list[Surface], vetoing: list[Surface]) -> tuple[list[Surface], list[Surface]]:
    """What may end an event at once, with what bends on the way there, and the rest; the same answer in less time."""
    if not vetoing:
        return [], verdict
    bends = [surface for surface in verdict if surface.code == MAGNET]
    return [*bends, *vetoing], [surface for surface in verdict if surface not in vetoing]


def _claim(owners: dict[int, str], kind: str, surfaces: Iterable[Surface]) -> None:
    """A code tells whose surface it is: ``ValueError`` where two kinds have the same."""
    for code in {surface.code for surface in surfaces} - {APERTURE, MATTER}:
        if owners.setdefault(code, kind) != kind:
            raise ValueError(f"detectors {owners[code]} and {kind} both have surfaces of code {code}")


def _fill_strayed(setup: Any, response: list[Surface], planes: NDArray[np.float64]) -> None:
    """What scattering up to the last chamber moves particles by at each of the ``planes``, and pipes in their way."""
    end = max((surface.z for surface in response if surface.code == CHAMBER), default=0.0)
    z = np.append(planes, end)
    turned = np.zeros_like(z)
    for surface in response:
        if surface.z <= end and surface.code in (CHAMBER, MATTER):
            row = np.array(surface.params)
            angle = largest_angle(row) if surface.code == CHAMBER else matter.largest_angle(row)
            turned += (angle * np.maximum(0.0, z - surface.z)) ** 2
    setup["strayed"][: planes.size], setup["strayed_last"] = np.sqrt(turned[:-1]), np.sqrt(turned[-1])
    pipes = [np.array(surface.params) for surface in response if surface.code == beam_pipe.CODE]
    setup["pipe_radius"] = max((beam_pipe.outer_of(row) for row in pipes), default=0.0)
    setup["pipe_first"] = min((beam_pipe.begin_of(row) for row in pipes), default=end)


def _fill_surfaces(setup: Any, card: ExperimentCard) -> None:
    verdict: list[Surface] = []
    vetoing: list[Surface] = []
    response: list[Surface] = []
    acceptance: list[Surface] = []
    stops: list[float] = []
    vetoes = card.trigger[0].veto if card.trigger else []
    owners: dict[int, str] = {}
    for kind, spec, system in _described(card):
        first, full = kind.verdict(spec, system), kind.response(spec, system)
        _claim(owners, kind.name, (*first, *full))
        verdict += first
        vetoing += first if spec.system in vetoes else []
        response += full
        acceptance += [
            Surface(APERTURE, z, shape.packed(), spec.system) for z, shape in kind.acceptance(spec)
        ]
        stops += [surface.z for surface in (*first, *full) if kind.stops_hadrons]
    setup["verdict"] = surface_table(verdict)
    setup["stages"] = [surface_table(stage) for stage in _in_stages(verdict, vetoing)]
    setup["response"] = surface_table(response)
    setup["acceptance"] = surface_table(acceptance)
    planes = setup["acceptance"]
    setup["accepted"][0] = planes["z"]
    setup["accepted"][1:] = np.array(Shape().packed())[:, None]
    setup["accepted"][1:, : len(acceptance)] = planes["params"][: len(acceptance), :SHAPE_WIDTH].T
    _fill_strayed(setup, response, planes["z"][: len(acceptance)])
    last = max(surface.z for surface in (*verdict, *response))
    setup["beam"]["z_end_hadron"] = min(stops, default=last)
    tracked = max((surface.z for surface in response if surface.code == CHAMBER), default=math.inf)
    setup["pause_z"] = tracked if tracked < min(stops, default=math.inf) else math.inf
    setup["beam"]["z_end_muon"] = last


def _fill_beam(row: Any, card: ExperimentCard) -> None:
    decaying = meson(card.beam.meson)
    for name in BEAM_FIELDS:
        row[name] = getattr(card.beam, name)
    for name in FIDUCIAL_FIELDS:
        row[name] = getattr(card.fiducial, name)
    row["mass"] = decaying.mass
    row["c_tau"] = decaying.c_tau


def _fill_parents(setup: Any, card: ExperimentCard) -> None:
    """The beam's particles and what they do in the tagger; tags of any of them are its accidental signals."""
    for place, (name, share) in enumerate(card.beam.particles().items()):
        parent, known = setup["parents"][place], beam_particle(name)
        parent["mass"], parent["flight"] = known.mass, known.c_tau / known.mass
        for kind, spec, system in _described(card):
            if kind.beam_signal is None:
                continue
            signal = kind.beam_signal(spec, name)
            parent["tag_chance"], parent["light"] = signal.chance, signal.light
            parent["sectors"] = 1.0
            parent["sectors"][: len(signal.sectors)] = signal.sectors
            setup["accidental"][system] += card.beam.rate * share * signal.chance


def _fill_accidentals(setup: Any, card: ExperimentCard) -> None:
    """Rates of all systems, which of them make signals in an event, and where those with a place are."""
    timed: list[int] = []
    placed: list[int] = []
    for kind, spec, system in _described(card):
        if kind.timed:
            timed.append(system)
        rate = spec.accidental_rate if isinstance(spec, Counter) else 0.0
        setup["accidental"][system] += rate
        if kind.accidentals_on is None:
            continue
        placed.append(system)
        if rate > 0.0:
            z, shape = kind.accidentals_on(spec)
            half_x, half_y = shape.box()
            if not np.isfinite(half_x * half_y):
                raise CardError(f"detectors.{spec.system}.shape: accidental signals need an outer edge")
            setup["hit_half_x"][system], setup["hit_half_y"][system] = half_x, half_y
            setup["hit_z"][system] = z
    for name, found in (("timed", timed), ("noisy", [*timed, *placed])):
        systems = list(dict.fromkeys(found))
        setup[f"n_{name}"] = len(systems)
        setup[name][: len(systems)] = systems


def _fill_trigger(setup: Any, card: ExperimentCard) -> None:
    systems, rates = card.systems(), setup["accidental"]
    setup["n_levels"] = len(card.trigger)
    for row, level in enumerate(card.trigger):
        vetoes = [systems.index(name) for name in level.veto]
        setup["require"][row] = sum(1 << systems.index(name) for name in set(level.require))
        setup["veto"][row] = sum(1 << system for system in set(vetoes))
        setup["veto_rate"][row] = 2.0 * level.window * float(rates[vetoes].sum())
        setup["multiplicity_min"][row] = level.multiplicity_min
        most = level.multiplicity_max
        setup["multiplicity_max"][row] = np.iinfo(np.int64).max if most is None else most
        setup["quiet"][vetoes] = np.maximum(setup["quiet"][vetoes], level.window)
        tagger = setup["tag_system"]
        if tagger >= 0 and systems[tagger] in level.require:
            setup["tag_window"] = max(setup["tag_window"], level.window)
            # what falls into the window is drawn with the trigger
            setup["quiet"][tagger] = setup["tag_window"]


def _fill_layers(setup: Any, card: ExperimentCard) -> None:
    """z and ``highland_weight`` of all matter from the first chamber to the last, in the order of z.

    What stands before the first chamber moves all points of a track alike and the fit needs none of it.
    """
    first, last = setup["chamber_z"][0], setup["chamber_z"][setup["n_chambers"] - 1]
    found = [layer for kind, spec, _ in _described(card) for layer in kind.matter(spec)]
    layers = sorted(layer for layer in found if first <= layer.z < last)
    if len(layers) > MAX_LAYERS:
        raise CardError(f"{len(layers)} layers of matter in the spectrometer, at most {MAX_LAYERS} fit")
    setup["n_layers"] = len(layers)
    setup["layer_z"][: len(layers)] = [layer.z for layer in layers]
    setup["layer_weight"][: len(layers)] = [layer.weight for layer in layers]
    fill_four_points(setup)


def _fill_good_track(good: Any, chosen: GoodTrack | None) -> None:
    if chosen is not None:
        good["chosen"] = 1
        for name in GOOD_TRACK_FIELDS:
            good[name] = getattr(chosen, name)


def build_setup(card: ExperimentCard, period: int = 0) -> NDArray[Any]:
    """Pack a checked card into the one ``SETUP`` record that kernels read; ``period`` is its place among others."""
    array = new_setup()
    setup = array[0]
    setup["period"] = period
    _fill_beam(setup["beam"], card)
    _fill_surfaces(setup, card)
    for name in (*RECONSTRUCTION_FIELDS, "min_chambers"):
        setup[name] = getattr(card.reconstruction, name)
    _fill_good_track(setup["good_track"], card.reconstruction.good_track)
    for kind, spec, system in _described(card):
        kind.constants(spec, system, setup)
    _fill_layers(setup, card)
    _fill_parents(setup, card)
    _fill_accidentals(setup, card)
    _fill_trigger(setup, card)
    array.setflags(write=False)
    return array


def look_at_experiment(
    name_or_path: str | Path, *, beside: Path | None = None
) -> CardReading[ExperimentCard]:
    """Read an experiment by library name or path and list all its faults; ``CardError`` for what is no such card."""
    read = look_at_card(ExperimentCard, name_or_path, folder="experiments", beside=beside)
    if read.card is None or read.faults:
        return read
    return replace(read, faults=list(implausible(read.card)))


def made_of(read: CardReading[ExperimentCard]) -> Experiment:
    """The experiment of a card without faults, as it was in its first period. ``CardError`` for one with faults."""
    card = read.card
    if card is None or read.faults:
        raise CardError.of(read.origin, read.faults)
    if card.periods:
        card = card.in_period(card.periods[0]).model_copy(update={"periods": card.periods})
    try:
        return Experiment(card, read.text, build_setup(card))
    except CardError as error:  # more than fits into the tables
        raise CardError.of(read.origin, [str(error)]) from error


def load_experiment(name_or_path: str | Path, *, beside: Path | None = None) -> Experiment:
    """Read an experiment by library name or path; raises ``CardError`` with the key and what is allowed."""
    return made_of(look_at_experiment(name_or_path, beside=beside))
