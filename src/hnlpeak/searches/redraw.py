"""The report of a finished folder, drawn again from its files alone."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

from hnlpeak.core.atomic import write_text
from hnlpeak.core.errors import HnlpeakError, InputDataError
from hnlpeak.formats.json_text import dump_json
from hnlpeak.formats.manifest import MANIFEST, read_manifest, sha256_of, verify
from hnlpeak.formats.search_files import read_search
from hnlpeak.report.write import write_report
from hnlpeak.searches.lock import locked
from hnlpeak.searches.places import REDRAW, check_place
from hnlpeak.searches.publish import finish_publishing, publish

__all__ = ["FORMATS", "redraw"]

FORMATS = ("png", "svg", "pdf")
"""Formats of figures that are drawn again."""


def redraw(directory: str | Path, *, workers: int = 1) -> list[Path]:
    """Draw the figures (PNG, SVG and PDF) and the page of a finished folder again with ``workers``; returns the paths.

    They are made aside and take their place together, with a manifest that has their new checksums; figures that are
    drawn no more go. ``InputDataError`` where ``directory`` is no finished search or a file that a report is made of
    is not the one of its manifest.
    """
    place = Path(directory)
    check_place(place)
    if not place.is_dir():
        raise InputDataError(f"{place}: no such folder")
    stage = place / REDRAW
    with locked(place):
        finish_publishing(place)
        record = read_manifest(place)
        drawn = [name for name in record["files"] if _is_drawn(name)]
        verify(place, leave_out=drawn)
        search = read_search(place)
        shutil.rmtree(stage, ignore_errors=True)
        try:
            stage.mkdir()
            written = [
                path.relative_to(stage)
                for path in write_report(search, stage, formats=FORMATS, workers=workers)
            ]
            made = {path.as_posix(): sha256_of(stage / path) for path in written}
            kept = {name: digest for name, digest in record["files"].items() if name not in drawn}
            write_text(stage / MANIFEST, dump_json({**record, "files": {**kept, **made}}))
            publish(stage, place, remove=drawn, run=None)
        except OSError as error:
            raise HnlpeakError(f"{place}: cannot be drawn again ({error.strerror or error})") from error
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    return [place / path for path in written]


def _is_drawn(name: str) -> bool:
    """True for what ``write_report`` makes: the page, and figures beside their data."""
    path = PurePosixPath(name)
    return name == "report.html" or (
        path.parent == PurePosixPath("figures") and path.suffix[1:] in (*FORMATS, "csv")
    )
