"""What background methods may use besides the searched spectrum: simulated decays and a control run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["HALO", "BackgroundSources", "sums_between"]

HALO = "halo"
"""Name of the source that is no decay."""

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BackgroundSources:
    """``decays``: simulated decays by mode, with the number of decays in the fiducial volume that they stand for.

    ``control``: spectrum of data taken without decays, None where there is no such run.
    """

    decays: Spectrum
    control: Spectrum | None = None


def sums_between(
    spectrum: Spectrum, source: str, *, selections: list[str], low: Vector, high: Vector
) -> tuple[Vector, Vector]:
    """Sums of the weights of ``source`` and of their squares in each range [``low``, ``high``] (MeV).

    ``selections`` names the selection of each range; ends are taken to the nearest bin edge.
    """
    sums, squares = np.zeros(len(low)), np.zeros(len(low))
    for selection in dict.fromkeys(selections):
        edges, values, variances = spectrum.project(selection, sources=[source])
        rows = np.array([name == selection for name in selections])
        middles = 0.5 * (edges[1:] + edges[:-1])
        first, last = (np.searchsorted(middles, ends[rows]) for ends in (low, high))
        for out, column in ((sums, values), (squares, variances)):
            cumulative = np.concatenate([[0.0], np.cumsum(column)])
            out[rows] = np.maximum(cumulative[last] - cumulative[first], 0.0)
    return sums, squares
