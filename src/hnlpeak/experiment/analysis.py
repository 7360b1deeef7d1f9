"""An analysis ready to run: its card, its experiment, and the texts of both for hashes and manifests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hnlpeak.core.card import read_card
from hnlpeak.core.errors import CardError
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.experiment import Experiment, load_experiment

__all__ = ["Analysis", "load_analysis"]


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
    return Analysis(card, experiment, text)
