"""Poisson maximum-likelihood fit of a non-negative linear model, compiled.

Counts n_j have expectations f_j = sum_p M_jp theta_p. Minimised is

    F = sum_j [f_j - (n_j + mu) ln f_j] - mu ln f_w,          mu = 1e-4,

with f_w the expectation in the window. The small mu is a barrier that keeps every f_j and f_w positive, also
where n_j = 0, and makes F strictly convex: a damped Newton iteration ends at its one minimum. It biases the
sum of the f_j upwards by mu per bin, far below any statistical error.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import kernel

__all__ = ["BARRIER", "fit_polynomial", "solve"]

BARRIER = 1e-4
_MAX_STEPS = 100
_TOLERANCE = 1e-6

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@kernel
def solve(matrix: Matrix, right: Vector, size: int, out: Vector) -> bool:
    """Solve ``matrix`` x = ``right`` by Cholesky, overwriting ``matrix``; False if not positive definite."""
    for i in range(size):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            if i == j:
                if not total > 0.0:
                    return False
                matrix[i, i] = math.sqrt(total)
            else:
                matrix[i, j] = total / matrix[j, j]
    for i in range(size):
        total = right[i]
        for k in range(i):
            total -= matrix[i, k] * out[k]
        out[i] = total / matrix[i, i]
    for i in range(size - 1, -1, -1):
        total = out[i]
        for k in range(i + 1, size):
            total -= matrix[k, i] * out[k]
        out[i] = total / matrix[i, i]
    return True


@kernel
def _dot(a: Vector, b: Vector, size: int) -> float:
    total = 0.0
    for p in range(size):
        total += a[p] * b[p]
    return total


@kernel
def _objective(counts: Vector, basis: Matrix, window: Vector, bins: int, size: int, theta: Vector) -> float:
    """F of the module's docstring; infinite outside the domain."""
    value = _dot(window, theta, size)
    if not value > 0.0:
        return math.inf
    total = -BARRIER * math.log(value)
    for j in range(bins):
        value = _dot(basis[j], theta, size)
        if not value > 0.0:
            return math.inf
        total += value - (counts[j] + BARRIER) * math.log(value)
    return total


@kernel
def _derivatives(
    counts: Vector,
    basis: Matrix,
    window: Vector,
    bins: int,
    size: int,
    theta: Vector,
    downhill: Vector,
    hessian: Matrix,
) -> None:
    """Fill minus the gradient of F and its Hessian."""
    value = _dot(window, theta, size)
    for p in range(size):
        downhill[p] = BARRIER * window[p] / value
        for q in range(p + 1):
            hessian[p, q] = BARRIER * window[p] * window[q] / value**2
    for j in range(bins):
        value = _dot(basis[j], theta, size)
        ratio = (counts[j] + BARRIER) / value
        for p in range(size):
            downhill[p] += basis[j, p] * (ratio - 1.0)
            for q in range(p + 1):
                hessian[p, q] += basis[j, p] * basis[j, q] * ratio / value


@kernel
def _longest(basis: Matrix, window: Vector, bins: int, size: int, theta: Vector, step: Vector) -> float:
    """Longest part (<= 1) of ``step`` that keeps all expectations positive."""
    length = 1.0
    for j in range(-1, bins):
        row = window if j < 0 else basis[j]
        value, change = _dot(row, theta, size), _dot(row, step, size)
        if value + length * change <= 0.0:
            length = -0.98 * value / change
    return length


@kernel
def _search(
    counts: Vector,
    basis: Matrix,
    window: Vector,
    bins: int,
    size: int,
    theta: Vector,
    step: Vector,
    length: float,
    decrement: float,
    now: float,
) -> float:
    """Move ``theta`` along ``step`` until F falls enough (Armijo); return F, infinite if it does not."""
    while length > 1e-12:
        for p in range(size):
            theta[p] += length * step[p]
        then = _objective(counts, basis, window, bins, size, theta)
        # with room for rounding where F is large
        if then <= now - 1e-4 * length * decrement + 1e-13 * abs(now):
            return then
        for p in range(size):
            theta[p] -= length * step[p]
        length *= 0.5
    return math.inf


@kernel
def fit_polynomial(
    counts: Vector,
    basis: Matrix,
    window: Vector,
    bins: int,
    size: int,
    theta: Vector,
    step: Vector,
    downhill: Vector,
    hessian: Matrix,
) -> bool:
    """Fit ``size`` parameters into ``theta``, starting from a constant; False if it does not converge.

    ``basis[j, p]`` is M_jp with a constant in column 0; ``step``, ``downhill``, ``hessian`` are work space.
    """
    events, width = 0.0, 0.0
    for j in range(bins):
        events += counts[j] + BARRIER
        width += basis[j, 0]
    for p in range(size):
        theta[p] = 0.0
    theta[0] = events / width
    now = _objective(counts, basis, window, bins, size, theta)
    for _ in range(_MAX_STEPS):
        _derivatives(counts, basis, window, bins, size, theta, downhill, hessian)
        if not solve(hessian, downhill, size, step):
            return False
        decrement = _dot(downhill, step, size)
        if not decrement > _TOLERANCE:
            # the last step squares what is left
            for p in range(size):
                theta[p] += step[p]
            return decrement >= 0.0
        length = _longest(basis, window, bins, size, theta, step)
        now = _search(counts, basis, window, bins, size, theta, step, length, decrement, now)
        if not now < math.inf:
            return False
    return False
