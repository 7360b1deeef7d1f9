"""Fit of one smooth function beside a peak of given size to groups of bins, compiled.

What is minimised over theta is F = sum_j [m_j - n_j ln m_j - mu ln f_j] with m_j = f_j(theta) + u g_j, less its least
possible value, and mu = 1e-4: the functions f_j and the barrier are those of the side-band fit
(``background.poisson_fit``), the peak has u events with the share g_j in group j. Steps are scoring (the expected
Hessian) far from a minimum and Newton's close to it, where scoring takes long. Rows run over the groups, so that
compilers work on several of them at a time; they are padded to whole lanes by groups without events, which add nothing.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.poisson_fit import BARRIER, HALF_NODE, POLYNOMIAL, solve
from hnlpeak.core.copying import copy_row
from hnlpeak.core.kernel import inlined, kernel
from hnlpeak.core.lanes import exponential, logarithm

__all__ = ["Fit", "Workspace", "expectations", "minimum", "only_minimum", "set_up", "workspace"]

_LANES = 8
_FITS = 300
# fall of F that a step promises, twice, from which on steps are Newton's
_NEAR = 0.1

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


class Workspace(NamedTuple):
    """Arrays over groups: what is fitted and what a step leaves behind.

    ``rows[p]``: derivatives of the expectations ``f`` with theta_p; ``first`` and ``second``: nodes of exp-polynomials,
    of which each has the weight ``half`` and the integrand ``values``; ``basis[p]``: integrals of t^p.
    """

    counts: Vector
    peak: Vector
    basis: Matrix
    first: Vector
    second: Vector
    half: Vector
    values: Matrix
    moments: Matrix
    rows: Matrix
    f: Vector
    terms: Vector
    pull: Vector
    weight: Vector
    step: Vector
    downhill: Vector
    hessian: Matrix


class Fit(NamedTuple):
    """A function of a ``family`` with ``size`` parameters, on ``bins`` groups in the work space ``w``."""

    family: int
    size: int
    bins: int
    w: Workspace


@kernel
def workspace(groups: int, size: int) -> Workspace:
    """Return work space for up to ``groups`` groups and ``size`` parameters."""
    length = (groups + _LANES - 1) // _LANES * _LANES
    return Workspace(
        np.zeros(length),
        np.zeros(length),
        np.zeros((size, length)),
        np.zeros(length),
        np.zeros(length),
        np.zeros(length),
        np.zeros((2, length)),
        np.zeros((2, length)),
        np.zeros((size, length)),
        np.zeros(length),
        np.zeros(length),
        np.zeros(length),
        np.zeros(length),
        np.empty(size),
        np.empty(size),
        np.empty((size, size)),
    )


@kernel
def set_up(w: Workspace, basis: Matrix, peak: Vector, bins: int) -> None:
    """Put the first ``bins`` groups in: ``basis[j, p]`` and the shares ``peak[j]``."""
    for j in range(w.f.size):
        inside = j < bins
        w.peak[j] = peak[j] if inside else 0.0
        for p in range(basis.shape[1]):
            w.basis[p, j] = basis[j, p] if inside else 0.0
        # the integrals of 1 and of t over a group tell its width and centre
        width = basis[j, 0] if inside else 0.0
        centre = basis[j, 1] / width if inside else 0.0
        w.half[j] = 0.5 * width
        w.first[j], w.second[j] = centre - HALF_NODE * width, centre + HALF_NODE * width


@inlined
def _dot(a: Vector, b: Vector) -> float:
    s0, s1, s2, s3, s4, s5, s6, s7 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for j in range(0, a.size, _LANES):
        s0 += a[j] * b[j]
        s1 += a[j + 1] * b[j + 1]
        s2 += a[j + 2] * b[j + 2]
        s3 += a[j + 3] * b[j + 3]
        s4 += a[j + 4] * b[j + 4]
        s5 += a[j + 5] * b[j + 5]
        s6 += a[j + 6] * b[j + 6]
        s7 += a[j + 7] * b[j + 7]
    return ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))


@kernel
def expectations(fit: Fit, theta: Vector) -> None:
    """Fill ``f``, and for exp-polynomials its derivatives."""
    w, size = fit.w, fit.size
    if fit.family == POLYNOMIAL:
        w.f[:] = 0.0
        for p in range(size):
            for j in range(w.f.size):
                w.f[j] += w.basis[p, j] * theta[p]
        return
    for k in range(2):
        nodes, values, moments = w.first if k == 0 else w.second, w.values[k], w.moments[k]
        values[:] = theta[size - 1]
        for p in range(size - 2, -1, -1):
            for j in range(w.f.size):
                values[j] = values[j] * nodes[j] + theta[p]
        for j in range(w.f.size):
            values[j] = w.half[j] * exponential(values[j])
        copy_row(values, moments)
    one, two = w.moments[0], w.moments[1]
    for p in range(size):
        row = w.rows[p]
        for j in range(w.f.size):
            row[j] = one[j] + two[j]
            one[j] *= w.first[j]
            two[j] *= w.second[j]
    copy_row(w.rows[0], w.f)


@kernel
def _value(fit: Fit, u: float) -> float:
    """F, infinite outside its domain."""
    w, bins = fit.w, fit.bins
    outside = 0
    for j in range(bins):
        outside += not 0.0 < w.f[j] < math.inf
    if outside > 0:
        return math.inf
    for j in range(w.f.size):
        n, f = w.counts[j], w.f[j] if j < bins else 1.0
        mean = f + u * w.peak[j]
        some = n > 0.0
        ratio = n / mean if some else 1.0
        w.terms[j] = mean - n - BARRIER * logarithm(f) + n * logarithm(ratio)
    total = 0.0
    for j in range(bins):
        total += w.terms[j]
    return total


@kernel
def _derivatives(fit: Fit, u: float, exact: bool) -> float:
    """Fill minus the gradient of F and its Hessian with theta (the expected one for exp unless ``exact``).

    Returns F', the derivative with u.
    """
    w, bins, size = fit.w, fit.bins, fit.size
    linear = fit.family == POLYNOMIAL
    for j in range(w.f.size):
        f = w.f[j] if j < bins else 1.0
        mean = f + u * w.peak[j]
        ratio = w.counts[j] / mean
        inside = 1.0 if j < bins else 0.0
        w.terms[j] = 1.0 - ratio
        w.pull[j] = inside * (ratio - 1.0 + BARRIER / f)
        w.weight[j] = inside * (ratio / mean + BARRIER / (f * f) if exact or linear else 1.0 / mean)
    slope = _dot(w.peak, w.terms)
    rows = w.basis if linear else w.rows
    for p in range(size):
        row = rows[p]
        w.downhill[p] = _dot(row, w.pull)
        for j in range(w.f.size):
            w.terms[j] = row[j] * w.weight[j]
        for q in range(p + 1):
            w.hessian[p, q] = _dot(rows[q], w.terms)
    if exact and not linear:
        _add_curvature(w, size)
    return slope


@kernel
def _add_curvature(w: Workspace, size: int) -> None:
    """Add what the curvature of exp P itself gives to the Hessian: sum_j (1 - n/m - mu/f)_j f_j,p+q."""
    one, two = w.moments[0], w.moments[1]
    copy_row(w.values[0], one)
    copy_row(w.values[1], two)
    for r in range(2 * size - 1):
        for j in range(w.f.size):
            w.terms[j] = one[j] + two[j]
            one[j] *= w.first[j]
            two[j] *= w.second[j]
        moment = _dot(w.terms, w.pull)
        for p in range((r + 1) // 2, min(r + 1, size)):
            w.hessian[p, r - p] -= moment


@kernel
def _step(fit: Fit, u: float, exact: bool) -> tuple[float, float]:
    """Fill the step; return F' and twice the fall of F that the step promises, NaN where there is none."""
    w, size = fit.w, fit.size
    slope = _derivatives(fit, u, exact)
    if not solve(w.hessian, w.downhill, size, w.step):
        return slope, math.nan
    decrement = 0.0
    for p in range(size):
        decrement += w.downhill[p] * w.step[p]
    return slope, decrement


