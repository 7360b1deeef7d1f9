"""Poisson maximum-likelihood fit of a smooth background to groups of bins, compiled.

Counts n_j have expectations f_j(theta) of one of two families, integrated over the group,

    polynomial        f_j = int P(t) dt,       P(t) = sum_p theta_p t^p, not negative
    exp-polynomial    f_j = int exp P(t) dt,   two Gauss-Legendre nodes a group, four in the window

and what is minimised is F = sum_j [f_j - (n_j + mu) ln f_j], mu = 1e-4, for polynomials less mu ln f_w with
f_w the expectation in the window. The small mu is a barrier that keeps every expectation positive (and every
slope finite), also where n_j = 0, so that there is one minimum. It biases the sum of the f_j upwards by mu per
bin, far below any statistical error. Newton's rule is tried first; where it leaves the domain or does not
contract, damped steps from a constant take its place. They end at the same minimum.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.cholesky import factorise, solve_lower, solve_upper
from hnlpeak.core.kernel import inlined, kernel

__all__ = [
    "BARRIER",
    "CONTRACTION",
    "EXP_POLYNOMIAL",
    "HALF_NODE",
    "NEWTON_STEPS",
    "POLYNOMIAL",
    "REMAINDER",
    "TOLERANCE",
    "WINDOW_NODES",
    "WINDOW_WEIGHTS",
    "Groups",
    "Workspace",
    "add_sums",
    "expectations",
    "fit",
    "gradients",
    "solve",
    "workspace",
]

POLYNOMIAL, EXP_POLYNOMIAL = range(2)
BARRIER = 1e-4
_MAX_STEPS = 100
NEWTON_STEPS = 8
CONTRACTION = 0.3
TOLERANCE = 1e-6
REMAINDER = 1e-9
# no exponent changes by more than this in one damped step
_LONGEST_EXPONENT = 2.0
HALF_NODE = 0.5 / math.sqrt(3.0)
WINDOW_NODES = tuple(float(x) for x in 0.5 * np.polynomial.legendre.leggauss(4)[0])
WINDOW_WEIGHTS = tuple(float(w) for w in 0.5 * np.polynomial.legendre.leggauss(4)[1])

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


class Groups(NamedTuple):
    """What is fitted: the ``family``, ``counts`` of the first ``bins`` groups, integrals of the powers of t.

    ``basis[j, p]`` is the integral of t^p over group j, ``window[p]`` over the window; exp-polynomials need two powers.
    """

    family: int
    counts: Vector
    basis: Matrix
    window: Vector
    bins: int


class Workspace(NamedTuple):
    """Arrays that a fit overwrites, per group: expectation, pull, weight, gradient; gradient of the window; step."""

    f: Vector
    pull: Vector
    weight: Vector
    gradient: Matrix
    window: Vector
    step: Vector
    downhill: Vector
    hessian: Matrix


@kernel
def workspace(bins: int, size: int) -> Workspace:
    """Return work space for fits of up to ``size`` parameters to ``bins`` groups."""
    return Workspace(
        np.empty(bins),
        np.empty(bins),
        np.empty(bins),
        np.empty((bins, size)),
        np.empty(size),
        np.empty(size),
        np.empty(size),
        np.empty((size, size)),
    )


@inlined
def solve(matrix: Matrix, right: Vector, size: int, out: Vector) -> bool:
    """Solve ``matrix`` x = ``right`` by Cholesky, overwriting ``matrix``; False if not positive definite."""
    if not factorise(matrix, size):
        return False
    for i in range(size):
        out[i] = right[i]
    solve_lower(matrix, size, out)
    solve_upper(matrix, size, out)
    return True


@inlined
def _polynomial(data: Groups, size: int, theta: Vector, w: Workspace) -> float:
    for j in range(data.bins):
        total = 0.0
        for p in range(size):
            total += data.basis[j, p] * theta[p]
        w.f[j] = total
    total = 0.0
    for p in range(size):
        total += data.window[p] * theta[p]
    return total


@kernel
def _add_node(t: float, weight: float, size: int, theta: Vector, gradient: Vector) -> float:
    """Add one node of an integral of exp P to its gradient; return its value."""
    exponent = theta[size - 1]
    for p in range(size - 2, -1, -1):
        exponent = exponent * t + theta[p]
    value = weight * math.exp(exponent)
    term = value
    for p in range(size):
        gradient[p] += term
        term *= t
    return value


@kernel
def _exp_polynomial(data: Groups, size: int, theta: Vector, w: Workspace) -> float:
    for j in range(data.bins):
        # the integrals of 1 and of t over a group tell its width and centre
        width = data.basis[j, 0]
        centre = data.basis[j, 1] / width
        for p in range(size):
            w.gradient[j, p] = 0.0
        offset = HALF_NODE * width
        total = _add_node(centre - offset, 0.5 * width, size, theta, w.gradient[j])
        w.f[j] = total + _add_node(centre + offset, 0.5 * width, size, theta, w.gradient[j])
    width, total = data.window[0], 0.0
    for p in range(size):
        w.window[p] = 0.0
    for k in range(4):
        t = data.window[1] / width + WINDOW_NODES[k] * width
        total += _add_node(t, WINDOW_WEIGHTS[k] * width, size, theta, w.window)
    return total


@inlined
def expectations(data: Groups, size: int, theta: Vector, w: Workspace) -> float:
    """Fill the expectations ``f`` of the work space; return that in the window. See also ``gradients``."""
    if data.family == POLYNOMIAL:
        return _polynomial(data, size, theta, w)
    return _exp_polynomial(data, size, theta, w)


@inlined
def gradients(data: Groups, w: Workspace) -> tuple[Matrix, Vector]:
    """Derivatives of the last ``expectations`` with theta, of the groups and of the window."""
    if data.family == POLYNOMIAL:
        return data.basis, data.window
    return w.gradient, w.window


@kernel
def _objective(data: Groups, inside: float, w: Workspace) -> float:
    """F of the module's docstring from what ``expectations`` left; infinite outside the domain."""
    if not inside > 0.0:
        return math.inf
    total = -BARRIER * math.log(inside) if data.family == POLYNOMIAL else 0.0
    for j in range(data.bins):
        if not 0.0 < w.f[j] < math.inf:
            return math.inf
        total += w.f[j] - (data.counts[j] + BARRIER) * math.log(w.f[j])
    return total


