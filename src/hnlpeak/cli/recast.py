"""``hnlpeak recast``: the limits of a finished search for another mixture of flavours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

if TYPE_CHECKING:
    from hnlpeak.theory.widths import Nature

__all__ = ["recast"]

_NATURES = ("dirac", "majorana")


def recast(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of results of run or scan.")],
    mixture: Annotated[str, typer.Option(help="Shares of |U|² by flavour, e.g. e:0.5,mu:0.5.")],
    nature: Annotated[str, typer.Option(help="dirac or majorana: how long N lives.")] = "majorana",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="CSV file (default: the table goes to stdout).")
    ] = None,
) -> None:
    """Turn the limits on |U_l4|² of a search into limits on the sum of all flavours, with N's lifetime there."""
    from hnlpeak.cli.options import check_output
    from hnlpeak.core.atomic import write_text
    from hnlpeak.core.errors import InputDataError, UsageError
    from hnlpeak.experiment.experiment import load_experiment
    from hnlpeak.formats.results import read_result
    from hnlpeak.formats.table import table_text
    from hnlpeak.limits.recast import parse_mixture
    from hnlpeak.limits.recast import recast as recast_result

    if nature not in _NATURES:
        raise UsageError(f"--nature: got {nature!r}, allowed are {' and '.join(_NATURES)}")
    if output is not None:
        check_output(output, (".csv",))
    shares = parse_mixture(mixture)
    result, kept = read_result(directory), directory / "figures" / "data" / "experiment.toml"
    if not kept.is_file():
        raise InputDataError(f"{kept}: not there, so the beam of the search is not known; run it again")
    card = load_experiment(kept).card
    made = recast_result(
        result,
        shares,
        nature=cast("Nature", nature),
        momentum=card.beam.momentum,
        length=card.primary.z_dump - card.fiducial.z_min,
    )
    text = table_text(made.columns())
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_text(output, text)
    short = int((~made.holds).sum())
    if short:
        typer.echo(
            f"at {short} of {made.mass.size} masses the limit does not hold: 1 % or more of N decay in the apparatus, "
            "or there is no limit",
            err=True,
        )
