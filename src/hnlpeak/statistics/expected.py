"""Expected limits: the distribution of the upper end if there is background only.

Definitions:

- ``"unconditional"`` (default): n ~ Poisson(b'), b' ~ N(b, sigma) with b' >= 0, and the measurement of the
  background is redrawn, b_m ~ N(b', sigma), so that every pseudo-experiment has its own estimate. Sum over n,
  quadrature over b', cells in b_m; no random numbers.
- ``"fixed"``: n ~ Poisson(b) and the background estimate stays b +- sigma.
- ``"asimov"``: the limit at n = b; the bands at n = b + N sqrt(b + sigma^2), not below 0.

The p-quantile is the smallest limit L with P(limit <= L) >= p, p = Phi(N). An empty interval excludes every
signal and counts as limit 0. Across a cell the limit is taken as linear, which TRolke's saw-tooth is not:
under its rules quantiles are good to a cell's width. With sigma of order one event or more the distribution
is continuous and its quantiles move smoothly with b. At smaller sigma, and always for ``"fixed"``, it has
gaps between the limits of neighbouring counts, and a quantile steps across a gap where a cumulative
probability passes p: the median leaves the limit of n = 0, for one, near b = ln 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr, xlogy

from hnlpeak.core.errors import UsageError
from hnlpeak.statistics.arguments import finite, not_negative, table
from hnlpeak.statistics.constraints import Gaussian, Known, background_numbers, efficiency_numbers
from hnlpeak.statistics.panels import truncated_normal
from hnlpeak.statistics.quantiles import quantiles
from hnlpeak.statistics.rolke_lopez import CERTAIN, Treatment, rolke_lopez

__all__ = ["EXPECTED_DEFINITIONS", "Expected", "ExpectedDefinition", "expected_limit"]

ExpectedDefinition = Literal["unconditional", "fixed", "asimov"]
EXPECTED_DEFINITIONS: tuple[ExpectedDefinition, ...] = get_args(ExpectedDefinition)

_BANDS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
# probabilities beyond this many standard deviations are left out of sums over counts and measurements
_REACH = 5.0
_CELLS = 96


@dataclass(frozen=True, eq=False)
class Expected:
    """Quantiles of the upper end under background only: median, -+1 and -+2 standard deviations.

    Floats for scalar input, arrays otherwise; m2s <= m1s <= median <= p1s <= p2s, but for ``"asimov"`` under
    TRolke's rules, where the limit does not rise with the count.
    """

    median: float | NDArray[np.float64]
    m2s: float | NDArray[np.float64]
    m1s: float | NDArray[np.float64]
    p1s: float | NDArray[np.float64]
    p2s: float | NDArray[np.float64]


def expected_limit(
    *,
    background: Known | Gaussian,
    efficiency: Known | Gaussian = CERTAIN,
    cl: float = 0.90,
    treatment: Treatment = "bounded",
    definition: ExpectedDefinition = "unconditional",
) -> Expected:
    """Expected upper end of :func:`rolke_lopez` for each background and efficiency (which broadcast).

    The efficiency enters each interval with its uncertainty; its measurement is not redrawn.
    Raises UsageError as :func:`rolke_lopez` does, and for a background below zero.
    """
    if definition not in EXPECTED_DEFINITIONS:
        raise UsageError(f"definition must be one of {', '.join(EXPECTED_DEFINITIONS)}, got {definition!r}")
    if finite("cl", cl).shape != ():
        raise UsageError("cl must be one number for an expected limit")
    b, sigma_b = background_numbers(background)
    not_negative("background", b)
    b, sigma_b, e, relative = table(b, sigma_b, *efficiency_numbers(efficiency))
    bands = np.empty((*b.shape, _BANDS.size))
    for index in np.ndindex(b.shape):
        job = _Job(float(b[index]), float(sigma_b[index]), float(relative[index]), cl, treatment)
        bands[index] = _DISTRIBUTIONS[definition](job)
    bands /= e[..., None]
    columns = [bands[..., i] for i in range(_BANDS.size)]
    m2s, m1s, median, p1s, p2s = (float(c) if c.shape == () else c for c in columns)
    return Expected(median, m2s, m1s, p1s, p2s)


@dataclass(frozen=True)
class _Job:
    """One background hypothesis; limits in expected signal counts."""

    b: float
    sigma: float
    relative: float
    cl: float
    treatment: Treatment

    def limit(self, n: NDArray[np.float64], measured: NDArray[np.float64] | float) -> NDArray[np.float64]:
        upper = rolke_lopez(
            n,
            background=Gaussian(measured, self.sigma) if self.sigma > 0.0 else Known(measured),
            efficiency=Gaussian(1.0, self.relative),
            cl=self.cl,
            treatment=self.treatment,
        ).upper
        return np.nan_to_num(upper, nan=0.0, posinf=np.inf)


def _asimov(job: _Job) -> NDArray[np.float64]:
    n = np.maximum(job.b + _BANDS * np.hypot(np.sqrt(job.b), job.sigma), 0.0)
    return job.limit(n, job.b)


def _fixed(job: _Job) -> NDArray[np.float64]:
    n, size = _counts(job.b, np.sqrt(job.b), 1.0)
    limit = job.limit(n, job.b)
    return quantiles(limit, limit, _poisson(n, size, np.array([job.b]))[:, 0], ndtr(_BANDS))


def _unconditional(job: _Job) -> NDArray[np.float64]:
    """Quantiles over cells (count, slice of b_m), across each of which the limit runs evenly."""
    b, sigma = job.b, job.sigma
    if sigma == 0.0:
        return _fixed(job)
    # counts go in groups where the spread of b_m makes the limit's distribution smooth over several of them
    n, size = _counts(b, np.hypot(np.sqrt(b), sigma), max(1.0, np.floor(0.4 * sigma)))
    rates, weights = truncated_normal(b, sigma, feature=max(1.0, np.sqrt(max(b - 2.0 * sigma, 0.1 * b))))
    reach = _REACH * np.sqrt(2.0) * sigma
    edges = np.linspace(max(b - reach, -_REACH * sigma), b + reach, _CELLS + 1)
    slices = np.diff(ndtr((edges - rates[:, None]) / sigma), axis=1) * weights[:, None]
    mass = _poisson(n, size, rates) @ slices
    limit = job.limit(n[:, None], edges)
    return quantiles(limit[:, 1:].ravel(), limit[:, :-1].ravel(), mass.ravel(), ndtr(_BANDS))


_DISTRIBUTIONS = {"unconditional": _unconditional, "fixed": _fixed, "asimov": _asimov}


def _counts(centre: float, spread: float, step: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Counts that stand for groups of whole numbers, and how many are in each group; ``step`` at most.

    Where zero is in range the groups begin as single counts and grow: the probability may end there abruptly.
    """
    low = max(np.floor(centre - _REACH * spread), 0.0)
    high = np.ceil(centre + _REACH * spread + 12.0)
    if low > 0.0 or step == 1.0:
        edges = np.arange(low, high + step, step)
    else:
        grown = [0.0]
        while grown[-1] < high:
            grown.append(grown[-1] + max(1.0, np.floor(min(step, 0.1 * grown[-1]))))
        edges = np.array(grown)
    size = np.diff(edges)
    return edges[:-1] + 0.5 * (size - 1.0), size


def _poisson(
    n: NDArray[np.float64], size: NDArray[np.float64], rates: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Probability of each group of counts for each rate, shape (groups, rates)."""
    column = n[:, None]
    return np.asarray(size[:, None] * np.exp(xlogy(column, rates) - rates - gammaln(column + 1.0)))
