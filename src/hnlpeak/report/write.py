"""The report in a folder: figures and page."""

from __future__ import annotations

from pathlib import Path

from hnlpeak.core.atomic import write_text
from hnlpeak.core.errors import HnlpeakError
from hnlpeak.report.figures.registry import FIGURES
from hnlpeak.report.inputs import ReportInputs
from hnlpeak.report.page import report_page
from hnlpeak.report.render import save

__all__ = ["write_report"]


def write_report(inputs: ReportInputs, directory: str | Path) -> list[Path]:
    """Write ``directory``/figures/*.png, *.svg and ``directory``/report.html; returns their paths.

    A figure is written where all its inputs are there, each file whole or not at all. The same inputs give the
    same bytes. ``HnlpeakError`` where a file cannot be written, ``UsageError`` for inputs that do not fit
    together.
    """
    place = Path(directory)
    folder = place / "figures"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HnlpeakError(f"{folder}: cannot be made ({error.strerror or error})") from error
    written: list[Path] = []
    svgs: dict[str, bytes] = {}
    for name, entry in FIGURES.items():
        figure = entry.draw(inputs)
        if figure is None:
            continue
        png, svg = save(figure, folder / name)
        svgs[name] = svg.read_bytes()
        written += [png, svg]
    page = place / "report.html"
    write_text(page, report_page(inputs, svgs))
    return [*written, page]
