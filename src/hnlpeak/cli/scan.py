"""``hnlpeak scan``: from a spectrum to limits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hnlpeak.cli.number import number
from hnlpeak.cli.options import (
    AnalysisOption,
    MethodOption,
    OverwriteOption,
    SchedulerOption,
    ToysOption,
    WorkersOption,
)
from hnlpeak.cli.verbosity import say

if TYPE_CHECKING:
    from hnlpeak.core.measured import Measured

__all__ = ["scan"]


SpectrumArgument = Annotated[
    str,
    typer.Argument(
        metavar="SPECTRUM", help="Missing-mass spectrum: .json (UHI), .csv, file.root:hist and others."
    ),
]
SignalOption = Annotated[
    str | None,
    typer.Option(
        "--signal",
        metavar="TABLE.csv|DIR",
        help="Table of sigma(m), A(m), N_K, or an earlier run (default: simulated from the card).",
    ),
]
DecaysOption = Annotated[
    float | None,
    typer.Option(
        parser=number,
        metavar="X",
        help="Decays in the fiducial volume (default: from the Standard-Model peak).",
    ),
]
DecaysErrorOption = Annotated[
    float, typer.Option(parser=number, metavar="X", help="Standard deviation of --n-kaon.")
]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="DIR", help="Folder for the results (default: SPECTRUM-limits)."),
]
UnitOption = Annotated[
    str | None,
    typer.Option(help="Of the axis where the file does not say it: MeV, GeV, or MeV2, GeV2 for its square."),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Go on with a spectrum that looks suspicious.")]


def scan(
    spectrum: SpectrumArgument,
    analysis: AnalysisOption,
    signal: SignalOption = None,
    n_kaon: DecaysOption = None,
    n_kaon_error: DecaysErrorOption = 0.0,
    output: OutputOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the simulated signal.")] = 1,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = "threads",
    method: MethodOption = None,
    toys: ToysOption = None,
    unit: UnitOption = None,
    force: ForceOption = False,
    overwrite: OverwriteOption = False,
) -> None:
    """Scan a spectrum for peaks: observed and expected limits at every mass of the analysis."""
    from hnlpeak.cli.context import run_context
    from hnlpeak.cli.options import check_seed, with_statistics
    from hnlpeak.cli.summary import summary
    from hnlpeak.execution.progress import LIMITS
    from hnlpeak.experiment.analysis import load_analysis
    from hnlpeak.searches.folder import scan_into
    from hnlpeak.searches.plan import plan

    check_seed(seed)
    stated = _stated(n_kaon, n_kaon_error)
    place = output if output is not None else _place(spectrum)
    cards = with_statistics(load_analysis(analysis), method, toys)
    decays = 0 if signal is not None else plan(cards, real_data=True, stated=stated is not None).decays
    with run_context(seed, workers, scheduler, decays=decays, first=LIMITS) as context:
        result = scan_into(
            place,
            spectrum,
            cards,
            signal=signal,
            n_kaon=stated,
            context=context,
            overwrite=overwrite,
            unit=unit,
            force=force,
            command=sys.argv,
        )
    say(summary(result, place))


def _place(spectrum: str) -> Path:
    from hnlpeak.formats.spectrum_file import split_spectrum_address

    return Path(f"{split_spectrum_address(spectrum)[0].name.partition('.')[0]}-limits")


def _stated(value: float | None, error: float) -> Measured | None:
    from hnlpeak.core.errors import UsageError
    from hnlpeak.core.measured import Measured

    if value is None:
        if error != 0.0:
            raise UsageError(f"--n-kaon-error: got {error:g} without --n-kaon")
        return None
    if not 1.0 <= value <= 1e20:
        raise UsageError(f"--n-kaon: got {value:g}, allowed are 1 to 1e20 decays")
    if not 0.0 <= error <= value:
        raise UsageError(f"--n-kaon-error: got {error:g}, allowed are 0 to --n-kaon ({value:g})")
    return Measured(value, syst=error, source="stated")
