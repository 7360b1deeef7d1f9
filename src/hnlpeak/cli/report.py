"""``hnlpeak report``: figures and page of a finished search, drawn again; or several searches in one figure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hnlpeak.cli.verbosity import say
from hnlpeak.cli.waiting import Waiting

__all__ = ["report"]


def report(
    directories: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Folders of results of run or scan.")
    ],
    out: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for one figure of all given searches.")
    ] = None,
    before: Annotated[
        int | None, typer.Option(help="With -o: compare with limits published before this year.")
    ] = None,
    curve: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[FLAVOUR=]FILE",
            help="With -o: draw a further limit, a file of masses and |U|², or hnlimits:FOLDER/FILE where HNLimits is "
            "installed; 'FILE [GeV]' says the unit; repeat it.",
        ),
    ] = None,
    style: Annotated[
        Path | None, typer.Option(help="A matplotlib style file (.mplstyle) that goes over the house style.")
    ] = None,
) -> None:
    """Draw the figures (PNG, SVG, PDF) and report.html of a finished folder again, from its files alone.

    With -o, draw the limits of all given folders together, beside published ones, and say where they improve them.
    """
    from contextlib import nullcontext

    from hnlpeak.core.errors import UsageError
    from hnlpeak.execution.run import usable_cpus
    from hnlpeak.report.style import own_style
    from hnlpeak.searches.redraw import redraw
    from hnlpeak.searches.together import report_searches

    if out is None and (len(directories) > 1 or before is not None or curve):
        raise UsageError("several folders (or --before, --curve) need -o, the folder for the figure of all")
    with nullcontext() if style is None else own_style(style), Waiting("drawing figures"):
        if out is None:
            written = redraw(directories[0], workers=usable_cpus())
        else:
            written, rows = report_searches(directories, out, before=before, curves=curve or [])
    if out is None:
        say(f"{len({path.stem for path in written[:-1]})} figures, {written[-1]}")
        return
    for row in rows:
        where = f"{row.low:g} to {row.high:g} MeV" if row.masses else "no common mass"
        say(
            f"{row.analysis} against {row.curve}: {where}; better at {row.expected} (expected) and "
            f"{row.observed} (observed) of {row.masses} masses"
        )
    say(f"{written[0]}")