@inlined
def _add_four(
    gradient: Matrix, pull: Vector, weight: Vector, bins: int, size: int, downhill: Vector, matrix: Matrix
) -> None:
    """``add_sums`` for up to four parameters and rows of at least four numbers: all sums stay in registers."""
    d0, d1, d2, d3 = 0.0, 0.0, 0.0, 0.0
    m00, m10, m11, m20, m21, m22, m30, m31, m32, m33 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for j in range(bins):
        g0, g1, g2, g3 = gradient[j, 0], gradient[j, 1], gradient[j, 2], gradient[j, 3]
        d0 += g0 * pull[j]
        d1 += g1 * pull[j]
        d2 += g2 * pull[j]
        d3 += g3 * pull[j]
        w0, w1, w2, w3 = g0 * weight[j], g1 * weight[j], g2 * weight[j], g3 * weight[j]
        m00 += w0 * g0
        m10 += w1 * g0
        m11 += w1 * g1
        m20 += w2 * g0
        m21 += w2 * g1
        m22 += w2 * g2
        m30 += w3 * g0
        m31 += w3 * g1
        m32 += w3 * g2
        m33 += w3 * g3
    downs = (d0, d1, d2, d3)
    sums = ((m00, 0.0, 0.0, 0.0), (m10, m11, 0.0, 0.0), (m20, m21, m22, 0.0), (m30, m31, m32, m33))
    for p in range(size):
        downhill[p] += downs[p]
        for q in range(p + 1):
            matrix[p, q] += sums[p][q]


@inlined
def add_sums(
    gradient: Matrix, pull: Vector, weight: Vector, bins: int, size: int, downhill: Vector, matrix: Matrix
) -> None:
    """Add sum_j G_jp ``pull``_j to ``downhill`` and sum_j G_jp G_jq ``weight``_j to ``matrix`` (q <= p)."""
    if size <= 4 <= gradient.shape[1]:
        _add_four(gradient, pull, weight, bins, size, downhill, matrix)
        return
    for j in range(bins):
        for p in range(size):
            downhill[p] += gradient[j, p] * pull[j]
            scaled = gradient[j, p] * weight[j]
            for q in range(p + 1):
                matrix[p, q] += scaled * gradient[j, q]


@inlined
def _derivatives(data: Groups, size: int, inside: float, w: Workspace) -> bool:
    """Fill minus the gradient of F and its Hessian (the expected one for exp); False outside the domain."""
    linear = data.family == POLYNOMIAL
    if not inside > 0.0:
        return False
    gradient, slope = gradients(data, w)
    share = BARRIER / inside if linear else 0.0
    for p in range(size):
        w.downhill[p] = share * slope[p]
        for q in range(p + 1):
            w.hessian[p, q] = share * slope[p] * slope[q] / inside
    outside = 0
    for j in range(data.bins):
        f = w.f[j]
        outside += not 0.0 < f < math.inf
        inverse = 1.0 / f
        ratio = (data.counts[j] + BARRIER) * inverse
        w.pull[j] = ratio - 1.0
        w.weight[j] = ratio * inverse if linear else inverse
    if outside > 0:
        return False
    add_sums(gradient, w.pull, w.weight, data.bins, size, w.downhill, w.hessian)
    return True


