"""Peak of known shape on a smooth background: what counting in a window leaves out.

At each mass the groups of bins between the outer ends of the side bands, the window among them, are fitted with a peak
on each function of the side-band fit, weighted anew for every signal (``limits.peak_profile``). The interval is the
bounded likelihood interval, with the quantile of a two-sided one as for the window. The order of the background is
lowered as in the side-band fit. The quantile is asymptotic: at one event on an empty spectrum the upper limit covers
0.75, not 0.95.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.bands import SidebandDesign
from hnlpeak.background.functions import SidebandModel
from hnlpeak.limits.peaked import peaked
from hnlpeak.statistics import SharedRate

__all__ = ["ShapeLimits", "shape_limits"]

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ShapeLimits:
    """Per mass, in signal events in the window: best fit >= 0, upper limit, that of background alone (Asimov).

    ``significance`` is the square root of q(0), ``order`` that of the background in use. NaN where there are no bands
    or no fit.
    """

    estimate: Vector
    significance: Vector
    upper: Vector
    expected: Vector
    order: Vector


def shape_limits(
    design: SidebandDesign,
    cumulative: Matrix,
    rows: NDArray[np.int64],
    *,
    expected: Matrix,
    peak: Matrix,
    model: SidebandModel,
    cl: float = 0.90,
) -> ShapeLimits:
    """Return limits from the shape of the peak at each mass of ``design`` (see ``bands.shape_design``).

    ``cumulative[s, i]`` counts selection ``s`` below bin edge ``i``, ``rows[m]`` is the selection of mass ``m``;
    ``expected[m, j]`` are events of background alone in its groups (NaN leaves the mass out), ``peak[m, j]`` the share
    of the signal there over its share in the window, ``model`` the functions.
    """
    columns = np.full((5, design.groups.size), np.nan)
    if design.first.shape[1] == 0:
        return ShapeLimits(*columns)
    at = rows[:, None]
    made = peaked(design, cumulative[at, design.last] - cumulative[at, design.first], peak, model, expected)
    good = np.flatnonzero(np.isfinite(expected[:, 0]) & made.usable() & made.expected().usable())
    if good.size:
        chosen = made[good]
        product = SharedRate.of([chosen], [1.0])
        interval = product.interval(cl=cl)
        columns[0, good], columns[1, good] = interval.estimate, product.significance
        columns[2, good], columns[3, good] = interval.upper, product.bands(np.zeros(1), cl=cl)[0]
        columns[4, good] = chosen.order
    return ShapeLimits(*columns)
