"""Triggers that no event can fire: all levels judge the same signals and the same crossings of chambers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hnlpeak.experiment.experiment_card import TriggerLevel

__all__ = ["never_passes"]


def never_passes(levels: Sequence[TriggerLevel], crossings: int) -> Iterator[str]:
    """Yield why no event passes all ``levels``; ``crossings`` of chambers are the most that one can make."""
    vetoing = {system: level.name for level in levels for system in level.veto}
    for level in levels:
        for system in level.require:
            if system in vetoing:
                yield f"trigger passes nothing: {system} is required by {level.name} and vetoed by {vetoing[system]}"
    if not levels:
        return
    least = max(levels, key=lambda level: level.multiplicity_min)
    lower = f"trigger passes nothing: multiplicity_min = {least.multiplicity_min} of {least.name} is above "
    for level in levels:
        if level.multiplicity_max is not None and level.multiplicity_max < least.multiplicity_min:
            yield f"{lower}multiplicity_max = {level.multiplicity_max} of {level.name}"
    if least.multiplicity_min > crossings:
        yield f"{lower}{crossings}, the crossings of chambers that an event can have at most"