@inlined
def _decrement(w: Workspace, size: int) -> float:
    """Fill Newton's step; return twice the fall of F that it promises, NaN where there is none."""
    if not solve(w.hessian, w.downhill, size, w.step):
        return math.nan
    total = 0.0
    for p in range(size):
        total += w.downhill[p] * w.step[p]
    return total


@kernel
def _newton(data: Groups, size: int, theta: Vector, w: Workspace) -> bool:
    """Full steps while they contract; False where they do not."""
    before = math.inf
    for _ in range(NEWTON_STEPS):
        inside = expectations(data, size, theta, w)
        if not _derivatives(data, size, inside, w):
            return False
        decrement = _decrement(w, size)
        if not 0.0 <= decrement < CONTRACTION * before:
            return False
        for p in range(size):
            theta[p] += w.step[p]
        # what is left after this step: Newton's rule squares, scoring (exp) only contracts
        left = math.inf
        if before < math.inf:
            left = decrement * (decrement / before)
            if data.family == POLYNOMIAL:
                left *= decrement / before
        if decrement <= TOLERANCE or left <= REMAINDER:
            return True
        before = decrement
    return False


@kernel
def _longest(data: Groups, size: int, inside: float, w: Workspace) -> float:
    """Longest part (<= 1) of the step that stays in the domain, or changes no exponent by much."""
    if data.family == EXP_POLYNOMIAL:
        # coefficients may be large and cancel: what counts is the change of the exponent where the groups are
        most = 0.0
        for j in range(data.bins):
            change, t = 0.0, data.basis[j, 1] / data.basis[j, 0]
            for p in range(size - 1, -1, -1):
                change = change * t + w.step[p]
            most = max(most, abs(change))
        return min(1.0, _LONGEST_EXPONENT / most) if most > 0.0 else 1.0
    length = 1.0
    for j in range(-1, data.bins):
        row, value = (data.window, inside) if j < 0 else (data.basis[j], w.f[j])
        change = 0.0
        for p in range(size):
            change += row[p] * w.step[p]
        if value + length * change <= 0.0:
            length = -0.98 * value / change
    return length


@kernel
def _damped(data: Groups, size: int, theta: Vector, w: Workspace) -> bool:
    """Newton steps cut until F falls enough (Armijo); False if that does not end."""
    inside = expectations(data, size, theta, w)
    now = _objective(data, inside, w)
    for _ in range(_MAX_STEPS):
        if not _derivatives(data, size, inside, w):
            return False
        decrement = _decrement(w, size)
        if not decrement > TOLERANCE:
            for p in range(size):
                theta[p] += w.step[p]
            return decrement >= 0.0
        length = _longest(data, size, inside, w)
        then = math.inf
        while length > 1e-12:
            for p in range(size):
                theta[p] += length * w.step[p]
            inside = expectations(data, size, theta, w)
            then = _objective(data, inside, w)
            # with room for rounding where F is large
            if then <= now - 1e-4 * length * decrement + 1e-13 * abs(now):
                break
            for p in range(size):
                theta[p] -= length * w.step[p]
            length *= 0.5
        if length <= 1e-12:
            return False
        now = then
    return False


@kernel
def _constant(data: Groups, size: int, theta: Vector) -> None:
    events, width = 0.0, 0.0
    for j in range(data.bins):
        events += data.counts[j] + BARRIER
        width += data.basis[j, 0]
    for p in range(size):
        theta[p] = 0.0
    theta[0] = events / width if data.family == POLYNOMIAL else math.log(events / width)


@kernel
def fit(data: Groups, size: int, start: Vector, theta: Vector, w: Workspace) -> bool:
    """Fit ``size`` parameters into ``theta``; False if it does not converge.

    ``start`` saves steps if it is near the minimum and says nothing if its first number is NaN; the minimum does not
    depend on it.
    """
    for p in range(size):
        theta[p] = start[p]
    for attempt in range(0 if math.isfinite(start[0]) else 1, 2):
        if attempt == 1:
            _constant(data, size, theta)
        if _newton(data, size, theta, w):
            return True
    _constant(data, size, theta)
    return _damped(data, size, theta, w)
