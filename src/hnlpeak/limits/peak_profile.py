"""Poisson likelihood of a peak on smooth functions, minimised over their parameters, compiled.

Groups of bins j have the expectations f_j(theta) + u g_j: a function of the side-band fit (``background.functions``)
and a peak of u events with the share g_j in group j. For each function F(u) is minimised over theta, and all together

    q(u) = -2 ln sum_f exp[-(2 F_f(u) + k_f) / 2],     k_f parameters,

so that each has the weight that the side-band fit gives it, at every u anew: what the choice of the function does to
the background under the peak is in the likelihood itself. This is the smooth form of discrete profiling (P. Dauncey et
al., JINST 10 (2015) P04015), which takes the least of 2 F_f + k_f instead. The slope is the weighted mean of 2 F_f'.
An exponential of a polynomial can have several minima with a peak: it is fitted from three sides unless none is deeper.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.functions import PENALTY
from hnlpeak.background.poisson_fit import (
    BARRIER,
    POLYNOMIAL,
    Groups,
    Workspace,
    add_sums,
    expectations,
    gradients,
    solve,
    workspace,
)
from hnlpeak.core.kernel import kernel

__all__ = ["PeakBands", "average_background", "profiles"]

_FITS = 300
_NO_FIT = 1e300
# share of the peak's highest group below which a group is beside it
_UNDER = 1e-3

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Places = NDArray[np.int64]


class PeakBands(NamedTuple):
    """Padded arrays over (element, group): ``counts``, shares ``peak``; integrals of t^p ``basis[element, group, p]``.

    ``groups``: how many there are; ``window_basis``: integrals over the window; ``families[function]``;
    ``sizes[element, function]``: parameters, 0 for a function that is not fitted.
    """

    counts: Matrix
    peak: Matrix
    groups: Places
    basis: NDArray[np.float64]
    window_basis: Matrix
    families: Places
    sizes: NDArray[np.int64]


class _Spare(NamedTuple):
    """Arrays that the fit of one function overwrites."""

    w: Workspace
    theta: Vector
    counts: Vector
    f: Vector


class _Fit(NamedTuple):
    data: Groups
    peak: Vector
    size: int
    theta: Vector
    w: Workspace


@kernel
def _value(fit: _Fit, u: float) -> float:
    """F less its least possible value."""
    total = 0.0
    for j in range(fit.data.bins):
        f = fit.w.f[j]
        if not 0.0 < f < math.inf:
            return math.inf
        n, mean = fit.data.counts[j], f + u * fit.peak[j]
        total += mean - n - BARRIER * math.log(f)
        if n > 0.0:
            total += n * math.log(n / mean)
    return total


@kernel
def _derivatives(fit: _Fit, u: float) -> float:
    """Fill minus the gradient of F and its Hessian with theta (the expected one for exp); return F'."""
    data, w = fit.data, fit.w
    for p in range(fit.size):
        w.downhill[p] = 0.0
        for q in range(p + 1):
            w.hessian[p, q] = 0.0
    slope = 0.0
    for j in range(data.bins):
        f = w.f[j]
        mean = f + u * fit.peak[j]
        ratio = data.counts[j] / mean
        slope += fit.peak[j] * (1.0 - ratio)
        w.pull[j] = ratio - 1.0 + BARRIER / f
        if data.family == POLYNOMIAL:
            w.weight[j] = ratio / mean + BARRIER / (f * f)
        else:
            w.weight[j] = 1.0 / mean
    gradient, _ = gradients(data, w)
    add_sums(gradient, w.pull, w.weight, data.bins, fit.size, w.downhill, w.hessian)
    return slope


@kernel
def _minimum(fit: _Fit, u: float) -> tuple[float, float]:
    """F and F' at ``u``, minimised over ``theta``, which starts where it is; NaN if that does not end."""
    theta, w, size = fit.theta, fit.w, fit.size
    expectations(fit.data, size, theta, w)
    now = _value(fit, u)
    if not now < math.inf:
        return math.nan, math.nan
    for _ in range(_FITS):
        slope = _derivatives(fit, u)
        if not solve(w.hessian, w.downhill, size, w.step):
            return math.nan, math.nan
        decrement = 0.0
        for p in range(size):
            decrement += w.downhill[p] * w.step[p]
        if decrement < 1e-13:
            return now, slope
        length = 1.0
        while length > 1e-10:
            for p in range(size):
                theta[p] += length * w.step[p]
            expectations(fit.data, size, theta, w)
            then = _value(fit, u)
            if then <= now - 1e-4 * length * decrement + 1e-13 * abs(now):
                break
            for p in range(size):
                theta[p] -= length * w.step[p]
            length *= 0.5
        if length <= 1e-10:
            # rounding of F hides what is left
            expectations(fit.data, size, theta, w)
            return (now, slope) if decrement < 1e-6 else (math.nan, math.nan)
        now = then
    return math.nan, math.nan


