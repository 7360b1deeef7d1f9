"""Tables as HEPData hands them out (CSV): the binned variable, its LOW and HIGH, then what was measured."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import InputDataError
from hnlpeak.core.words import listed
from hnlpeak.formats.table import Table, numbers_of
from hnlpeak.formats.units import unit_in

__all__ = ["choose", "is_hepdata", "read_hepdata"]

_ERROR = re.compile(r"(?:stat|sys|syst|total|error)\b.*[+-]$|^(?:error|stat|sys|total)\b", re.I)
_EVENTS = re.compile(r"\b(?:data|events?|observed|counts?|n_?obs)\b", re.I)


def is_hepdata(table: Table) -> bool:
    """True where the header has a column with its `` LOW`` and `` HIGH`` ends behind it."""
    return _binned(table.header) is not None


def _binned(header: list[str]) -> int | None:
    for i in range(len(header) - 2):
        name = header[i].casefold()
        if [header[i + 1].casefold(), header[i + 2].casefold()] == [f"{name} low", f"{name} high"]:
            return i
    return None


def choose(names: list[str], inside: str | None, origin: str | Path) -> int:
    """Place of the measured quantity asked for, else of the only one that is events, else of the only one."""
    if inside is not None:
        if inside not in names:
            raise InputDataError(f"{origin}: no column {inside!r}; there are {listed(names)}")
        return names.index(inside)
    events = [name for name in names if _EVENTS.search(name)] or names
    if len(events) != 1:
        raise InputDataError(
            f"{origin}: say which column holds the events, as in {Path(origin).name}:NAME; "
            f"there are {listed(names)}"
        )
    return names.index(events[0])


def read_hepdata(
    table: Table, origin: str | Path, inside: str | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], str | None]:
    """Return low and high ends, events, and the unit that the header says (None if it does not)."""
    first = _binned(table.header)
    if first is None:
        raise InputDataError(f"{origin}: not a table of HEPData: no variable with LOW and HIGH")
    rest = [i for i in range(first + 3, len(table.header)) if not _ERROR.search(table.header[i])]
    names = [table.header[i] for i in rest]
    place = rest[choose(names, inside, origin)]
    columns = numbers_of(table, {"low": first + 1, "high": first + 2, "events": place}, origin)
    return columns["low"], columns["high"], columns["events"], unit_in(table.header[first])
