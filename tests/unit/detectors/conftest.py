"""Particles shot at surfaces of the test's choice, through the same response as in the fast loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import hits
from hnlpeak.detectors.surface import Surface
from hnlpeak.theory.species import Species

Shoot = Callable[..., NDArray[Any]]


@pytest.fixture
def shoot() -> Shoot:
    """``shoot(surfaces, species, p, x, y, tx, ty, n=, forced_loss=)``: n events of one particle from z = 0."""

    def fly(
        surfaces: list[Surface],
        species: Species,
        p: float,
        x: float | NDArray[np.float64] = 0.0,
        y: float | NDArray[np.float64] = 0.0,
        tx: float = 0.0,
        ty: float = 0.0,
        n: int = 20_000,
        forced_loss: float = 0.0,
    ) -> NDArray[Any]:
        array = hits.setup(surfaces=surfaces, accidental=0.0)
        return hits.fly(array, species, p, n=n, forced_loss=forced_loss, x=x, y=y, tx=tx, ty=ty)

    return fly
