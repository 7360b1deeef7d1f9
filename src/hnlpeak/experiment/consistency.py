"""What an analysis and its experiment say against each other, found before anything is simulated."""

from __future__ import annotations

from collections.abc import Iterator

from hnlpeak.core.errors import UsageError
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.experiment_card import ExperimentCard
from hnlpeak.experiment.selection_card import Cut
from hnlpeak.theory.modes import MODES, mode_of

__all__ = ["faults"]

_CALIBRATION_TRACKS = 3


def faults(card: AnalysisCard, experiment: ExperimentCard) -> Iterator[str]:
    """Yield what cannot work: another meson, modes that are none of its decays, cuts outside the apparatus."""
    if card.channel.meson != experiment.beam.meson:
        yield (
            f"channel.meson is {card.channel.meson!r}, the beam of {experiment.name} is {experiment.beam.meson!r}"
        )
        return
    yield from _modes(card)
    yield from _cuts(card, experiment)


def _modes(card: AnalysisCard) -> Iterator[str]:
    samples, normalisation = card.samples, card.normalisation
    known = True
    for key, names in (
        ("samples.background_modes", samples.background_modes),
        ("normalisation.mode", [normalisation.mode]),
        ("samples.templates", [template.mode for template in samples.templates]),
        ("samples.calibration_mode", [samples.calibration_mode]),
    ):
        for name in names:
            try:
                mode_of(card.channel.meson, name)
            except UsageError as error:
                known = False
                yield f"{key}: {error}"
    if not known:
        return
    calibrating = MODES[samples.calibration_mode]
    tracks = sum(daughter.endswith(("+", "-")) for daughter in calibrating.daughters)
    if tracks != _CALIBRATION_TRACKS:
        yield (
            f"samples.calibration_mode: {calibrating.name!r} ({calibrating.label}) has {tracks} charged "
            f"daughters, the beam is calibrated with {_CALIBRATION_TRACKS}"
        )
    lepton, counted = f"{card.channel.lepton}+", MODES[normalisation.mode]
    if counted.daughters[:2] != (lepton, "nu"):
        yield (
            f"normalisation.mode: {counted.name!r} ({counted.label}) makes no peak at zero with the mass and the cuts "
            f"of channel.lepton = {card.channel.lepton!r}: expected a decay to {lepton} nu"
        )


def _cuts(card: AnalysisCard, experiment: ExperimentCard) -> Iterator[str]:
    """Cuts that nothing passes, as far as the columns have ends that the cards tell."""
    beam, fiducial = experiment.beam, experiment.fiducial
    length = fiducial.z_last - fiducial.z_first
    ends = {
        "p_mev": (0.0, beam.momentum + 10.0 * beam.momentum_spread, "the beam's momentum ends"),
        "z_vtx_mm": (fiducial.z_first - length, fiducial.z_last + length, "decays happen far from there"),
        "theta_rad": (0.0, 1.6, "tracks go forward"),
        "n_tracks": (0.0, 100.0, "tracks are counted"),
        "charge": (-1.0, 1.0, "one track has one charge"),
        "in_acceptance": (0.0, 1.0, "it is 0 or 1"),
        **dict.fromkeys(
            ("chi2", "cda_mm", "e_over_p", "e_extra_mev"), (0.0, float("inf"), "it is not negative")
        ),
    }
    seen: list[Cut] = []
    for cut in (cut for selection in card.selections for cut in card.cuts_of(selection)):
        if cut.column not in ends or cut in seen:
            continue
        seen.append(cut)
        (least, most, reason), bounds = ends[cut.column], cut.bounds()
        low, high = min(bounds[0]), max(bounds[1])
        if low > most or high < least:
            yield (
                f"cut {cut.name!r} passes nothing: {cut.column} from {low:g} to {high:g}, {reason} "
                f"({least:g} to {most:g})"
            )
