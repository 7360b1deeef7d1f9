"""``hnlpeak compare``: limits of finished searches over each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hnlpeak.cli.verbosity import say

__all__ = ["compare"]


def compare(
    directories: Annotated[
        list[Path],
        typer.Argument(
            metavar="DIR...", help="Folders of results of run or scan; one alone: with earlier limits."
        ),
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
    before: Annotated[
        int | None, typer.Option(metavar="YEAR", help="One folder: with limits published before this year.")
    ] = None,
    curve: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CURVE", help="One folder: compare this published limit with them, too; repeatable."
        ),
    ] = None,
) -> None:
    """Draw the limits of searches of one flavour over each other, with their ratios to the first, and write a table.

    Of one folder, say at how many masses its limits are below each published one and the lowest of them, by how much.
    """
    from hnlpeak.core.errors import UsageError
    from hnlpeak.searches.compare import compare_searches, compare_with_earlier

    if len(directories) == 1 and not label:
        rows, table = compare_with_earlier(directories[0], out, before=before, curves=curve or [])
        for row in rows:
            say(row.words())
        say(f"{table}")
        return
    if before is not None or curve:
        raise UsageError("--before and --curve: give one folder, which is compared with published limits")
    found, paths = compare_searches(directories, label or [], out)
    if found.convention.startswith("conventions differ"):
        for name, one in zip(found.labels, found.searches, strict=True):
            say(f"{name}: {one.convention}")
        say("the limits are not of one kind: their ratios say so too")
    for line in found.words():
        say(line)
    say(f"{paths[0]}, {paths[-1].name}")
