"""Weights as integers, so that sums of samples do not depend on their order.

A weight w is stored as round(w 2^40); the largest sum that fits int64 is 2^23, about 8.4 million. Rows of a cut-flow
are sums over all candidates of a sample and need more room: there a weight is round(w 2^30), and 8.6 billion fit.

Squares of small weights are below the unit long before the weights are (w < 7e-7). One that is not 0 is stored as one
unit at least: an error of 1e-6 of an event too large says less than an error of 0 on a sum that is not 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hnlpeak.core.errors import UsageError

__all__ = [
    "FIXED_POINT",
    "FLOW_POINT",
    "LARGEST_SUM",
    "add_fixed",
    "flow_to_fixed",
    "from_fixed",
    "squares_to_fixed",
    "sum_fixed",
    "to_fixed",
]

FIXED_POINT = 2**40
"""Units of fixed point in a weight of 1."""
FLOW_POINT = 2**30
"""Units of fixed point in a weight of 1 of a cut-flow."""
LARGEST_SUM = 2**63 / FIXED_POINT
"""Sums of weights (or of their squares) must stay below this."""


def to_fixed(weights: ArrayLike) -> NDArray[np.int64]:
    """Return ``weights`` in units of 1/FIXED_POINT. ``UsageError`` if one does not fit."""
    values = np.asarray(weights, dtype=np.float64)
    if not np.all(np.abs(values) < LARGEST_SUM):
        raise UsageError(
            f"weights must be finite and below {LARGEST_SUM:g} in size to be stored as fixed point"
        )
    return np.rint(values * FIXED_POINT).astype(np.int64)


def squares_to_fixed(squares: ArrayLike) -> NDArray[np.int64]:
    """As ``to_fixed`` for sums of squared weights: at least one unit where there is any. ``UsageError`` as there."""
    values = np.asarray(squares, dtype=np.float64)
    return np.maximum(to_fixed(values), np.where(values > 0.0, 1, 0))


def flow_to_fixed(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the ``counts`` of a cut-flow in units of 1/FLOW_POINT. ``UsageError`` if one does not fit."""
    if not np.all(np.abs(counts) < 2**63 // FLOW_POINT):
        raise UsageError(f"a cut-flow of weights holds up to {2**63 / FLOW_POINT:g} events")
    return np.asarray(counts * FLOW_POINT)


def _too_large(largest: float) -> UsageError:
    return UsageError(
        f"a sum of weights (or of their squares) reaches {largest / FIXED_POINT:g}, above {LARGEST_SUM:g}: "
        "scale the weights down"
    )


def add_fixed(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the exact sum of two arrays of integers. ``UsageError`` where it does not fit: nothing wraps."""
    total = a + b
    # a sum of two numbers of one sign that has the other sign went round the end
    if np.any((a ^ total) & (b ^ total) < 0):
        raise _too_large(float(np.max(np.abs(a.astype(np.float64) + b.astype(np.float64)))))
    return np.asarray(total)


def sum_fixed(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the exact sum over the first axis. ``UsageError`` where it does not fit."""
    largest = float(np.max(np.abs(values.astype(np.float64)).sum(axis=0), initial=0.0))
    if largest >= 2.0**63:
        raise _too_large(largest)
    return np.asarray(values.sum(axis=0))


def from_fixed(fixed: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the weights of fixed-point integers, rounded to float64."""
    return fixed / FIXED_POINT
