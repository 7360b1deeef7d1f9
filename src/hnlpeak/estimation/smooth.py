"""Weighted histograms as smooth functions: the exponential of a polynomial, as high an order as their events ask for.

Templates have fewer events than the data of a large exposure, so that a draw from them shows their lumps. Where the
background is smooth on the scale of side bands, as searches with side bands take it to be, they can be replaced by

    mu(m) = exp[sum_p c_p P_p(u)],    u = 2 (m - low) / (high - low) - 1,  P_p Legendre's polynomials,

fitted to the sums of weights W_j of ``_CELLS`` cells by the likelihood of weighted counts,

    log L = [sum_j W_j log mu_j - mu_j] / s,     s = sum w^2 / sum w,

whose maximum has the sum of weights exactly. The order is the one with the least 2 (p + 1) - 2 log L (Akaike) of those
that leave ``EVENTS_PER_PARAMETER`` effective events to a parameter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["EVENTS_PER_PARAMETER", "MAX_ORDER", "smoothed"]

EVENTS_PER_PARAMETER = 10.0
MAX_ORDER = 8
"""Highest order of the polynomials that are tried; a choice, not a measurement."""
_CELLS = 130
_STEPS = 100
_CLOSE = 1e-9

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


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
    ends = 2.0 * (edges[cells] - low) / (high - low) - 1.0
    chosen = _best(0.5 * (ends[1:] + ends[:-1]), np.log(np.diff(ends)), np.maximum(counts, 0.0))
    middles = (edges[first + 1 : last + 1] + edges[first:last] - 2.0 * low) / (high - low) - 1.0
    density = np.exp(np.polynomial.legendre.legval(middles, chosen)) * np.diff(edges[first : last + 1])
    found = values.copy()
    found[first:last] = density * (whole / density.sum())
    return found


def _best(u: Vector, log_widths: Vector, counts: Vector) -> Vector:
    """Coefficients of the order that the ``counts`` of cells at ``u`` ask for."""
    most = min(MAX_ORDER, max(0, int(counts.sum() / EVENTS_PER_PARAMETER) - 1), u.size - 1)
    start = np.array([np.log(counts.sum() / np.exp(log_widths).sum())])
    best, least = start, np.inf
    for order in range(most + 1):
        start = np.append(start, np.zeros(order + 1 - start.size))
        basis = np.polynomial.legendre.legvander(u, order).astype(np.float64)
        start = _fit(basis, log_widths, counts, start)
        criterion = 2.0 * (order + 1) - 2.0 * _likelihood(basis, log_widths, counts, start)
        if criterion < least:
            best, least = start, criterion
    return best


def _likelihood(basis: Matrix, log_widths: Vector, counts: Vector, theta: Vector) -> float:
    log_mu = basis @ theta + log_widths
    with np.errstate(over="ignore"):
        return float((counts * log_mu - np.exp(log_mu)).sum())


def _fit(basis: Matrix, log_widths: Vector, counts: Vector, theta: Vector) -> Vector:
    """Newton's steps to the maximum of a concave likelihood, halved while they lead down."""
    reached = _likelihood(basis, log_widths, counts, theta)
    for _ in range(_STEPS):
        mu = np.exp(basis @ theta + log_widths)
        slope = basis.T @ (counts - mu)
        step, *_rest = np.linalg.lstsq((basis.T * mu) @ basis, slope, rcond=None)
        if abs(float(slope @ step)) < _CLOSE:
            break
        share, trial = 1.0, theta + step
        while (found := _likelihood(basis, log_widths, counts, trial)) < reached and share > _CLOSE:
            share *= 0.5
            trial = theta + share * step
        if found < reached:
            break
        theta, reached = trial, found
    return theta
