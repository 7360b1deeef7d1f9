"""The search window on the bins of a spectrum: |m_miss - m_N| < k sigma, or a stated fraction of the signal."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.spectrum.window_rule import FractionWindow, WindowRule

__all__ = [
    "SNAP_TOLERANCE",
    "Window",
    "fraction_window",
    "gaussian_fraction",
    "search_window",
    "window_record",
    "window_rule",
    "window_share",
    "window_words",
]

SNAP_TOLERANCE = 0.05
"""A window edge that moves by more than this many sigma counts as snapped and is reported."""


@dataclass(frozen=True)
class Window:
    """Window of one mass hypothesis: bins ``first`` to ``last`` (exclusive), ``low`` to ``high`` MeV.

    ``k`` is its half-width in units of ``sigma``. ``efficiency_ratio`` is the share of the signal inside the bins over
    that inside the exact window; ``snapped`` tells that the bins of the spectrum are too coarse for the exact window.
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
    inside = partial(gaussian_fraction, mean=mass, sigma=sigma)
    return _in_bins(mass, sigma, k, (low, high), edges, inside, math.erf(k / math.sqrt(2.0)))


def _in_bins(
    mass: float,
    sigma: float,
    k: float,
    exact: tuple[float, float],
    edges: NDArray[np.float64],
    inside: Callable[[float, float], float],
    share: float,
) -> Window:
    """The window between the ``edges`` nearest to the ``exact`` ends (MeV).

    Where that is the same edge, the bin that holds ``mass``. ``inside`` gives the share of the signal between two
    masses, ``share`` is that of the exact window.
    """
    low, high = exact
    first, last = _nearest(edges, low), _nearest(edges, high)
    if last <= first:
        first = int(np.clip(np.searchsorted(edges, mass, side="right") - 1, 0, edges.size - 2))
        last = first + 1
    ends = float(edges[first]), float(edges[last])
    moved = max(abs(ends[0] - low), abs(ends[1] - high))
    ratio = inside(*ends) / share
    return Window(mass, sigma, k, first, last, *ends, ratio, moved > SNAP_TOLERANCE * sigma)


def _bins_of_fraction(
    mass: float, fraction: float, bin_width: float, inside: Callable[[float, float], float]
) -> tuple[float, float]:
    """Ends (MeV) of the fewest bins of the squared mass about that of ``mass`` that hold ``fraction``."""
    centre = math.floor(mass * mass / bin_width)
    for k in range(centre + 1):
        low, high = (math.sqrt(bin_width * edge) for edge in (centre - k, centre + k + 1))
        if inside(low, high) >= fraction:
            return low, high
    raise UsageError(
        f"no window of bins of {bin_width:g} MeV^2 about {mass:g} MeV holds {fraction:g} of the signal: "
        "its tails reach below a squared mass of 0"
    )


def fraction_window(
    mass: float,
    sigma: float,
    *,
    fraction: float,
    bin_width: float,
    inside: Callable[[float, float], float],
    edges: NDArray[np.float64],
) -> Window:
    """Return the window of ``mass`` (MeV) that holds ``fraction`` of the signal in whole bins of the squared mass.

    ``bin_width`` (MeV^2) is that of the bins, counted from 0: from the one that holds m_N^2 outwards, one bin each
    side, until ``inside(low, high)``, the share of the signal between two missing masses (MeV), reaches ``fraction``.
    Ends are then snapped to the nearest bin ``edges``. ``UsageError`` where no such window exists or it leaves the
    spectrum.
    """
    if not (math.isfinite(mass) and mass > 0.0 and sigma > 0.0 and 0.0 < fraction < 1.0 and bin_width > 0.0):
        raise UsageError(
            f"window needs mass, sigma and bin width above 0 and a fraction between 0 and 1, "
            f"got {mass}, {sigma}, {bin_width}, {fraction}"
        )
    low, high = _bins_of_fraction(mass, fraction, bin_width, inside)
    if low < edges[0] or high > edges[-1]:
        raise UsageError(
            f"window {low:g} to {high:g} MeV of mass {mass:g} MeV leaves the spectrum "
            f"({edges[0]:g} to {edges[-1]:g} MeV)"
        )
    half = 0.5 * (high - low) / sigma
    return _in_bins(mass, sigma, half, (low, high), edges, inside, inside(low, high))


def window_record(rule: WindowRule) -> float | dict[str, float]:
    """Return the rule as results keep it: k, or ``fraction`` and ``bin_mev2``."""
    if isinstance(rule, FractionWindow):
        return {"fraction": rule.fraction, "bin_mev2": rule.bin}
    return float(rule)


def window_rule(record: Any) -> WindowRule:
    """Return the rule of a ``window_record``. Raises ``KeyError``, ``TypeError`` or ``ValueError``."""
    if isinstance(record, Mapping):
        return FractionWindow.model_validate(
            {"fraction": record["fraction"], "bin": f"{float(record['bin_mev2'])!r} MeV2"}
        )
    return float(record)


def window_share(rule: WindowRule) -> float:
    """Return the share of a Gaussian signal in the window of ``rule``."""
    return rule.fraction if isinstance(rule, FractionWindow) else math.erf(rule / math.sqrt(2.0))


def window_words(rule: WindowRule) -> str:
    """Return the ``rule`` in words: "1 sigma", "68.27 % of the signal"."""
    return (
        f"{100.0 * rule.fraction:g} % of the signal"
        if isinstance(rule, FractionWindow)
        else f"{rule:g} sigma"
    )
