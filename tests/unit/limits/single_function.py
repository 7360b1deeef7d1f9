"""A model of the side bands with one function alone: what is in closed form elsewhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.functions import SidebandModel


class Single(SidebandModel):
    def functions(self) -> NDArray[np.int64]:
        return super().functions()[:1]
