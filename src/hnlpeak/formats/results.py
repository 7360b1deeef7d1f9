"""The folder of a search: its files written one by one, each whole, and read back."""

from __future__ import annotations

from pathlib import Path

from hnlpeak.core.atomic import write_text
from hnlpeak.core.errors import InputDataError
from hnlpeak.core.records import columns_of, plain
from hnlpeak.estimation.flux import flux_record
from hnlpeak.formats.json_text import dump_json, read_json
from hnlpeak.formats.manifest import check_settled
from hnlpeak.formats.table import table_text
from hnlpeak.formats.uhi import write_uhi
from hnlpeak.limits.columns import CHECK_COLUMNS, LIMITS_COLUMNS, METHOD_COLUMNS
from hnlpeak.limits.intervals import MethodLimits
from hnlpeak.limits.result import SearchResult
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["limits_table", "read_result", "write_results"]

RESULT = "result.json"


def limits_table(result: SearchResult) -> str:
    """Return the text of ``limits.csv``: the public columns in their order, numbers to 12 digits."""
    return table_text(
        {
            name: [
                value if isinstance(value, str) else float(f"{value:.12g}") for value in result[name].tolist()
            ]
            for name in LIMITS_COLUMNS
        }
    )


def methods_table(result: SearchResult) -> str:
    """Return the text of ``limits-methods.csv``: limits by the search's own method and by each further one."""
    names = ("m_n_mev", "n_observed", "background", "background_error")
    own = MethodLimits(result.limits.interval, result.limits.observed, result.limits.expected)
    columns = {name: result[name] for name in names}
    for method, limits in {result.settings.method: own, **result.methods}.items():
        word = method.replace("-", "_")
        found = columns_of(limits, word)
        for column in METHOD_COLUMNS:
            columns[column.format(word)] = found[column.format(word)]
    return table_text({name: plain(column) for name, column in columns.items()})


def checks_table(result: SearchResult) -> str:
    """Return the text of ``limits-checks.csv``: coverage, leakage, choice of functions and spurious signal by mass."""
    return table_text({name: plain(result[name]) for name in CHECK_COLUMNS if name in result.columns})


def write_results(
    directory: Path,
    result: SearchResult,
    *,
    spectrum: Spectrum,
    signal: str,
    cutflow: str,
) -> None:
    """Write result.json, limits.csv, limits-checks.csv, spectrum.json, normalisation.json, signal.csv and cutflow.csv.

    Where there are further methods also limits-methods.csv. ``signal`` and ``cutflow`` are the texts of their tables.
    Figures, the report and at last the manifest are added by those who make them.
    """
    write_uhi(directory / "spectrum.json", spectrum)
    write_text(directory / "signal.csv", signal)
    write_text(directory / "cutflow.csv", cutflow)
    write_text(directory / "normalisation.json", dump_json(plain(flux_record(result.normalisation))))
    write_text(directory / "limits.csv", limits_table(result))
    write_text(directory / "limits-checks.csv", checks_table(result))
    if result.methods:
        write_text(directory / "limits-methods.csv", methods_table(result))
    write_text(directory / RESULT, dump_json(result.to_dict()))


def read_result(directory: str | Path) -> SearchResult:
    """Return the result of a folder (or of a ``result.json``). ``InputDataError`` where there is none."""
    place = Path(directory)
    if place.is_dir():
        check_settled(place)
        place = place / RESULT
    record = read_json(place)
    if not isinstance(record, dict):
        raise InputDataError(f"{place}: not a search result")
    return SearchResult.from_record(record, str(place))
