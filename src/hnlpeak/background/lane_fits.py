"""Side-band fits of many toys at once: one function, one mass, ``LANES`` toys beside each other.

The Newton steps of ``poisson_fit``, written so that the innermost loop is over the toys: compilers run it in lanes.
All toys fluctuate about one expectation, whose fit is their start. There the expected Hessian is one for all of them,
and the first step is linear in their counts. Toys do not touch each other, and one that has come to rest stays where it
is. A toy that leaves the domain or does not contract is marked and left to the plain code.
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
    Groups,
    Workspace,
    add_sums,
    expectations,
    gradients,
    solve,
    workspace,
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

    ``state`` of a toy; ``inside``, ``stat``, ``deviance`` and ``leakage`` are what a fit leaves. ``start``: work space
    of the fit to what the toys fluctuate about.
    """

    counts: Matrix
    f: Matrix
    pull: Matrix
    weight: Matrix
    gradient: Block
    window: Matrix
    theta: Matrix
    down: Matrix
    step: Matrix
    hessian: Block
    nodes: Matrix
    inside: Vector
    before: Vector
    decrement: Vector
    stat: Vector
    deviance: Vector
    leakage: Vector
    state: NDArray[np.int64]
    start: Workspace


@kernel
def lanes(bins: int, size: int) -> Lanes:
    """Return work space for up to ``size`` parameters and ``bins`` groups."""
    return Lanes(
        np.zeros((bins, LANES)),
        np.empty((bins, LANES)),
        np.empty((bins, LANES)),
        np.empty((bins, LANES)),
        np.empty((bins, size, LANES)),
        np.empty((size, LANES)),
        np.empty((size, LANES)),
        np.empty((size, LANES)),
        np.empty((size, LANES)),
        np.empty((size, size, LANES)),
        np.empty((2, LANES)),
        np.empty(LANES),
        np.empty(LANES),
        np.empty(LANES),
        np.empty(LANES),
        np.empty(LANES),
        np.empty(LANES),
        np.empty(LANES, dtype=np.int64),
        workspace(bins, size),
    )


@inlined
def _add_rows(rows: Matrix, factors: Vector, count: int, out: Vector) -> None:
    """Add the sum of ``rows`` with ``factors`` to ``out``, four at a time: fewer trips to memory."""
    j = 0
    while j + 4 <= count:
        a, b, c, d = factors[j], factors[j + 1], factors[j + 2], factors[j + 3]
        first, second, third, fourth = rows[j], rows[j + 1], rows[j + 2], rows[j + 3]
        for x in range(LANES):
            out[x] += (a * first[x] + b * second[x]) + (c * third[x] + d * fourth[x])
        j += 4
    for i in range(j, count):
        a, first = factors[i], rows[i]
        for x in range(LANES):
            out[x] += a * first[x]


@kernel
def _polynomial(basis: Matrix, window: Vector, bins: int, size: int, w: Lanes) -> None:
    for j in range(bins):
        w.f[j, :] = 0.0
        _add_rows(w.theta, basis[j], size, w.f[j])
    w.inside[:] = 0.0
    _add_rows(w.theta, window, size, w.inside)


@inlined
def _add_nodes(
    at: tuple[float, float], weights: tuple[float, float], size: int, fresh: bool, w: Lanes, out: Matrix
) -> None:
    """Add two nodes of an integral of exp P to its gradient ``out``, whose first row is the integral.

    ``fresh``: what is in ``out`` does not count.
    """
    (s, t), (a, b) = at, weights
    low, high = w.nodes[0], w.nodes[1]
    theta = w.theta[size - 1]
    for x in range(LANES):
        low[x] = theta[x]
        high[x] = theta[x]
    for p in range(size - 2, -1, -1):
        theta = w.theta[p]
        for x in range(LANES):
            low[x] = low[x] * s + theta[x]
            high[x] = high[x] * t + theta[x]
    for x in range(LANES):
        low[x] = a * exponential(low[x])
        high[x] = b * exponential(high[x])
    for p in range(size):
        row = out[p]
        if fresh:
            row[:] = 0.0
        for x in range(LANES):
            row[x] += low[x] + high[x]
            low[x] *= s
            high[x] *= t


