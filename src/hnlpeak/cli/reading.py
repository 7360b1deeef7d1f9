"""Reading files of candidates with a line on stderr for what takes long, and for what was left out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hnlpeak.cli.verbosity import quiet, say

if TYPE_CHECKING:
    from hnlpeak.experiment.analysis import Analysis
    from hnlpeak.searches.real_data import RealData

__all__ = ["read_with_progress"]


def read_with_progress(
    addresses: Sequence[str], analysis: Analysis, *, needs_peak: bool, force: bool
) -> RealData:
    """Return the selected candidates of all files; a bar on terminals, and notes as lines."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from hnlpeak.searches.real_data import read_real_data

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    hidden = quiet() or not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=hidden) as bar:
        task = bar.add_task("reading", total=None)

        def begun(address: str, place: int, count: int) -> None:
            bar.update(task, description=f"reading {address[-40:]}", completed=place - 1, total=count)

        read = read_real_data(addresses, analysis, needs_peak=needs_peak, force=force, progress=begun)
    for note in read.notes:
        say(note)
    return read
