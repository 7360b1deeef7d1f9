"""Numbers as people read them."""

from __future__ import annotations

import math

__all__ = ["count_text", "mathematical", "plain_number", "power_of_ten", "scientific", "signed_sigma"]

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_NOTHING = "–"


def _parts(value: float, digits: int) -> tuple[str, int]:
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    return mantissa, int(exponent)


def power_of_ten(exponent: int) -> str:
    """Return 10 to a power as text, such as 10⁻⁷."""
    return f"10{str(exponent).translate(_RAISED)}"


def signed_sigma(value: float) -> str:
    """Return a number of standard deviations with its sign, such as +1.2σ or −0.4σ; – for none."""
    return f"{value:+.1f}σ".replace("-", "−") if math.isfinite(value) else _NOTHING


def scientific(value: float | None, digits: int = 2) -> str:
    """Return ``value`` as text such as 1.3 × 10⁻⁷ (unbroken) with ``digits`` significant ones; – for no number."""
    if value is None or not math.isfinite(value):
        return _NOTHING
    if value == 0.0:
        return "0"
    mantissa, exponent = _parts(value, digits)
    return f"{mantissa}\u00a0×\u00a0{power_of_ten(exponent)}"


def mathematical(value: float, digits: int = 1) -> str:
    """Return ``value`` as matplotlib's mathematical text, without the dollar signs."""
    mantissa, exponent = _parts(value, digits)
    power = f"10^{{{exponent}}}"
    return power if mantissa == "1" else rf"{mantissa}\times {power}"


def count_text(value: float) -> str:
    """Return a number of events: whole or many ones with thin spaces between thousands, others with 4 digits."""
    whole = float(value).is_integer() or value >= 1e4
    return f"{value:,.0f}".replace(",", "\u2009") if whole else f"{value:.4g}"


def plain_number(value: float | None, digits: int = 3) -> str:
    """Return ``value`` with ``digits`` significant ones, as a power of ten if very small or large; – for none."""
    if value is None or not math.isfinite(value):
        return _NOTHING
    if value != 0.0 and not 1e-3 <= abs(value) < 1e6:
        return scientific(value, digits)
    if value == 0.0:
        return "0"
    if abs(value) >= 10 ** (digits - 1):
        return count_text(round(value)) if abs(value) >= 1e4 else f"{value:.0f}"
    return f"{value:#.{digits}g}".rstrip(".")
