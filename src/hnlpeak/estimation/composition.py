"""What the background in each window is made of, from the simulated modes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["window_composition"]


def window_composition(
    templates: Spectrum,
    *,
    selections: Sequence[str],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    decays: float,
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Events expected in ``decays`` decays by source, and their MC errors, in each window [low, high] (MeV).

    ``selections`` names the selection of each window; arrays have one entry a window.
    """
    scale = templates.scaled_to(decays)
    parts = {name: templates.between(selections, low, high, sources=[name]) for name in templates.sources}
    return {
        name: (scale * sums.values, scale * np.sqrt(np.maximum(sums.variances, 0.0)))
        for name, sums in parts.items()
    }
