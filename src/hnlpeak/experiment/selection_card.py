"""Cuts and selections of the analysis card: bounds that may follow another column, unions of regions."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Self

from pydantic import model_validator

from hnlpeak.core.card import Card
from hnlpeak.core.quantity import UNIT_OF_SUFFIX, Energy, parse_percentage, parse_quantity

__all__ = ["Bound", "Cut", "SelectionCard", "cuts_of", "faults_of_selections"]

Bound = float | str
"""A number, with the unit of its column."""


class Cut(Card):
    """``min <= column <= max`` on a ``column`` of the candidates; bounds carry the unit of the column's suffix.

    With ``by``, the bounds follow that other column: with ``edges`` they are lists with one value for each bin
    between them, with ``points`` lists with one value at each point and straight lines in between (two equal points
    make a step). ``min`` and ``max`` on the same points cut out a polygon in the plane of the two columns. A
    candidate before the first edge or point, or at or behind the last, fails. ``reference`` says where the words and
    the sizes come from.
    """

    name: str
    column: str
    min: Bound | list[Bound] | None = None
    max: Bound | list[Bound] | None = None
    by: str | None = None
    edges: list[Bound] = []
    points: list[Bound] = []
    reference: str = ""

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError(f"cut {self.name!r} has neither min nor max")
        if self.edges and self.points:
            raise ValueError(f"cut {self.name!r}: by takes edges or points, not both")
        edges = self.bin_edges()
        if (self.by is None) != (not edges and not self.edges and not self.points) or len(edges) == 1:
            raise ValueError(
                f"cut {self.name!r}: by needs two or more edges that rise, or points, and edges need by"
            )
        steps = [b - a for a, b in itertools.pairwise(edges)]
        if any(step < 0.0 or (step == 0.0 and bool(self.edges)) for step in steps):
            raise ValueError(f"cut {self.name!r}: by needs two or more edges that rise, got {edges}")
        if any(a == b == 0.0 for a, b in itertools.pairwise(steps)) or (steps and not any(steps)):
            raise ValueError(f"cut {self.name!r}: at most two points may be equal, got {edges}")
        for low, high in zip(*self.bounds(), strict=True):
            if not low <= high:
                raise ValueError(
                    f"cut {self.name!r} passes nothing: min {self.min!r} is above max {self.max!r}"
                )
        return self

    def _bounds_of(self, value: Bound | list[Bound] | None, default: float) -> list[float]:
        count = len(self.points) or max(1, len(self.edges) - 1)
        if not isinstance(value, list):
            return [default if value is None else _in_unit(self.column, value)] * count
        if self.by is None or len(value) != count:
            of = "points" if self.points else "bins between edges"
            raise ValueError(
                f"cut {self.name!r}: {len(value)} bounds in a list, expected one for each of "
                f"{count if self.by else 0} {of}"
            )
        return [_in_unit(self.column, item) for item in value]

    def bounds(self) -> tuple[list[float], list[float]]:
        """Lower and upper bounds in the column's unit (MeV, mm, ns, rad), one for each bin or point."""
        return self._bounds_of(self.min, -math.inf), self._bounds_of(self.max, math.inf)

    def bin_edges(self) -> list[float]:
        """Edges of the bins, or points, in the unit of the column ``by``; none without it."""
        return [] if self.by is None else [_in_unit(self.by, edge) for edge in self.edges or self.points]

    def segments(self) -> tuple[list[float], list[float], list[float], list[float]]:
        """Lower bound at the left end of each bin, its slope in ``by``, and the same of the upper bound."""
        lows, highs = self.bounds()
        if not self.points:
            return lows, [0.0] * len(lows), highs, [0.0] * len(highs)
        edges = self.bin_edges()
        return lows[:-1], _slopes(edges, lows), highs[:-1], _slopes(edges, highs)

    def columns(self) -> list[str]:
        """Columns that the cut looks at."""
        return [self.column] if self.by is None else [self.column, self.by]

    def judges_as(self, other: Cut) -> bool:
        """True where both cuts pass the same candidates by the same bounds, whatever their names."""
        # field by field: copies without the words took half the time of a varied world, which packs cuts anew
        return all(
            getattr(self, field) == getattr(other, field)
            for field in Cut.model_fields
            if field not in ("name", "reference")
        )


