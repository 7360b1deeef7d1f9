"""Edges, values and variances of somebody else's histogram, checked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import hist
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hnlpeak.core.errors import InputDataError

__all__ = [
    "MAX_BINS",
    "check_edges",
    "check_size",
    "counts_of",
    "edges_of_axis",
    "variable_axis",
    "weights_of",
]

MAX_BINS = 1_000_000
"""Most bins of a missing-mass axis: 1 keV over 1 GeV."""
_MAX_CELLS = 50_000_000


def check_size(bins: Sequence[int], origin: str) -> None:
    """Raise ``InputDataError`` for a histogram with more ``bins`` (an axis each) than are taken, before it is made."""
    if bins and (bins[-1] > MAX_BINS or math.prod(bins) > _MAX_CELLS):
        raise InputDataError(
            f"{origin}: {' x '.join(str(n) for n in bins[:5])} bins, at most {MAX_BINS} in missing mass and "
            f"{_MAX_CELLS} in all: merge bins"
        )


def edges_of_axis(axis: Any) -> NDArray[np.float64]:
    """Return the n + 1 edges of a UHI axis (``.edges``, else a sequence of (low, high) pairs)."""
    edges = getattr(axis, "edges", None)
    if edges is None:
        pairs = [axis[i] for i in range(len(axis))]
        edges = [pairs[0][0], *(pair[1] for pair in pairs)]
    elif callable(edges):
        edges = edges()
    return np.asarray(edges, dtype=np.float64)


def check_edges(edges: NDArray[np.float64], origin: str) -> None:
    """Raise ``InputDataError`` unless ``edges`` (MeV) are finite and rise strictly."""
    if edges.size < 2 or not np.all(np.isfinite(edges)):
        raise InputDataError(f"{origin}: bin edges must be finite numbers, at least two, got {edges.size}")
    falls = np.flatnonzero(np.diff(edges) <= 0.0)
    if falls.size:
        i = int(falls[0])
        raise InputDataError(f"{origin}: bin {i} is empty or reversed: {edges[i]:g} to {edges[i + 1]:g} MeV")


def variable_axis(edges: NDArray[np.float64]) -> hist.axis.Regular | hist.axis.Variable:
    """Return a missing-mass axis with these edges: regular where they are evenly spaced."""
    label = "m_miss [MeV]"
    width = (edges[-1] - edges[0]) / (edges.size - 1)
    if np.allclose(np.diff(edges), width, rtol=1e-9, atol=0.0):
        return hist.axis.Regular(
            edges.size - 1, float(edges[0]), float(edges[-1]), name="m_miss", label=label
        )
    return hist.axis.Variable(edges.tolist(), name="m_miss", label=label)


def _first_bad(bad: NDArray[np.bool_], values: NDArray[np.float64], edges: NDArray[np.float64]) -> str:
    place = np.argwhere(bad)[0]
    i = int(place[-1])
    return f"bin {i} ({edges[i]:g} to {edges[i + 1]:g} MeV) holds {values[tuple(place)]:g}"


def counts_of(values: ArrayLike, edges: NDArray[np.float64], origin: str) -> NDArray[np.int64]:
    """Return ``values`` as int64 counts. ``InputDataError`` names the first bin that is not a count."""
    array = np.asarray(values, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        bad = ~(np.isfinite(array) & (array >= 0.0) & (array == np.rint(array)) & (array < 2.0**53))
    if np.any(bad):
        raise InputDataError(
            f"{origin}: {_first_bad(bad, array, edges)}; data must be whole, non-negative numbers of events"
        )
    return array.astype(np.int64)


def weights_of(values: ArrayLike, edges: NDArray[np.float64], origin: str, what: str) -> NDArray[np.float64]:
    """Return ``values`` as float64 weights. ``InputDataError`` names the first bin that is not finite."""
    array = np.asarray(values, dtype=np.float64)
    bad = ~np.isfinite(array)
    if what == "variance":
        bad |= array < 0.0
    if np.any(bad):
        raise InputDataError(f"{origin}: {_first_bad(bad, array, edges)}; not a valid {what}")
    return array
