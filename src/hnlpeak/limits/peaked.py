"""A peak of known shape on a smooth background, at every mass: an experiment of ``statistics.SharedRate``."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.bands import SidebandDesign
from hnlpeak.background.functions import EVENTS_PER_PARAMETER, SidebandModel
from hnlpeak.limits.peak_profile import PeakBands, average_background, profiles

__all__ = ["Peaked", "peaked"]

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Places = NDArray[np.intp]

_FEWEST_GROUPS = 3


@dataclass(frozen=True, eq=False)
class Peaked:
    """Counts in groups about each mass, their likelihood that of ``limits.peak_profile``.

    ``order`` of the card's function at each mass, lowered where there are few events. ``measured`` are the counts that
    the side bands let expect without a peak. ``start``: fits of these counts, which save time and change nothing.
    """

    bands: PeakBands
    order: NDArray[np.int64]
    measured: Matrix
    start: NDArray[np.float64]

    @property
    def size(self) -> int:
        """Number of masses."""
        return int(self.bands.groups.size)

    @property
    def convex(self) -> bool:
        """A function may take the events of the peak, or leave them to it; and there are several."""
        return False

    def __getitem__(self, which: Places) -> Peaked:
        """The masses ``which``."""
        b = self.bands
        kept = {
            name: np.ascontiguousarray(getattr(b, name)[which]) for name in b._fields if name != "families"
        }
        return Peaked(b._replace(**kept), self.order[which], self.measured[which], self.start[which].copy())

    def profile(self, which: Places, t: Vector) -> tuple[Vector, Vector]:
        """-2 ln L up to a constant, and its slope, at ``t`` >= 0 events of the peak."""
        q, slope = np.empty(which.size), np.empty(which.size)
        profiles(self.bands, which.astype(np.int64), np.ascontiguousarray(t), self.start, q, slope)
        return q, slope

    def scale(self) -> Vector:
        """About the standard deviation of the events of the peak."""
        counts = np.where(self.bands.peak > 0.0, np.maximum(self.bands.counts, 0.5), 1.0)
        return np.asarray(1.0 / np.sqrt(np.maximum(np.sum(self.bands.peak**2 / counts, axis=1), 1e-12)))

    def usable(self) -> NDArray[np.bool_]:
        """Masses where some function can be fitted, with and without a peak."""
        every = np.arange(self.size)
        good = (self.bands.groups >= _FEWEST_GROUPS) & np.any(self.bands.peak > 0.0, axis=1)
        for t in (np.zeros(self.size), 3.0 * self.scale()):
            good &= self.profile(every, t)[0] < 1e299
        return np.asarray(good)

    def background_only(self) -> Peaked:
        """The average counts of the functions that fit best without a peak."""
        counts = np.zeros_like(self.bands.counts)
        average_background(self.bands, self.start, counts)
        return self._with(counts)

    def expected(self) -> Peaked:
        """The counts that the side bands let expect."""
        return self._with(self.measured)

    def _with(self, counts: Matrix) -> Peaked:
        return replace(
            self,
            bands=self.bands._replace(counts=np.ascontiguousarray(counts)),
            start=np.full_like(self.start, np.nan),
        )


def peaked(
    design: SidebandDesign, counts: Matrix, peak: Matrix, model: SidebandModel, measured: Matrix
) -> Peaked:
    """Return the experiment of ``counts[mass, group]`` in the groups of ``design`` (see ``bands.shape_design``).

    ``peak[mass, group]`` is the share of the signal in each group over its share in what signals are counted in (a
    window); ``measured[mass, group]`` what is expected without a signal. Orders are lowered as in the side-band fit;
    those of one family that are the same count once.
    """
    functions = model.functions()
    inside = np.arange(counts.shape[1]) < design.groups[:, None]
    counts, measured = np.where(inside, counts, 0.0), np.where(inside & np.isfinite(measured), measured, 0.0)
    events, filled = counts.sum(axis=1), (counts > 0.0).sum(axis=1)
    # a fit needs a few groups more than it has parameters
    ceiling = np.minimum(filled - 2, (events / EVENTS_PER_PARAMETER).astype(np.int64) - 1)
    order = np.maximum(0, np.minimum(model.order, np.minimum(ceiling, design.groups - 3)))
    sizes = np.zeros((len(counts), len(functions)), dtype=np.int64)
    for i in range(len(counts)):
        seen: set[tuple[int, int]] = set()
        for k, (family, step) in enumerate(functions.tolist()):
            tried = max(int(order[i]) + step, 1 if k > 0 and family != functions[0, 0] else 0)
            # a constant is of both families
            name = (family if tried else 0, tried)
            if name in seen or (k > 0 and tried + 1 > design.groups[i] - 2):
                continue
            seen.add(name)
            sizes[i, k] = tried + 1
    bands = PeakBands(
        np.ascontiguousarray(counts, dtype=np.float64),
        np.ascontiguousarray(np.where(inside, peak, 0.0)),
        np.ascontiguousarray(design.groups),
        np.ascontiguousarray(design.basis),
        np.ascontiguousarray(functions[:, 0]),
        sizes,
    )
    start = np.full((len(counts), len(functions), 3, design.basis.shape[2]), np.nan)
    return Peaked(bands, order, measured, start)
