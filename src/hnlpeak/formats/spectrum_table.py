"""A spectrum as CSV: ``low_mev,high_mev,count`` or, with evenly spaced centres, ``m_miss_mev,count``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.atomic import write_text
from hnlpeak.core.errors import InputDataError
from hnlpeak.formats.table import read_numbers, table_text
from hnlpeak.spectrum.foreign import check_edges, counts_of, variable_axis
from hnlpeak.spectrum.spectrum import ANY_SELECTION, Spectrum

__all__ = ["read_spectrum_table", "write_spectrum_table"]

_TOLERANCE = 1e-6


def _edges_of_bins(
    low: NDArray[np.float64], high: NDArray[np.float64], path: str | Path
) -> NDArray[np.float64]:
    reversed_bins = np.flatnonzero(high <= low)
    if reversed_bins.size:
        i = int(reversed_bins[0])
        raise InputDataError(f"{path}: bin {i} is empty or reversed: {low[i]:g} to {high[i]:g} MeV")
    gaps = np.flatnonzero(np.abs(low[1:] - high[:-1]) > _TOLERANCE * (high[:-1] - low[:-1]))
    if gaps.size:
        i = int(gaps[0])
        raise InputDataError(
            f"{path}: bins must join: bin {i} ends at {high[i]:g} MeV, "
            f"bin {i + 1} begins at {low[i + 1]:g} MeV"
        )
    return np.append(low, high[-1])


def _edges_of_centres(centres: NDArray[np.float64], path: str | Path) -> NDArray[np.float64]:
    if centres.size < 2:
        raise InputDataError(f"{path}: one bin centre does not tell its width: give low_mev and high_mev")
    width = (centres[-1] - centres[0]) / (centres.size - 1)
    odd = np.flatnonzero(np.abs(np.diff(centres) - width) > 1e-4 * abs(width))
    if odd.size or not width > 0.0:
        i = int(odd[0]) if odd.size else 0
        raise InputDataError(
            f"{path}: bin centres must rise in even steps, {centres[i]:g} to {centres[i + 1]:g} MeV is not; "
            "give low_mev and high_mev"
        )
    return np.asarray(centres[0] + width * (np.arange(centres.size + 1) - 0.5))


def read_spectrum_table(path: str | Path) -> Spectrum:
    """Return the spectrum of data in a CSV file; its one selection serves all hypotheses.

    ``InputDataError`` naming the file and the bin where it cannot be used.
    """
    columns = read_numbers(path, required=["count"], optional=["low_mev", "high_mev", "m_miss_mev"])
    if "low_mev" in columns and "high_mev" in columns:
        edges = _edges_of_bins(columns["low_mev"], columns["high_mev"], path)
    elif "m_miss_mev" in columns:
        edges = _edges_of_centres(columns["m_miss_mev"], path)
    else:
        raise InputDataError(f"{path}: expected the columns low_mev, high_mev, count or m_miss_mev, count")
    check_edges(edges, str(path))
    counts = counts_of(columns["count"], edges, str(path))
    return Spectrum.from_counts(
        counts[None, None, :],
        selections=[ANY_SELECTION],
        sources=["data"],
        simulated=False,
        label=Path(path).stem,
        axis=variable_axis(edges),
    )


def write_spectrum_table(path: str | Path, spectrum: Spectrum, selection: str) -> None:
    """Write one selection of ``spectrum``, summed over sources, as ``low_mev,high_mev,count``.

    The table does not say whether the spectrum is simulated: use UHI JSON or ROOT where that matters.
    """
    edges, values, _ = spectrum.project(selection)
    write_text(path, table_text({"low_mev": edges[:-1], "high_mev": edges[1:], "count": values}))