@inlined
def _exp_group(basis: Matrix, j: int, size: int, w: Lanes, out: Matrix) -> None:
    """Fill the gradient ``out`` of group ``j`` and its expectation."""
    width = basis[j, 0]
    centre, offset = basis[j, 1] / width, HALF_NODE * width
    _add_nodes((centre - offset, centre + offset), (0.5 * width, 0.5 * width), size, True, w, out)
    f, integral = w.f[j], out[0]
    for x in range(LANES):
        f[x] = integral[x]


@inlined
def _exp_window(window: Vector, size: int, w: Lanes) -> None:
    width = window[0]
    centre = window[1] / width
    for k in range(2):
        s, t = centre + WINDOW_NODES[k] * width, centre + WINDOW_NODES[k + 2] * width
        factors = WINDOW_WEIGHTS[k] * width, WINDOW_WEIGHTS[k + 2] * width
        _add_nodes((s, t), factors, size, k == 0, w, w.window)
    for x in range(LANES):
        w.inside[x] = w.window[0, x]


@kernel
def _last_expectations(family: int, basis: Matrix, window: Vector, bins: int, size: int, w: Lanes) -> None:
    """Expectations with all gradients, of groups and window."""
    if family == POLYNOMIAL:
        _polynomial(basis, window, bins, size, w)
        for p in range(size):
            w.window[p, :] = window[p]
    else:
        for j in range(bins):
            _exp_group(basis, j, size, w, w.gradient[j])
        _exp_window(window, size, w)


@inlined
def _pulls(bins: int, w: Lanes) -> None:
    """``pull`` and ``weight`` of all groups in the sums of a polynomial."""
    for j in range(bins):
        counts, f, pull, weight = w.counts[j], w.f[j], w.pull[j], w.weight[j]
        for x in range(LANES):
            inverse = 1.0 / f[x]
            ratio = (counts[x] + BARRIER) * inverse
            pull[x] = ratio - 1.0
            weight[x] = ratio * inverse


@kernel
def _add_basis(basis: Matrix, bins: int, size: int, w: Lanes) -> None:
    """Add the ``pull`` and ``weight`` of all groups to minus the gradient and to the Hessian."""
    factors = w.start.pull
    for p in range(size):
        for j in range(bins):
            factors[j] = basis[j, p]
        _add_rows(w.pull, factors, bins, w.down[p])
        for q in range(p + 1):
            for j in range(bins):
                factors[j] = basis[j, p] * basis[j, q]
            _add_rows(w.weight, factors, bins, w.hessian[p, q])


@inlined
def _add_gradient(gradient: Matrix, size: int, pull: Vector, weight: Vector, w: Lanes) -> None:
    for p in range(size):
        g, down = gradient[p], w.down[p]
        for x in range(LANES):
            down[x] += g[x] * pull[x]
        for q in range(p + 1):
            other, row = gradient[q], w.hessian[p, q]
            for x in range(LANES):
                row[x] += g[x] * other[x] * weight[x]


@kernel
def _sums_of_exponential(basis: Matrix, bins: int, size: int, w: Lanes) -> None:
    """Expectations and sums group by group: the gradient of one is enough, and stays in the cache."""
    gradient, pull, weight = w.gradient[0], w.pull[0], w.weight[0]
    for j in range(bins):
        _exp_group(basis, j, size, w, gradient)
        counts, f = w.counts[j], w.f[j]
        for x in range(LANES):
            inverse = 1.0 / f[x]
            pull[x] = (counts[x] + BARRIER) * inverse - 1.0
            weight[x] = inverse
        _add_gradient(gradient, size, pull, weight, w)


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
def _first_step(data: Groups, size: int, start: Vector, w: Lanes) -> None:
    """Put all toys where the expected Hessian at ``start`` sends them."""
    one = w.start
    expectations(data, size, start, one)
    gradient, _ = gradients(data, one)
    _clear(size, w)
    one.downhill[:] = 0.0
    one.hessian[:] = 0.0
    for j in range(data.bins):
        f, inverse = one.f[j], 1.0 / one.f[j]
        one.pull[j], one.weight[j] = 0.0, inverse
        counts = w.counts[j]
        for p in range(size):
            factor, down = gradient[j, p] * inverse, w.down[p]
            for x in range(LANES):
                down[x] += factor * (counts[x] - f)
    add_sums(gradient, one.pull, one.weight, data.bins, size, one.downhill, one.hessian)
    matrix = np.empty((size, size))
    for p in range(size):
        w.theta[p, :] = start[p]
        one.downhill[:] = 0.0
        one.downhill[p] = 1.0
        matrix[:] = one.hessian[:size, :size]
        if solve(matrix, one.downhill, size, one.step):
            _add_rows(w.down, one.step, size, w.theta[p])


