"""Pseudo-data whose smooth expectation is known: does the side bands' function follow it?

Data of a large exposure know a shape better than a function of low order can follow: the scan sees excesses that are
none. Where pseudo-data are drawn from a known expectation, that is searched as they are, a real number in each bin: its
window holds n, its side bands give b, and what they differ by, without any fluctuation, is how far the function fails.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.card import BackgroundCard
from hnlpeak.background.estimates import BackgroundEstimates
from hnlpeak.background.methods import estimate_background
from hnlpeak.limits.hypotheses import Hypothesis, background_task
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["MISSED_BY", "NOT_FOLLOWED", "not_followed"]

NOT_FOLLOWED = "not-followed"
"""Status of a mass where the function does not follow what is known."""
MISSED_BY = 0.5
"""Most that |n - b| may be of the error with which n is compared with b, the root of b and sigma_b in quadrature."""

_log = logging.getLogger("hnlpeak")


def not_followed(
    known: Spectrum | None,
    found: Sequence[Hypothesis],
    card: BackgroundCard,
    background: BackgroundEstimates,
) -> NDArray[np.bool_]:
    """Return at which masses the ``known`` expectation of the data is missed; with a warning where it is at any.

    ``background`` is that of the data. Nowhere where nothing is known.
    """
    if known is None:
        return np.zeros(len(found), dtype=bool)
    n = known.between(
        [h.selection for h in found],
        np.array([h.window.low for h in found]),
        np.array([h.window.high for h in found]),
    ).values
    b = estimate_background(background_task(known, found), card).background
    # a mass without a number has a word for that already
    missed = np.abs(n - b) > MISSED_BY * np.hypot(np.sqrt(np.maximum(b, 0.0)), background.error)
    if missed.any():
        masses = [h.mass for h, fails in zip(found, missed, strict=True) if fails]
        _log.warning(
            "the side bands' function misses the expectation of the pseudo-data by more than %g of its error at %d of "
            "%d masses, from %g to %g MeV, which are not quoted: raise order, 5 at most, or lower "
            "outer in [background] of the card",
            MISSED_BY,
            len(masses),
            len(found),
            min(masses),
            max(masses),
        )
    return missed
