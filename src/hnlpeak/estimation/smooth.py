"""Weighted histograms as smooth functions: the exponential of a polynomial, as high an order as their events ask for.

Templates have fewer events than the data of a large exposure, so that a draw from them shows their lumps. Where the
background is smooth on the scale of side bands, as searches with side bands take it to be, they can be replaced by

    mu(m) = exp[sum_p c_p u^p],    u = 2 (m - low) / (high - low) - 1,

fitted to the sums of weights W_j of ``_CELLS`` cells by the likelihood of weighted counts,

    log L = [sum_j W_j log mu_j - mu_j] / s,     s = sum w^2 / sum w,

which is that of the side bands' fits (``background.poisson_fit``) to the effective counts W_j / s. The order is the one
with the least 2 (p + 1) - 2 log L (Akaike) of those that leave ``EVENTS_PER_PARAMETER`` effective events to a
parameter; the sum of weights is restored exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.poisson_fit import EXP_POLYNOMIAL, Groups, expectations, fit, workspace

__all__ = ["EVENTS_PER_PARAMETER", "MAX_ORDER", "smoothed"]

EVENTS_PER_PARAMETER = 10.0
MAX_ORDER = 8
"""Highest order of the polynomials that are tried; a choice, not a measurement."""
_CELLS = 130

Vector = NDArray[np.float64]


def smoothed(edges: Vector, values: Vector, variances: Vector, *, low: float, high: float) -> Vector:
    """Return ``values`` (n) with those of the bins between ``low`` and ``high`` (MeV) replaced by a smooth function.

    ``edges`` (n + 1, MeV); ``variances`` (n) are sums of squared weights. The sum stays, and all other bins do. A range
    without a positive sum stays as it is.
    """
    first, last = np.searchsorted(0.5 * (edges[1:] + edges[:-1]), (low, high))
    whole, square = float(values[first:last].sum()), float(variances[first:last].sum())
    if whole <= 0.0 or square <= 0.0:
        return values
    cells = np.unique(np.linspace(first, last, min(_CELLS, last - first) + 1).astype(np.int64))
    counts = np.add.reduceat(values[:last], cells[:-1]) * whole / square
    u = (2.0 * edges[first : last + 1] - low - high) / (high - low)
    chosen = _best(u[cells - first], np.maximum(counts, 0.0))
    density = np.exp(np.polynomial.polynomial.polyval(0.5 * (u[1:] + u[:-1]), chosen)) * np.diff(u)
    found = values.copy()
    found[first:last] = density * (whole / density.sum())
    return found


def _best(ends: Vector, counts: Vector) -> Vector:
    """Coefficients of the order that the ``counts`` of cells between ``ends`` ask for, of those whose fit converges."""
    most = min(MAX_ORDER, max(0, int(counts.sum() / EVENTS_PER_PARAMETER) - 1), counts.size - 1)
    powers = np.column_stack([np.diff(ends), 0.5 * np.diff(ends**2)])
    whole = np.array([ends[-1] - ends[0], 0.5 * (ends[-1] ** 2 - ends[0] ** 2)])
    data = Groups(EXP_POLYNOMIAL, counts, powers, whole, counts.size)
    work = workspace(counts.size, most + 1)
    best, least = np.zeros(1), np.inf
    start = np.full(most + 1, np.nan)
    for order in range(most + 1):
        theta = np.zeros(most + 1)
        if not fit(data, order + 1, start, theta, work):
            continue
        expectations(data, order + 1, theta, work)
        criterion = 2.0 * (order + 1) - 2.0 * float((counts * np.log(work.f) - work.f).sum())
        if criterion < least:
            best, least = theta[: order + 1], criterion
        start = theta
    return best
