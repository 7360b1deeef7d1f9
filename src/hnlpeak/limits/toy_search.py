"""What toys of a search are drawn about and searched with, in one record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.functions import SidebandModel
from hnlpeak.experiment.analysis_card import StatisticsCard
from hnlpeak.limits.hypotheses import Hypotheses
from hnlpeak.limits.toy_spectra import BLOCK, ToyAxis

__all__ = ["ToySearch"]


@dataclass(frozen=True, eq=False)
class ToySearch:
    """A search in ``toys`` draws of ``expected[selection, cell]`` on the cells of ``axis``, under ``seed``.

    ``start`` is where fits to toys about them start (``background.toy_fits``), ``rows[m]`` the selection of mass ``m``,
    ``model`` the functions that are fitted. Without ``hypotheses`` no signal leaks into side bands. Blocks of toys have
    random streams of their own. Like all that tasks are given it can be pickled.
    """

    axis: ToyAxis
    expected: NDArray[np.float64]
    start: NDArray[np.float64]
    rows: NDArray[np.int64]
    model: SidebandModel
    statistics: StatisticsCard
    hypotheses: Hypotheses | None
    toys: int
    seed: int

    @property
    def blocks(self) -> range:
        """Numbers of the blocks of toys."""
        return range(-(-self.toys // BLOCK))

    def size(self, block: int) -> int:
        """Toys of a block."""
        return min(BLOCK, self.toys - block * BLOCK)
