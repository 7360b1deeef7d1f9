"""What the tables ``[background]`` of all methods have in common, and the control run that some of them scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Self

from pydantic import Field, StrictInt, model_validator

from hnlpeak.core.card import Sourced
from hnlpeak.core.quantity import Energy, Fraction

__all__ = ["BackgroundCard", "ControlRun"]


class ControlRun(Sourced):
    """Data taken without meson decays (halo alone), and the region where they are scaled to the searched data.

    In the region, ``low`` to ``high`` in missing mass after the cuts of ``selection``, such events dominate. ``error``
    is the relative systematic error of carrying the scale from there to the search windows. ``muons`` is the
    number of halo muons of a simulated control run.
    """

    selection: str
    low: Energy
    high: Energy
    error: Fraction
    muons: Annotated[StrictInt, Field(ge=100)]

    @model_validator(mode="after")
    def _region(self) -> Self:
        if not self.low < self.high:
            raise ValueError("empty region: low is not below high")
        return self


class BackgroundCard(Sourced):
    """How the background of a window is estimated; ``method`` tells which further keys there are.

    ``needs_decays``: the method uses simulated decays by mode.
    """

    method: str
    needs_decays: ClassVar[bool] = False

    def scaled_run(self) -> ControlRun | None:
        """Return the control run that the method scales to the data, None for none."""
        return None

    def mode_errors(self) -> Mapping[str, float]:
        """Return the relative systematic errors of simulated decay modes; none where they are not used."""
        return {}

    def check(self, *, selections: Sequence[str], modes: Sequence[str]) -> None:
        """Raise ``ValueError`` where the table does not fit the card's ``selections`` or its template ``modes``."""
