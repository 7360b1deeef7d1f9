"""Named cuts of the card as a table of them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import CardError
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.selection_card import Cut
from hnlpeak.selection.judge import CutTable

__all__ = ["cut_names", "cut_table"]


def _shared(rows: Sequence[Sequence[Cut]]) -> list[Cut]:
    """Cuts that all ``rows`` begin with."""
    shared: list[Cut] = []
    for cuts in zip(*rows, strict=False):
        if not all(cut.judges_as(cuts[0]) for cut in cuts):
            break
        shared.append(cuts[0])
    return shared


def cut_names(card: AnalysisCard) -> dict[str, tuple[str, ...]]:
    """Names of the cuts of each selection in their order.

    Of a union those that all its members begin with, and "a or b" of the names of its members.
    """
    rows = {s.name: card.cuts_of(s) for s in card.selections}
    names = {name: tuple(cut.name for cut in cuts) for name, cuts in rows.items()}
    for s in card.selections:
        if s.any_of:
            shared = _shared([rows[member] for member in s.any_of])
            names[s.name] = (*(cut.name for cut in shared), " or ".join(s.any_of))
    return names


def cut_table(card: AnalysisCard, columns: Sequence[str]) -> CutTable:
    """Pack the cuts for candidates with these ``columns``; raises ``CardError`` naming an unknown column."""
    names = [s.name for s in card.selections]
    rows = [card.cuts_of(s) for s in card.selections]
    different: list[Cut] = []
    for cut in (cut for row in rows for cut in row):
        if not any(cut.judges_as(other) for other in different):
            different.append(cut)
    steps = np.zeros((len(rows), max(len(row) for row in rows) + 1), dtype=np.int64)
    n_cuts, n_members = (np.zeros(len(rows), dtype=np.int64) for _ in range(2))
    members = np.zeros((len(rows), max(1, *(len(s.any_of) for s in card.selections))), dtype=np.int64)
    for s, (selection, row) in enumerate(zip(card.selections, rows, strict=True)):
        steps[s, : len(row)] = [
            next(i for i, other in enumerate(different) if cut.judges_as(other)) for cut in row
        ]
        n_cuts[s] = len(row)
        if selection.any_of:
            places = [names.index(member) for member in selection.any_of]
            n_members[s], members[s, : len(places)] = len(places), places
            n_cuts[s] = len(_shared([rows[place] for place in places])) + 1
    return CutTable(
        **_packed(different, columns), steps=steps, n_cuts=n_cuts, members=members, n_members=n_members
    )


def _packed(cuts: Sequence[Cut], columns: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Columns, bounds, slopes, ``by`` and edges of ``cuts``."""
    bins = max(len(cut.segments()[0]) for cut in cuts)
    bounds = [np.zeros((len(cuts), bins)) for _ in range(4)]
    edges = np.full((len(cuts), bins + 2), np.inf)  # beyond the last edge there is always another
    by = np.full(len(cuts), -1, dtype=np.int64)
    for c, cut in enumerate(cuts):
        for kind, values in enumerate(cut.segments()):
            bounds[kind][c, : len(values)] = values
        if cut.by is not None:
            by[c] = _place(cut, cut.by, columns)
            edges[c, : len(cut.bin_edges())] = cut.bin_edges()
    column = np.array([_place(cut, cut.column, columns) for cut in cuts], dtype=np.int64)
    names = ("low", "low_slope", "high", "high_slope")
    return {"column": column, "by": by, "edges": edges, **dict(zip(names, bounds, strict=True))}


def _place(cut: Cut, name: str, columns: Sequence[str]) -> int:
    if name not in columns:
        close = difflib.get_close_matches(name, columns, n=1)
        hint = f", is it {close[0]}?" if close else ""
        of_times = [column for column in columns if column.startswith("dt_")]
        listed = ", ".join([*of_times, *(c for c in columns if c not in of_times)])
        raise CardError(f"cut {cut.name!r}: no column {name!r}{hint}; there are {listed}")
    return list(columns).index(name)
