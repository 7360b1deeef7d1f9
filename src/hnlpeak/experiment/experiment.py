"""An experiment ready for simulation and reconstruction: the card and the tables it packs into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.card import read_card
from hnlpeak.core.errors import CardError
from hnlpeak.detectors import (
    calorimeter,
    guard_ring,
    hadron_calorimeter,
    hodoscope,
    material,
    muon_veto,
    photon_veto,
    ring_cherenkov,
    spectrometer,
)
from hnlpeak.detectors.beam_cherenkov import BeamCherenkov
from hnlpeak.detectors.beam_tracker import BeamTracker, scattering
from hnlpeak.detectors.calorimeter import Calorimeter
from hnlpeak.detectors.material import Material
from hnlpeak.detectors.muon_veto import MuonVeto
from hnlpeak.detectors.ring_cherenkov import RingCherenkov
from hnlpeak.detectors.spectrometer import Spectrometer
from hnlpeak.detectors.surface import Kind, Surface, surface_table
from hnlpeak.experiment.acceptance import acceptance_surfaces
from hnlpeak.experiment.experiment_card import Detector, ExperimentCard
from hnlpeak.experiment.setup import BEAM_FIELDS, FIDUCIAL_FIELDS, MAX_LAYERS, RECONSTRUCTION_FIELDS, SETUP
from hnlpeak.theory.mesons import meson

__all__ = ["Experiment", "build_setup", "load_experiment"]

_TRIGGER_KINDS = ("hodoscope", "muon_veto")
_MOST_PATHS = 7.0  # mean decay lengths before the fiducial volume: a meson in a thousand is left
_TIMED_KINDS = ("beam_cherenkov", "guard_ring", "photon_veto", "muon_veto")


@dataclass(frozen=True)
class Experiment:
    """A card with its packed tables; ``text`` is the card as read, for hashes and manifests."""

    card: ExperimentCard
    text: str
    setup: NDArray[Any]

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


_PACK: dict[str, Callable[[Any, int], list[Surface]]] = {
    "calorimeter": lambda spec, _: calorimeter.pack(spec),
    "guard_ring": guard_ring.pack,
    "hadron_calorimeter": lambda spec, _: hadron_calorimeter.pack(spec),
    "hodoscope": hodoscope.pack,
    "material": lambda spec, _: material.pack(spec),
    "muon_veto": muon_veto.pack,
    "photon_veto": photon_veto.pack,
    "ring_cherenkov": lambda spec, _: ring_cherenkov.pack(spec),
    "spectrometer": lambda spec, _: spectrometer.pack(spec),
}


def _only(detectors: list[Detector], kind: type[Any]) -> Any:
    return next((detector for detector in detectors if isinstance(detector, kind)), None)


def _fill_beam(row: Any, card: ExperimentCard, surfaces: list[Surface]) -> None:
    beam = card.beam
    decaying = meson(beam.meson)
    tracker: BeamTracker | None = _only(card.detectors, BeamTracker)
    extra = 0.0 if tracker is None else scattering(tracker, beam.momentum)
    calorimeters = [s.z for s in surfaces if s.kind in (Kind.CALORIMETER, Kind.HADRON_CALORIMETER)]
    z_muon = max(s.z for s in surfaces)
    for name in BEAM_FIELDS:
        row[name] = getattr(beam, name)
    for name in FIDUCIAL_FIELDS:
        row[name] = getattr(card.fiducial, name)
    row["divergence_x"] = np.hypot(beam.divergence_x, extra)
    row["divergence_y"] = np.hypot(beam.divergence_y, extra)
    row["mass"] = decaying.mass
    row["c_tau"] = decaying.c_tau
    row["z_end_hadron"] = min(calorimeters, default=z_muon)
    row["z_end_muon"] = z_muon


def _fill_beam_detectors(setup: Any, card: ExperimentCard) -> None:
    tagger: BeamCherenkov | None = _only(card.detectors, BeamCherenkov)
    setup["tag_system"] = -1
    if tagger is not None:
        setup["tag_system"] = card.systems().index(tagger.system)
        setup["tag_efficiency"] = tagger.efficiency
        setup["tag_resolution"] = tagger.time_resolution
    tracker: BeamTracker | None = _only(card.detectors, BeamTracker)
    if tracker is not None and tracker.installed:
        setup["tracker_installed"] = 1
        setup["tracker_momentum"] = tracker.momentum_resolution
        setup["tracker_angle"] = tracker.angle_resolution
        setup["tracker_position"] = tracker.position_resolution


def _fill_trigger(setup: Any, card: ExperimentCard) -> None:
    systems = card.systems()
    rates = setup["accidental"]
    setup["calorimeter_system"] = -1
    for detector in card.detectors:
        system = systems.index(detector.system)
        rates[system] += getattr(detector, "accidental_rate", 0.0)
        if isinstance(detector, MuonVeto | Calorimeter) and detector.accidental_rate > 0.0:
            half_x, half_y = detector.shape.box()
            if not np.isfinite(half_x * half_y):
                raise CardError(f"detectors.{detector.system}.shape: accidental signals need an outer edge")
            setup["hit_half_x"][system], setup["hit_half_y"][system] = half_x, half_y
            setup["hit_z"][system] = detector.z
        if isinstance(detector, Calorimeter):
            setup["calorimeter_system"] = system
            setup["accidental_energy"] = detector.accidental_energy
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


def _layers(card: ExperimentCard, spec: Spectrometer) -> NDArray[np.float64]:
    """z and ``highland_weight`` of all matter from the first chamber to the last, in the order of z.

    What stands before the first chamber moves all points of a track alike and the fit needs none of it.
    """
    found = spectrometer.layers(spec)
    for detector in card.detectors:
        if isinstance(detector, Material):
            found += material.layers(detector)
    first, last = spec.chambers[0].z, spec.chambers[-1].z
    layers = np.array(sorted(layer for layer in found if first <= layer[0] < last))
    if len(layers) > MAX_LAYERS:
        raise CardError(f"{len(layers)} layers of matter in the spectrometer, at most {MAX_LAYERS} fit")
    return layers


def _fill_reconstruction(setup: Any, card: ExperimentCard) -> None:
    for name in RECONSTRUCTION_FIELDS:
        setup[name] = getattr(card.reconstruction, name)
    setup["min_chambers"] = card.reconstruction.min_chambers
    spec: Spectrometer = _only(card.detectors, Spectrometer)
    setup["n_chambers"] = len(spec.chambers)
    setup["chamber_z"][: len(spec.chambers)] = [chamber.z for chamber in spec.chambers]
    layers = _layers(card, spec)
    setup["n_layers"] = len(layers)
    setup["layer_z"][: len(layers)] = layers[:, 0]
    setup["layer_weight"][: len(layers)] = layers[:, 1]
    setup["magnet_z"] = spec.magnet.z
    setup["magnet_kick"] = spec.magnet.direction * spec.magnet.kick
    lkr: Calorimeter | None = _only(card.detectors, Calorimeter)
    setup["calorimeter_z"] = 0.0 if lkr is None else lkr.z
    ring: RingCherenkov | None = _only(card.detectors, RingCherenkov)
    setup["has_ring"] = ring is not None
    if ring is not None:
        setup["ring"] = surface_table(ring_cherenkov.pack(ring))["params"][0]


def build_setup(card: ExperimentCard) -> NDArray[Any]:
    """Pack a checked card into the one ``SETUP`` record that kernels read."""
    systems = card.systems()
    verdict: list[Surface] = spectrometer.apertures(_only(card.detectors, Spectrometer))
    response: list[Surface] = []
    for detector in card.detectors:
        if detector.kind in _PACK:
            surfaces = _PACK[detector.kind](detector, systems.index(detector.system))
            (verdict if detector.kind in _TRIGGER_KINDS else response).extend(surfaces)
    array = np.zeros(1, dtype=SETUP)
    setup = array[0]
    setup["verdict"] = surface_table(verdict)
    setup["response"] = surface_table(response)
    setup["acceptance"] = surface_table(acceptance_surfaces(card.detectors))
    _fill_beam(setup["beam"], card, verdict + response)
    _fill_beam_detectors(setup, card)
    _fill_trigger(setup, card)
    _fill_reconstruction(setup, card)
    timed = list(dict.fromkeys(systems.index(d.system) for d in card.detectors if d.kind in _TIMED_KINDS))
    setup["n_timed"] = len(timed)
    setup["timed"][: len(timed)] = timed
    noisy = [system for system in dict.fromkeys([*timed, int(setup["calorimeter_system"])]) if system >= 0]
    setup["n_noisy"] = len(noisy)
    setup["noisy"][: len(noisy)] = noisy
    array.setflags(write=False)
    return array


def _check_flight(card: ExperimentCard, origin: str | Path) -> None:
    """Raise ``CardError`` where next to no meson reaches the fiducial volume before it decays."""
    beam, fiducial = card.beam, card.fiducial
    decaying = meson(beam.meson)
    length = beam.momentum / decaying.mass * decaying.c_tau
    gap = fiducial.z_min - fiducial.z_first
    if gap > _MOST_PATHS * length:
        raise CardError(
            f"{origin}: beam.meson: {beam.meson} of {beam.momentum:g} MeV decays after {length:.3g} mm on average, "
            f"the fiducial volume begins {gap:g} mm behind fiducial.z_first: none would decay in it"
        )


def load_experiment(name_or_path: str | Path, *, beside: Path | None = None) -> Experiment:
    """Read an experiment by library name or path; raises ``CardError`` with the key and what is allowed."""
    card, text, _ = read_card(ExperimentCard, name_or_path, folder="experiments", beside=beside)
    _check_flight(card, name_or_path)
    return Experiment(card, text, build_setup(card))
