"""Directions that are rare by nature: 1 + cos of an angle is drawn with a density that is large near 0.

What nature draws uniformly from [0, 2] is drawn from q(x) ~ (x + x0)^-(1 + a).
"""

from __future__ import annotations

import numpy as np

from hnlpeak.core.kernel import inlined

__all__ = ["LARGEST", "draw_rare", "times_as_likely"]

LARGEST = 2.0
"""The largest x."""


@inlined
def draw_rare(x0: float, fall: float, rng: np.random.Generator) -> float:
    """A number of [0, 2] with the density q."""
    first, last = x0**-fall, (LARGEST + x0) ** -fall
    return float((first - rng.random() * (first - last)) ** (-1.0 / fall) - x0)


@inlined
def times_as_likely(x: float, x0: float, fall: float) -> float:
    """q(x) / p(x)."""
    area = (x0**-fall - (LARGEST + x0) ** -fall) / fall
    return float(LARGEST * (x + x0) ** (-1.0 - fall) / area)
