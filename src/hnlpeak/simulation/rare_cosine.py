"""Directions that are rare by nature: 1 + cos of an angle is drawn with a density that is large near 0.

What nature draws uniformly from [0, 2] is drawn from q(x) ~ (x + x0)^-2: no power to compute.
"""

from __future__ import annotations

import numpy as np

from hnlpeak.core.kernel import inlined

__all__ = ["LARGEST", "draw_rare", "times_as_likely"]

LARGEST = 2.0
"""The largest x."""


@inlined
def draw_rare(x0: float, rng: np.random.Generator) -> float:
    """A number of [0, 2] with the density q."""
    u = rng.random()
    return float(LARGEST * u * x0 / (x0 + LARGEST * (1.0 - u)))


@inlined
def times_as_likely(x: float, x0: float) -> float:
    """q(x) / p(x)."""
    return float(x0 * (LARGEST + x0) / ((x + x0) * (x + x0)))
