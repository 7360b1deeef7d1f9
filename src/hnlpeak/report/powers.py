"""Powers of ten at the ticks of an axis as plain text: set as formulae they take a sixth of the time of a figure."""

from __future__ import annotations

import re

from matplotlib.axis import Axis
from matplotlib.ticker import Formatter, LogFormatterSciNotation

__all__ = ["plain_powers"]

_FORMULA = re.compile(
    r"\$\\mathdefault\{(?P<before>-?(?:[\d.]+\\times)?)(?P<power>10\^\{-?\d+\})?(?P<zero>0?)\}\$"
)
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class _PlainPowers(LogFormatterSciNotation):
    """Writes what its base writes as a formula with raised digits of the font."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        text = str(super().__call__(x, pos))
        found = _FORMULA.fullmatch(text)
        if found is None:
            return text
        power = found["power"]
        raised = "" if power is None else "10" + power[4:-1].translate(_RAISED)
        return found["before"].replace("-", "−").replace(r"\times", "×") + raised + found["zero"]


def plain_powers(axis: Axis) -> None:
    """Let the ticks of ``axis``, if they are powers of ten, have plain text."""
    axis.set_major_formatter(_plain(axis.get_major_formatter()))
    axis.set_minor_formatter(_plain(axis.get_minor_formatter()))


def _plain(formatter: Formatter) -> Formatter:
    if type(formatter) is not LogFormatterSciNotation:
        return formatter
    made = _PlainPowers()
    vars(made).update(vars(formatter))
    return made
