"""Whether limits improve on published ones: mass by mass, where the curves overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hnlpeak.limits.published import PublishedLimit, list_published, published
from hnlpeak.limits.result import SearchResult

__all__ = ["Improvement", "improvement", "published_before"]


@dataclass(frozen=True)
class Improvement:
    """One search against one published curve where both have a limit.

    ``low`` to ``high`` (MeV) are the first and last of ``masses`` hypotheses there (NaN if none), ``expected`` and
    ``observed`` at how many of them the limit is below the published one, ``ratio`` the median of
    expected / published. ``uncertain`` marks curves that must not be quoted as published.
    """

    analysis: str
    curve: str
    masses: int
    low: float
    high: float
    expected: int
    observed: int
    ratio: float
    uncertain: bool


def published_before(year: int | None, flavour: str) -> list[PublishedLimit]:
    """Return observed limits on |U_l4|^2 of ``flavour`` that were published before ``year`` (all without one)."""
    curves = (c for c in map(published, list_published()) if c.flavour == flavour)
    results = (c for c in curves if c.standing != "recomputed" and c.quantity == "observed")
    return [c for c in results if year is None or c.year < year]


def improvement(result: SearchResult, earlier: Sequence[PublishedLimit]) -> list[Improvement]:
    """Compare the sound limits of ``result`` on |U|^2 with each curve of ``earlier`` (0 masses without overlap)."""
    masses = result.number("m_n_mev")
    expected, observed = result.number("u2_ul_expected"), result.number("u2_ul_observed")
    found = []
    for curve in earlier:
        on = curve.covers(masses) & result.sound & np.isfinite(expected) & np.isfinite(observed)
        there = masses[on]
        theirs = np.asarray(curve.limit(there))
        some = there.size > 0
        found.append(
            Improvement(
                result.analysis,
                curve.name,
                int(there.size),
                float(there[0]) if some else np.nan,
                float(there[-1]) if some else np.nan,
                int(np.sum(expected[on] < theirs)),
                int(np.sum(observed[on] < theirs)),
                float(np.median(expected[on] / theirs)) if some else np.nan,
                curve.confidence == "m",
            )
        )
    return found
