"""Poisson likelihood of a peak on smooth functions, minimised over their parameters, compiled.

Groups of bins j have the expectations f_j(theta) + u g_j: a function of the side-band fit (``background.functions``)
and a peak of u events with the share g_j in group j. For each function F(u) is minimised over theta, and all together

    q(u) = -2 ln sum_f exp[-(2 F_f(u) + k_f) / 2],     k_f parameters,

so that each has the weight that the side-band fit gives it, at every u anew: what the choice of the function does to
the background under the peak is in the likelihood itself. This is the smooth form of discrete profiling (P. Dauncey et
al., JINST 10 (2015) P04015), which takes the least of 2 F_f + k_f instead. The slope is the weighted mean of 2 F_f'.
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

_FITS = 60
_NO_FIT = 1e300

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
def _function(bands: PeakBands, i: int, k: int, u: float, theta: Vector, w: Workspace) -> tuple[float, float]:
    """F and F' of function ``k``: from where it stands, or else from a constant."""
    data = Groups(bands.families[k], bands.counts[i], bands.basis[i], bands.window_basis[i], bands.groups[i])
    fit = _Fit(data, bands.peak[i], bands.sizes[i, k], theta, w)
    if math.isfinite(theta[0]):
        value, slope = _minimum(fit, u)
        if math.isfinite(value):
            return value, slope
    _constant(fit)
    return _minimum(fit, u)


@kernel
def profiles(
    bands: PeakBands, which: Places, u: Vector, theta: NDArray[np.float64], q: Vector, slope: Vector
) -> None:
    """Fill ``q`` and ``slope`` of the elements ``which`` at ``u``; fits start from ``theta[element, function]``.

    A ``theta`` that is NaN says nothing. Where no function can be fitted q is 1e300.
    """
    w = workspace(bands.basis.shape[1], bands.basis.shape[2])
    values, slopes = np.empty(bands.families.size), np.empty(bands.families.size)
    for m in range(which.size):
        i = which[m]
        least = math.inf
        for k in range(bands.families.size):
            values[k], slopes[k] = math.inf, 0.0
            if bands.sizes[i, k] > 0:
                value, slopes[k] = _function(bands, i, k, u[m], theta[i, k], w)
                if math.isfinite(value):
                    values[k] = 2.0 * value + PENALTY * bands.sizes[i, k]
                    least = min(least, values[k])
                else:
                    theta[i, k, 0] = math.nan
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
    w = workspace(bands.basis.shape[1], bands.basis.shape[2])
    values = np.empty(bands.families.size)
    for i in range(bands.groups.size):
        least = math.inf
        for k in range(bands.families.size):
            values[k] = math.inf
            if bands.sizes[i, k] > 0:
                value, _ = _function(bands, i, k, 0.0, theta[i, k], w)
                if math.isfinite(value):
                    values[k] = 2.0 * value + PENALTY * bands.sizes[i, k]
                    least = min(least, values[k])
                else:
                    theta[i, k, 0] = math.nan
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
                expectations(data, bands.sizes[i, k], theta[i, k], w)
                for j in range(bands.groups[i]):
                    out[i, j] += weight * w.f[j]
        for j in range(bands.groups[i]):
            out[i, j] /= total
