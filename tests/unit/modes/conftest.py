"""One compiled loop over ``sample_mode`` for all tests of the decay modes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from hnlpeak.core.kernel import kernel
from hnlpeak.theory.modes import MAX_DAUGHTERS, MODES, Daughter, sample_mode
from hnlpeak.theory.species import Species

KAON_MASS = 493.677
PION_MASS = 139.57039


@dataclass(frozen=True)
class Sample:
    """``rows[n]`` daughters in ``table[n, daughter, slot]``, zero beyond the last daughter."""

    rows: NDArray[np.int64]
    table: NDArray[np.float64]

    @property
    def species(self) -> NDArray[np.int64]:
        code = self.table[..., Daughter.SPECIES].astype(np.int64)
        return np.where(np.arange(code.shape[1]) < self.rows[:, None], code, -1)

    @property
    def momentum(self) -> NDArray[np.float64]:
        return self.table[..., Daughter.PX : Daughter.PZ + 1]

    @property
    def energy(self) -> NDArray[np.float64]:
        return self.table[..., Daughter.ENERGY]

    @property
    def spin(self) -> NDArray[np.float64]:
        return self.table[..., Daughter.SX : Daughter.SZ + 1]


@kernel
def _fill(kind, rng, params, rows, table):
    for i in range(rows.size):
        rows[i] = sample_mode(kind, rng, params, table[i])


def parameters(name: str) -> NDArray[np.float64]:
    return MODES[name].pack(KAON_MASS, Species.MUON_PLUS, 300.0) if name == "hnl" else MODES[name].pack()


@pytest.fixture(scope="session")
def draw() -> Callable[..., Sample]:
    kept: dict[tuple[str, int, int], Sample] = {}

    def draw(name: str, n: int, *, seed: int = 1, params: NDArray[np.float64] | None = None) -> Sample:
        if params is None and (name, n, seed) in kept:
            return kept[name, n, seed]
        rows, table = np.zeros(n, dtype=np.int64), np.zeros((n, MAX_DAUGHTERS, Daughter.WIDTH))
        rng = np.random.Generator(np.random.Philox(seed))
        _fill(MODES[name].code, rng, parameters(name) if params is None else params, rows, table)
        sample = Sample(rows, table)
        if params is None:
            kept[name, n, seed] = sample
        return sample

    return draw
