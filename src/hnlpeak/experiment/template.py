"""Cards to start from: those of the library, each table with what its keys mean, under a name of one's own."""

from __future__ import annotations

import json
import re
import textwrap
from typing import Any, NamedTuple

from hnlpeak.core.card import Card, card_text, library_names, read_card
from hnlpeak.core.card_faults import table_at
from hnlpeak.core.errors import UsageError
from hnlpeak.core.quantity import UNITS
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.experiment_card import ExperimentCard

__all__ = ["KINDS", "template"]


class _Kind(NamedTuple):
    folder: str
    like: str
    card: type[Card]
    about: str


KINDS = {
    "experiment": _Kind(
        "experiments",
        "na62-2015",
        ExperimentCard,
        "An experiment: beam, fiducial volume, detectors, trigger, constants of the reconstruction.",
    ),
    "analysis": _Kind(
        "analyses",
        "na62-2015-ke2",
        AnalysisCard,
        "A peak search: channel, masses, cuts, normalisation, background, statistics, sizes of the samples.",
    ),
}
"""Kinds of cards, with what each begins from."""
_TABLE = re.compile(r"\[{1,2}([A-Za-z_.]+)\]{1,2}\s*(?:#.*)?")
_NAME = re.compile(r'(?m)^name = "[^"]*"')
_EXPERIMENT = re.compile(r'(?m)^experiment = "[^"]*"')
_SELF_EXPLAINED = "Once changed: hnlpeak check FILE"
"""In the first lines of cards that are commented line by line, and of those begun from them."""
_WIDTH = 110


def template(kind: str, name: str, *, like: str | None = None, experiment: str | None = None) -> str:
    """Return the text of a card called ``name`` that begins from the card ``like``, and says what its tables mean.

    An analysis may be of another ``experiment`` than that of the card ``like``. ``UsageError`` where ``like`` cannot be
    used or ``name`` is not one of letters, digits, ``.``, ``_`` and ``-``.
    """
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", name) is None:
        raise UsageError(f"{name[:80]!r}: a card's name has letters, digits, '.', '_' and '-' only")
    made = KINDS[kind]
    source = like or made.like
    read_card(made.card, source, folder=made.folder)
    text = _NAME.sub(f'name = "{name}"', card_text(source), count=1)
    if experiment is not None:
        if kind != "analysis":
            raise UsageError("--experiment is for an analysis: an experiment is of none")
        text = _EXPERIMENT.sub(lambda _: f"experiment = {json.dumps(experiment)}", text, count=1)
    return "\n".join([*_head(made, source), *_explained(text, made.card)]) + "\n"


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(" ".join(text.split()), _WIDTH)]


def _head(kind: _Kind, source: str) -> list[str]:
    units = "; ".join(f"{dimension}: {', '.join(units)}" for dimension, units in UNITS.items())
    return [
        *_comment(
            f"{kind.about} Begun from {source}; hnlpeak init --like NAME begins from another: "
            f"{', '.join(library_names(kind.folder))}, or a path."
        ),
        *_comment(f'Numbers with a dimension are text with a unit, such as "75 GeV". Units of {units}.'),
        *_comment(
            "Each table names its source (reference) and how sure its numbers are (confidence): V read in the source, "
            'C computed from such, M well known, m less certain, E estimate; sources = { key = "..." } for single keys.'
        ),
        "",
    ]


def _explained(text: str, card: type[Card]) -> list[str]:
    """The card with the description of a table in front of the first of its kind, where the card does not say it."""
    lines: list[str] = []
    rows = text.split("\n")
    if _SELF_EXPLAINED in text:
        return text.rstrip("\n").split("\n")
    told: set[Any] = set()
    for i, row in enumerate(rows):
        match = _TABLE.fullmatch(row.strip())
        if match is not None:
            table = table_at(card, match[1].split("."), "\n".join(rows[i + 1 : i + 4]))
            if table is not None and table not in told and table.__doc__:
                told.add(table)
                about = _comment(table.__doc__.replace("``", ""))
                lines += [] if about[0] in rows else about
        lines.append(row)
    while lines and not lines[-1]:
        lines.pop()
    return lines
