"""The report in a folder: figures and page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from markupsafe import Markup

from hnlpeak.core.atomic import write_text
from hnlpeak.core.errors import HnlpeakError
from hnlpeak.execution.side_by_side import side_by_side
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.search import Search
from hnlpeak.report.figures.columns import csv_text
from hnlpeak.report.figures.registry import FIGURES
from hnlpeak.report.inline_svg import inline_svg
from hnlpeak.report.page import report_page
from hnlpeak.report.render import save
from hnlpeak.report.small_ticks import for_files

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
    svgs: dict[str, Markup] = {}
    drawn: list[str] = []
    last_first = list(FIGURES)[::-1]  # the last ones take longest
    for names, inline in side_by_side(partial(_draw, search, folder, formats), last_first, workers).values():
        drawn += names
        svgs |= inline
    files = [folder / f"{name}.{ending}" for name in FIGURES for ending in (*formats, "csv")]
    page = place / "report.html"
    write_text(page, report_page(search, {name: svgs[name] for name in FIGURES if name in svgs}))
    return [*(file for file in files if file.name in drawn), page]


Drawn = tuple[list[str], dict[str, Markup]]
"""Names of the files of a figure, and what the page shows of it by its name."""


def _draw(search: Search, folder: Path, formats: Sequence[str], name: str) -> Drawn:
    """Write the figure of this ``name`` and its numbers into ``folder``."""
    entry = FIGURES[name]
    with for_files():
        figure = entry.draw(search)
    if figure is None:
        return [], {}
    written = list(save(figure, folder / name, formats=formats).values())
    svg = folder / f"{name}.svg"
    inline = {name: inline_svg(svg.read_bytes())} if svg in written else {}
    columns = entry.columns(search)
    if columns is not None:
        written.append(folder / f"{name}.csv")
        write_text(written[-1], csv_text(columns))
    return [path.name for path in written], inline
