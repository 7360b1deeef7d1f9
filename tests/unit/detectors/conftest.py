"""Particles shot at surfaces of the test's choice, through the same response as in the fast loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hnlpeak.detectors.event import new_block
from hnlpeak.detectors.surface import Surface, surface_table
from hnlpeak.experiment.experiment import load_experiment
from hnlpeak.simulation.response import respond
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
        setup = load_experiment("na62-2015").setup.copy()
        setup["response"] = surface_table(surfaces)
        setup["accidental"] = 0.0
        setup.setflags(write=False)
        block = new_block(n)
        block["weight"] = 1.0
        block["forced_loss"] = forced_loss
        block["n_particles"] = 1
        first = block["particles"][:, 0]
        first["n_segments"] = 1
        start = first["segments"][:, 0]
        for name, value in {"x": x, "y": y, "tx": tx, "ty": ty, "p": p, "species": species}.items():
            start[name] = value
        respond(n, setup, np.random.Generator(np.random.Philox(7)), block)
        return block

    return fly
