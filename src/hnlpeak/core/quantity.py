"""Numbers with units at the door: ``"75 GeV"`` becomes 75000.0 (MeV, mm, ns inside); bare numbers are refused.

The multipliers are those of ``hepunits`` for lengths, times and energies, written in this package's units.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

from pydantic import BeforeValidator

__all__ = [
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
    "Time",
    "parse_quantity",
]

_UNITS: dict[str, dict[str, float]] = {
    "energy": {"eV": 1e-6, "keV": 1e-3, "MeV": 1.0, "GeV": 1e3, "TeV": 1e6},
    "length": {"um": 1e-3, "mm": 1.0, "cm": 10.0, "m": 1e3, "km": 1e6},
    "time": {"ps": 1e-3, "ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9},
    "angle": {"urad": 1e-6, "mrad": 1e-3, "rad": 1.0},
    "rate": {"Hz": 1e-9, "kHz": 1e-6, "MHz": 1e-3, "GHz": 1.0},
    "mass squared": {"MeV2": 1.0, "GeV2": 1e6},
}
_PATTERN = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([A-Za-z]+2?)(?:/c2?)?\s*")


def parse_quantity(text: object, dimension: str) -> float:
    """Return the number in ``text`` (such as ``"1.3 mrad"``) in MeV, mm, ns and rad.

    ``dimension`` is one of energy, length, time, angle, rate, mass squared. Raises ``ValueError`` with the
    units that are allowed.
    """
    allowed = _UNITS[dimension]
    match = _PATTERN.fullmatch(text) if isinstance(text, str) else None
    if match is None or match[2] not in allowed:
        units = ", ".join(allowed)
        example = f"1 {next(iter(allowed))}"
        raise ValueError(
            f'expected a number with a unit of {dimension} ({units}), for example "{example}", got {text!r}'
        )
    value = float(match[1]) * allowed[match[2]]
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not a finite number")
    return value


def _validator(dimension: str) -> BeforeValidator:
    def parse(text: Any) -> float:
        return parse_quantity(text, dimension)

    return BeforeValidator(parse)


def _number(low: float, strict: bool, high: float, wanted: str) -> BeforeValidator:
    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"expected {wanted}, got {value!r}")
        if (
            not (low < value or (value == low and not strict))
            or not value <= high
            or not math.isfinite(value)
        ):
            raise ValueError(f"expected {wanted}, got {value!r}")
        return float(value)

    return BeforeValidator(check)


def _sized(dimension: str, strict: bool) -> BeforeValidator:
    wanted = "positive" if strict else "not negative"

    def parse(text: Any) -> float:
        value = parse_quantity(text, dimension)
        if value < 0.0 or (strict and value == 0.0):
            raise ValueError(f"must be {wanted}, got {text!r}")
        return value

    return BeforeValidator(parse)


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
Fraction = Annotated[float, _number(0.0, False, 1.0, "a number from 0 to 1")]
"""Probability, efficiency or relative size."""
Positive = Annotated[float, _number(0.0, True, math.inf, "a finite number above 0")]
"""Finite number above 0."""
Share = Annotated[float, _number(0.0, True, 1.0, "a number above 0, at most 1")]
"""Share that must not vanish."""
OpenShare = Annotated[float, _number(0.0, False, math.nextafter(1.0, 0.0), "a number from 0, below 1")]
"""Share that leaves something over."""
NonNegative = Annotated[float, _number(0.0, False, math.inf, "a finite number, 0 or above")]
"""Finite number, 0 or above."""
