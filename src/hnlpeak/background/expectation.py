"""The spectrum that the background alone would have, from the side-band fits of all masses.

Every bin takes the functions fitted for the nearest mass, whose window was left out of the fit, by their weights.
The fits follow the data's fluctuations, as far as
their functions can; toys about them have these bumps and their own. They are smoothed out: S averages over
+-``SMOOTHING`` resolutions (less near the ends), and 2 S - S S, which keeps slopes and curvatures, takes the place of
the fits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.bands import SidebandDesign
from hnlpeak.background.functions import Family, SidebandModel
from hnlpeak.background.sideband_fit import FittedFunctions, fit_functions
from hnlpeak.spectrum.window import Window

__all__ = ["SMOOTHING", "expected_groups", "expected_spectrum"]

SMOOTHING = 6.0
"""Half-width of the smoothing, in resolutions."""

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


def expected_spectrum(
    design: SidebandDesign,
    windows: Sequence[Window],
    edges: Vector,
    cumulative: Matrix,
    model: SidebandModel,
) -> Matrix:
    """Return expected events per bin, shape (selections, bins), >= 0.

    ``cumulative[s, i]`` is the number of events of selection ``s`` below bin edge ``i``. Beyond the side bands of all
    masses, and where there are no side bands at all, nothing is expected.
    """
    rates = np.zeros((cumulative.shape[0], edges.size - 1))
    some = [int(i) for i in np.flatnonzero(design.groups > 0)]
    if not some:
        return rates
    masses, sigmas = (np.array([getattr(windows[i], name) for i in some]) for name in ("mass", "sigma"))
    # bins nearest to each mass
    cuts = np.searchsorted(0.5 * (edges[1:] + edges[:-1]), 0.5 * (masses[1:] + masses[:-1]))
    ends = [(design.first[i, : design.groups[i]], design.last[i, : design.groups[i]]) for i in some]
    begin = np.concatenate([[min(int(a.min()) for a, _ in ends)], cuts])
    end = np.concatenate([cuts, [max(int(b.max()) for _, b in ends)]])
    scale = _scales(design, edges)[some]
    for s, row in enumerate(cumulative):
        fitted = fit_functions(design, row, model)
        own = model.order_choice != "average"
        for k, i in enumerate(some):
            t = (edges[begin[k] : end[k] + 1] - masses[k]) / scale[k]
            if t.size > 1:
                rates[s, begin[k] : end[k]] = _average(t, fitted, i, own=own)
        inside = slice(int(begin[0]), int(end[-1]))
        rates[s, inside] = _smoothed(rates[s, inside], edges[begin[0] : end[-1] + 1], masses, sigmas)
    return rates


def _smoothed(rates: Vector, edges: Vector, masses: Vector, sigmas: Vector) -> Vector:
    """``rates`` of the bins between ``edges`` after 2 S - S S; S keeps their sum but for the ends."""
    centres = 0.5 * (edges[1:] + edges[:-1])
    reach = SMOOTHING * np.interp(centres, masses, sigmas)
    # the same to both sides: slopes stay
    reach = np.minimum(reach, np.minimum(centres - edges[0], edges[-1] - centres))
    ends = np.stack([centres - reach, centres + reach])

    def average(values: Vector) -> Vector:
        total = np.interp(ends, edges, np.concatenate([[0.0], np.cumsum(values)]))
        return np.asarray((total[1] - total[0]) * np.diff(edges) / (2.0 * reach))

    once = average(rates)
    return np.maximum(2.0 * once - average(once), 0.0)


def _scales(design: SidebandDesign, edges: Vector) -> Vector:
    """MeV of one unit of t at each mass with side bands."""
    width = edges[design.last[:, 0]] - edges[design.first[:, 0]]
    return np.divide(width, design.basis[:, 0, 0], out=np.ones_like(width), where=design.groups > 0)


def expected_groups(
    design: SidebandDesign,
    whole: SidebandDesign,
    windows: Sequence[Window],
    edges: Vector,
    cumulative: Matrix,
    rows: NDArray[np.int64],
    model: SidebandModel,
) -> Matrix:
    """Return expected events, shape (mass, group), in the groups of ``whole`` bands from the side bands of ``design``.

    ``rows[m]`` is the selection of mass ``m``; NaN where there is no fit.
    """
    expected = np.full(whole.first.shape, np.nan)
    if design.first.shape[1] == 0:
        return expected
    scale, own = _scales(design, edges), model.order_choice != "average"
    for s in np.unique(rows):
        fitted = fit_functions(design, cumulative[s], model)
        for i in map(int, np.flatnonzero((rows == s) & (fitted.orders[:, 0] >= 0))):
            m = whole.groups[i]
            ends = np.append(whole.first[i, :m], whole.last[i, m - 1])
            expected[i, :m] = _average((edges[ends] - windows[i].mass) / scale[i], fitted, i, own=own)
    return expected


def _average(t: Vector, fitted: FittedFunctions, i: int, *, own: bool) -> Vector:
    """Events between neighbouring ``t`` of mass ``i``: of all functions by their weights, or of the first alone."""
    total = np.zeros(t.size - 1)
    for f, family in enumerate(fitted.families[:1] if own else fitted.families):
        order, weight = fitted.orders[i, f], 1.0 if own else fitted.weights[i, f]
        if order >= 0 and weight > 0.0:
            total += weight * _events(t, fitted.parameters[i, f, : order + 1], family)
    return total


def _events(t: Vector, theta: Vector, family: Family) -> Vector:
    """Integrals of the fitted function between neighbouring ``t``, by Simpson's rule, not below zero."""
    middle = 0.5 * (t[1:] + t[:-1])
    low, centre, high = (np.polynomial.polynomial.polyval(x, theta) for x in (t[:-1], middle, t[1:]))
    if family == "exp-polynomial":
        low, centre, high = np.exp(low), np.exp(centre), np.exp(high)
    return np.asarray(np.maximum(np.diff(t) * (low + 4.0 * centre + high) / 6.0, 0.0))
