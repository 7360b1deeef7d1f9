"""Comma-separated tables: read with their header checked, written with every digit of a number."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import InputDataError
from hnlpeak.formats.json_text import read_text

__all__ = ["read_numbers", "table_text"]


def _cell(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _lines(path: str | Path) -> list[tuple[int, list[str]]]:
    """Non-empty rows with their line numbers; ``#`` begins a comment line."""
    reader = csv.reader(io.StringIO(read_text(path)))
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise InputDataError(f"{path}: line {reader.line_num}: not a CSV table ({error})") from error
    return [(line, row) for line, row in rows if any(row) and not row[0].startswith("#")]


def read_numbers(
    path: str | Path, *, required: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, NDArray[np.float64]]:
    """Return the columns of a CSV file by the names of its header; other columns are left out.

    ``InputDataError`` naming file, line and column for a missing or repeated column, rows of another length,
    an empty table, and cells that are not finite numbers.
    """
    rows = _lines(path)
    if len(rows) < 2:
        raise InputDataError(f"{path}: expected a header with {', '.join(required)} and at least one row")
    header = rows[0][1]
    missing = [name for name in required if name not in header]
    if missing:
        raise InputDataError(f"{path}: no column {missing[0]!r}; the header has {', '.join(header)[:200]}")
    wanted = [name for name in (*required, *optional) if name in header]
    twice = [name for name in wanted if header.count(name) > 1]
    if twice:
        raise InputDataError(f"{path}: column {twice[0]!r} appears twice")
    columns: dict[str, list[float]] = {name: [] for name in wanted}
    for line, row in rows[1:]:
        if len(row) != len(header):
            raise InputDataError(f"{path}: line {line} has {len(row)} cells, the header has {len(header)}")
        for name in wanted:
            value = _cell(row[header.index(name)])
            if math.isnan(value):
                given = row[header.index(name)]
                raise InputDataError(
                    f"{path}: line {line}, {name}: expected a finite number, got {given[:40]!r}"
                )
            columns[name].append(value)
    return {name: np.array(column) for name, column in columns.items()}


def _text(item: object) -> str:
    if item is None:
        return ""
    if isinstance(item, str):
        return str(item)
    number = float(item)  # type: ignore[arg-type]  # a number by contract
    if not math.isfinite(number):
        return ""
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)


def table_text(columns: Mapping[str, Sequence[object] | NDArray[np.float64] | NDArray[np.str_]]) -> str:
    """Return CSV text of columns of equal length; numbers read back exactly; None, NaN and infinities are empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow([_text(item) for item in row])
    return out.getvalue()
