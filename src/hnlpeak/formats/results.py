"""The folder of a search: its files written one by one, each whole, and read back."""

from __future__ import annotations

from pathlib import Path

from hnlpeak.core.atomic import write_text
from hnlpeak.core.errors import HnlpeakError, InputDataError, UsageError
from hnlpeak.formats.json_text import dump_json, read_json
from hnlpeak.formats.manifest import MANIFEST
from hnlpeak.formats.table import table_text
from hnlpeak.formats.uhi import write_uhi
from hnlpeak.limits.columns import LIMITS_COLUMNS
from hnlpeak.limits.result import SearchResult
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["claim_directory", "limits_table", "read_result", "refuse_occupied", "write_results"]

RESULT = "result.json"


def refuse_occupied(directory: str | Path, *, overwrite: bool) -> Path:
    """Return ``directory`` as a path; nothing is created.

    ``UsageError`` if it is a file, or holds files and ``overwrite`` is false.
    """
    place = Path(directory)
    if place.exists() and not place.is_dir():
        raise UsageError(f"{place}: is a file, expected a folder for the results")
    if place.is_dir() and any(place.iterdir()) and not overwrite:
        raise UsageError(f"{place}: is not empty; give another folder or --overwrite")
    return place


def _listed(place: Path) -> list[Path]:
    """The manifest of a folder, then the files it lists, as far as they lie inside the folder."""
    manifest = place / MANIFEST
    if not manifest.is_file():
        return []
    try:
        names = list(read_json(manifest)["files"])
    except (InputDataError, KeyError, TypeError):
        names = []
    inside = place.resolve()
    files = [place / str(name) for name in names]
    return [manifest, *(file for file in files if file.resolve().is_relative_to(inside))]


def claim_directory(directory: str | Path, *, overwrite: bool) -> Path:
    """Return ``directory`` as a path, created if it was not there.

    Raises as ``refuse_occupied``, and ``HnlpeakError`` if it cannot be created. With ``overwrite`` the old
    manifest and the files it lists are removed, so that two runs are never mixed; other files stay.
    """
    place = refuse_occupied(directory, overwrite=overwrite)
    try:
        place.mkdir(parents=True, exist_ok=True)
        for old in _listed(place):
            old.unlink(missing_ok=True)
    except OSError as error:
        raise HnlpeakError(f"{place}: cannot be used for results ({error.strerror or error})") from error
    return place


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


def write_results(
    directory: Path,
    result: SearchResult,
    *,
    spectrum: Spectrum,
    signal: str,
    cutflow: str,
) -> None:
    """Write result.json, limits.csv, spectrum.json, normalisation.json, signal.csv and cutflow.csv.

    ``signal`` and ``cutflow`` are the texts of their tables. Figures, the report and at last the manifest are
    added by those who make them.
    """
    write_uhi(directory / "spectrum.json", spectrum)
    write_text(directory / "signal.csv", signal)
    write_text(directory / "cutflow.csv", cutflow)
    write_text(directory / "normalisation.json", dump_json(result.to_record()["normalisation"]))
    write_text(directory / "limits.csv", limits_table(result))
    write_text(directory / RESULT, dump_json(result.to_record()))


def read_result(directory: str | Path) -> SearchResult:
    """Return the result of a folder (or of a ``result.json``). ``InputDataError`` where there is none."""
    place = Path(directory)
    if place.is_dir():
        place = place / RESULT
    record = read_json(place)
    if not isinstance(record, dict):
        raise InputDataError(f"{place}: not a search result")
    return SearchResult.from_record(record, str(place))
