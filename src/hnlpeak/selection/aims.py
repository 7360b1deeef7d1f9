"""From the selections of a card to what they take of true tracks: the aims of ``simulation.aim``."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.selection_card import Cut
from hnlpeak.simulation.aim import AIM_COLUMNS, NO_AIMS, Aim

__all__ = ["aims_of"]

_MARGIN = {
    "p_mev": 1000.0,
    "theta_rad": 4e-4,
    "z_vtx_mm": 4000.0,
    "phi_lab_rad": 0.15,
    "m2_miss_mev2": 12_000.0,
}
"""How far from the truth a track is hardly ever reconstructed: some four standard deviations of slow muons."""


def _masses(card: AnalysisCard) -> tuple[float, float]:
    """Missing masses (MeV) that hypotheses and the control region of the background look at."""
    masses, control = card.scan.masses(), getattr(card.background, "control_low", math.inf)
    return min(masses[0], float(control)), masses[-1]


def _rows(cut: Cut) -> Iterator[list[float]]:
    """The bounds of a cut, wider by the margins."""
    column, margin = AIM_COLUMNS.index(cut.column), _MARGIN[cut.column]
    if cut.by is None:
        (low,), (high,) = cut.bounds()
        yield [0.0, column, -1, 0.0, 0.0, low - margin, 0.0, high + margin, 0.0]
        return
    by, beside, edges = AIM_COLUMNS.index(cut.by), _MARGIN[cut.by], cut.bin_edges()
    yield [0.0, by, -1, 0.0, 0.0, edges[0] - beside, 0.0, edges[-1] + beside, 0.0]
    bins = list(zip(edges[:-1], edges[1:], *cut.segments(), strict=True))
    for n, (first, last, low, low_slope, high, high_slope) in enumerate(bins):
        before = beside if n == 0 else 0.0  # the first and the last bound go on up to the margin
        behind = beside if n == len(bins) - 1 else 0.0
        lower = low - margin - abs(low_slope) * beside - low_slope * before
        upper = high + margin + abs(high_slope) * beside - high_slope * before
        yield [0.0, column, by, first - before, last + behind, lower, low_slope, upper, high_slope]


def aims_of(card: AnalysisCard) -> NDArray[np.float64]:
    """The regions of all selections that serve a mass, in rows of ``Aim``; their other cuts are left out."""
    chosen = [s for s in card.selections if any(s.serves(mass) for mass in card.scan.masses())]
    members = {name for s in chosen for name in (s.any_of or [s.name])}
    low, high = _masses(card)
    margin, place = _MARGIN["m2_miss_mev2"], AIM_COLUMNS.index("m2_miss_mev2")
    regions: list[list[list[float]]] = []
    for selection in (s for s in card.selections if s.name in members):
        known = [c for c in card.cuts_of(selection) if all(name in AIM_COLUMNS for name in c.columns())]
        rows = [[0.0, place, -1, 0.0, 0.0, low * low - margin, 0.0, high * high + margin, 0.0]]
        rows += [row for cut in sorted(known, key=lambda cut: cut.by is not None) for row in _rows(cut)]
        # the cheapest first; those that differ in what is not known, such as the period, are one
        if rows not in regions:
            regions.append(rows)
    if not regions:
        return NO_AIMS
    ends = np.cumsum([len(rows) for rows in regions])
    made = np.concatenate([np.array(rows, dtype=np.float64) for rows in regions])
    made[:, Aim.NEXT] = np.repeat(ends, [len(rows) for rows in regions])
    return made
