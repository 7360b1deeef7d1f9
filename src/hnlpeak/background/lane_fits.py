"""Side-band fits of many toys at once: one function, one mass, ``LANES`` toys beside each other.

The same Newton steps from the same start as in ``poisson_fit``, written so that the innermost loop is over the toys:
compilers run it in lanes. Toys do not touch each other, and one that has come to rest stays where it is. A toy that
leaves the domain or does not contract is marked and left to the plain code.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.poisson_fit import (
    BARRIER,
    CONTRACTION,
    HALF_NODE,
    NEWTON_STEPS,
    POLYNOMIAL,
    REMAINDER,
    TOLERANCE,
    WINDOW_NODES,
    WINDOW_WEIGHTS,
)
from hnlpeak.core.kernel import inlined, kernel
from hnlpeak.core.lanes import exponential, logarithm

__all__ = ["LANES", "Lanes", "lane_fit", "lanes"]

LANES = 52
"""Toys beside each other: those of a block (``limits.toys.BLOCK``) in whole lanes of four."""
_ACTIVE, _DONE, _LEFT = range(3)

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Block = NDArray[np.float64]


class Lanes(NamedTuple):
    """Work space, toys innermost: ``counts[j]``, expectations ``f[j]``, ``gradient[j, p]``, ``theta[p]`` and so on.

    ``state`` of a toy; ``inside``, ``stat``, ``deviance`` and ``leakage`` are what a fit leaves.
    """

    counts: Matrix
    f: Matrix
    gradient: Block
    window: Matrix
    theta: Matrix
    down: Matrix
    step: Matrix
    hessian: Block
    inside: Vector
    before: Vector
    decrement: Vector
    stat: Vector
    deviance: Vector
    leakage: Vector
    state: NDArray[np.int64]


@kernel
def lanes(bins: int, size: int) -> Lanes:
    """Return work space for up to ``size`` parameters and ``bins`` groups."""
    return Lanes(
        np.zeros((bins, LANES)),
        np.empty((bins, LANES)),
        np.empty((bins, size, LANES)),
        np.empty((size, LANES)),
        np.empty((size, LANES)),
        np.empty((size, LANES)),
        np.empty((size, LANES)),
        np.empty((size, size, LANES)),
        np.empty(LANES),
        np.empty(LANES),
        np.empty(LANES),
        np.empty(LANES),
        np.empty(LANES),
        np.empty(LANES),
        np.empty(LANES, dtype=np.int64),
    )


@kernel
def _polynomial(basis: Matrix, window: Vector, bins: int, size: int, w: Lanes) -> None:
    for j in range(bins):
        f, b0 = w.f[j], basis[j, 0]
        for x in range(LANES):
            f[x] = b0 * w.theta[0, x]
        for p in range(1, size):
            b = basis[j, p]
            for x in range(LANES):
                f[x] += b * w.theta[p, x]
    for x in range(LANES):
        w.inside[x] = 0.0
    for p in range(size):
        b = window[p]
        for x in range(LANES):
            w.inside[x] += b * w.theta[p, x]


@inlined
def _add_node(t: float, weight: float, size: int, w: Lanes, out: Matrix) -> None:
    """Add one node of an integral of exp P to its gradient ``out``, whose first row is the integral."""
    value = w.decrement
    for x in range(LANES):
        value[x] = w.theta[size - 1, x]
    for p in range(size - 2, -1, -1):
        theta = w.theta[p]
        for x in range(LANES):
            value[x] = value[x] * t + theta[x]
    for x in range(LANES):
        value[x] = weight * exponential(value[x])
    for p in range(size):
        row = out[p]
        for x in range(LANES):
            row[x] += value[x]
        for x in range(LANES):
            value[x] *= t


@kernel
def _exp_polynomial(basis: Matrix, window: Vector, bins: int, size: int, w: Lanes) -> None:
    for j in range(bins):
        width = basis[j, 0]
        centre = basis[j, 1] / width
        for p in range(size):
            for x in range(LANES):
                w.gradient[j, p, x] = 0.0
        offset = HALF_NODE * width
        _add_node(centre - offset, 0.5 * width, size, w, w.gradient[j])
        _add_node(centre + offset, 0.5 * width, size, w, w.gradient[j])
        for x in range(LANES):
            w.f[j, x] = w.gradient[j, 0, x]
    width = window[0]
    for p in range(size):
        for x in range(LANES):
            w.window[p, x] = 0.0
    for k in range(4):
        t = window[1] / width + WINDOW_NODES[k] * width
        _add_node(t, WINDOW_WEIGHTS[k] * width, size, w, w.window)
    for x in range(LANES):
        w.inside[x] = w.window[0, x]


@kernel
def _expectations(family: int, basis: Matrix, window: Vector, bins: int, size: int, w: Lanes) -> None:
    if family == POLYNOMIAL:
        _polynomial(basis, window, bins, size, w)
        for p in range(size):
            b = window[p]
            for x in range(LANES):
                w.window[p, x] = b
    else:
        _exp_polynomial(basis, window, bins, size, w)


@kernel
def _sums_of_polynomial(basis: Matrix, bins: int, size: int, w: Lanes) -> None:
    """Add the groups to minus the gradient and to the Hessian."""
    pull, weight = np.empty(LANES), np.empty(LANES)
    for j in range(bins):
        for x in range(LANES):
            inverse = 1.0 / w.f[j, x]
            ratio = (w.counts[j, x] + BARRIER) * inverse
            pull[x] = ratio - 1.0
            weight[x] = ratio * inverse
        _add_basis(basis, j, size, pull, weight, w)


@inlined
def _add_basis(basis: Matrix, j: int, size: int, pull: Vector, weight: Vector, w: Lanes) -> None:
    for p in range(size):
        b, down = basis[j, p], w.down[p]
        for x in range(LANES):
            down[x] += b * pull[x]
        for q in range(p + 1):
            product, row = b * basis[j, q], w.hessian[p, q]
            for x in range(LANES):
                row[x] += product * weight[x]


@inlined
def _add_gradient(j: int, size: int, pull: Vector, weight: Vector, w: Lanes) -> None:
    for p in range(size):
        g, down = w.gradient[j, p], w.down[p]
        for x in range(LANES):
            down[x] += g[x] * pull[x]
        for q in range(p + 1):
            other, row = w.gradient[j, q], w.hessian[p, q]
            for x in range(LANES):
                row[x] += g[x] * other[x] * weight[x]


@kernel
def _sums_of_exponential(bins: int, size: int, w: Lanes) -> None:
    pull, weight = np.empty(LANES), np.empty(LANES)
    for j in range(bins):
        for x in range(LANES):
            inverse = 1.0 / w.f[j, x]
            pull[x] = (w.counts[j, x] + BARRIER) * inverse - 1.0
            weight[x] = inverse
        _add_gradient(j, size, pull, weight, w)


@kernel
def _solve(size: int, w: Lanes) -> None:
    """``step`` from ``down`` by Cholesky, NaN where the matrix is not positive definite."""
    for i in range(size):
        for j in range(i + 1):
            total = w.hessian[i, j]
            for k in range(j):
                a, b = w.hessian[i, k], w.hessian[j, k]
                for x in range(LANES):
                    total[x] -= a[x] * b[x]
            if i == j:
                for x in range(LANES):
                    total[x] = 1.0 / math.sqrt(total[x]) if total[x] > 0.0 else math.nan
            else:
                diagonal = w.hessian[j, j]
                for x in range(LANES):
                    total[x] *= diagonal[x]
    for i in range(size):
        out, right, diagonal = w.step[i], w.down[i], w.hessian[i, i]
        for x in range(LANES):
            out[x] = right[x]
        for k in range(i):
            a, b = w.hessian[i, k], w.step[k]
            for x in range(LANES):
                out[x] -= a[x] * b[x]
        for x in range(LANES):
            out[x] *= diagonal[x]
    for i in range(size - 1, -1, -1):
        out, diagonal = w.step[i], w.hessian[i, i]
        for k in range(i + 1, size):
            a, b = w.hessian[k, i], w.step[k]
            for x in range(LANES):
                out[x] -= a[x] * b[x]
        for x in range(LANES):
            out[x] *= diagonal[x]


@kernel
def _clear(size: int, w: Lanes) -> None:
    for p in range(size):
        w.down[p, :] = 0.0
        for q in range(p + 1):
            w.hessian[p, q, :] = 0.0


@kernel
def _newton_step(family: int, basis: Matrix, window: Vector, bins: int, size: int, w: Lanes) -> None:
    """Fill the step of each toy and twice the fall of F that it promises."""
    _expectations(family, basis, window, bins, size, w)
    _clear(size, w)
    if family == POLYNOMIAL:
        for x in range(LANES):
            w.decrement[x] = BARRIER / w.inside[x]
        for p in range(size):
            for x in range(LANES):
                w.down[p, x] = w.decrement[x] * window[p]
            for q in range(p + 1):
                for x in range(LANES):
                    w.hessian[p, q, x] = w.decrement[x] * window[p] * window[q] / w.inside[x]
        _sums_of_polynomial(basis, bins, size, w)
    else:
        _sums_of_exponential(bins, size, w)
    for x in range(LANES):
        least = w.inside[x]
        for j in range(bins):
            least = min(least, w.f[j, x])
        if w.state[x] == _ACTIVE and not (least > 0.0 and least < math.inf):
            w.state[x] = _LEFT
    _solve(size, w)
    for x in range(LANES):
        w.decrement[x] = 0.0
    for p in range(size):
        for x in range(LANES):
            w.decrement[x] += w.down[p, x] * w.step[p, x]


@kernel
def _move(family: int, size: int, w: Lanes) -> int:
    """Take the steps; return how many toys are still on their way."""
    active = 0
    for x in range(LANES):
        if w.state[x] != _ACTIVE:
            continue
        decrement, before = w.decrement[x], w.before[x]
        if not 0.0 <= decrement < CONTRACTION * before:
            w.state[x] = _LEFT
            continue
        for p in range(size):
            w.theta[p, x] += w.step[p, x]
        left = math.inf
        if before < math.inf:
            left = decrement * (decrement / before)
            if family == POLYNOMIAL:
                left *= decrement / before
        w.before[x] = decrement
        if decrement <= TOLERANCE or left <= REMAINDER:
            w.state[x] = _DONE
        else:
            active += 1
    return active


@kernel
def _spread(family: int, basis: Matrix, signal: Vector, bins: int, size: int, w: Lanes) -> None:
    """Statistical error, leakage and deviance at the last ``expectations``."""
    floor = 1.0 / bins
    pull, weight = np.zeros(LANES), np.empty(LANES)
    _clear(size, w)
    w.deviance[:] = 0.0
    for j in range(bins):
        for x in range(LANES):
            n, f = w.counts[j, x], w.f[j, x]
            some = n > 0.0
            w.deviance[x] += 2.0 * (f - n) + (2.0 * n * logarithm((n if some else f) / f))
            weight[x] = 1.0 / max(f, floor)
        if family == POLYNOMIAL:
            _add_basis(basis, j, size, pull, weight, w)
        else:
            _add_gradient(j, size, pull, weight, w)
    for p in range(size):
        for x in range(LANES):
            w.down[p, x] = w.window[p, x]
    _solve(size, w)
    w.stat[:] = 0.0
    w.leakage[:] = 0.0
    for p in range(size):
        for x in range(LANES):
            w.stat[x] += w.down[p, x] * w.step[p, x]
    for j in range(bins):
        if signal[j] > 0.0:
            pull[:] = 0.0
            for p in range(size):
                for x in range(LANES):
                    g = basis[j, p] if family == POLYNOMIAL else w.gradient[j, p, x]
                    pull[x] += g * w.step[p, x]
            for x in range(LANES):
                w.leakage[x] += pull[x] / max(w.f[j, x], floor) * signal[j]
    for x in range(LANES):
        w.stat[x] = math.sqrt(w.stat[x])
        w.deviance[x] = max(w.deviance[x], 0.0)


@kernel
def lane_fit(
    family: int,
    basis: Matrix,
    window: Vector,
    signal: Vector,
    bins: int,
    size: int,
    start: Vector,
    w: Lanes,
) -> None:
    """Fit ``size`` parameters to ``w.counts`` of all toys, from ``start``; ``w`` has what is found.

    A toy whose fit does not come to rest has a statistical error that is NaN.
    """
    for p in range(size):
        w.theta[p, :] = start[p]
    w.state[:] = _ACTIVE
    w.before[:] = math.inf
    for _ in range(NEWTON_STEPS):
        _newton_step(family, basis, window, bins, size, w)
        if _move(family, size, w) == 0:
            break
    _expectations(family, basis, window, bins, size, w)
    _spread(family, basis, signal, bins, size, w)
    for x in range(LANES):
        if w.state[x] != _DONE:
            w.stat[x] = math.nan
