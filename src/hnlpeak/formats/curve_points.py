"""Points of a limit curve in lines of text: a mass and a limit each, with what people and spreadsheets put around."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import InputDataError

__all__ = ["CurvePoints", "points_in"]

_REMARKS: Final = ("#", "%", "!")
_NO_VALUE: Final = ("-", "--", "none")
"""What stands where there is no limit."""
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?|nan|[+-]?inf", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eEdD][+-]?\d+)?", re.ASCII)
_BEHIND = re.compile(r"(?<=[\d.\s])[\[(]?([kMGT]?)eV(?:/c\^?2?|/c²)?[\])]?$", re.I)
"""A unit behind a number: 150 MeV, 150MeV, 0.15 [GeV]."""
_SAID = re.compile(r"[\[(_ ]([MG]eV)\b", re.I)
"""A unit in a header: mass [GeV], m_mev, masses in GeV."""


class CurvePoints(NamedTuple):
    """What a file of a curve says: ``points`` (rows of mass and limit) and the ``unit`` of its masses, "" if unsaid."""

    points: NDArray[np.float64]
    unit: str


class _Cell(NamedTuple):
    """A number and the unit behind it ("" without one)."""

    number: float
    unit: str


def points_in(path: Path, lines: Sequence[str], unit: str = "") -> CurvePoints:
    """Return the points in ``lines``: first cell a mass, second a limit, further ones are remarks.

    Cells end at a semicolon, a tab, a comma or spaces; at the first two, commas in numbers are decimal. Lines that
    begin with ``#``, ``%`` or ``!`` are remarks, lines without a value (``-``, ``None``) are left out, and what comes
    before the first point is a header. The unit is ``unit`` where it is given, else the one behind the masses, else
    that of header and remarks among the first five lines. ``InputDataError`` naming the line where, after the first
    point, there is none, or a mass has another unit; for fewer than two points.
    """
    rows: list[tuple[float, float]] = []
    header: list[str] = []
    told = bool(unit)
    for place, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith(_REMARKS):
            header += [line] if place <= 5 else []
            continue
        cells = _cells(text)
        mass, limit = (_cell(cell) for cell in (*cells, "", "")[:2])
        if any(cell.casefold() in _NO_VALUE for cell in cells[:2]) and (mass or limit):
            continue
        if mass is None or limit is None or limit.unit:
            if not rows and not _meant_as_point(cells):
                header += [line] if place <= 5 else []
                continue
            raise InputDataError(
                f"{path}: line {place}: expected a mass and a limit on |U|^2, got {text[:60]!r}"
            )
        if mass.unit and unit and mass.unit != unit:
            raise InputDataError(f"{path}: line {place}: a mass in {mass.unit}, others are in {unit}")
        unit = mass.unit or unit
        rows.append((mass.number, limit.number))
    if len(rows) < 2:
        raise InputDataError(f"{path}: no curve: lines of a mass and a limit on |U|^2 are expected")
    said = next((f"{match[1][0].upper()}eV" for line in header if (match := _SAID.search(line))), "")
    if unit and said and unit != said and not told:
        raise InputDataError(f"{path}: masses are in {unit} in its lines and in {said} in its header")
    return CurvePoints(np.array(rows), unit or said)


def _cells(text: str) -> list[str]:
    """The cells of a line, decimal commas as points; a unit that a space parts from its number stays with it."""
    if ";" in text:
        cells = text.split(";")
    elif "\t" in text and re.search(r"\d,\d", text):
        cells = re.split(r"\t+", text)
    elif "," in text:
        return [cell.strip() for cell in text.split(",")]
    else:
        return re.sub(r"(?<=[\d.])\s+(?=[\[(]?[kMGT]?eV\b)", "", text, flags=re.I).split()
    cells = [cell.strip() for cell in cells]
    if any("." in cell for cell in cells[:2]):
        return cells  # commas that stand beside points part thousands: no number here
    return [cell.replace(",", ".") if _DECIMAL_COMMA.match(cell) else cell for cell in cells]


def _cell(text: str) -> _Cell | None:
    """The number in a cell, None where there is none: 1_000, other digits, two numbers."""
    behind = _BEHIND.search(text)
    number = text if behind is None else text[: behind.start()].strip()
    if not _NUMBER.fullmatch(number):
        return None
    unit = "" if behind is None else f"{behind[1].upper().replace('K', 'k')}eV"
    return _Cell(float(number.lower().replace("d", "e")), unit)


def _meant_as_point(cells: list[str]) -> bool:
    """Whether a line that is none was to be a point: a number in one cell, a digit at the beginning of the other."""
    numbers = [_cell(cell) is not None for cell in cells[:2]]
    return any(numbers) and all(re.match(r"[+-]?\.?\d", cell) for cell in cells[:2])
