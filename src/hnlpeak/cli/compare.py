"""``hnlpeak compare``: limits of finished searches over each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hnlpeak.cli.verbosity import say

__all__ = ["compare"]


def compare(
    directories: Annotated[
        list[Path], typer.Argument(metavar="DIR DIR...", help="Folders of results of run or scan.")
    ],
    label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Name of a folder in figure and table; once for each, in their order."
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("-o", "--output", metavar="OUT", help="Folder for the figure and the table.")
    ] = Path("compare"),
) -> None:
    """Draw the limits of searches of one flavour over each other, with their ratios to the first, and write a table."""
    from hnlpeak.searches.compare import compare_searches

    found, paths = compare_searches(directories, label or [], out)
    if found.convention.startswith("conventions differ"):
        for name, one in zip(found.labels, found.searches, strict=True):
            say(f"{name}: {one.convention}")
        say("the limits are not of one kind: their ratios say so too")
    for line in found.words():
        say(line)
    say(f"{paths[0]}, {paths[-1].name}")
