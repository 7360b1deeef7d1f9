"""Energy units of files: MeV inside, GeV converted where the file says so."""

from __future__ import annotations

from typing import Any

import hist
import numpy as np

from hnlpeak.core.errors import InputDataError
from hnlpeak.spectrum.foreign import edges_of_axis, variable_axis

__all__ = ["ENERGY_UNITS", "scale_axis"]

ENERGY_UNITS = {"MeV": 1.0, "GeV": 1e3}
"""Units of a missing-mass axis that files may declare, in MeV."""


def scale_axis(histogram: Any, unit: object, origin: str) -> Any:
    """Return a one-dimensional ``histogram`` with its axis in MeV; others only in MeV already.

    ``InputDataError`` naming ``origin`` for other units.
    """
    if not isinstance(unit, str) or unit not in ENERGY_UNITS:
        raise InputDataError(f"{origin}: unit of the missing mass must be MeV or GeV, got {unit!r}")
    if unit == "MeV" or len(histogram.axes) != 1:
        return histogram
    edges = edges_of_axis(histogram.axes[0]) * ENERGY_UNITS[unit]
    scaled: hist.Hist[Any] = hist.Hist(variable_axis(edges), storage=hist.storage.Weight())
    values = np.asarray(histogram.values(), dtype=np.float64)
    variances = histogram.variances()
    scaled.view()[...] = np.stack([values, values if variances is None else variances], axis=-1)
    return scaled
