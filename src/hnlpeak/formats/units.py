"""Units of a missing-mass axis in files: MeV inside, others converted where the file or the user says so."""

from __future__ import annotations

import re
from typing import Any

import hist
import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import InputDataError
from hnlpeak.spectrum.axis import signed_sqrt
from hnlpeak.spectrum.foreign import check_size, edges_of_axis, variable_axis

__all__ = ["AXIS_UNITS", "edges_in_mev", "scale_axis", "unit_in", "unit_of"]

AXIS_UNITS = {"MeV": 1.0, "GeV": 1e3, "MeV2": 1.0, "GeV2": 1e6}
"""Units of an axis of missing mass, or of its square, in MeV or MeV^2."""
_IN_LABEL = re.compile(
    r"[\[(]\s*(MeV|GeV)\s*(\^?\{?2\}?|²)?(?:\s*/\s*c[^\])]{0,9})?\s*[\])]\s*(\^\{?2\}?|²)?", re.I
)


def unit_in(label: str) -> str | None:
    """The unit that an axis title ends in, as in ``m_miss [GeV]`` or ``M2 (GeV^{2}/c^{4})``; None without one."""
    found = _IN_LABEL.search(label[:200])
    if found is None:
        return None
    return f"{found[1][0].upper()}eV" + ("2" if found[2] or found[3] else "")


def unit_of(origin: str, *said: object) -> str:
    """The one unit that is said (None where nobody speaks); MeV where nothing is. ``InputDataError`` for a quarrel."""
    units = [unit for unit in said if unit is not None]
    for unit in units:
        if not isinstance(unit, str) or unit not in AXIS_UNITS:
            raise InputDataError(
                f"{origin}: unit of the missing mass must be MeV or GeV (MeV2, GeV2 for its square), "
                f"got {str(unit)[:40]!r}"
            )
    if len(set(units)) > 1:
        raise InputDataError(f"{origin}: the axis is in {units[1]} as the file says, --unit says {units[0]}")
    return str(units[0]) if units else "MeV"


def edges_in_mev(edges: NDArray[np.float64], unit: str) -> NDArray[np.float64]:
    """Return ``edges`` of an axis in ``unit`` as signed missing mass in MeV."""
    scaled = edges * AXIS_UNITS[unit]
    return signed_sqrt(scaled) if unit.endswith("2") else scaled


def scale_axis(histogram: Any, unit: str, origin: str) -> Any:
    """Return a one-dimensional ``histogram`` in ``unit`` with its axis in MeV; others only in MeV already.

    ``InputDataError`` naming ``origin`` where it has too many bins.
    """
    check_size([len(axis) for axis in histogram.axes], origin)
    if unit == "MeV" or len(histogram.axes) != 1:
        return histogram
    edges = edges_in_mev(edges_of_axis(histogram.axes[0]), unit)
    scaled: hist.Hist[Any] = hist.Hist(variable_axis(edges), storage=hist.storage.Weight())
    values = np.asarray(histogram.values(), dtype=np.float64)
    variances = histogram.variances()
    scaled.view()[...] = np.stack([values, values if variances is None else variances], axis=-1)
    return scaled
