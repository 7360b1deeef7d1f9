"""What a card of an experiment says correctly and no experiment can be: nothing decays, is tagged or is crossed."""

from __future__ import annotations

from pathlib import Path

from hnlpeak.core.errors import CardError
from hnlpeak.detectors.kind import Outline
from hnlpeak.detectors.registry import KINDS
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
    _flight(card, origin)
    _tagger(card, origin)
    _places(card, origin)


def _flight(card: ExperimentCard, origin: str | Path) -> None:
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


def _tagger(card: ExperimentCard, origin: str | Path) -> None:
    """Raise ``CardError`` for a beam tagger that knows other particles than the beam's, or not its meson."""
    particles = card.beam.particles()
    for detector in card.detectors:
        light = getattr(detector, "photoelectrons", None)
        if light is None:
            continue
        key = f"{origin}: detectors.{detector.system}.photoelectrons"
        if unknown := sorted(set(light) - set(particles)):
            raise CardError(f"{key}: {unknown} not in the beam of {list(particles)}")
        if not light.get(card.beam.meson, 0.0) > 0.0:
            raise CardError(f"{key}: {card.beam.meson} makes no light, nothing is tagged")


def _places(card: ExperimentCard, origin: str | Path) -> None:
    """Raise ``CardError`` for a detector far outside the experiment or one that no track can cross.

    ``ValueError`` for a kind of detector whose outline is none.
    """
    target, begin = card.primary.z_target, card.fiducial.z_min
    reach = _FARTHEST * (card.fiducial.z_last - target)
    for detector in card.detectors:
        kind, name = KINDS[detector.kind], f"{origin}: detectors[{detector.system}]"
        for outline in kind.outline(detector):
            _check_outline(detector.kind, outline)
            if outline.z < target - reach or outline.z_end > target + reach:
                raise CardError(
                    f"{name}: reaches from {1e-3 * outline.z:g} to {1e-3 * outline.z_end:g} m, far outside the "
                    f"experiment: allowed are {1e-3 * (target - reach):g} to {1e-3 * (target + reach):g} m, ten "
                    f"times the way from primary.z_target to fiducial.z_last"
                )
        for plane in kind.acceptance(detector):
            if plane.z < begin:
                raise CardError(
                    f"{name}: each track must cross it at {1e-3 * plane.z:g} m, which is before the decays "
                    f"(fiducial.z_min is {1e-3 * begin:g} m)"
                )


def _check_outline(kind: str, outline: Outline) -> None:
    """``ValueError`` where an outline cannot be drawn."""
    if not outline.z <= outline.z_end or outline.around < 0.0:
        raise ValueError(
            f"detectors of kind {kind}: the outline of {outline.name} goes from z = {outline.z:g} to "
            f"{outline.z_end:g} mm, {outline.around:g} mm around: expected z <= z_end and 0 or more around"
        )
