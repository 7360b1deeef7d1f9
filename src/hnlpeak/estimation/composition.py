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
    made: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
    for source in templates.sources:
        events, errors = np.zeros(len(low)), np.zeros(len(low))
        for selection in dict.fromkeys(selections):
            edges, values, variances = templates.project(selection, sources=[source])
            rows = np.array([name == selection for name in selections])
            sums = np.concatenate([[0.0], np.cumsum(values)])
            squares = np.concatenate([[0.0], np.cumsum(variances)])
            first, last = (np.searchsorted(edges, ends[rows] - 1e-9) for ends in (low, high))
            events[rows] = scale * (sums[last] - sums[first])
            errors[rows] = scale * np.sqrt(np.maximum(squares[last] - squares[first], 0.0))
        made[source] = (events, errors)
    return made
