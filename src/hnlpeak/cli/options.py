"""Options that several commands share: each a type with its words, said once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hnlpeak.cli.number import number

if TYPE_CHECKING:
    from hnlpeak.experiment.analysis import Analysis
    from hnlpeak.searches.plan import Injection

__all__ = [
    "AnalysisArgument",
    "AnalysisOption",
    "ForceOption",
    "InjectOption",
    "JsonOption",
    "KaonsOption",
    "MethodOption",
    "OverwriteOption",
    "PrintJsonOption",
    "SchedulerOption",
    "SeedOption",
    "ThreadsOption",
    "ToysOption",
    "WorkersOption",
    "check_output",
    "check_seed",
    "complete_cards",
    "complete_methods",
    "decays",
    "injected",
    "with_statistics",
    "worker_count",
]


def _analyses(incomplete: str) -> list[str]:
    """Names of the library's analyses, for completion in shells."""
    from hnlpeak.core.card import library_names

    return [name for name in library_names("analyses") if name.startswith(incomplete)]


AnalysisArgument = Annotated[
    str,
    typer.Argument(
        metavar="ANALYSIS", help="Library name or path of an analysis card.", autocompletion=_analyses
    ),
]
"""The analysis of a command, by place."""
AnalysisOption = Annotated[
    str,
    typer.Option("--analysis", help="Library name or path of an analysis card.", autocompletion=_analyses),
]
"""The analysis of a command whose argument is something else."""


SeedOption = Annotated[int, typer.Option(help="Seed of all random streams.")]
KaonsOption = Annotated[
    float | None,
    typer.Option(
        parser=number, metavar="X", help="Decays in the fiducial volume (default: the card's exposure)."
    ),
]
WorkersOption = Annotated[int | None, typer.Option(help="Workers (default: the usable CPUs).")]
ThreadsOption = Annotated[int | None, typer.Option(help="Threads (default: the usable CPUs).")]
SchedulerOption = Annotated[
    str,
    typer.Option(metavar="NAME", help="Where tasks run: threads, processes, local or tcp://... (Dask)."),
]
InjectOption = Annotated[
    str | None, typer.Option(metavar="MASS:U2", help="Put a signal into the pseudo-data, e.g. 300:3e-6.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")]
PrintJsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace the results in DIR.")]
ForceOption = Annotated[
    bool,
    typer.Option("--force", help="Go on with data that look suspicious; skip damaged files of several."),
]


def complete_cards(incomplete: str) -> list[str]:
    """Names of all cards of the library, for completion in shells."""
    from hnlpeak.core.card import library_names

    names = [*library_names("analyses"), *library_names("experiments")]
    return [name for name in names if name.startswith(incomplete)]


def complete_methods(incomplete: str) -> list[str]:
    """Names of the statistical methods, for completion in shells."""
    from hnlpeak.statistics import METHODS

    return [name for name in METHODS if name.startswith(incomplete)]


def decays(text: str) -> int:
    """A number of decays as people write it: ``30000`` or ``3e4``. ``typer.BadParameter`` for others."""
    try:
        number = float(text.replace("_", "?"))
    except ValueError:
        number = float("nan")
    if not (number.is_integer() and abs(number) < 1e15):
        raise typer.BadParameter(f"{text[:40]!r} is not a whole number, such as 30000 or 3e4")
    return int(number)


MethodOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Statistical method, see `hnlpeak list methods` (default: the card's).",
        autocompletion=complete_methods,
    ),
]
ToysOption = Annotated[
    int | None,
    typer.Option(
        parser=decays,
        metavar="N",
        help="Background-only toys of the whole spectrum, for the global p-value and limits expected from toys "
        "(default: the card's).",
    ),
]


def with_statistics(cards: Analysis, method: str | None, toys: int | None) -> Analysis:
    """The search with the statistical ``method`` and number of ``toys`` that are given in place of its card's."""
    if method is not None:
        cards = cards.with_method(method)
    return cards if toys is None else cards.with_toys(toys)


def check_output(path: Path, suffixes: Sequence[str], option: str = "--output") -> None:
    """Raise before any work is done for a file of ``option`` that could not be written when it is.

    ``UsageError`` for a folder or another kind of file than ``suffixes``, ``HnlpeakError`` for a place that is not
    there or not writable.
    """
    from hnlpeak.core.errors import HnlpeakError, UsageError

    if path.suffix not in suffixes:
        raise UsageError(f"{option}: got {path}, expected a name that ends in {' or '.join(suffixes)}")
    if path.is_dir():
        raise UsageError(f"{option}: {path} is a folder, expected a file")
    if not (path.parent.is_dir() and os.access(path.parent, os.W_OK | os.X_OK)):
        raise HnlpeakError(f"{path}: cannot be written (no folder {path.parent}, or not writable)")


def worker_count(given: int | None) -> int:
    """Number of workers; the usable CPUs unless given. Raises ``UsageError`` outside 1 to 1024."""
    from hnlpeak.core.errors import UsageError
    from hnlpeak.execution.run import usable_cpus

    if given is None:
        return usable_cpus()
    if not 1 <= given <= 1024:
        raise UsageError(f"--workers: got {given}, allowed are 1 to 1024")
    return given


def check_seed(seed: int) -> None:
    """Raise ``UsageError`` for a seed outside 0 to 2^64 - 1."""
    from hnlpeak.core.errors import UsageError

    if not 0 <= seed < 2**64:
        raise UsageError(f"--seed: got {seed}, allowed are 0 to 2^64 - 1")


def injected(text: str | None) -> Injection | None:
    """The signal that ``--inject MASS:U2`` asks for. ``UsageError`` where it is none."""
    from hnlpeak.core.errors import UsageError
    from hnlpeak.searches.plan import Injection

    if text is None:
        return None
    try:
        mass, u2 = (float(part) for part in text.split(":"))
    except ValueError:
        raise UsageError(f"--inject: got {text!r}, expected MASS:U2 such as 300:3e-6 (MeV)") from None
    if not (0.0 < mass < 1e5 and 0.0 < u2 <= 1.0):
        raise UsageError(f"--inject: got {text!r}, mass must be positive (MeV) and U2 between 0 and 1")
    return Injection(mass, u2)
