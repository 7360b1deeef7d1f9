"""``hnlpeak validate``: ours beside targets that the project did not choose."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hnlpeak.studies.validation.target import Comparison

__all__ = ["validate"]


def _line(row: Comparison) -> str:
    spread = f"{row.tolerance:g}" if row.tolerance_kind == "absolute" else f"{100.0 * row.tolerance:g} %"
    ours = "-" if math.isnan(row.value) else f"{row.value:.5g}" + (f" ± {row.error:.2g}" if row.error else "")
    ends = f"target {row.target:<10.5g} ± {spread:<9} {row.kind:<12} {row.source}"
    return f"{row.status:<13} {row.key:<26} {ours:<22} {ends}"


def validate(
    quick: Annotated[
        bool, typer.Option("--quick", help="Small samples and no whole search: about a minute.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of all random streams.")] = 1,
    workers: Annotated[int | None, typer.Option(help="Threads (default: the usable CPUs).")] = None,
) -> None:
    """Compare numbers of theory, detectors and both searches with their targets. Rows that are off say so."""
    from hnlpeak.cli.options import check_seed, worker_count
    from hnlpeak.execution.context import RunContext
    from hnlpeak.studies.validation.validate import validate as validated

    check_seed(seed)

    def progress(sample: str, decays: int) -> None:
        if not decays:
            typer.echo(f"validate: {sample}", err=True)

    rows = validated(RunContext(seed=seed, workers=worker_count(workers), progress=progress), quick=quick)
    if as_json:
        typer.echo(json.dumps({"rows": [row.record() for row in rows]}, indent=2))
    else:
        for row in rows:
            typer.echo(_line(row))
        counts = {
            status: sum(row.status == status for row in rows) for status in ("ok", "off", "not measured")
        }
        typer.echo(", ".join(f"{number} {status}" for status, number in counts.items()), err=True)
