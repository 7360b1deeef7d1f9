"""Tables of numbers as text: read with their header checked, written with every digit of a number.

Written are commas and decimal points. Read is also what spreadsheets make of it: semicolons or tabs, decimal commas
between them, headers in capitals.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import InputDataError
from hnlpeak.core.words import listed
from hnlpeak.formats.json_text import read_text

__all__ = ["MAX_ROWS", "Table", "numbers_of", "read_numbers", "read_table", "table_text"]

MAX_ROWS = 2_000_000
"""Most lines of a table."""
_DELIMITERS = ";\t,"
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings of text that spreadsheets run."""


class Table(NamedTuple):
    """Cells as text: header, rows with their line numbers, comment lines (without ``#``)."""

    header: list[str]
    rows: list[tuple[int, list[str]]]
    comments: list[str]
    decimal_comma: bool


def read_table(path: str | Path) -> Table:
    """Return the cells of a table; ``#`` begins a comment line. ``InputDataError`` where there is no table."""
    text = read_text(path)
    if text.count("\n") > MAX_ROWS:
        raise InputDataError(f"{path}: {text.count(chr(10))} lines, at most {MAX_ROWS} are read")
    lines = text.split("\n")
    comments = [line.lstrip("# ") for line in lines if line.startswith("#")]
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    delimiter = next((mark for mark in _DELIMITERS if mark in first), ",")
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise InputDataError(f"{path}: line {reader.line_num}: not a table ({error})") from error
    rows = [(line, row) for line, row in rows if any(row) and not row[0].startswith("#")]
    return Table(rows[0][1] if rows else [], rows[1:], comments, delimiter != ",")


def _cell(text: str, decimal_comma: bool) -> float:
    if decimal_comma and _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    try:
        value = float(text.replace("_", "?"))  # Python takes 1_000 for a number, nobody else does
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def numbers_of(
    table: Table, columns: Mapping[str, int], origin: str | Path
) -> dict[str, NDArray[np.float64]]:
    """Return the numbers of ``columns`` (names with their places).

    ``InputDataError`` naming file, line and column for rows of another length and cells that are not finite numbers.
    """
    values: dict[str, list[float]] = {name: [] for name in columns}
    for line, row in table.rows:
        if len(row) != len(table.header):
            raise InputDataError(
                f"{origin}: line {line} has {len(row)} cells, the header has {len(table.header)}"
            )
        for name, place in columns.items():
            value = _cell(row[place], table.decimal_comma)
            if math.isnan(value):
                raise InputDataError(
                    f"{origin}: line {line}, {name}: expected a finite number, got {row[place][:40]!r}"
                )
            values[name].append(value)
    return {name: np.array(column) for name, column in values.items()}


def read_numbers(
    path: str | Path, *, required: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, NDArray[np.float64]]:
    """Return the columns of a table by the names of its header (capitals or not); others are left out.

    ``InputDataError`` naming file, line and column for a missing or repeated column, rows of another length,
    an empty table, and cells that are not finite numbers.
    """
    table = read_table(path)
    if not table.rows:
        raise InputDataError(f"{path}: expected a header with {', '.join(required)} and at least one row")
    header = [name.casefold() for name in table.header]
    missing = [name for name in required if name not in header]
    if missing:
        raise InputDataError(f"{path}: no column {missing[0]!r}; the header has {listed(table.header)}")
    wanted = [name for name in (*required, *optional) if name in header]
    twice = [name for name in wanted if header.count(name) > 1]
    if twice:
        raise InputDataError(f"{path}: column {twice[0]!r} appears twice")
    return numbers_of(table, {name: header.index(name) for name in wanted}, path)


def _text(item: object) -> str:
    if item is None:
        return ""
    if isinstance(item, str):
        # a spreadsheet would run it; the apostrophe says that it is text
        return f"'{item}" if item.startswith(_FORMULA) else str(item)
    number = float(item)  # type: ignore[arg-type]  # a number by contract
    if not math.isfinite(number):
        return ""
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)


def table_text(columns: Mapping[str, Sequence[object] | NDArray[np.float64] | NDArray[np.str_]]) -> str:
    """Return CSV text of columns of equal length; numbers read back exactly; None, NaN and infinities are empty.

    Text that a spreadsheet would take for a formula is written behind an apostrophe.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_text(name) for name in columns])
    for row in zip(*columns.values(), strict=True):
        writer.writerow([_text(item) for item in row])
    return out.getvalue()
