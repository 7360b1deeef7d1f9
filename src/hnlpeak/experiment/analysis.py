"""An analysis ready to run: its card, its experiment, and the texts of both for hashes and manifests."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from hnlpeak.core.card import CardReading, look_at_card
from hnlpeak.core.card_faults import faults_of
from hnlpeak.core.display import facts_html, short
from hnlpeak.core.errors import CardError, UsageError
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.consistency import faults
from hnlpeak.experiment.experiment import Experiment, look_at_experiment, made_of
from hnlpeak.experiment.experiment_card import ExperimentCard
from hnlpeak.statistics.methods import METHODS

__all__ = ["Analysis", "load_analysis"]


@dataclass(frozen=True, repr=False)
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
        made = self._with_text(_with_method(self.text, method), f"--method {method}")
        if made.card.statistics.method != method:
            raise UsageError(
                f"--method: the card {self.card.name} has no line 'method = ...' in a table [statistics] to change"
            )
        return made

    def with_toys(self, toys: int) -> Analysis:
        """Return the same search with so many background-only ``toys``, in its card and in the text of it.

        ``UsageError`` for a number that is not allowed, a background that has no toys, and a card without a table
        ``[statistics]`` on lines of its own.
        """
        if toys == self.card.statistics.toys:
            return self
        made = self._with_text(_with_toys(self.text, toys), f"--toys {toys}")
        if made.card.statistics.toys != toys:
            raise UsageError(f"--toys: the card {self.card.name} has no table [statistics] to change")
        return made

    def _with_text(self, text: str, option: str) -> Analysis:
        """The search of another text of its card; ``UsageError`` naming the ``option`` where it is none."""
        try:
            card = AnalysisCard.model_validate(tomllib.loads(text))
        except ValidationError as error:
            raise UsageError(f"{option}: {faults_of(error, AnalysisCard)[0]}") from error
        return replace(self, card=card, text=text)

    def __repr__(self) -> str:
        return short("Analysis", *self._facts().values())

    def _facts(self) -> dict[str, str]:
        card, masses = self.card, self.card.scan.masses()
        return {
            "name": card.name,
            "decay": f"{card.channel.meson} -> {card.channel.lepton} N",
            "experiment": f"experiment {self.experiment.card.name}",
            "masses": f"{len(masses)} masses from {masses[0]:g} to {masses[-1]:g} MeV",
            "exposure": f"{card.exposure.decays:.4g} decays",
            "background": f"background from {card.background.method}",
            "method": f"{card.statistics.method} at {100.0 * card.statistics.cl:g} %",
        }

    def _repr_html_(self) -> str:
        return facts_html(self.card.title, self._facts())

    @property
    def cards(self) -> dict[str, str]:
        """Texts of both cards by name."""
        return {
            f"analyses/{self.card.name}": self.text,
            f"experiments/{self.experiment.card.name}": self.experiment.text,
        }


def load_analysis(name_or_path: str | Path) -> Analysis:
    """Read an analysis card by library name or path, and the experiment that it names (relative to it).

    Raises ``CardError`` with all that is wrong with both cards and between them: the file, the key, what is allowed.
    """
    mine = look_at_card(AnalysisCard, name_or_path, folder="analyses")
    found = [f"{mine.origin}: {fault}" for fault in mine.faults]
    theirs = _experiment_of(mine, found)
    if mine.card is not None and theirs is not None and theirs.card is not None:
        found += [f"{mine.origin}: {fault}" for fault in faults(mine.card, theirs.card, theirs.origin)]
    if found or mine.card is None or theirs is None:
        raise CardError.all(found)
    return Analysis(mine.card, made_of(theirs), mine.text)


def _experiment_of(mine: CardReading[AnalysisCard], found: list[str]) -> CardReading[ExperimentCard] | None:
    """The card that the key ``experiment`` names, if it can be read; what is wrong with it is added to ``found``."""
    name = mine.table.get("experiment")
    if not isinstance(name, str):
        return None
    try:
        theirs = look_at_experiment(name, beside=mine.place)
    except CardError as error:
        found.append(f"{mine.origin}: experiment: {error}")
        return None
    found += [f"{theirs.origin}: {fault}" for fault in theirs.faults]
    return theirs


def _with_method(text: str, method: str) -> str:
    """A card's text with ``method`` on its line in ``[statistics]``, and without a treatment that it does not have."""

    def changed(table: str) -> str:
        table = re.sub(r"(?m)^(\s*method\s*=\s*).*$", lambda match: f'{match[1]}"{method}"', table)
        return table if METHODS[method].treatments else re.sub(r"(?m)^\s*treatment\s*=.*\n?", "", table)

    return _in_statistics(text, changed)


def _with_toys(text: str, toys: int) -> str:
    """A card's text with ``toys`` at the end of ``[statistics]``, in the place of those that it asked for."""

    def changed(table: str) -> str:
        table = re.sub(r"(?m)^\s*toys\s*=.*\n?", "", table)
        return f"{table.rstrip()}\ntoys = {toys}\n"

    return _in_statistics(text, changed)


def _in_statistics(text: str, changed: Callable[[str], str]) -> str:
    """A card's text with the lines of its table ``[statistics]`` ``changed``."""
    head, mark, tail = text.partition("\n[statistics]")
    table, after, rest = tail.partition("\n[")
    return "".join((head, mark, changed(table), after, rest)) if mark else text
