"""``hnlpeak explain``: one limit in a sentence and its formulae."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hnlpeak.cli.number import number

__all__ = ["explain"]


def explain(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of results of run or scan.")],
    mass: Annotated[
        float, typer.Argument(parser=number, metavar="MASS", help="HNL mass in MeV, one of the hypotheses.")
    ],
) -> None:
    """Explain one limit: n, b, A, N_K, N_S, B and |U|^2, each step computed again."""
    from hnlpeak.formats.results import read_result
    from hnlpeak.limits.explain import explain as explained

    typer.echo(explained(read_result(directory), mass))
