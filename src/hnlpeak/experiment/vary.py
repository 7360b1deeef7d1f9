"""The same experiment with some numbers scaled: for data made with one card and analysed with another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hnlpeak.core.errors import UsageError
from hnlpeak.experiment.experiment import Experiment, build_setup

__all__ = ["scaled"]


def _scaled(table: Any, keys: list[str], factor: float, path: str) -> Any:
    name, *rest = keys
    if name not in type(table).model_fields:
        raise UsageError(f"{path}: no key {name!r}; there are {', '.join(type(table).model_fields)}")
    value = getattr(table, name)
    if rest and isinstance(value, list):
        system, *rest = rest
        places = [i for i, item in enumerate(value) if getattr(item, "system", None) == system]
        if not places or not rest:
            raise UsageError(f"{path}: no system {system!r} in {name}")
        items = list(value)
        for place in places:
            items[place] = _scaled(items[place], rest, factor, path)
        return table.model_copy(update={name: items})
    if rest:
        return table.model_copy(update={name: _scaled(value, rest, factor, path)})
    if not isinstance(value, float):
        raise UsageError(f"{path}: is no number that can be scaled")
    return table.model_copy(update={name: value * factor})


def scaled(experiment: Experiment, factors: Mapping[str, float]) -> Experiment:
    """Multiply numbers of the card, addressed as ``beam.divergence_x`` or ``detectors.LKr.energy_scale``.

    Raises ``UsageError`` for an address that is not there or not a number.
    """
    card = experiment.card
    for path, factor in factors.items():
        card = _scaled(card, path.split("."), factor, path)
    note = "".join(f"\n# {path} scaled by {factor!r}" for path, factor in factors.items())
    return replace(experiment, card=card, text=experiment.text + note, setup=build_setup(card))
