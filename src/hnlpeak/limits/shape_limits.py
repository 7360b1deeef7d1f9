"""The fit of the peak's shape at every mass, beside counting in the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.bands import SidebandDesign
from hnlpeak.background.expectation import expected_groups
from hnlpeak.background.method import SmoothBackground
from hnlpeak.core.records import Column, Vector, Words
from hnlpeak.estimation.signal import SignalPoint
from hnlpeak.limits.hypotheses import Hypotheses
from hnlpeak.limits.limit import Limit
from hnlpeak.limits.shape_fit import shape_limits
from hnlpeak.spectrum.window import Window

__all__ = ["ShapeFit", "fit_shapes", "peak_shares"]


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
    signals: Sequence[SignalPoint],
    hypotheses: Hypotheses,
) -> ShapeFit:
    """Return the shape fit at each mass, with limits at the level ``cl`` of a two-sided interval.

    The functions are those of ``background``, the peak has the shape of each of ``signals``. ``cumulative[s, i]``
    counts the events of selection ``s`` below bin edge ``i``, ``rows[m]`` is that of mass ``m``.
    """
    made = shape_limits(
        background.whole,
        cumulative,
        rows,
        expected=expected_groups(
            background.bands, background.whole, windows, edges, cumulative, rows, background.model
        ),
        peak=peak_shares(background.whole, windows, edges, signals),
        model=background.model,
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


def peak_shares(
    whole: SidebandDesign, windows: Sequence[Window], edges: Vector, signals: Sequence[SignalPoint]
) -> NDArray[np.float64]:
    """Return the share of each signal in the groups of ``whole`` over that in its window, shape (mass, group)."""
    shares = np.zeros(whole.first.shape)
    for i, (window, signal) in enumerate(zip(windows, signals, strict=True)):
        inside = signal.inside(window.low, window.high)
        for j in range(int(whole.groups[i]) if inside > 0.0 else 0):
            shares[i, j] = signal.inside(edges[whole.first[i, j]], edges[whole.last[i, j]]) / inside
    return shares
