"""``hnlpeak run``: the whole chain, from cards to limits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from hnlpeak.cli.options import (
    AnalysisArgument,
    InjectOption,
    KaonsOption,
    SchedulerOption,
    SeedOption,
    ToysOption,
    WorkersOption,
    complete_methods,
)
from hnlpeak.cli.verbosity import say

if TYPE_CHECKING:
    from hnlpeak.searches.plan import PseudoData

__all__ = ["run"]


def run(
    analysis: AnalysisArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Folder for the results (default: its name)."),
    ] = None,
    seed: SeedOption = 1,
    kaons: KaonsOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = "threads",
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Real candidates, file.root or file.root:tree; repeat it, or give a pattern: 'run*.root:tree'.",
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Go on with data that look suspicious; skip damaged files of several."),
    ] = False,
    inject: InjectOption = None,
    pseudo_data: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="Where data come from: simulated (each decay), expected (drawn from templates times exposure), "
            "asimov (that expectation itself).",
        ),
    ] = "simulated",
    method: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Statistical method, see `hnlpeak list methods` (default: the card's).",
            autocompletion=complete_methods,
        ),
    ] = None,
    toys: ToysOption = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the results in DIR.")] = False,
) -> None:
    """Run a search: simulate (or read) data, measure N_K, signal and background, scan, write limits and figures."""
    from hnlpeak.cli.options import check_seed, injected, with_statistics, worker_count
    from hnlpeak.cli.progress import search_progress
    from hnlpeak.cli.reading import read_with_progress
    from hnlpeak.cli.summary import summary
    from hnlpeak.core.errors import UsageError
    from hnlpeak.execution.context import RunContext
    from hnlpeak.execution.scheduler import scheduler as scheduled
    from hnlpeak.experiment.analysis import load_analysis
    from hnlpeak.searches.ahead import compile_ahead
    from hnlpeak.searches.folder import run_into
    from hnlpeak.searches.plan import plan

    check_seed(seed)
    kind = cast("PseudoData", pseudo_data)  # the plan refuses other words
    if data and (inject is not None or kaons is not None or pseudo_data != "simulated"):
        raise UsageError(
            "--inject, --kaons and --pseudo-data are for pseudo-data, they cannot be given with --data"
        )
    cards = load_analysis(analysis)
    cards = with_statistics(cards, method, toys)
    injection = injected(inject)
    todo = plan(cards, kaons=kaons, inject=injection, real_data=bool(data), pseudo_data=kind)
    place = output if output is not None else Path(cards.card.name)
    real = read_with_progress(data, cards, needs_peak=True, force=force) if data else None
    count = worker_count(workers)
    with scheduled(scheduler, count) as executor, search_progress(todo.decays) as progress:

        def compiled() -> None:
            progress(todo.calibration.name, 0)
            compile_ahead(analysis, count)

        result = run_into(
            place,
            cards,
            kaons=kaons,
            inject=injection,
            data=real,
            context=RunContext(seed, count, executor, progress),
            overwrite=overwrite,
            pseudo_data=kind,
            before=compiled,
            command=tuple(sys.argv),
        )
    say(summary(result, place))
