"""Cards with some of their values set to others: ``beam.divergence_x = "0.05 mrad"``, ``scan.step = "5 MeV"``."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from hnlpeak.core.card_faults import faults_of
from hnlpeak.core.errors import UsageError
from hnlpeak.core.words import meant, not_parsed
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.consistency import faults
from hnlpeak.experiment.experiment import build_setup
from hnlpeak.experiment.experiment_card import ExperimentCard
from hnlpeak.experiment.plausible import check_experiment

__all__ = ["with_settings"]

C = TypeVar("C", bound=BaseModel)

_NAMES = ("system", "name", "mode")
"""Keys that tell the tables of a list apart."""


def with_settings(analysis: Analysis, settings: Sequence[str]) -> Analysis:
    """Return ``analysis`` with values of its cards changed: ``KEY=VALUE``, dots between tables.

    A table of a list is named by its system (``detectors.GTK.installed=true``), name or mode. The first part of the key
    says which card it belongs to, that of the experiment where both have it. The texts of changed cards end with what
    was set, as comments. ``UsageError`` for a key that is not there and for cards that do not check any more.
    """
    if not settings:
        return analysis
    mine: list[str] = []
    theirs: list[str] = []
    for setting in settings:
        first = setting.partition("=")[0].partition(".")[0].strip()
        if first in ExperimentCard.model_fields:
            theirs.append(setting)
        elif first in AnalysisCard.model_fields:
            mine.append(setting)
        else:
            known = sorted({*ExperimentCard.model_fields, *AnalysisCard.model_fields})
            raise UsageError(f"--set {setting[:60]}: no table {first[:40]!r}{meant(first, known)}")
    experiment = analysis.experiment
    card, text = _changed(ExperimentCard, experiment.card, experiment.text, theirs)
    check_experiment(card, f"--set {' '.join(theirs)[:80]}")
    experiment = replace(experiment, card=card, text=text, setup=build_setup(card))
    own, text = _changed(AnalysisCard, analysis.card, analysis.text, mine)
    for fault in faults(own, card):
        raise UsageError(f"--set {' '.join(settings)[:80]}: the cards do not go together any more: {fault}")
    return replace(analysis, card=own, text=text, experiment=experiment)


def _changed(kind: type[C], card: C, text: str, settings: Sequence[str]) -> tuple[C, str]:
    """The card after all ``settings``, and its text with them as comments."""
    if not settings:
        return card, text
    table = tomllib.loads(text)
    for setting in settings:
        key, mark, value = setting.partition("=")
        path = [part.strip() for part in key.split(".")]
        if not mark or not all(path) or not value.strip():
            raise UsageError(
                f"--set: got {setting[:60]!r}, expected KEY=VALUE such as beam.momentum='75 GeV'"
            )
        _put(table, path, _value(value.strip()), setting)
    try:
        made = kind.model_validate(table)
    except ValidationError as error:
        raise UsageError(f"--set {' '.join(settings)[:80]}: {faults_of(error, kind, table)[0]}") from error
    return made, "".join((text, *(f"\n# set: {setting}" for setting in settings), "\n"))


def _value(text: str) -> Any:
    """``text`` as TOML (true, 3, [1, 2], 'words'), or the words themselves."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--set: {text[:40]}...: {not_parsed(error)}") from error


def _put(table: dict[str, Any], path: Sequence[str], value: Any, setting: str) -> None:
    """Put ``value`` at ``path`` into plain tables. ``UsageError`` where one on the way is not there."""
    here: Any = table
    for part in path[:-1]:
        if isinstance(here, list):
            named = [item for item in here if part in (item.get(name) for name in _NAMES)]
            known = [next((str(item[name]) for name in _NAMES if name in item), "") for item in here]
            if len(named) != 1:
                raise UsageError(f"--set {setting[:60]}: no {part[:40]!r} here{meant(part, known)}")
            here = named[0]
        elif isinstance(here.get(part), dict | list):
            here = here[part]
        else:
            tables = [name for name, item in here.items() if isinstance(item, dict | list)]
            raise UsageError(f"--set {setting[:60]}: no table {part[:40]!r} here{meant(part, tables)}")
    if isinstance(here, list):
        raise UsageError(f"--set {setting[:60]}: names a whole table, expected a key in it")
    here[path[-1]] = value
