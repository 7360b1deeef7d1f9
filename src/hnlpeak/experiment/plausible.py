"""What a card of an experiment says correctly and no experiment can be: nothing decays, is tagged or is crossed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hnlpeak.core.errors import CardError
from hnlpeak.detectors.kind import DetectorSpec, Outline
from hnlpeak.detectors.photon_veto import PhotonVeto
from hnlpeak.detectors.registry import KINDS
from hnlpeak.detectors.spectrometer import Spectrometer
from hnlpeak.experiment.experiment_card import ExperimentCard
from hnlpeak.theory.mesons import meson

__all__ = ["check_experiment"]

_MOST_PATHS = 7.0
"""Mean decay lengths before the fiducial volume: a meson in a thousand is left."""
_FARTHEST = 10.0
"""Detectors stand within as many times the way from the target to the last decay."""


def check_experiment(card: ExperimentCard, origin: str | Path) -> None:
    """Raise ``CardError``, which names ``origin`` and the key, for an experiment that would see nothing.

    That is one where no meson reaches the fiducial volume, the beam tagger does not know the beam, a detector that each
    track must cross stands before the decays, or one stands far outside.
    """
    if found := list(implausible(card)):
        raise CardError.of(str(origin), found)


def implausible(card: ExperimentCard) -> Iterator[str]:
    """Yield what ``check_experiment`` refuses, all of it."""
    yield from _flight(card)
    yield from _tagger(card)
    yield from _places(card)
    yield from _order(card)


def _flight(card: ExperimentCard) -> Iterator[str]:
    """Next to no meson reaches the fiducial volume before it decays."""
    beam, fiducial = card.beam, card.fiducial
    decaying = meson(beam.meson)
    length = beam.momentum / decaying.mass * decaying.c_tau
    gap = fiducial.z_min - fiducial.z_first
    if gap > _MOST_PATHS * length:
        yield (
            f"beam.meson: {beam.meson} of {beam.momentum:g} MeV decays after {length:.3g} mm on average, "
            f"the fiducial volume begins {gap:g} mm behind fiducial.z_first: none would decay in it"
        )


def _tagger(card: ExperimentCard) -> Iterator[str]:
    """A beam tagger that knows other particles than the beam's, or not its meson."""
    particles = card.beam.particles()
    for detector in card.detectors:
        light = getattr(detector, "photoelectrons", None)
        if light is None:
            continue
        key = f"detectors.{detector.system}.photoelectrons"
        if unknown := sorted(set(light) - set(particles)):
            yield f"{key}: {unknown} not in the beam of {list(particles)} (beam.companions)"
        if not light.get(card.beam.meson, 0.0) > 0.0:
            yield f"{key}: {card.beam.meson} makes no light, nothing is tagged"


def _places(card: ExperimentCard) -> Iterator[str]:
    """A detector far outside the experiment, or one that no track can cross.

    ``ValueError`` for a kind of detector whose outline is none.
    """
    target, begin = card.primary.z_target, card.fiducial.z_min
    reach = _FARTHEST * (card.fiducial.z_last - target)
    for detector in card.detectors:
        kind, name = KINDS[detector.kind], f"detectors[{detector.system}]"
        for outline in kind.outline(detector):
            _check_outline(detector.kind, outline)
            if outline.z < target - reach or outline.z_end > target + reach:
                yield (
                    f"{name}: reaches from {1e-3 * outline.z:g} to {1e-3 * outline.z_end:g} m, far outside the "
                    f"experiment: allowed are {1e-3 * (target - reach):g} to {1e-3 * (target + reach):g} m, ten "
                    f"times the way from primary.z_target to fiducial.z_last"
                )
        for plane in kind.acceptance(detector):
            if plane.z < begin:
                yield (
                    f"{name}: each track must cross it at {1e-3 * plane.z:g} m, which is before the decays "
                    f"(fiducial.z_min is {1e-3 * begin:g} m)"
                )


def _order(card: ExperimentCard) -> Iterator[str]:
    """What ends tracks, and stands before a chamber."""
    chambers = [chamber for d in card.detectors if isinstance(d, Spectrometer) for chamber in d.chambers]
    if not chambers:
        return
    last = max(chambers, key=lambda chamber: chamber.z)
    for detector in card.detectors:
        for outline in KINDS[detector.kind].outline(detector):
            if _ends_tracks(detector, outline) and outline.z <= last.z:
                yield (
                    f"detectors[{detector.system}]: stands at {1e-3 * outline.z:g} m and ends tracks before the "
                    f"chamber {last.name} at {1e-3 * last.z:g} m measures them: "
                    "move it behind, or give a veto in front a hole"
                )


def _ends_tracks(detector: DetectorSpec, outline: Outline) -> bool:
    """True for calorimeters and absorbers, and for what absorbs all that comes to it and leaves the beam no hole."""
    if KINDS[detector.kind].ends_tracks:
        return True
    shape = outline.shape
    return (
        isinstance(detector, PhotonVeto)
        and shape is not None
        and shape.hole_radius is shape.hole_half_x is None
    )


def _check_outline(kind: str, outline: Outline) -> None:
    """``ValueError`` where an outline cannot be drawn."""
    if not outline.z <= outline.z_end or outline.around < 0.0:
        raise ValueError(
            f"detectors of kind {kind}: the outline of {outline.name} goes from z = {outline.z:g} to "
            f"{outline.z_end:g} mm, {outline.around:g} mm around: expected z <= z_end and 0 or more around"
        )