def _slopes(points: Sequence[float], values: Sequence[float]) -> list[float]:
    """Slopes of the lines between points; 0 at steps and for bounds that do not limit."""
    return [
        (values[i + 1] - values[i]) / (points[i + 1] - points[i])
        if points[i + 1] > points[i] and math.isfinite(values[i])
        else 0.0
        for i in range(len(points) - 1)
    ]


def _in_unit(column: str, value: Bound) -> float:
    dimension = UNIT_OF_SUFFIX.get(column.rsplit("_", 1)[-1])
    if dimension is not None:
        return parse_quantity(value, dimension)
    share = parse_percentage(value)
    if share is not None:
        return share
    if isinstance(value, str) or not math.isfinite(value):
        raise ValueError(
            f"column {column!r} has no unit: expected a finite number, got {value!r}{_with_unit(column, value)}"
        )
    return float(value)


def _with_unit(column: str, value: Bound) -> str:
    """What a column is called whose numbers have the unit of ``value``."""
    for suffix, dimension in UNIT_OF_SUFFIX.items():
        with contextlib.suppress(ValueError):
            parse_quantity(value, dimension)
            return f"; names of columns of {dimension} end in _{suffix}: is it {column}_{suffix}?"
    return ""


class SelectionCard(Card):
    """A named selection, used for masses from ``mass_min`` to below ``mass_max``, or for none if not ``hypotheses``.

    Either cuts, one after the other: the common ones less those it goes ``without``, the named ones it takes in
    ``use``, its own ``cuts``. Or a union: what passes ``any_of`` these selections, however many. ``reference`` says
    where the selection comes from.
    """

    name: str
    hypotheses: bool = True
    mass_min: Energy | None = None
    mass_max: Energy | None = None
    without: list[str] = []
    use: list[str] = []
    cuts: list[Cut] = []
    any_of: list[str] = []
    reference: str = ""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.any_of and (self.without or self.use or self.cuts):
            raise ValueError(
                f"selection {self.name!r} is a union (any_of): its cuts are those of {self.any_of}, "
                "it has no without, use or cuts of its own"
            )
        if not self.hypotheses and (self.mass_min is not None or self.mass_max is not None):
            raise ValueError(
                f"selection {self.name!r} serves no hypotheses: mass_min and mass_max mean nothing"
            )
        return self

    def serves(self, mass: float) -> bool:
        """True where this is a selection for the mass hypothesis ``mass`` (MeV)."""
        above = self.mass_min is None or self.mass_min <= mass
        return self.hypotheses and above and (self.mass_max is None or mass < self.mass_max)


def cuts_of(selection: SelectionCard, common: Sequence[Cut], named: Sequence[Cut]) -> list[Cut]:
    """Cuts of a selection in their order, by the card's ``common`` and ``named`` ones; none of a union."""
    if selection.any_of:
        return []
    taken = {cut.name: cut for cut in named}
    kept = [cut for cut in common if cut.name not in selection.without]
    return [*kept, *(taken[name] for name in selection.use if name in taken), *selection.cuts]


def faults_of_selections(
    selections: Sequence[SelectionCard], common: Sequence[Cut], named: Sequence[Cut]
) -> Iterator[str]:
    """Yield where a name is given twice or not at all, a union is one of unions, a selection selects nothing."""
    for kind, names in (
        ("selections", [selection.name for selection in selections]),
        ("cuts and named_cuts", [cut.name for cut in [*common, *named]]),
    ):
        if len(set(names)) != len(names) or (kind == "selections" and not names):
            yield f"{kind} need distinct names, got {names}"
    plain = [selection.name for selection in selections if not selection.any_of]
    for selection in selections:
        for key, asked, there in (
            ("without", selection.without, [cut.name for cut in common]),
            ("use", selection.use, [cut.name for cut in named]),
            ("any_of", selection.any_of, plain),
        ):
            if unknown := [name for name in asked if name not in there]:
                yield f"selection {selection.name!r}: {key} names {unknown}, there is {there}"
        if not selection.any_of and not cuts_of(selection, common, named):
            yield f"selection {selection.name!r} has no cut"
