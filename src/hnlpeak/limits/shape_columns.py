"""Columns of the shape fit beside those of counting in the window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hnlpeak.estimation.background.bands import shape_design
from hnlpeak.experiment.analysis_card import AnalysisCard, SidebandBackground
from hnlpeak.limits.shape_fit import ShapeLimits, shape_limits
from hnlpeak.spectrum.window import Window, gaussian_fraction

__all__ = ["shape_columns"]

Vector = NDArray[np.float64]


def shape_columns(
    windows: Sequence[Window],
    edges: Vector,
    cumulative: NDArray[np.float64],
    rows: NDArray[np.int64],
    card: AnalysisCard,
    syst: Vector,
) -> dict[str, Vector]:
    """Return the columns of the shape fit at each mass; NaN where the background is not from side bands.

    The background has the family and order of the card, its systematic error ``syst`` in the window is a spurious
    signal.
    """
    bands = card.background
    if isinstance(bands, SidebandBackground):
        inside = [gaussian_fraction(w.low, w.high, mean=w.mass, sigma=w.sigma) for w in windows]
        found = shape_limits(
            shape_design(windows, edges, bands),
            cumulative,
            rows,
            inside=np.array(inside),
            syst=syst,
            order=bands.order,
            family=bands.family,
            cl=card.statistics.cl,
        )
    else:
        found = ShapeLimits(*np.full((4, len(windows)), np.nan))
    return {
        "n_signal_shape": found.estimate,
        "shape_significance": found.significance,
        "n_signal_ul_shape": found.upper,
        "n_signal_ul_shape_expected": found.expected,
    }
