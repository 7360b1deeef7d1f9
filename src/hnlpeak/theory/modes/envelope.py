"""Bounds for rejection sampling."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["upper_bound"]

_POINTS = 20001
_MARGIN = 1.0005


def upper_bound(density: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> float:
    """A bound of a smooth density of one variable on [0, 1].

    The largest of 20001 values misses a smooth maximum by a few 1e-9 of it (a kink by less than 1e-4); the
    margin of 5e-4 covers both.
    """
    return _MARGIN * float(np.max(density(np.linspace(0.0, 1.0, _POINTS))))
