"""``hnlpeak export``: a finished search in the formats of others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hnlpeak.cli.waiting import Waiting

__all__ = ["export"]


def export(
    what: Annotated[str, typer.Argument(metavar="hepdata|pyhf|hs3|root|latex", help="Format.")],
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of results of run or scan.")],
) -> None:
    """Write a finished search for HEPData, pyhf, HS3, ROOT or LaTeX, into DIR/export/FORMAT."""
    from hnlpeak.formats.export.write import export_search

    with Waiting(f"export for {what}"):
        written = export_search(directory, what)
    for path in written:
        typer.echo(path)
