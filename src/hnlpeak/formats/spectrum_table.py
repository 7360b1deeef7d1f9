"""A spectrum as a table: ``low_mev,high_mev,count`` or, with evenly spaced centres, ``m_miss_mev,count``.

The names tell the unit: ``_mev``, ``_gev``, or ``_mev2`` and ``_gev2`` for the square of the missing mass. Tables of
HEPData have names of their own (``formats.hepdata_table``).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.atomic import write_text
from hnlpeak.core.errors import InputDataError
from hnlpeak.core.words import listed
from hnlpeak.formats.hepdata_table import is_hepdata, read_hepdata
from hnlpeak.formats.spectrum_format import SpectrumFormat
from hnlpeak.formats.table import Table, numbers_of, read_table, table_text
from hnlpeak.formats.units import AXIS_UNITS, edges_in_mev, unit_of
from hnlpeak.spectrum.foreign import check_edges, check_size, counts_of, variable_axis
from hnlpeak.spectrum.spectrum import ANY_SELECTION, Spectrum

__all__ = ["FORMAT", "edges_of_bins", "read_spectrum_table", "spectrum_of_bins", "write_spectrum_table"]

_TOLERANCE = 1e-6
_SUFFIXES = {unit.casefold(): unit for unit in AXIS_UNITS}


def edges_of_bins(
    low: NDArray[np.float64], high: NDArray[np.float64], path: str | Path
) -> NDArray[np.float64]:
    """Return the edges of bins that join, rising or falling. ``InputDataError`` for others, naming the bin."""
    reversed_bins = np.flatnonzero(high <= low)
    if reversed_bins.size:
        i = int(reversed_bins[0])
        raise InputDataError(f"{path}: bin {i} is empty or reversed: {low[i]:g} to {high[i]:g}")
    gaps = np.flatnonzero(np.abs(low[1:] - high[:-1]) > _TOLERANCE * (high[:-1] - low[:-1]))
    if gaps.size:
        i = int(gaps[0])
        raise InputDataError(
            f"{path}: bins must join: bin {i} ends at {high[i]:g}, bin {i + 1} begins at {low[i + 1]:g}"
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
            f"{path}: bin centres must rise in even steps, {centres[i]:g} to {centres[i + 1]:g} is not; "
            "give low_mev and high_mev"
        )
    return np.asarray(centres[0] + width * (np.arange(centres.size + 1) - 0.5))


def _places(header: list[str], names: tuple[str, ...], path: str | Path) -> tuple[dict[str, int], str] | None:
    """Places of columns called ``name_unit`` in one unit, and that unit; None where they are not all there."""
    for suffix, unit in _SUFFIXES.items():
        wanted = [f"{name}_{suffix}" for name in names]
        twice = [name for name in wanted if header.count(name) > 1]
        if twice:
            raise InputDataError(f"{path}: column {twice[0]!r} appears twice")
        if all(name in header for name in wanted):
            return {name: header.index(column) for name, column in zip(names, wanted, strict=True)}, unit
    return None


def _axis(table: Table, path: str | Path) -> tuple[dict[str, NDArray[np.float64]], str]:
    """Numbers of the axis and of the counts, and the unit that the names tell."""
    header = [name.casefold() for name in table.header]
    if "count" not in header:
        raise InputDataError(
            f"{path}: no column 'count'; the header has {listed(table.header)}, needed are low_mev, high_mev, count "
            "or m_miss_mev, count"
        )
    if header.count("count") > 1:
        raise InputDataError(f"{path}: column 'count' appears twice")
    bins = _places(header, ("low", "high"), path)
    found = bins if bins is not None else _places(header, ("m_miss",), path)
    if found is None:
        raise InputDataError(
            f"{path}: expected the columns low_mev, high_mev, count or m_miss_mev, count (or _gev, _mev2, _gev2)"
        )
    places, unit = found
    return numbers_of(table, {**places, "count": header.index("count")}, path), unit


def read_spectrum_table(path: str | Path, *, inside: str | None = None, unit: str | None = None) -> Spectrum:
    """Return the spectrum of data in a table; its one selection serves all hypotheses.

    ``inside`` is the column of events of a HEPData table with several. ``InputDataError`` naming the file and the
    bin where it cannot be used.
    """
    table = read_table(path)
    if not table.rows:
        raise InputDataError(f"{path}: expected a header with low_mev, high_mev, count and at least one row")
    check_size([len(table.rows)], str(path))
    if is_hepdata(table):
        low, high, counts, said = read_hepdata(table, path, inside)
        return spectrum_of_bins(low, high, counts, path, unit=unit_of(str(path), unit, said))
    columns, said = _axis(table, path)
    in_file = unit_of(str(path), unit, said)
    if "low" in columns:
        return spectrum_of_bins(columns["low"], columns["high"], columns["count"], path, unit=in_file)
    edges = _edges_of_centres(columns["m_miss"], path)
    return _spectrum(edges_in_mev(edges, in_file), columns["count"], path)


def spectrum_of_bins(
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    counts: NDArray[np.float64],
    path: str | Path,
    *,
    unit: str,
) -> Spectrum:
    """Return the spectrum of data in bins that join, in ``unit``; bins that fall are turned round."""
    if low.size > 1 and np.all(np.diff(low) < 0.0):
        low, high, counts = low[::-1], high[::-1], counts[::-1]
    return _spectrum(edges_in_mev(edges_of_bins(low, high, path), unit), counts, path)


def _spectrum(edges: NDArray[np.float64], counts: NDArray[np.float64], path: str | Path) -> Spectrum:
    check_edges(edges, str(path))
    whole = counts_of(counts, edges, str(path))
    return Spectrum.from_counts(
        whole[None, None, :],
        selections=[ANY_SELECTION],
        components=["data"],
        simulated=False,
        label=Path(path).stem,
        axis=variable_axis(edges),
    )


def write_spectrum_table(path: str | Path, spectrum: Spectrum, selection: str) -> None:
    """Write one selection of ``spectrum``, summed over components, as ``low_mev,high_mev,count``.

    The table does not say whether the spectrum is simulated: use UHI JSON or ROOT where that matters.
    """
    edges, values, _ = spectrum.project(selection)
    write_text(path, table_text({"low_mev": edges[:-1], "high_mev": edges[1:], "count": values}))


FORMAT = SpectrumFormat(
    "table of bins or of HEPData",
    (".csv", ".tsv"),
    "file.csv",
    lambda path, inside, unit: read_spectrum_table(path, inside=inside, unit=unit),
)
