"""Geometry of the side bands of all mass hypotheses, ready for the compiled fit.

Between ``inner`` and ``outer`` resolutions on both sides of a mass, within the limits of the card and of the
spectrum, bins of the spectrum are grouped to about half a resolution. A polynomial in t = (m_miss - m_N) / s,
with s the farther reach of the two side bands, is integrated exactly over each group and over the window.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.spectrum.window import Window, gaussian_fraction

if TYPE_CHECKING:
    from hnlpeak.background.sideband import SidebandBackground

__all__ = ["GROUP_WIDTH", "SHORT_SIDE", "SidebandDesign", "shape_design", "sideband_design", "touched"]

Cuts = NDArray[np.int64]
Range = tuple[float, float]
Sides = tuple[tuple[Cuts, ...], ...]

GROUP_WIDTH = 0.5
"""Width of a group of bins, in units of the resolution."""

SHORT_SIDE = 2.0
"""Resolutions below which a side band is called short."""


class SidebandDesign(NamedTuple):
    """Padded arrays over (mass, group, parameter) that do not depend on the data, as kernels take them.

    ``first`` and ``last``: bins of the spectrum in each group; ``groups``: number of groups per mass;
    ``basis``: integral of t^p over each group; ``window_basis``: over the window; ``signal``: fraction of a
    Gaussian signal in each group; ``sides``: number of sides with at least one group; ``shorter``: length of the
    shorter side in resolutions.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    groups: NDArray[np.int64]
    basis: NDArray[np.float64]
    window_basis: NDArray[np.float64]
    signal: NDArray[np.float64]
    sides: NDArray[np.int64]
    shorter: NDArray[np.float64]


def _side(edges: NDArray[np.float64], low: float, high: float, width: float) -> NDArray[np.int64]:
    """Bin-edge indices that cut [low, high] into groups of about ``width``; empty if no bin is inside."""
    slack = 1e-9 * (edges[-1] - edges[0])
    first = int(np.searchsorted(edges, low - slack))
    last = int(np.searchsorted(edges, high + slack, side="right")) - 1
    if last <= first:
        return np.zeros(0, dtype=np.int64)
    groups = max(1, min(last - first, round((edges[last] - edges[first]) / width)))
    cuts = np.searchsorted(edges, np.linspace(edges[first], edges[last], groups + 1) - 0.5 * slack)
    cuts[0], cuts[-1] = first, last
    return np.unique(cuts).astype(np.int64)


def _powers(low: NDArray[np.float64], high: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Integrals of t^p dt, p < count, over [low, high]."""
    p = np.arange(1, count + 1)
    return (high[:, None] ** p - low[:, None] ** p) / p


def sideband_design(
    windows: Sequence[Window],
    edges: NDArray[np.float64],
    card: SidebandBackground,
    masked: Sequence[Range] = (),
) -> SidebandDesign:
    """Return the side bands of ``windows`` on a spectrum with these bin ``edges`` (MeV), without ``masked`` ranges."""
    sides: list[Sides] = []
    for w in windows:
        width = GROUP_WIDTH * w.sigma
        sides.append(
            tuple(
                tuple(_side(edges, *piece, width) for piece in _outside(side, masked))
                for side in _ends(w, edges, card)
            )
        )
    return _design(windows, edges, card, sides)


def _ends(w: Window, edges: NDArray[np.float64], card: SidebandBackground) -> tuple[Range, Range]:
    """Ends (MeV) of the side bands left and right of a window; empty where the first is not below the second."""
    low_limit, high_limit = max(card.low_limit, edges[0]), min(card.high_limit, edges[-1])
    inner, outer = card.inner * w.sigma, card.outer * w.sigma
    return (
        (max(w.mass - outer, low_limit), min(w.mass - inner, w.low, high_limit)),
        (max(w.mass + inner, w.high, low_limit), min(w.mass + outer, high_limit)),
    )


def _outside(side: Range, masked: Sequence[Range]) -> list[Range]:
    """The pieces of a side band that lie in no masked range."""
    pieces = [side]
    for low, high in masked:
        cut = [[(a, min(b, low)), (max(a, high), b)] for a, b in pieces]
        pieces = [piece for pair in cut for piece in pair if piece[0] < piece[1]]
    return pieces


def touched(
    windows: Sequence[Window],
    edges: NDArray[np.float64],
    card: SidebandBackground,
    masked: Sequence[Range],
) -> NDArray[np.bool_]:
    """Return which windows have a part of their side bands in a ``masked`` range."""
    return np.array(
        [
            any(max(a, low) < min(b, high) for a, b in _ends(w, edges, card) for low, high in masked if a < b)
            for w in windows
        ],
        dtype=bool,
    )


def shape_design(
    windows: Sequence[Window], edges: NDArray[np.float64], card: SidebandBackground
) -> SidebandDesign:
    """Return one band a mass, from the left end of its side bands to the right one, with the peak inside."""
    low_limit, high_limit = max(card.low_limit, edges[0]), min(card.high_limit, edges[-1])
    bands: list[Sides] = []
    for w in windows:
        reach = card.outer * w.sigma
        ends = max(w.mass - reach, low_limit), min(w.mass + reach, high_limit)
        bands.append(((_side(edges, *ends, GROUP_WIDTH * w.sigma),),))
    return _design(windows, edges, card, bands)


def _design(
    windows: Sequence[Window],
    edges: NDArray[np.float64],
    card: SidebandBackground,
    bands: Sequence[Sides],
) -> SidebandDesign:
    """Padded arrays of the groups between the cuts of each piece of each side."""
    # two orders more than the card's are tried (``functions``)
    count = max(card.order + 2, card.alternative_order) + 1
    pieces = [[cuts for side in band for cuts in side if cuts.size > 1] for band in bands]
    most = max((sum(cuts.size - 1 for cuts in band) for band in pieces), default=0)
    n = len(windows)
    first, last = np.zeros((n, most), dtype=np.int64), np.zeros((n, most), dtype=np.int64)
    groups, used = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    basis, signal = np.zeros((n, most, count)), np.zeros((n, most))
    window_basis, shorter = np.zeros((n, count)), np.zeros(n)
    for i, w in enumerate(windows):
        lengths = [sum(np.ptp(edges[cuts]) for cuts in side if cuts.size > 1) for side in bands[i]]
        used[i], shorter[i] = sum(length > 0.0 for length in lengths), min(lengths) / w.sigma
        m = groups[i] = sum(cuts.size - 1 for cuts in pieces[i])
        if m == 0:
            continue
        begin = np.concatenate([cuts[:-1] for cuts in pieces[i]])
        end = np.concatenate([cuts[1:] for cuts in pieces[i]])
        first[i, :m], last[i, :m] = begin, end
        low, high = edges[begin] - w.mass, edges[end] - w.mass
        scale = max(float(np.max(np.abs(low))), float(np.max(np.abs(high))))
        basis[i, :m] = _powers(low / scale, high / scale, count)
        window_basis[i] = _powers(
            np.array([(w.low - w.mass) / scale]), np.array([(w.high - w.mass) / scale]), count
        )[0]
        signal[i, :m] = [
            gaussian_fraction(a, b, mean=0.0, sigma=w.sigma) for a, b in zip(low, high, strict=True)
        ]
    return SidebandDesign(first, last, groups, basis, window_basis, signal, used, shorter)
