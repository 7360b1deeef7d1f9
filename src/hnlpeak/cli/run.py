"""``hnlpeak run``: the whole chain, from cards to limits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, cast

import typer

from hnlpeak.cli.options import (
    AnalysisArgument,
    ForceOption,
    InjectOption,
    KaonsOption,
    MethodOption,
    OverwriteOption,
    SchedulerOption,
    SeedOption,
    ToysOption,
    WorkersOption,
)
from hnlpeak.cli.verbosity import say

__all__ = ["run"]

OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="DIR", help="Folder for the results (default: its name)."),
]
DataOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE",
        help="Real candidates, file.root or file.root:tree; repeat it, or give a pattern: 'run*.root:tree'.",
    ),
]
PseudoDataOption = Annotated[
    str,
    typer.Option(
        metavar="KIND",
        help="Where data come from: simulated (each decay), expected (drawn from templates times exposure), "
        "asimov (that expectation itself).",
    ),
]


def run(
    analysis: AnalysisArgument,
    output: OutputOption = None,
    seed: SeedOption = 1,
    kaons: KaonsOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = "threads",
    data: DataOption = None,
    force: ForceOption = False,
    inject: InjectOption = None,
    pseudo_data: PseudoDataOption = "simulated",
    method: MethodOption = None,
    toys: ToysOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Run a search: simulate (or read) data, measure N_K, signal and background, scan, write limits and figures."""
    from hnlpeak.cli.context import run_context
    from hnlpeak.cli.options import check_seed, injected, with_statistics, worker_count
    from hnlpeak.cli.reading import read_with_progress
    from hnlpeak.cli.summary import summary
    from hnlpeak.core.errors import UsageError
    from hnlpeak.experiment.analysis import load_analysis
    from hnlpeak.searches.ahead import compiled_ahead
    from hnlpeak.searches.folder import run_into
    from hnlpeak.searches.plan import PseudoData, plan

    check_seed(seed)
    kind = cast(PseudoData, pseudo_data)  # the plan refuses other words
    if data and (inject is not None or kaons is not None or pseudo_data != "simulated"):
        raise UsageError(
            "--inject, --kaons and --pseudo-data are for pseudo-data, they cannot be given with --data"
        )
    cards = with_statistics(load_analysis(analysis), method, toys)
    signal = injected(inject)
    place = output if output is not None else Path(cards.card.name)
    with compiled_ahead(cards, worker_count(workers)) as compiled:
        todo = plan(cards, kaons=kaons, inject=signal, real_data=bool(data), pseudo_data=kind)
        real = read_with_progress(data, cards, needs_peak=True, force=force) if data else None
        with run_context(seed, workers, scheduler, decays=todo.decays) as context:

            def before() -> None:
                context.report(todo.calibration.name, 0)
                compiled()

            result = run_into(
                place,
                cards,
                kaons=kaons,
                inject=signal,
                data=real,
                context=context,
                overwrite=overwrite,
                pseudo_data=kind,
                before=before,
                command=tuple(sys.argv),
            )
    say(summary(result, place))
