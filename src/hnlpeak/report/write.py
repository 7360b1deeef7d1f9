"""The report in a folder: figures and page."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from hnlpeak.core.atomic import write_text
from hnlpeak.core.errors import HnlpeakError
from hnlpeak.execution.beside import beside
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.search import Search
from hnlpeak.report.figures.columns import csv_text
from hnlpeak.report.figures.registry import FIGURES
from hnlpeak.report.page import report_page
from hnlpeak.report.render import save

__all__ = ["write_report"]


def write_report(
    search: Search, directory: str | Path, *, formats: Sequence[str] = ("png", "svg"), workers: int = 1
) -> list[Path]:
    """Write the figures with their numbers as CSV into ``directory``/figures, and ``directory``/report.html.

    ``formats`` of figures: PNG and SVG unless others are given, SVG among them for the page. So many ``workers``, where
    processes fork, draw side by side. Returns the paths, the page last. A figure is written where all its inputs are
    there, each file whole or not at all. The same inputs give the same bytes.
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
    names = list(FIGURES)
    mine, *others = (
        partial(_draw, search, names[first::workers], folder, formats)
        for first in range(min(workers, len(names)))
    )
    with ExitStack() as copies:
        beginnings = [copies.enter_context(beside(other)) for other in others]
        drawn = {*mine(), *(file for answer in beginnings for file in answer())}
    files = [folder / f"{name}.{ending}" for name in names for ending in (*formats, "csv")]
    written = [file for file in files if file.name in drawn]
    page = place / "report.html"
    svgs = {file.stem: file.read_bytes() for file in written if file.suffix == ".svg"}
    write_text(page, report_page(search, svgs))
    return [*written, page]


def _draw(search: Search, names: Sequence[str], folder: Path, formats: Sequence[str]) -> list[str]:
    """Write the figures of these ``names`` and their numbers into ``folder``; returns the names of the files."""
    written: list[Path] = []
    for name in names:
        entry = FIGURES[name]
        figure = entry.draw(search)
        if figure is None:
            continue
        written += save(figure, folder / name, formats=formats).values()
        columns = entry.columns(search)
        if columns is not None:
            written.append(folder / f"{name}.csv")
            write_text(written[-1], csv_text(columns))
    return [path.name for path in written]
