"""Matter in the beam: what beam particles may interact in before they decay."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from hnlpeak.core.card import Sourced
from hnlpeak.core.quantity import Length
from hnlpeak.detectors.absorber import InteractionLengths

__all__ = ["BeamMatter"]


class BeamMatter(Sourced):
    """Matter from ``z_first`` to ``z_last`` that the beam crosses, ``interaction_lengths`` (nuclear ones, by material).

    Beam particles interact in it and what they make flies on. Matter ``of`` a beam tracker is there where that is
    installed. The trigger's beam tagger stands before it.
    """

    name: str
    z_first: Length
    z_last: Length
    interaction_lengths: InteractionLengths
    of: str | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.z_first <= self.z_last:
            raise ValueError(f"{self.name}: z_first lies behind z_last")
        return self
