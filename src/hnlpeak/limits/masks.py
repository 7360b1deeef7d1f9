"""Peaks that are no background: found by their significance, left out of all side bands, and looked for again.

A signal in the side bands of its neighbours raises their background and lowers their limits. Where a mass is more
significant than ``MASK_FROM``, the range within ``MASK_REACH`` resolutions of it is masked and the background estimated
again, the peak's own as well; then the next peak is looked for outside of what is masked.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hnlpeak.background.estimates import BackgroundEstimates
from hnlpeak.background.inputs import BackgroundInputs
from hnlpeak.background.methods import METHODS, estimate_background
from hnlpeak.core.records import Vector
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.limits.excess import excess
from hnlpeak.limits.hypotheses import Hypothesis, background_task
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["MASK_FROM", "MASK_REACH", "MAX_MASKS", "Masks", "estimate_with_masks", "leading_peak"]

Masks = tuple[tuple[float, float], ...]

MASK_FROM = 4.0
"""Local significance from which on a peak is masked."""

MASK_REACH = 3.0
"""Resolutions on each side of a peak that are masked."""

MAX_MASKS = 5
"""Peaks that are masked at most: a spectrum with more is no smooth background with peaks on it."""


def leading_peak(
    found: Sequence[Hypothesis], significance: Vector, masked: Masks, *, above: float = -np.inf
) -> tuple[float, float] | None:
    """Return the range (MeV) of the most significant mass outside ``masked`` that is ``above``; None for none."""
    free = [not any(low <= h.mass <= high for low, high in masked) for h in found]
    z = np.where(free & np.isfinite(significance), significance, -np.inf)
    top = int(np.argmax(z))
    if not z[top] > above:
        return None
    peak, reach = found[top], MASK_REACH * found[top].window.sigma
    return peak.mass - reach, peak.mass + reach


def estimate_with_masks(
    spectrum: Spectrum,
    found: Sequence[Hypothesis],
    n: Vector,
    card: AnalysisCard,
    inputs: BackgroundInputs | None,
) -> tuple[BackgroundEstimates, Masks]:
    """Return the background of all hypotheses with significant peaks left out, and the masked ranges (MeV)."""
    masked: Masks = ()
    background = estimate_background(background_task(spectrum, found, inputs), card.background)
    while METHODS[card.background.method].smooth is not None and len(masked) < MAX_MASKS:
        z = excess(n, background, card.statistics).significance
        peak = leading_peak(found, z, masked, above=MASK_FROM)
        if peak is None:
            break
        masked = (*masked, peak)
        background = estimate_background(background_task(spectrum, found, inputs, masked), card.background)
    return background, masked