@kernel
def minimum(fit: Fit, u: float, theta: Vector) -> tuple[float, float]:
    """F and F' at ``u``, minimised over ``theta``, which starts where it is; NaN if that does not end."""
    expectations(fit, theta)
    now, near = _value(fit, u), False
    if not now < math.inf:
        return math.nan, math.nan
    for _ in range(_FITS):
        slope, decrement = _step(fit, u, near)
        if near and not decrement >= 0.0:
            # F is not convex here
            slope, decrement = _step(fit, u, False)
        if not decrement >= 0.0:
            return math.nan, math.nan
        if decrement < 1e-13:
            return now, slope
        near = decrement < _NEAR
        length = 1.0
        while length > 1e-10:
            for p in range(fit.size):
                theta[p] += length * fit.w.step[p]
            expectations(fit, theta)
            then = _value(fit, u)
            if then <= now - 1e-4 * length * decrement + 1e-13 * abs(now):
                break
            for p in range(fit.size):
                theta[p] -= length * fit.w.step[p]
            length *= 0.5
        if length <= 1e-10:
            # rounding of F hides what is left
            expectations(fit, theta)
            return (now, slope) if decrement < 1e-6 else (math.nan, math.nan)
        now = then
    return math.nan, math.nan


@kernel
def _constant(fit: Fit, theta: Vector) -> None:
    """Put a constant into ``theta``."""
    events, width = 0.0, 0.0
    for j in range(fit.bins):
        events += fit.w.counts[j]
        width += fit.w.basis[0, j]
    for p in range(fit.size):
        theta[p] = 0.0
    start = (events + BARRIER * fit.bins) / width
    theta[0] = start if fit.family == POLYNOMIAL else math.log(start)


@kernel
def only_minimum(fit: Fit, u: float, theta: Vector) -> tuple[float, float]:
    """F and F' where there is one minimum: from where ``theta`` stands, or else from a constant; infinite without."""
    if math.isfinite(theta[0]):
        value, slope = minimum(fit, u, theta)
        if math.isfinite(value):
            return value, slope
    _constant(fit, theta)
    value, slope = minimum(fit, u, theta)
    if math.isfinite(value):
        return value, slope
    theta[0] = math.nan
    return math.inf, 0.0
