"""Numbers with units at the door: ``"75 GeV"`` becomes 75000.0 (MeV, mm, ns inside); bare numbers are refused.

What has no unit is a plain number; where a share is meant, ``"2 %"`` is 0.02. The multipliers are those of ``hepunits``
for lengths, times and energies, written in this package's units.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator

__all__ = [
    "UNITS",
    "UNIT_OF_SUFFIX",
    "Angle",
    "Energy",
    "Fraction",
    "Length",
    "MassSquared",
    "NonNegative",
    "OpenShare",
    "Positive",
    "Rate",
    "Share",
    "SignedEnergy",
    "Size",
    "Thickness",
    "ThicknessOrNone",
    "Time",
    "parse_percentage",
    "parse_quantity",
]

UNITS: dict[str, dict[str, float]] = {
    "energy": {"eV": 1e-6, "keV": 1e-3, "MeV": 1.0, "GeV": 1e3, "TeV": 1e6},
    "length": {"um": 1e-3, "mm": 1.0, "cm": 10.0, "m": 1e3, "km": 1e6},
    "time": {"ps": 1e-3, "ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9},
    "angle": {"urad": 1e-6, "mrad": 1e-3, "rad": 1.0},
    "rate": {"Hz": 1e-9, "kHz": 1e-6, "MHz": 1e-3, "GHz": 1.0},
    "mass squared": {"MeV2": 1.0, "GeV2": 1e6},
}
"""Units by what they measure, in those of this package (MeV, mm, ns, rad, 1/ns, MeV^2)."""
UNIT_OF_SUFFIX = {"mev": "energy", "mm": "length", "ns": "time", "mev2": "mass squared", "rad": "angle"}
"""What a column measures, by the end of its name."""
_LARGEST = {
    "energy": (1e9, "1 PeV"),
    "length": (1e8, "100 km"),
    "time": (1e9, "1 s"),
    "angle": (6.3, "2 pi rad (degrees?)"),
    "rate": (10.0, "10 GHz"),
    "mass squared": (1e18, "1 PeV2"),
}
"""Beyond this no apparatus is described: a slip, or a simulation without end."""
_PATTERN = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([A-Za-z]+2?)(?:/c2?)?\s*")
_PERCENT = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*%\s*")
_MAX_LENGTH = 64


def _shown(value: object) -> str:
    text = repr(value) if not isinstance(value, int) or abs(value) < 10**40 else "an integer of many digits"
    return text if len(text) <= _MAX_LENGTH else text[: _MAX_LENGTH - 3] + "..."


def _plain(dimension: str) -> str:
    """The unit that is used inside."""
    return next(unit for unit, scale in UNITS[dimension].items() if scale == 1.0)


def parse_quantity(text: object, dimension: str) -> float:
    """Return the number in ``text`` (such as ``"1.3 mrad"``) in MeV, mm, ns and rad.

    ``dimension`` is one of energy, length, time, angle, rate, mass squared. Raises ``ValueError`` with the
    units that are allowed, and for what is larger than any apparatus.
    """
    allowed = UNITS[dimension]
    match = _PATTERN.fullmatch(text) if isinstance(text, str) and len(text) <= _MAX_LENGTH else None
    if match is None or match[2] not in allowed:
        units = ", ".join(allowed)
        example = f"1 {_plain(dimension)}"
        raise ValueError(
            f'expected a number with a unit of {dimension} ({units}), for example "{example}", got {_shown(text)}'
        )
    value = float(match[1]) * allowed[match[2]]
    largest, said = _LARGEST[dimension]
    if not math.isfinite(value):
        raise ValueError(f"{_shown(text)} is not a finite number")
    if abs(value) > largest:
        raise ValueError(f"{_shown(text)} is above {said}, the largest {dimension} that is taken")
    return value


def parse_percentage(text: object) -> float | None:
    """Return the share that ``text`` (such as ``"2 %"``) gives in hundredths; None for what is no percentage."""
    match = _PERCENT.fullmatch(text) if isinstance(text, str) and len(text) <= _MAX_LENGTH else None
    return None if match is None else float(match[1]) / 100.0


def _validator(dimension: str) -> BeforeValidator:
    def parse(text: Any) -> float:
        return parse_quantity(text, dimension)

    return _said(parse, _with_unit(dimension))


def _with_unit(dimension: str) -> str:
    units = UNITS[dimension]
    return f'a number with a unit of {dimension}, such as "1 {_plain(dimension)}" ({", ".join(units)})'


def _said(parse: Callable[[Any], float], wanted: str) -> BeforeValidator:
    """A validator that says what it takes, for lists of what is missing."""
    parse.wanted = wanted  # type: ignore[attr-defined]
    return BeforeValidator(parse)


def _number(low: float, strict: bool, high: float, wanted: str, *, percent: bool = False) -> BeforeValidator:
    wanted += ', or a percentage such as "2 %"' if percent else ""

    def check(given: Any) -> float:
        share = parse_percentage(given) if percent else None
        value = given if share is None else share
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"expected {wanted}, got {_shown(given)}")
        above = low < value or (value == low and not strict)
        if not (above and value <= high and abs(value) < 1e300):  # integers have no end
            raise ValueError(f"expected {wanted}, got {_shown(given)}")
        return float(value)

    return _said(check, wanted)


def _sized(dimension: str, strict: bool) -> BeforeValidator:
    wanted = "positive" if strict else "not negative"

    def parse(text: Any) -> float:
        value = parse_quantity(text, dimension)
        if value < 0.0 or (strict and value == 0.0):
            raise ValueError(f"must be {wanted}, got {_shown(text)}")
        return value

    return _said(parse, _with_unit(dimension))


Energy = Annotated[float, _sized("energy", strict=False)]
"""Energy, momentum or mass, MeV; not negative."""
SignedEnergy = Annotated[float, _validator("energy")]
"""Signed missing mass, MeV."""
Length = Annotated[float, _validator("length")]
"""Length or coordinate, mm."""
Size = Annotated[float, _sized("length", strict=True)]
"""Length above 0, mm."""
Time = Annotated[float, _sized("time", strict=False)]
"""Time, ns; not negative."""
Angle = Annotated[float, _validator("angle")]
"""Angle, rad."""
Rate = Annotated[float, _sized("rate", strict=False)]
"""Rate, 1/ns; not negative."""
MassSquared = Annotated[float, _sized("mass squared", strict=True)]
"""Squared mass, MeV^2; positive."""
Fraction = Annotated[float, _number(0.0, False, 1.0, "a number from 0 to 1", percent=True)]
"""Probability, efficiency or relative size."""
Positive = Annotated[float, _number(0.0, True, math.inf, "a finite number above 0")]
"""Finite number above 0."""
Share = Annotated[float, _number(0.0, True, 1.0, "a number above 0, at most 1", percent=True)]
"""Share that must not vanish."""
OpenShare = Annotated[
    float, _number(0.0, False, math.nextafter(1.0, 0.0), "a number from 0, below 1", percent=True)
]
"""Share that leaves something over."""
Thickness = Annotated[float, _number(0.0, True, math.inf, "a finite number above 0", percent=True)]
"""Matter in radiation lengths, above 0."""
ThicknessOrNone = Annotated[float, _number(0.0, False, math.inf, "a finite number, 0 or above", percent=True)]
"""Matter in radiation lengths, 0 where there is none."""
NonNegative = Annotated[float, _number(0.0, False, math.inf, "a finite number, 0 or above")]
"""Finite number, 0 or above."""
