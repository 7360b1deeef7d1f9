"""An analysis ready to run: its card, its experiment, and the texts of both for hashes and manifests."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from hnlpeak.core.card import first_message, read_card
from hnlpeak.core.errors import CardError, UsageError
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.experiment import Experiment, load_experiment
from hnlpeak.statistics.methods import METHODS
from hnlpeak.theory.modes import MODES, mode_of

__all__ = ["Analysis", "load_analysis"]

_CALIBRATION_TRACKS = 3


@dataclass(frozen=True)
class Analysis:
    """The cards of one peak search."""

    card: AnalysisCard
    experiment: Experiment
    text: str

    def with_method(self, method: str) -> Analysis:
        """Return the same search with another statistical ``method``, in its card and in the text of it.

        A treatment of deficits stays where the method has it. ``UsageError`` for a method that is not known or does
        not go with the rest of the card's ``[statistics]``, and for a card that does not have it on a line of its own.
        """
        if method == self.card.statistics.method:
            return self
        if method not in METHODS:
            raise UsageError(f"--method: got {method!r}, allowed are {', '.join(METHODS)}")
        text = _with_method(self.text, method)
        try:
            card = AnalysisCard.model_validate(tomllib.loads(text))
        except ValidationError as error:
            raise UsageError(f"--method {method}: {first_message(error)}") from error
        if card.statistics.method != method:
            raise UsageError(
                f"--method: the card {self.card.name} has no line 'method = ...' in a table [statistics] to change"
            )
        return replace(self, card=card, text=text)

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


def _with_method(text: str, method: str) -> str:
    """A card's text with ``method`` on its line in ``[statistics]``, and without a treatment that it does not have."""
    head, mark, tail = text.partition("\n[statistics]")
    table, after, rest = tail.partition("\n[")
    table = re.sub(r"(?m)^(\s*method\s*=\s*).*$", lambda match: f'{match[1]}"{method}"', table)
    if not METHODS[method].treatments:
        table = re.sub(r"(?m)^\s*treatment\s*=.*\n?", "", table)
    return "".join((head, mark, table, after, rest))
