"""The report in a folder: figures and page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hnlpeak.core.atomic import write_text
from hnlpeak.core.errors import HnlpeakError
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.search import Search
from hnlpeak.report.figures.columns import csv_text
from hnlpeak.report.figures.registry import FIGURES
from hnlpeak.report.page import report_page
from hnlpeak.report.render import render, save

__all__ = ["write_report"]


def write_report(
    search: Search, directory: str | Path, *, formats: Sequence[str] = ("png", "svg")
) -> list[Path]:
    """Write the figures with their numbers as CSV into ``directory``/figures, and ``directory``/report.html.

    ``formats`` of figures: PNG and SVG unless others are given. Returns the paths, the page last. A figure is written
    where all its inputs are there, each file whole or not at all. The same inputs give the same bytes.
    ``HnlpeakError`` where a file cannot be written, ``UsageError`` for inputs that do not fit together.
    """
    place = Path(directory)
    # what result.json holds, 12 digits: a folder drawn again looks the same to the byte
    result = SearchResult.from_record(search.result.to_dict(), "the result of this report")
    search = replace(search, result=result)
    folder = place / "figures"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HnlpeakError(f"{folder}: cannot be made ({error.strerror or error})") from error
    written: list[Path] = []
    svgs: dict[str, bytes] = {}
    for name, entry in FIGURES.items():
        figure = entry.draw(search)
        if figure is None:
            continue
        paths = save(figure, folder / name, formats=formats)
        columns = entry.columns(search)
        if columns is not None:
            paths["csv"] = folder / f"{name}.csv"
            write_text(paths["csv"], csv_text(columns))
        svgs[name] = paths["svg"].read_bytes() if "svg" in paths else render(figure, "svg")
        written += paths.values()
    page = place / "report.html"
    write_text(page, report_page(search, svgs))
    return [*written, page]
