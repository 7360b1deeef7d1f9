"""``hnlpeak report``: figures and page of a finished search, drawn again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["report"]


def report(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of results of run or scan.")],
) -> None:
    """Draw the figures (PNG, SVG, PDF) and report.html of a finished folder again, from its files alone."""
    from hnlpeak.report_folder import remake_report

    written = remake_report(directory)
    typer.echo(f"{len(written) - 1} figures, {written[-1]}", err=True)
