"""How well background alone explains the events in a window, where its estimate may hold less than one event.

The error of a background estimate says how many events it was made of: y = (b / sigma)^2. With less than one, sigma
above b, a Gaussian cut at 0 is no picture of the estimate: such rows are mostly those whose side bands happened to be
emptier than they should, and their Gaussian p-values are below 3 sigma up to 12 times too often. There the p-value is
that of the equivalent control region, and the significance is its mid-p value in standard deviations, since Li and Ma's
formula does not hold for fractions of an event.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hnlpeak.statistics.constraints import Gaussian, Poisson
from hnlpeak.statistics.equivalent import equivalent_poisson
from hnlpeak.statistics.significance import deviations, p_value, significance

__all__ = ["less_than_one_event", "local_p_value", "local_significance"]

Numbers = NDArray[np.float64]
Kind = Literal["gaussian", "poisson"]


def less_than_one_event(b: Numbers, sigma: Numbers) -> NDArray[np.bool_]:
    """Return where an estimate ``b`` +- ``sigma`` holds less than one event's worth: (b / sigma)^2 < 1."""
    return np.asarray((sigma > np.maximum(b, 0.0)) & np.isfinite(b) & np.isfinite(sigma))


def local_significance(n: Numbers, b: Numbers, sigma: Numbers, *, kind: Kind) -> Numbers:
    """Return signed standard deviations of ``n`` events on ``b`` +- ``sigma``; NaN where these are no numbers."""
    few = less_than_one_event(b, sigma)
    z, usual = np.full(n.shape, np.nan), np.isfinite(b) & np.isfinite(sigma) & ~few
    # the usual row alone needs no special functions, whose loading takes longer than the answer
    if usual.any():
        z[usual] = significance(n[usual], background=_as(kind, b[usual], sigma[usual]))
    if few.any():
        z[few] = deviations(p_value(n[few], background=_few(b[few], sigma[few]), mid_p=True))
    return z


def local_p_value(n: Numbers, b: Numbers, sigma: Numbers, *, kind: Kind, mid_p: bool = False) -> Numbers:
    """Return the probability of at least ``n`` events on ``b`` +- ``sigma``; NaN where these are no numbers.

    ``mid_p`` counts the outcome ``n`` itself half.
    """
    few = less_than_one_event(b, sigma)
    p, usual = np.full(n.shape, np.nan), np.isfinite(b) & np.isfinite(sigma) & ~few
    if usual.any():
        p[usual] = p_value(n[usual], background=_as(kind, b[usual], sigma[usual]), mid_p=mid_p)
    if few.any():
        p[few] = p_value(n[few], background=_few(b[few], sigma[few]), mid_p=mid_p)
    return p


def _as(kind: Kind, b: Numbers, sigma: Numbers) -> Gaussian | Poisson:
    return equivalent_poisson(b, sigma) if kind == "poisson" else Gaussian(b, sigma)


def _few(b: Numbers, sigma: Numbers) -> Poisson:
    return equivalent_poisson(np.maximum(b, 0.0), sigma)
