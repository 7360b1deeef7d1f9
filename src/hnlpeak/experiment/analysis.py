"""An analysis ready to run: its card, its experiment, and the texts of both for hashes and manifests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hnlpeak.core.card import read_card
from hnlpeak.core.errors import CardError, UsageError
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.experiment import Experiment, load_experiment
from hnlpeak.theory.modes import MODES, mode_of

__all__ = ["Analysis", "load_analysis"]

_CALIBRATION_TRACKS = 3


@dataclass(frozen=True)
class Analysis:
    """The cards of one peak search."""

    card: AnalysisCard
    experiment: Experiment
    text: str

    @property
    def cards(self) -> dict[str, str]:
        """Texts of both cards by name."""
        return {
            f"analyses/{self.card.name}": self.text,
            f"experiments/{self.experiment.card.name}": self.experiment.text,
        }


def load_analysis(name_or_path: str | Path) -> Analysis:
    """Read an analysis card by library name or path, and the experiment that it names (relative to it).

    Raises ``CardError`` with the file, the key and what is allowed.
    """
    card, text, place = read_card(AnalysisCard, name_or_path, folder="analyses")
    experiment = load_experiment(card.experiment, beside=place)
    if card.channel.meson != experiment.card.beam.meson:
        raise CardError(
            f"{name_or_path}: channel.meson is {card.channel.meson!r}, the beam of "
            f"{experiment.card.name} is {experiment.card.beam.meson!r}"
        )
    _check_modes(card, name_or_path)
    return Analysis(card, experiment, text)


def _check_modes(card: AnalysisCard, origin: str | Path) -> None:
    """Raise ``CardError`` where a mode of the card is no decay of the searched meson."""
    samples = card.samples
    places = {
        "samples.background_modes": samples.background_modes,
        "normalisation.mode": [card.normalisation.mode],
        "samples.templates": [template.mode for template in samples.templates],
        "samples.calibration_mode": [samples.calibration_mode],
    }
    for key, names in places.items():
        for name in names:
            try:
                mode_of(card.channel.meson, name)
            except UsageError as error:
                raise CardError(f"{origin}: {key}: {error}") from error
    calibrating = MODES[samples.calibration_mode]
    tracks = sum(daughter.endswith(("+", "-")) for daughter in calibrating.daughters)
    if tracks != _CALIBRATION_TRACKS:
        raise CardError(
            f"{origin}: samples.calibration_mode: {calibrating.name!r} ({calibrating.label}) has {tracks} charged "
            f"daughters, the beam is calibrated with {_CALIBRATION_TRACKS}"
        )
