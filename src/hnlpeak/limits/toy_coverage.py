"""Coverage of the limits in toys: the side bands fitted again, with a signal as large as the limit in each of them.

``limit_coverage`` takes b +- sigma_b at its word and sums; here b and sigma_b are what the fits make of spectra drawn
about the search's own smooth expectation, and a signal leaks into its side bands. Each mass has its signal to itself:
those of other masses are not in its toys. Peaks are not masked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.toy_fits import fit_toys
from hnlpeak.core.records import Column, Vector
from hnlpeak.execution.context import RunContext
from hnlpeak.limits.constraint import background_constraint
from hnlpeak.limits.efficiency import net_efficiency
from hnlpeak.limits.hypotheses import Hypotheses
from hnlpeak.limits.toy_search import ToySearch
from hnlpeak.limits.toy_spectra import draw_toys
from hnlpeak.simulation.streams import stream
from hnlpeak.statistics import METHODS, method_call

__all__ = ["MOST_TOYS", "ToyCoverage", "toy_coverage"]

MOST_TOYS = 1000
"""Toys with a signal, at most: they tell a coverage to 0.01."""

Matrix = NDArray[np.float64]
_Shares = dict[int, Matrix]


@dataclass(frozen=True, eq=False)
class ToyCoverage:
    """Share of toys whose interval holds a signal as large as the limit, and whose limit is not below it.

    NaN without a limit.
    """

    contained: Annotated[Vector, Column("toys_coverage_at_limit")]
    not_below: Annotated[Vector, Column("toys_upper_coverage_at_limit")]


def toy_coverage(
    limit: Vector, hypotheses: Hypotheses, search: ToySearch, context: RunContext
) -> ToyCoverage | None:
    """Return the coverage at the ``limit`` on the signal events in each window; None for methods that take long.

    Toys are those of ``search``, ``MOST_TOYS`` at most, and a signal of the ``hypotheses`` in each. None, too, where
    the order of the functions is chosen by the data (``akaike``).
    """
    if METHODS[search.statistics.method].slow or search.model.order_choice == "akaike":
        return None
    few = replace(search, toys=min(search.toys, MOST_TOYS))
    found = context.run(few.blocks, partial(_covered, limit, hypotheses, few), _both)
    total = np.sum([found[block] for block in sorted(found)], axis=0) / few.toys
    some = np.isfinite(limit)
    return ToyCoverage(*(np.where(some, row, np.nan) for row in total))


def _both(a: _Shares, b: _Shares) -> _Shares:
    return {**a, **b}


def _covered(limit: Vector, hypotheses: Hypotheses, search: ToySearch, block: int) -> _Shares:
    """Toys of one ``block`` at each mass that cover, shape (2, mass): contained, not below."""
    axis, rows, statistics = search.axis, search.rows, search.statistics
    size, rng = search.size(block), stream(search.seed, "toys/coverage", block)
    drawn = draw_toys(search.expected, size, rng)
    signal = np.where(np.isfinite(limit), limit, 0.0)
    inside = rng.poisson(signal, (size, signal.size))
    beside = (signal * hypotheses.peak_per_window)[:, None] * axis.design.signal
    leaked = rng.poisson(beside[..., None], (*beside.shape, size))
    fits = fit_toys(axis.design, drawn, rows, search.model, start=search.start, more=leaked)
    n = drawn[:, rows, axis.last] - drawn[:, rows, axis.first] + inside
    b, sigma = fits.background, fits.error
    if METHODS[statistics.method].positive_background:
        b = np.maximum(b, 1e-3 * sigma)
    net = net_efficiency(hypotheses, fits.leakage, statistics.errors)
    good = np.isfinite(b) & np.isfinite(sigma) & net.usable
    interval = method_call(statistics.method, statistics.treatment)(
        n[good],
        background=background_constraint(b[good], sigma[good], kind=statistics.constraint),
        efficiency=net.constraint(good),
        cl=statistics.cl,
    )
    ends = np.zeros(n.shape), np.full(n.shape, np.inf)  # where a fit takes all signal up nothing is excluded
    # an empty interval holds nothing
    for end, values, empty in zip(ends, (interval.lower, interval.upper), (np.inf, 0.0), strict=True):
        end[good] = np.where(np.isnan(values), empty, values)
    below = signal <= ends[1]
    return {block: np.array([(below & (ends[0] <= signal)).sum(axis=0), below.sum(axis=0)], dtype=np.float64)}