@kernel
def _newton_step(family: int, basis: Matrix, window: Vector, bins: int, size: int, w: Lanes) -> None:
    """Fill the step of each toy and twice the fall of F that it promises."""
    _clear(size, w)
    if family == POLYNOMIAL:
        _polynomial(basis, window, bins, size, w)
        for x in range(LANES):
            w.decrement[x] = BARRIER / w.inside[x]
        for p in range(size):
            for x in range(LANES):
                w.down[p, x] = w.decrement[x] * window[p]
            for q in range(p + 1):
                for x in range(LANES):
                    w.hessian[p, q, x] = w.decrement[x] * window[p] * window[q] / w.inside[x]
        _pulls(bins, w)
        _add_basis(basis, bins, size, w)
    else:
        w.inside[:] = 1.0
        _sums_of_exponential(basis, bins, size, w)
    least, most = w.nodes[0], w.nodes[1]
    for x in range(LANES):
        least[x] = w.inside[x]
        most[x] = w.inside[x]
    for j in range(bins):
        f = w.f[j]
        for x in range(LANES):
            least[x] = min(least[x], f[x])
            most[x] = max(most[x], f[x])
    for x in range(LANES):
        if w.state[x] == _ACTIVE and not (least[x] > 0.0 and most[x] < math.inf):
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
    _clear(size, w)
    w.deviance[:] = 0.0
    for j in range(bins):
        counts, expected, weight = w.counts[j], w.f[j], w.weight[j]
        for x in range(LANES):
            n, f = counts[x], expected[x]
            some = n > 0.0
            w.deviance[x] += 2.0 * (f - n) + (2.0 * n * logarithm((n if some else f) / f))
            weight[x] = 1.0 / max(f, floor)
        w.pull[j, :] = 0.0
        if family != POLYNOMIAL:
            _add_gradient(w.gradient[j], size, w.pull[j], weight, w)
    if family == POLYNOMIAL:
        _add_basis(basis, bins, size, w)
    for p in range(size):
        for x in range(LANES):
            w.down[p, x] = w.window[p, x]
    _solve(size, w)
    w.stat[:] = 0.0
    w.leakage[:] = 0.0
    for p in range(size):
        for x in range(LANES):
            w.stat[x] += w.down[p, x] * w.step[p, x]
    pull = w.pull[0]
    for j in range(bins):
        if signal[j] > 0.0:
            pull[:] = 0.0
            if family == POLYNOMIAL:
                _add_rows(w.step, basis[j], size, pull)
            else:
                for p in range(size):
                    g, step = w.gradient[j, p], w.step[p]
                    for x in range(LANES):
                        pull[x] += g[x] * step[x]
            weight = w.weight[j]
            for x in range(LANES):
                w.leakage[x] += pull[x] * weight[x] * signal[j]
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
    _first_step(Groups(family, w.start.pull, basis, window, bins), size, start, w)
    w.state[:] = _ACTIVE
    w.before[:] = math.inf
    for _ in range(NEWTON_STEPS):
        _newton_step(family, basis, window, bins, size, w)
        if _move(family, size, w) == 0:
            break
    _last_expectations(family, basis, window, bins, size, w)
    _spread(family, basis, signal, bins, size, w)
    for x in range(LANES):
        if w.state[x] != _DONE:
            w.stat[x] = math.nan
