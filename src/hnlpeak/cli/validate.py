"""``hnlpeak validate``: ours beside targets that the project did not choose."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hnlpeak.cli.options import PrintJsonOption, SeedOption, ThreadsOption

if TYPE_CHECKING:
    from hnlpeak.execution.context import RunContext
    from hnlpeak.limits.search import Search
    from hnlpeak.studies.validation.target import Comparison

__all__ = ["validate"]


def _line(row: Comparison) -> str:
    spread = f"{row.tolerance:g}" if row.tolerance_kind == "absolute" else f"{100.0 * row.tolerance:g} %"
    ours = "-" if math.isnan(row.value) else f"{row.value:.5g}" + (f" ± {row.error:.2g}" if row.error else "")
    ends = f"target {row.target:<10.5g} ± {spread:<9} {row.kind:<12} {row.source}"
    return f"{row.status:<13} {row.key:<26} {ours:<22} {ends}"


_SHARES = {True: 0.01, False: 0.1}
"""Parts of the cards' samples that are simulated for each removal, quick and not."""


def _ablate(context: RunContext, *, quick: bool, as_json: bool) -> None:
    from itertools import groupby

    from hnlpeak.experiment.analysis import load_analysis
    from hnlpeak.studies.ablation import ablate
    from hnlpeak.studies.validation.made_with import ANALYSES

    records = []
    for name in ANALYSES:
        made = ablate(load_analysis(name), context, share=_SHARES[quick])
        for system, group in groupby(made, key=lambda row: row.system):
            rows = sorted(group, key=lambda row: -abs(row.pull))
            records += [row.record() for row in rows]
            if not as_json:
                moved = [f"{row.quantity} {row.pull:+.1f}" for row in rows if row.moved]
                typer.echo(f"{name} without {system}: {'; '.join(moved) or 'nothing moved'}")
    if as_json:
        typer.echo(json.dumps({"rows": records}, indent=2))


def _finished(folders: list[Path]) -> dict[str, Search]:
    """Finished searches by analysis. ``UsageError`` for one that is not of a whole exposure of its own simulation."""
    from hnlpeak.core.errors import UsageError
    from hnlpeak.formats.search_files import read_search
    from hnlpeak.studies.validation.made_with import ANALYSES

    found: dict[str, Search] = {}
    for folder in folders:
        made = read_search(folder)
        name, exposure = made.result.analysis, made.result.exposure
        if name not in ANALYSES:
            raise UsageError(f"--search {folder}: is of {name}; allowed are {', '.join(ANALYSES)}")
        full = made.card is not None and exposure is not None and exposure.decays == made.card.exposure.decays
        if not full or exposure is None or exposure.pseudo_data is not None or exposure.injected is not None:
            raise UsageError(
                f"--search {folder}: expected a run at the card's exposure, without --pseudo-data and --inject"
            )
        found[name] = made
    return found


def validate(
    quick: Annotated[
        bool, typer.Option("--quick", help="Small samples and no whole search: about a minute.")
    ] = False,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Remove each system of both years, one at a time: what moves?")
    ] = False,
    search: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR", help="A finished run of a whole search, not to be made again; repeatable."
        ),
    ] = None,
    as_json: PrintJsonOption = False,
    seed: SeedOption = 1,
    workers: ThreadsOption = None,
) -> None:
    """Compare numbers of theory, detectors and both searches with their targets. Rows that are off say so.

    With --ablate: quantities of both searches with all systems and without each of them, in standard deviations.
    """
    from hnlpeak.cli.context import run_context
    from hnlpeak.cli.options import check_seed
    from hnlpeak.studies.validation.made_with import made_with
    from hnlpeak.studies.validation.validate import validate as validated

    check_seed(seed)
    if ablate:
        with run_context(seed, workers) as context:
            _ablate(context, quick=quick, as_json=as_json)
        return

    with run_context(seed, workers) as context:
        rows = validated(context, quick=quick, searches=_finished(search or []))
    if as_json:
        record = {"made_with": made_with(), "rows": [row.record() for row in rows]}
        typer.echo(json.dumps(record, indent=2))
    else:
        for row in rows:
            typer.echo(_line(row))
        counts = {
            status: sum(row.status == status for row in rows) for status in ("ok", "off", "not measured")
        }
        typer.echo(", ".join(f"{number} {status}" for status, number in counts.items()), err=True)
