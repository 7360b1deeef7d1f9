"""Poisson likelihood of a peak on smooth functions, minimised over their parameters, compiled.

Groups of bins j have the expectations f_j(theta) + u g_j: a function of the side-band fit (``background.functions``)
and a peak of u events with the share g_j in group j. For each function F(u) is minimised over theta, and all together

    q(u) = -2 ln sum_f exp[-(2 F_f(u) + k_f) / 2],     k_f parameters,

so that each has the weight that the side-band fit gives it, at every u anew: what the choice of the function does to
the background under the peak is in the likelihood itself. This is the smooth form of discrete profiling (P. Dauncey et
al., JINST 10 (2015) P04015), which takes the least of 2 F_f + k_f instead. The slope is the weighted mean of 2 F_f'.
An exponential of a polynomial can have several minima with a peak: it is fitted from three sides unless none is deeper.
The fits themselves are in ``limits.peak_fit``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.functions import PENALTY
from hnlpeak.background.poisson_fit import POLYNOMIAL
from hnlpeak.core.copying import copy_row
from hnlpeak.core.kernel import kernel
from hnlpeak.limits.peak_fit import (
    Fit,
    Workspace,
    expectations,
    minimum,
    only_minimum,
    set_up,
    workspace,
)

__all__ = ["PeakBands", "average_background", "profiles"]

_NO_FIT = 1e300
# share of the peak's highest group below which a group is beside it
_UNDER = 1e-3

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Places = NDArray[np.int64]


class PeakBands(NamedTuple):
    """Padded arrays over (element, group): ``counts``, shares ``peak``; integrals of t^p ``basis[element, group, p]``.

    ``groups``: how many there are; ``families[function]``; ``sizes[element, function]``: parameters, 0 for a function
    that is not fitted.
    """

    counts: Matrix
    peak: Matrix
    groups: Places
    basis: NDArray[np.float64]
    families: Places
    sizes: NDArray[np.int64]


class _Spare(NamedTuple):
    """Arrays that the fit of one function overwrites."""

    w: Workspace
    theta: Vector
    f: Vector


@kernel
def _one_valley(fit: Fit, u: float, one: Vector, other: Vector, f: Vector) -> bool:
    """Whether F at ``u`` is convex, in ln f, for all expectations between those of two parameter sets."""
    expectations(fit, one)
    copy_row(fit.w.f, f)
    expectations(fit, other)
    for j in range(fit.bins):
        peak = u * fit.w.peak[j]
        mean = min(f[j], fit.w.f[j]) + peak
        if fit.w.counts[j] * peak > mean * mean:
            return False
    return True


@kernel
def _deepest(fit: Fit, u: float, value: float) -> bool:
    """Whether no other valley of F at ``u`` can be as deep as ``value``.

    F is convex in ln f where n u g <= (f + u g)^2 in each group. Where a group breaks that, its part of F alone is at
    least that of the expectation sqrt(n u g).
    """
    for j in range(fit.bins):
        n, peak = fit.w.counts[j], u * fit.w.peak[j]
        if 0.0 < peak < n:
            mean = math.sqrt(n * peak)
            # one unit of F is more than what the barriers of all groups may add
            if mean - n + n * math.log(n / mean) < value + 1.0:
                return False
    return True


@kernel
def _from(
    fit: Fit, u: float, start: Vector, theta: Vector, least: float, slope: float
) -> tuple[float, float]:
    """The lesser of ``least`` with its ``slope`` and the minimum that is found from ``start``."""
    for p in range(fit.size):
        theta[p] = start[p]
    value, rise = minimum(fit, u, theta)
    return (value, rise) if value < least else (least, slope)


@kernel
def _count(w: Workspace, bands: PeakBands, i: int) -> None:
    """Put the counts of the element in."""
    for j in range(bands.groups[i]):
        w.counts[j] = bands.counts[i, j]


@kernel
def _function(
    bands: PeakBands, i: int, k: int, u: float, theta: Matrix, spare: _Spare
) -> tuple[float, float]:
    """F and F' of function ``k``, infinite where it cannot be fitted.

    Without a peak there is one minimum, and for a polynomial always. An exponential may have several with a peak: it
    makes the events of the peak, or leaves them to it. It is fitted from ``theta[0]``, the fit of all counts, from
    ``theta[1]``, that of the counts less the peak, and from ``theta[2]``, that without the counts under the peak, so
    that the answer does not depend on what was fitted before.
    """
    w = spare.w
    fit = Fit(bands.families[k], bands.sizes[i, k], bands.groups[i], w)
    if u == 0.0:
        return only_minimum(fit, 0.0, theta[0])
    if fit.family == POLYNOMIAL:
        return only_minimum(fit, u, theta[1])
    whole = math.isfinite(theta[0, 0]) or only_minimum(fit, 0.0, theta[0])[0] < math.inf
    beside = math.isfinite(theta[2, 0])
    if not beside:
        top = bands.peak[i].max()
        for j in range(fit.bins):
            w.counts[j] = bands.counts[i, j] if bands.peak[i, j] < _UNDER * top else 0.0
        beside = only_minimum(fit, 0.0, theta[2])[0] < math.inf
        _count(w, bands, i)
    value, slope = math.inf, 0.0
    if whole:
        value, slope = _from(fit, u, theta[0], spare.theta, value, slope)
        if value < math.inf and (
            _deepest(fit, u, value) or (beside and _one_valley(fit, u, theta[0], theta[2], spare.f))
        ):
            return value, slope
    for j in range(fit.bins):
        w.counts[j] = max(bands.counts[i, j] - u * bands.peak[i, j], 0.0)
    less = only_minimum(fit, 0.0, theta[1])[0] < math.inf
    _count(w, bands, i)
    if less:
        value, slope = _from(fit, u, theta[1], spare.theta, value, slope)
    if beside:
        value, slope = _from(fit, u, theta[2], spare.theta, value, slope)
    return value, slope


@kernel
def _spare(bands: PeakBands) -> _Spare:
    w = workspace(bands.basis.shape[1], bands.basis.shape[2])
    return _Spare(w, np.empty(bands.basis.shape[2]), np.empty(w.f.size))


@kernel
def _turn_to(bands: PeakBands, i: int, spare: _Spare) -> None:
    """Put an element in."""
    set_up(spare.w, bands.basis[i], bands.peak[i], bands.groups[i])
    spare.w.counts[:] = 0.0
    _count(spare.w, bands, i)


@kernel
def profiles(
    bands: PeakBands, which: Places, u: Vector, theta: NDArray[np.float64], q: Vector, slope: Vector
) -> None:
    """Fill ``q`` and ``slope`` of the elements ``which`` at ``u``; ``theta[element, function, 3]`` saves time.

    A ``theta`` that is NaN says nothing. Where no function can be fitted q is 1e300.
    """
    spare = _spare(bands)
    values, slopes = np.empty(bands.families.size), np.empty(bands.families.size)
    for m in range(which.size):
        i = which[m]
        _turn_to(bands, i, spare)
        least = math.inf
        for k in range(bands.families.size):
            values[k], slopes[k] = math.inf, 0.0
            if bands.sizes[i, k] > 0:
                value, slopes[k] = _function(bands, i, k, u[m], theta[i, k], spare)
                if value < math.inf:
                    values[k] = 2.0 * value + PENALTY * bands.sizes[i, k]
                    least = min(least, values[k])
        total, mean = 0.0, 0.0
        for k in range(bands.families.size):
            if values[k] < math.inf:
                weight = math.exp(0.5 * (least - values[k]))
                total += weight
                mean += weight * 2.0 * slopes[k]
        q[m], slope[m] = _NO_FIT, 0.0
        if total > 0.0:
            q[m], slope[m] = least - 2.0 * math.log(total), mean / total


@kernel
def average_background(bands: PeakBands, theta: NDArray[np.float64], out: Matrix) -> None:
    """Fill ``out[element, group]`` with the expectations without a peak, of all functions by their weights."""
    spare = _spare(bands)
    values = np.empty(bands.families.size)
    for i in range(bands.groups.size):
        _turn_to(bands, i, spare)
        least = math.inf
        for k in range(bands.families.size):
            values[k] = math.inf
            if bands.sizes[i, k] > 0:
                value, _ = _function(bands, i, k, 0.0, theta[i, k], spare)
                if value < math.inf:
                    values[k] = 2.0 * value + PENALTY * bands.sizes[i, k]
                    least = min(least, values[k])
        total = 0.0
        for j in range(bands.groups[i]):
            out[i, j] = 0.0
        for k in range(bands.families.size):
            if values[k] < math.inf:
                weight = math.exp(0.5 * (least - values[k]))
                total += weight
                expectations(
                    Fit(bands.families[k], bands.sizes[i, k], bands.groups[i], spare.w), theta[i, k, 0]
                )
                for j in range(bands.groups[i]):
                    out[i, j] += weight * spare.w.f[j]
        for j in range(bands.groups[i]):
            out[i, j] /= total
