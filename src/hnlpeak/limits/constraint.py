"""How b +- sigma_b enters the intervals: as a Gaussian, or as the equivalent control measurement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from hnlpeak.statistics import Gaussian, Poisson
from hnlpeak.statistics.equivalent import equivalent_poisson

__all__ = ["CONSTRAINTS", "background_constraint"]

CONSTRAINTS: dict[str, Callable[[ArrayLike, ArrayLike], Gaussian | Poisson]] = {
    "gaussian": lambda b, sigma: Gaussian(np.asarray(b), np.asarray(sigma)),
    "poisson": equivalent_poisson,
}
"""Constraints by the name that cards give them."""


def background_constraint(
    b: ArrayLike, sigma: ArrayLike, *, kind: Literal["gaussian", "poisson"]
) -> Gaussian | Poisson:
    """Return the constraint on a background estimated as ``b`` with standard deviation ``sigma`` (arrays, events)."""
    return CONSTRAINTS[kind](b, sigma)
