"""The same experiment, beam or decays with some numbers scaled: what is simulated differs from what is assumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hnlpeak.core.errors import UsageError
from hnlpeak.core.words import meant
from hnlpeak.experiment.experiment import Experiment, build_setup
from hnlpeak.experiment.experiment_card import ExperimentCard
from hnlpeak.theory.modes import MODES

__all__ = ["CALIBRATED", "FRACTION", "Variation", "scaled", "variation"]

CALIBRATED = ("momentum", "slope_x", "slope_y", "x", "y")
"""Numbers of a calibrated mean beam that can be varied."""
FRACTION = "branching_fraction"
"""What of a mode can be varied beside its form factors."""


@dataclass(frozen=True)
class Variation:
    """Factors sorted by what they belong to: the ``experiment``'s card, the calibrated ``beam``, ``modes`` by name."""

    experiment: Mapping[str, float]
    beam: Mapping[str, float]
    modes: Mapping[str, Mapping[str, float]]

    @property
    def moves_all(self) -> bool:
        """Whether decays of every mode may be selected otherwise than before."""
        return bool(self.experiment or self.beam)

    def fraction(self, mode: str) -> float:
        """Factor of the branching fraction of ``mode``."""
        return self.modes.get(mode, {}).get(FRACTION, 1.0)

    def form_factors(self, mode: str) -> dict[str, float]:
        """Values of the varied form factors of ``mode``."""
        own, factors = dict(MODES[mode].form_factors), self.modes.get(mode, {})
        return {name: own[name] * factor for name, factor in factors.items() if name in own}


def variation(factors: Mapping[str, float], card: ExperimentCard) -> Variation:
    """Sort ``factors`` by their addresses. ``UsageError`` for one that is neither there nor a number."""
    beam: dict[str, float] = {}
    modes: dict[str, dict[str, float]] = {}
    rest: dict[str, float] = {}
    for path, factor in factors.items():
        first, *more = path.split(".")
        if first == "calibration":
            if len(more) != 1 or more[0] not in CALIBRATED:
                raise UsageError(f"{path}: of the calibrated beam there are {', '.join(CALIBRATED)}")
            beam[more[0]] = factor
        elif first == "modes":
            if len(more) != 2 or more[0] not in MODES:
                raise UsageError(f"{path}: expected modes.MODE.NUMBER, modes are {', '.join(MODES)}")
            names = [FRACTION, *dict(MODES[more[0]].form_factors)]
            if more[1] not in names:
                raise UsageError(f"{path}: of {more[0]} there are {', '.join(names)}")
            modes.setdefault(more[0], {})[more[1]] = factor
        else:
            rest[path] = factor
    _scaled_card(card, rest)
    return Variation(rest, beam, modes)


def _scaled(table: Any, keys: list[str], factor: float, path: str) -> Any:
    name, *rest = keys
    if name not in type(table).model_fields:
        raise UsageError(f"{path}: no key {name!r}; there are {', '.join(type(table).model_fields)}")
    value = getattr(table, name)
    if rest and isinstance(value, list):
        system, *rest = rest
        places = [i for i, item in enumerate(value) if getattr(item, "system", None) == system]
        if not places or not rest:
            there = [str(item.system) for item in value if hasattr(item, "system")]
            raise UsageError(f"{path}: no system {system!r} in {name}{meant(system, there)}")
        items = list(value)
        for place in places:
            items[place] = _scaled(items[place], rest, factor, path)
        return table.model_copy(update={name: items})
    if rest:
        return table.model_copy(update={name: _scaled(value, rest, factor, path)})
    if not isinstance(value, float):
        raise UsageError(f"{path}: is no number that can be scaled")
    return table.model_copy(update={name: value * factor})


def _scaled_card(card: ExperimentCard, factors: Mapping[str, float]) -> ExperimentCard:
    for path, factor in factors.items():
        card = _scaled(card, path.split("."), factor, path)
    return card


def scaled(experiment: Experiment, factors: Mapping[str, float]) -> Experiment:
    """Multiply numbers of the card, addressed as ``beam.divergence_x`` or ``detectors.LKr.energy_scale``.

    Raises ``UsageError`` for an address that is not there or not a number.
    """
    if not factors:
        return experiment
    card = _scaled_card(experiment.card, factors)
    note = "".join(f"\n# {path} scaled by {factor!r}" for path, factor in factors.items())
    return replace(experiment, card=card, text=experiment.text + note, setup=build_setup(card))
