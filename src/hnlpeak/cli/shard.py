"""``hnlpeak shard run|merge|status|template``: a search in jobs for a batch farm."""

from __future__ import annotations

import json as json_format
import sys
from pathlib import Path
from typing import Annotated

import typer

from hnlpeak.cli.options import (
    AnalysisArgument,
    InjectOption,
    JsonOption,
    KaonsOption,
    SchedulerOption,
    SeedOption,
    WorkersOption,
)
from hnlpeak.cli.verbosity import say

__all__ = ["app"]

app = typer.Typer(
    help="A search in jobs: each does its shards of every sample; merge joins their files to what run makes.",
    no_args_is_help=True,
)

OfOption = Annotated[int, typer.Option("--of", metavar="N", help="Number of jobs.")]
FolderArgument = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the job files.")]


@app.command(short_help="One job of several: its share of every sample.")
def run(
    analysis: AnalysisArgument,
    index: Annotated[int, typer.Option(metavar="I", help="Which job, 0 to N - 1.")],
    of: OfOption,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder of the job files.")],
    seed: SeedOption = 1,
    kaons: KaonsOption = None,
    inject: InjectOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = "threads",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file of this job.")] = False,
) -> None:
    """Do job I of N and leave DIR/job-I-of-N.npz; a job that is done is not done again."""
    from hnlpeak.cli.context import run_context
    from hnlpeak.cli.options import check_seed, injected
    from hnlpeak.experiment.analysis import load_analysis
    from hnlpeak.searches.jobs import Job, job_decays, run_job
    from hnlpeak.searches.plan import plan

    check_seed(seed)
    job = Job(index, of)
    job.check()
    cards, signal = load_analysis(analysis), injected(inject)
    todo = job_decays(job, plan(cards, kaons=kaons, inject=signal), cards)
    with run_context(seed, workers, scheduler, decays=todo) as context:
        path = run_job(
            output,
            cards,
            job,
            kaons=kaons,
            inject=signal,
            context=context,
            overwrite=overwrite,
        )
    say(f"job {index} of {of} in {path}")


@app.command(short_help="Join job files to the results of one run.")
def merge(
    directory: FolderArgument,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="Folder for the results.")],
    allow_missing: Annotated[
        bool,
        typer.Option(
            "--allow-missing", help="Without some jobs: less exposure, marked as partial, exit code 4."
        ),
    ] = False,
    workers: WorkersOption = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the results in OUT.")] = False,
) -> None:
    """Join job files to the results that one run would have made, byte for byte."""
    from hnlpeak.cli.context import run_context
    from hnlpeak.cli.summary import summary
    from hnlpeak.core.errors import PartialResult
    from hnlpeak.searches.folder import merge_into
    from hnlpeak.searches.merge import campaign

    jobs = campaign(directory, allow_missing=allow_missing)
    with run_context(jobs.seed, workers, first="joining") as context:
        result = merge_into(
            output,
            jobs,
            context=context,
            overwrite=overwrite,
            command=tuple(sys.argv),
        )
    say(summary(result, output))
    missing = jobs.survey.missing
    if missing:
        raise PartialResult(
            f"{output}: a partial result, without {len(missing)} of {jobs.survey.of} jobs: "
            + ", ".join(str(index) for index in missing)
        )


@app.command(short_help="Which jobs are done, and which are missing.")
def status(
    directory: FolderArgument,
    json: JsonOption = False,
) -> None:
    """Say which jobs are done, which are missing, and which files cannot be used."""
    from hnlpeak.searches.merge import survey

    found = survey(directory)
    if json:
        record = {
            "of": found.of,
            "done": sorted(found.jobs),
            "missing": list(found.missing),
            "faults": list(found.faults),
        }
        typer.echo(json_format.dumps(record, indent=2))
        return
    typer.echo(f"{len(found.jobs)} of {found.of} jobs are done")
    if found.missing:
        typer.echo(f"missing: {', '.join(str(index) for index in found.missing)}")
    for fault in found.faults:
        typer.echo(f"not usable: {fault}")


@app.command(short_help="The description of all jobs for HTCondor or Slurm.")
def template(
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="htcondor or slurm.")],
    analysis: AnalysisArgument = "na62-2015-ke2",
    of: OfOption = 100,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder of the job files.")
    ] = Path("jobs"),
    seed: SeedOption = 1,
    kaons: KaonsOption = None,
    inject: InjectOption = None,
) -> None:
    """Write the description of an array of jobs to stdout, to be submitted as its first lines say."""
    from hnlpeak.cli.options import check_seed, injected
    from hnlpeak.searches.farm import farm_text
    from hnlpeak.searches.jobs import Job

    check_seed(seed)
    injected(inject)
    Job(0, of).check()
    options = {"--seed": str(seed), "--kaons": None if kaons is None else f"{kaons!r}", "--inject": inject}
    given = [word for name, value in options.items() if value is not None for word in (name, value)]
    typer.echo(farm_text(system, analysis, of=of, place=output, options=given), nl=False)
