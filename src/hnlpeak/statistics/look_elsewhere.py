"""The look-elsewhere effect: global p-values of the largest of many correlated local significances.

Toys: the share of background-only pseudo-searches whose largest significance reaches the observed one; exact
but for their number. Gross-Vitells (E. Gross, O. Vitells, EPJC 70 (2010) 525): for a field of local significances
Z(m) that is smooth in m and standard normal at each m, the mean number of times that Z rises through z falls like
exp(-z^2/2), so that

    p(z) ~ Phi(-z) + <N(z_0)> exp(-(z^2 - z_0^2)/2)

extrapolates from a low level z_0, where few toys are enough. Counts in windows with sharp edges are not smooth in
m (their autocorrelation has a kink at distance 0) and few events are not normal: there the toys decide.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.statistics.arguments import finite, not_negative

__all__ = ["gross_vitells", "toy_p_value", "upcrossings"]


def upcrossings(z: ArrayLike, *, level: float) -> NDArray[np.int64]:
    """Number of times that ``z`` rises from below ``level`` to it or above, along the last axis.

    A sequence that begins above is not counted for that. NaN (no hypothesis) is left out of the sequence.
    """
    values = np.asarray(z, dtype=np.float64)
    if values.ndim == 0:
        raise UsageError("z must have at least one axis, along which it is scanned")
    found = np.zeros(values.shape[:-1], dtype=np.int64)
    for index in np.ndindex(found.shape):
        row = values[index]
        above = row[~np.isnan(row)] >= level
        found[index] = np.count_nonzero(above[1:] & ~above[:-1])
    return found


def gross_vitells(z: ArrayLike, *, mean_upcrossings: ArrayLike, level: float) -> float | NDArray[np.float64]:
    """Global p-value of a largest local significance ``z``, at most 1.

    ``mean_upcrossings`` of ``level`` (standard deviations) are those of :func:`upcrossings` averaged over background
    alone. Arguments broadcast; a number for scalar input. Raises UsageError for what is negative or not finite.
    """
    top, mean = finite("z", z), not_negative("mean_upcrossings", mean_upcrossings)
    low = float(not_negative("level", level))
    tail = scipy.special.ndtr(-top) + mean * np.exp(-0.5 * (np.maximum(top, 0.0) ** 2 - low**2))
    p = np.minimum(np.where(top > 0.0, tail, 1.0), 1.0)
    return float(p) if p.shape == () else np.asarray(p)


def toy_p_value(observed: ArrayLike, toys: ArrayLike) -> float | NDArray[np.float64]:
    """Share of ``toys`` at least as large as ``observed``, both counted with the observation: (k + 1) / (N + 1).

    Never 0, and not too small on average for any N. A number for a scalar ``observed``; NaN where it is NaN.
    Raises UsageError for no toys or a toy that is NaN.
    """
    values, largest = np.asarray(observed, dtype=np.float64), np.sort(np.ravel(toys))
    if largest.size == 0 or np.isnan(largest[-1]):
        raise UsageError("toys must be at least one number, and none of them NaN")
    reached = largest.size - np.searchsorted(largest, values, side="left")
    p = np.where(np.isnan(values), np.nan, (reached + 1.0) / (largest.size + 1.0))
    return float(p) if p.shape == () else p
