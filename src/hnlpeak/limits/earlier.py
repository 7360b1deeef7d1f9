"""Limits beside the lowest of earlier ones, mass by mass: where they are below it, and where there was none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hnlpeak.core.records import Vector
from hnlpeak.limits.published import PublishedLimit

__all__ = ["BesideEarlier", "beside_earlier", "lowest", "name_of"]


@dataclass(frozen=True)
class BesideEarlier:
    """The limits ``label`` beside the lowest of the ``earlier`` curves.

    At ``masses`` hypotheses, ``low`` to ``high`` (MeV), an earlier limit is known; ``below`` of them are below it.
    ``median``, ``least`` and ``most`` are of limit / earlier there. At ``new`` masses, ``new_low`` to ``new_high``,
    none is known. NaN where there is nothing to tell.
    """

    label: str
    earlier: str
    masses: int
    low: float
    high: float
    below: int
    median: float
    least: float
    most: float
    new: int
    new_low: float
    new_high: float

    def words(self) -> str:
        """The comparison in a line."""
        parts = []
        if self.masses:
            ratio = f"{self.median:.3g} in the median, {self.least:.3g} to {self.most:.3g}"
            parts.append(
                f"below at {self.below} of {self.masses} masses, {self.low:g} to {self.high:g} MeV (ratio {ratio})"
            )
        if self.new:
            parts.append(f"no earlier limit at {self.new} masses, {self.new_low:g} to {self.new_high:g} MeV")
        return f"{self.label} against {self.earlier}: {'; '.join(parts) or 'no limit'}"


def name_of(curve: PublishedLimit) -> str:
    """Return the name of a ``curve``, and that it is approximate where it must not be quoted as published."""
    return f"{curve.name} (approximate)" if curve.confidence == "m" else curve.name


def lowest(curves: Sequence[PublishedLimit], mass: Vector) -> Vector:
    """Return the lowest limit on |U|^2 of all ``curves`` that cover each ``mass`` (MeV), NaN where none does."""
    found = np.full(mass.shape, np.inf)
    for curve in curves:
        on = curve.covers(mass)
        found[on] = np.minimum(found[on], curve.limit(mass[on]))
    return np.where(np.isfinite(found), found, np.nan)


def beside_earlier(label: str, mass: Vector, u2: Vector, earlier: Sequence[PublishedLimit]) -> BesideEarlier:
    """Compare limits ``u2`` on |U|^2 (NaN: none) at ``mass`` (MeV) with the lowest of ``earlier``."""
    limits = np.isfinite(u2)
    before = lowest(earlier, mass)
    on, new = limits & np.isfinite(before), limits & ~np.isfinite(before)
    ratio = u2[on] / before[on]

    def ends(values: Vector) -> tuple[float, float]:
        return (float(values.min()), float(values.max())) if values.size else (np.nan, np.nan)

    return BesideEarlier(
        label,
        ", ".join(map(name_of, earlier)),
        int(on.sum()),
        *ends(mass[on]),
        int(np.sum(ratio < 1.0)),
        float(np.median(ratio)) if ratio.size else np.nan,
        *ends(ratio),
        int(new.sum()),
        *ends(mass[new]),
    )
