"""Bayesian upper limits with a flat prior of the signal, in closed form.

With a gamma prior of the background (known as its limit), b of mean b0 and inverse shape v, the counts of
background are gamma-Poisson distributed, and the posterior of the signal counts is a sum of gamma densities:

    p(t | n) = sum_j w_j Gamma(t; j + 1),    w_j ~ P(n - j background counts),    j = 0 ... n

P(t > u) is then a sum of positive terms, sum_i W_i Poisson(i; u) with W_i = sum_{j >= i} w_j. An uncertain
efficiency e has a density p(e) and turns mu = t / e into a mixture with p(e) / e: gamma again, in closed form,
where p(e) is a gamma density; a beta density (binomial measurement, flat prior) is summed over 48 nodes.
Priors: Gaussian(b, s) becomes the gamma density of that mean and deviation, for background and efficiency;
Poisson(y, tau) with a flat prior the gamma density of shape y + 1 and rate tau.
"""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel
from hnlpeak.statistics.constraints import Background, Efficiency, Known
from hnlpeak.statistics.counting_table import CountingTable, counting_table
from hnlpeak.statistics.falling_root import falling_root
from hnlpeak.statistics.interval import Interval, Status

__all__ = ["bayes"]

Floats = NDArray[np.float64]
_CERTAIN = Known(1.0)
_NODES = 48
_MOST_COUNTS = 1e7


def bayes(
    n: ArrayLike, *, background: Background, efficiency: Efficiency = _CERTAIN, cl: ArrayLike = 0.90
) -> Interval:
    """Upper limit on the signal rate with posterior probability ``cl``; arguments as for ``rolke_lopez``.

    ``n`` must be whole numbers. One-sided: ``lower`` is 0. Status ``UNBOUNDED`` where the posterior has no
    norm, at a relative error of a Gaussian efficiency of 1 or more.

    Returns an :class:`Interval`; its estimate is the maximum of the likelihood, not of the posterior.
    Raises UsageError, naming the argument, as ``rolke_lopez`` does, for an ``n`` that is not whole or
    above 1e7, and for an uncertain Gaussian background that is not above zero.
    """
    table = counting_table(n, background, efficiency, cl)
    if np.any(table.n != np.floor(table.n)):
        raise UsageError(f"n must be whole for bayes, got {table.n[table.n != np.floor(table.n)][0]:g}")
    if np.any(table.n > _MOST_COUNTS):
        raise UsageError(
            f"bayes sums over all counts up to n: n must be at most {_MOST_COUNTS:g}, got {table.n.max():g}; "
            "cls agrees with it there"
        )
    mean, v = _background_prior(table)
    scale, weight, shape = _efficiency_prior(table)
    buffer = np.empty(int(table.n.max(initial=0.0)) + 1)

    def excess(which: NDArray[np.intp], t: Floats) -> Floats:
        tail = np.empty(which.size)
        priors = (np.array([table.n[which], mean[which], v[which], shape[which]]), scale[which], weight)
        _tails(priors[0], priors[1], priors[2], np.ascontiguousarray(t), buffer, tail)
        return np.asarray(tail - np.log1p(-table.cl[which]))

    upper = np.full(table.size, np.inf)
    proper = np.flatnonzero(np.isfinite(shape))
    guess = np.maximum(table.n - mean, 0.0) + 2.0 * np.sqrt(table.n + 1.0)
    upper[proper] = falling_root(
        lambda which, t: excess(proper[which], t), np.zeros(proper.size), guess[proper]
    )
    status = np.where(np.isinf(upper), Status.UNBOUNDED, Status.OK).astype(np.int8)
    return table.interval(np.zeros(table.size), upper, status)


def _background_prior(table: CountingTable) -> tuple[Floats, Floats]:
    """Mean and inverse shape of the gamma prior of the background."""
    _, b, variance, y = table.columns[:4]
    if table.tau is not None:
        return (y + 1.0) / table.tau, 1.0 / (y + 1.0)
    bad = (b <= 0.0) & (variance > 0.0)
    if np.any(bad):
        raise UsageError(f"background must be > 0 for bayes where it has an uncertainty, got {b[bad][0]:g}")
    return b, variance / np.where(variance > 0.0, b * b, 1.0)


def _efficiency_prior(table: CountingTable) -> tuple[Floats, Floats, Floats]:
    """Nodes (elements, j) and weights (j) of the relative efficiency, and the inverse shape at each node.

    The density is that of the efficiency divided by it; an infinite shape stands for one without norm.
    """
    r2, z = table.columns[4:6]
    if table.trials is None:
        with np.errstate(divide="ignore", invalid="ignore"):
            shape = np.where(r2 < 1.0, r2 / (1.0 - r2), np.inf)
        return (1.0 - r2)[:, None], np.ones(1), shape
    x, weight = np.polynomial.hermite_e.hermegauss(_NODES)
    nodes = scipy.special.betaincinv(z[:, None], (table.trials - z)[:, None] + 1.0, scipy.special.ndtr(x))
    return nodes / table.efficiency[:, None], weight / weight.sum(), np.zeros(z.size)


@kernel
def _log_none(mean: float, v: float) -> float:
    """ln P(0) of gamma-Poisson counts of the given mean and inverse shape; Poisson for v = 0."""
    return -math.log1p(mean * v) / v if v > 0.0 else -mean


@kernel
def _step(i: float, mean: float, v: float) -> float:
    """P(i + 1) / P(i)."""
    return mean * (1.0 + i * v) / ((i + 1.0) * (1.0 + mean * v))


@kernel
def _below(n: int, rate: float, v: float, cumulative: Floats) -> float:
    """Sum of P(i) cumulative[n - i] over counts i = 0 ... n."""
    log = _log_none(rate, v)
    i = 0
    # counts whose probability a float does not hold are passed over
    while log < -690.0 and i < n:
        log += math.log(_step(float(i), rate, v))
        i += 1
    p = math.exp(log)
    total = p * float(cumulative[n - i])
    while i < n:
        p *= _step(float(i), rate, v)
        i += 1
        total += p * float(cumulative[n - i])
    return total


@kernel
def _cumulative(n: int, mean: float, v: float, out: Floats) -> None:
    """P(at most i background counts) / P(at most n), i = 0 ... n."""
    if mean == 0.0:
        out[: n + 1] = 1.0
        return
    # relative to the most probable count, so that nothing is lost for backgrounds of any size
    log, top = _log_none(mean, v), -math.inf
    for i in range(n + 1):
        out[i] = log
        top = max(top, log)
        log += math.log(_step(float(i), mean, v))
    total = 0.0
    for i in range(n + 1):
        total += math.exp(out[i] - top)
        out[i] = total
    for i in range(n + 1):
        out[i] /= total


@kernel
def _tails(
    counts: Floats, scale: Floats, weight: Floats, t: Floats, cumulative: Floats, tail: Floats
) -> None:
    """ln P(signal counts > t) of each element; ``counts`` holds n, mean and shapes of the priors."""
    for element in range(t.size):
        n, mean, v, shape = counts[:, element]
        last = int(n)
        _cumulative(last, mean, v, cumulative)
        total = 0.0
        for j in range(weight.size):
            rate = t[element] * scale[element, j]
            if rate <= 0.0:
                total += weight[j]
                continue
            total += weight[j] * _below(last, rate, shape, cumulative)
        tail[element] = math.log(max(total, 1e-300))
