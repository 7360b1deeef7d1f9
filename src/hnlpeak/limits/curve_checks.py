"""What can be wrong in a limit curve from somewhere else: units, order, slipped digits, another digitisation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hnlpeak.core.errors import UsageError
from hnlpeak.theory.domain import FloatArray
from hnlpeak.theory.production import end_point

if TYPE_CHECKING:
    from hnlpeak.limits.published import PublishedLimit

__all__ = ["Distance", "distance", "faults", "slip"]

_STEP = 8.0
"""Ratio of neighbouring points above which one of them has slipped; the steepest known curve has 5.2 between two."""
_METHODS = ("rolke-lopez", "cls", "unknown")
_NATURES = ("any", "dirac", "majorana", "unknown")


def faults(curve: PublishedLimit, step: float = _STEP) -> Iterator[str]:
    """Yield what is wrong with ``curve``, a line each; nothing for a sound one.

    Checked: two points or more, all finite; masses increasing, in MeV, below the end point of the decay; limits between
    0 and 1 without a ratio above ``step`` of neighbours, which a slipped digit makes; a confidence level between 0.5
    and 1; known words for
    ``method`` and ``nature``.
    """
    mass, u2 = curve.mass, curve.u2
    if mass.size < 2 or mass.shape != u2.shape:
        yield f"{mass.size} masses and {u2.size} limits; two points or more are needed"
        return
    if not (np.all(np.isfinite(mass)) and np.all(np.isfinite(u2))):
        yield "a mass or a limit is not a number"
        return
    yield from _mass_faults(curve)
    if np.any(u2 <= 0.0) or np.any(u2 >= 1.0):
        yield f"limits on |U|^2 run from {u2.min():g} to {u2.max():g}; allowed: above 0, below 1"
    else:
        ratio = np.exp(np.abs(np.diff(np.log(u2))))
        if np.any(ratio > step):
            where = int(np.argmax(ratio))
            yield f"a factor {ratio[where]:.3g} between {mass[where]:g} and {mass[where + 1]:g} MeV: a slipped digit?"
    if not 0.5 < curve.cl < 1.0:
        yield f"confidence level {curve.cl:g}; allowed: a fraction between 0.5 and 1"
    if curve.method not in _METHODS:
        yield f"method {curve.method!r}; known: {', '.join(_METHODS)}"
    if curve.nature not in _NATURES:
        yield f"nature {curve.nature!r}; known: {', '.join(_NATURES)}"


def _mass_faults(curve: PublishedLimit) -> Iterator[str]:
    mass = curve.mass
    if np.any(np.diff(mass) <= 0.0):
        where = int(np.argmax(np.diff(mass) <= 0.0))
        yield f"masses do not increase: {mass[where]:g} MeV is followed by {mass[where + 1]:g} MeV"
    highest = float(mass.max())
    end = end_point(meson=curve.meson, lepton=curve.flavour) if curve.meson else np.inf
    if highest > end:
        yield f"{highest:g} MeV is above the end point of {curve.meson} -> {curve.flavour} N, {end:.1f} MeV"
    elif highest < 1.0:
        yield f"masses end at {highest:g} MeV: are they in GeV?"


@dataclass(frozen=True)
class Distance:
    """Two curves where both have points, ``low`` to ``high`` (MeV).

    ``median`` of the ratio first/second at equal steps in mass, and ``spread``, the factor either way from it
    that 90 % of the masses lie within.
    """

    low: float
    high: float
    median: float
    spread: float


def distance(first: PublishedLimit, mass: FloatArray, u2: FloatArray) -> Distance:
    """Compare ``first`` with a second reading of it, points ``u2`` at increasing ``mass`` (MeV).

    ``UsageError`` where they do not overlap.
    """
    low, high = max(float(first.mass[0]), float(mass[0])), min(float(first.mass[-1]), float(mass[-1]))
    if not low < high:
        raise UsageError(
            f"the two curves do not overlap: {first.mass[0]:g} to {first.mass[-1]:g} MeV and others"
        )
    grid = np.linspace(low, high, 401)
    ratio = np.interp(grid, first.mass, np.log(first.u2)) - np.interp(grid, mass, np.log(u2))
    middle = float(np.median(ratio))
    return Distance(low, high, float(np.exp(middle)), float(np.exp(np.quantile(np.abs(ratio - middle), 0.9))))


def slip(found: Distance, tolerance: float = 1.25) -> str:
    """Return what the ``median`` of ``found`` says in words: "" within ``tolerance`` either way."""
    off = found.median
    if 1.0 / tolerance < off < tolerance:
        return ""
    power = round(np.log10(off))
    if power != 0 and 1.0 / tolerance < off / 10.0**power < tolerance:
        return f"lies a factor {10.0**power:g} from the second reading: a scale factor of the file?"
    return f"lies a factor {off:.3g} from the second reading"
