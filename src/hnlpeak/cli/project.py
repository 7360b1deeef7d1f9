"""``hnlpeak project``: expected limits against exposure, for experiments that are not built yet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hnlpeak.cli.options import AnalysisArgument, SchedulerOption, SeedOption, WorkersOption
from hnlpeak.cli.verbosity import say

__all__ = ["project"]


def project(
    analysis: AnalysisArgument,
    exposure: Annotated[
        str,
        typer.Option(
            metavar="LOW:HIGH",
            help="Decays in the fiducial volume: 1e9:1e14 (two a decade), 1e9:1e14:6 (six), or 1e9,1e11.",
        ),
    ],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change a card: beam.divergence_x='0.05 mrad', detectors.GTK.installed=true; repeat it.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Folder for the results (default: NAME-projection)."
        ),
    ] = None,
    seed: SeedOption = 1,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = "threads",
) -> None:
    """Expected limits at other exposures, from templates that are scaled: a figure, projection.csv and .json.

    Systematic errors of the background keep their relative size; limits without them stand beside.
    """
    from hnlpeak.cli.context import run_context
    from hnlpeak.cli.options import check_seed
    from hnlpeak.experiment.analysis import load_analysis
    from hnlpeak.experiment.settings import with_settings
    from hnlpeak.limits.projection import exposures
    from hnlpeak.searches.places import check_place
    from hnlpeak.searches.plan import plan
    from hnlpeak.studies.projection import projected, write_projection

    check_seed(seed)
    at = exposures(exposure)
    cards = load_analysis(analysis)
    chosen = settings or []
    place = output if output is not None else Path(f"{cards.card.name}-projection")
    check_place(place)
    total = plan(with_settings(cards, chosen), pseudo_data="asimov").decays
    with run_context(seed, workers, scheduler, decays=total) as context:
        found = projected(cards, at, settings=chosen, context=context)
    paths = write_projection(found, place)
    for line in found.words():
        say(line)
    say(f"{paths[0]}, {paths[-2].name}, {paths[-1].name}")
