"""The search window |m_miss - m_N| < k sigma on the bins of a spectrum."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError

__all__ = ["SNAP_TOLERANCE", "Window", "gaussian_fraction", "search_window"]

SNAP_TOLERANCE = 0.05
"""A window edge that moves by more than this many sigma counts as snapped and is reported."""


@dataclass(frozen=True)
class Window:
    """Window of one mass hypothesis: bins ``first`` to ``last`` (exclusive), ``low`` to ``high`` MeV.

    ``efficiency_ratio`` is the fraction of a Gaussian of width ``sigma`` inside the bins over that inside the
    exact window; ``snapped`` tells that the bins of the spectrum are too coarse for the exact window.
    """

    mass: float
    sigma: float
    k: float
    first: int
    last: int
    low: float
    high: float
    efficiency_ratio: float
    snapped: bool


def gaussian_fraction(low: float, high: float, *, mean: float, sigma: float) -> float:
    """Return the fraction of a Gaussian between ``low`` and ``high``."""
    scale = 1.0 / (math.sqrt(2.0) * sigma)
    return 0.5 * (math.erf((high - mean) * scale) - math.erf((low - mean) * scale))


def _nearest(edges: NDArray[np.float64], value: float) -> int:
    right = int(np.clip(np.searchsorted(edges, value), 1, edges.size - 1))
    return right if edges[right] - value < value - edges[right - 1] else right - 1


def search_window(mass: float, sigma: float, *, k: float, edges: NDArray[np.float64]) -> Window:
    """Return the window ``mass`` +- ``k`` ``sigma`` (MeV), snapped to the nearest bin ``edges``.

    At least one bin is taken, the one that holds ``mass``. ``UsageError`` where the numbers make no sense or
    the window leaves the spectrum.
    """
    if not (math.isfinite(mass) and math.isfinite(sigma) and sigma > 0.0 and k > 0.0):
        raise UsageError(f"window needs a finite mass, sigma > 0 and k > 0, got {mass}, {sigma}, {k}")
    low, high = mass - k * sigma, mass + k * sigma
    # edges within rounding of the spectrum's ends count as inside
    slack = 1e-9 * (edges[-1] - edges[0])
    if low < edges[0] - slack or high > edges[-1] + slack:
        raise UsageError(
            f"window {low:g} to {high:g} MeV of mass {mass:g} MeV leaves the spectrum "
            f"({edges[0]:g} to {edges[-1]:g} MeV)"
        )
    first, last = _nearest(edges, low), _nearest(edges, high)
    if last <= first:
        first = int(np.clip(np.searchsorted(edges, mass, side="right") - 1, 0, edges.size - 2))
        last = first + 1
    ends = float(edges[first]), float(edges[last])
    fraction = gaussian_fraction(*ends, mean=mass, sigma=sigma)
    moved = max(abs(ends[0] - low), abs(ends[1] - high))
    return Window(
        mass,
        sigma,
        k,
        first,
        last,
        ends[0],
        ends[1],
        fraction / math.erf(k / math.sqrt(2.0)),
        moved > SNAP_TOLERANCE * sigma,
    )
