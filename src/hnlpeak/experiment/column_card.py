"""Where a column of the candidates comes from in somebody else's ntuple: a branch, and the unit that it is in."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, model_validator

from hnlpeak.core.card import Card
from hnlpeak.core.quantity import UNIT_OF_SUFFIX, UNITS

__all__ = ["BranchCard", "ColumnSource"]

_SHORT = re.compile(r"\s*([^\[\]]+?)\s*(?:\[\s*([A-Za-z0-9]+)\s*\])?\s*")


class BranchCard(Card):
    """A branch of an ntuple and the unit of its numbers; without one they are in that of the column (MeV, mm, ns)."""

    branch: str
    unit: str | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        known = sorted({unit for units in UNITS.values() for unit in units})
        if self.unit is not None and self.unit not in known:
            raise ValueError(
                f"unit of branch {self.branch!r}: got {self.unit!r}, allowed are {', '.join(known)}"
            )
        return self

    def scale(self, column: str) -> float:
        """What turns the branch's numbers into those of ``column``. ``ValueError`` for a unit of another kind."""
        if self.unit is None:
            return 1.0
        dimension = UNIT_OF_SUFFIX.get(column.rsplit("_", 1)[-1])
        if dimension is None:
            raise ValueError(
                f"column {column!r} has no unit, branch {self.branch!r} is given one: {self.unit!r}"
            )
        if self.unit not in UNITS[dimension]:
            raise ValueError(
                f"column {column!r} is of {dimension} ({', '.join(UNITS[dimension])}), "
                f"branch {self.branch!r} is given in {self.unit!r}"
            )
        return UNITS[dimension][self.unit]


def _short(given: Any) -> Any:
    """``"p"`` and ``"p [GeV]"`` for ``{ branch = "p", unit = "GeV" }``."""
    if not isinstance(given, str):
        return given
    match = _SHORT.fullmatch(given[:200])
    if match is None:
        raise ValueError(f'expected the name of a branch, as "p" or "p [GeV]", got {given[:40]!r}')
    return {"branch": match[1], "unit": match[2]}


ColumnSource = Annotated[BranchCard, BeforeValidator(_short)]
"""A branch as the card gives it, by its name or as a table."""