@kernel
def _constant(fit: _Fit) -> None:
    """Put a constant into ``theta``."""
    events, width = 0.0, 0.0
    for j in range(fit.data.bins):
        events += fit.data.counts[j]
        width += fit.data.basis[j, 0]
    for p in range(fit.size):
        fit.theta[p] = 0.0
    start = (events + BARRIER * fit.data.bins) / width
    fit.theta[0] = start if fit.data.family == POLYNOMIAL else math.log(start)


@kernel
def _convex(fit: _Fit, u: float) -> tuple[float, float]:
    """F and F' where there is one minimum: from where ``theta`` stands, or else from a constant; infinite without."""
    if math.isfinite(fit.theta[0]):
        value, slope = _minimum(fit, u)
        if math.isfinite(value):
            return value, slope
    _constant(fit)
    value, slope = _minimum(fit, u)
    if math.isfinite(value):
        return value, slope
    fit.theta[0] = math.nan
    return math.inf, 0.0


@kernel
def _one_valley(fit: _Fit, u: float, one: Vector, other: Vector, spare: _Spare) -> bool:
    """Whether F at ``u`` is convex, in ln f, for all expectations between those of two parameter sets."""
    expectations(fit.data, fit.size, one, spare.w)
    spare.f[:] = spare.w.f
    expectations(fit.data, fit.size, other, spare.w)
    for j in range(fit.data.bins):
        mean = min(spare.f[j], spare.w.f[j]) + u * fit.peak[j]
        if fit.data.counts[j] * u * fit.peak[j] > mean * mean:
            return False
    return True


@kernel
def _deepest(fit: _Fit, u: float, value: float) -> bool:
    """Whether no other valley of F at ``u`` can be as deep as ``value``.

    F is convex in ln f where n u g <= (f + u g)^2 in each group. Where a group breaks that, its part of F alone is at
    least that of the expectation sqrt(n u g).
    """
    for j in range(fit.data.bins):
        n, peak = fit.data.counts[j], u * fit.peak[j]
        if 0.0 < peak < n:
            mean = math.sqrt(n * peak)
            # one unit of F is more than what the barriers of all groups may add
            if mean - n + n * math.log(n / mean) < value + 1.0:
                return False
    return True


@kernel
def _from(fit: _Fit, u: float, start: Vector, least: float, slope: float) -> tuple[float, float]:
    """The lesser of ``least`` with its ``slope`` and the minimum that is found from ``start``."""
    for p in range(fit.size):
        fit.theta[p] = start[p]
    value, rise = _minimum(fit, u)
    return (value, rise) if value < least else (least, slope)


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
    size = bands.sizes[i, k]
    data = Groups(bands.families[k], bands.counts[i], bands.basis[i], bands.window_basis[i], bands.groups[i])
    if u == 0.0:
        return _convex(_Fit(data, bands.peak[i], size, theta[0], spare.w), 0.0)
    if data.family == POLYNOMIAL:
        return _convex(_Fit(data, bands.peak[i], size, theta[1], spare.w), u)
    less = Groups(data.family, spare.counts, data.basis, data.window, data.bins)
    fit = _Fit(data, bands.peak[i], size, spare.theta, spare.w)
    whole = math.isfinite(theta[0, 0])
    if not whole:
        whole = _convex(_Fit(data, bands.peak[i], size, theta[0], spare.w), 0.0)[0] < math.inf
    beside = math.isfinite(theta[2, 0])
    if not beside:
        top = bands.peak[i].max()
        for j in range(data.bins):
            spare.counts[j] = data.counts[j] if bands.peak[i, j] < _UNDER * top else 0.0
        beside = _convex(_Fit(less, bands.peak[i], size, theta[2], spare.w), 0.0)[0] < math.inf
    value, slope = math.inf, 0.0
    if whole:
        value, slope = _from(fit, u, theta[0], value, slope)
        if value < math.inf and (
            _deepest(fit, u, value) or (beside and _one_valley(fit, u, theta[0], theta[2], spare))
        ):
            return value, slope
    for j in range(data.bins):
        spare.counts[j] = max(data.counts[j] - u * bands.peak[i, j], 0.0)
    if _convex(_Fit(less, bands.peak[i], size, theta[1], spare.w), 0.0)[0] < math.inf:
        value, slope = _from(fit, u, theta[1], value, slope)
    if beside:
        value, slope = _from(fit, u, theta[2], value, slope)
    return value, slope


@kernel
def _spare(bands: PeakBands) -> _Spare:
    groups, size = bands.basis.shape[1], bands.basis.shape[2]
    return _Spare(workspace(groups, size), np.empty(size), np.empty(groups), np.empty(groups))


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
                data = Groups(
                    bands.families[k], bands.counts[i], bands.basis[i], bands.window_basis[i], bands.groups[i]
                )
                expectations(data, bands.sizes[i, k], theta[i, k, 0], spare.w)
                for j in range(bands.groups[i]):
                    out[i, j] += weight * spare.w.f[j]
        for j in range(bands.groups[i]):
            out[i, j] /= total
