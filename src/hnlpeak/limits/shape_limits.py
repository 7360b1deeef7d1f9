"""The fit of the peak's shape at every mass, beside counting in the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.expectation import expected_groups
from hnlpeak.background.method import SmoothBackground
from hnlpeak.core.records import Column, Vector, Words
from hnlpeak.limits.hypotheses import Hypotheses
from hnlpeak.limits.limit import Limit
from hnlpeak.limits.shape_fit import shape_limits
from hnlpeak.spectrum.window import Window, gaussian_fraction

__all__ = ["ShapeFit", "fit_shapes"]


@dataclass(frozen=True, eq=False)
class ShapeFit:
    """Fit of the peak's shape (see ``limits.shape_fit``), in signal events in the window.

    ``estimate`` is the best fit, >= 0, ``significance`` the square root of q(0); ``expected`` is the limit of the
    spectrum that the side bands expect of background alone. ``status``: ok, ``order-lowered`` (too few events for the
    order of the card, or no convergence), ``no-fit``.
    """

    estimate: Annotated[Vector, Column("n_signal_shape")]
    significance: Annotated[Vector, Column("shape_significance")]
    status: Annotated[Words, Column("shape_status")]
    observed: Annotated[Limit, Column("shape")]
    expected: Annotated[Limit, Column("shape_expected")]


def fit_shapes(
    background: SmoothBackground,
    windows: Sequence[Window],
    edges: Vector,
    cumulative: NDArray[np.float64],
    rows: NDArray[np.int64],
    cl: float,
    syst: Vector,
    hypotheses: Hypotheses,
) -> ShapeFit:
    """Return the shape fit at each mass, with limits at the level ``cl`` of a two-sided interval.

    The function is the one of ``background``, the systematic error ``syst`` of its estimate in the window is a spurious
    signal. ``cumulative[s, i]`` counts the events of selection ``s`` below bin edge ``i``, ``rows[m]`` is that of mass
    ``m``.
    """
    inside = [gaussian_fraction(w.low, w.high, mean=w.mass, sigma=w.sigma) for w in windows]
    made = shape_limits(
        background.whole,
        cumulative,
        rows,
        expected=expected_groups(
            background.bands, background.whole, windows, edges, cumulative, rows, background.model
        ),
        inside=np.array(inside),
        syst=syst,
        order=background.model.order,
        family=background.model.family,
        cl=cl,
    )
    return ShapeFit(
        made.estimate,
        made.significance,
        np.where(
            np.isnan(made.order),
            "no-fit",
            np.where(made.order < background.model.order, "order-lowered", "ok"),
        ),
        hypotheses.limit(made.upper),
        hypotheses.limit(made.expected),
    )
