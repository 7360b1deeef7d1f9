"""``hnlpeak events``: which events are in the window of a mass."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

import typer

from hnlpeak.cli.options import JsonOption, ThreadsOption

__all__ = ["events"]


def events(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of results of run.")],
    mass: Annotated[float, typer.Argument(metavar="MASS", help="HNL mass in MeV, one of the hypotheses.")],
    most: Annotated[
        int | None, typer.Option("-n", "--most", min=1, help="List so many of the first (default: all).")
    ] = None,
    data: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="Files of the real candidates; repeatable.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE.csv", help="Write one row an event.")
    ] = None,
    workers: ThreadsOption = None,
    json: JsonOption = False,
) -> None:
    """List the events in the window of a mass. Simulated data are made again, with their truth: as long as the run."""
    from hnlpeak.cli.context import run_context
    from hnlpeak.cli.options import check_output
    from hnlpeak.core.atomic import write_text
    from hnlpeak.core.errors import UsageError
    from hnlpeak.formats.search_files import read_search
    from hnlpeak.formats.table import table_text
    from hnlpeak.searches.window_events import events_of_files, events_of_search, window_of_mass

    if output is not None:
        check_output(output, [".csv"])
    search = read_search(directory)
    window, simulation = window_of_mass(search, mass), search.result.simulation
    if data:
        if search.analysis is None:
            raise UsageError(f"{directory}: the folder has no cards")
        rows = list(events_of_files(search.analysis, window, data, most=most))
    else:
        exposure = search.result.exposure
        decays = 0 if exposure is None or exposure.decays is None else round(exposure.decays)
        with run_context(1 if simulation is None else simulation.seed, workers, decays=decays) as context:
            rows = list(events_of_search(search, window, context, most=most))
    if output is not None and rows:
        write_text(output, table_text({name: [row[name] for row in rows] for name in rows[0]}))
    if json:
        record = {**vars(window), "events": rows}
        typer.echo(json_format.dumps(record, indent=2, allow_nan=False))
        return
    kind = " (simulated)" if search.result.simulated else ""
    typer.echo(
        f"{window.observed:g} events{kind} of {window.selection} from {window.low:.5g} to {window.high:.5g} MeV, "
        f"{len(rows)} listed"
    )
    for row in rows:
        place = row.get("file") or f"{row['sample']} {row['shard']}"
        typer.echo(
            f"{place} {row['event']:>8} {row.get('source', ''):<10} m_miss {row['m_miss_mev']:.2f} MeV, "
            f"p {1e-3 * row['p_mev']:.2f} GeV"
        )
