"""``hnlpeak recast``: the limits of a finished search for other mixings, or for another invisible particle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

if TYPE_CHECKING:
    from hnlpeak.theory.widths import Nature

__all__ = ["recast"]

_NATURES = ("dirac", "majorana")


def recast(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of results of run or scan.")],
    mixture: Annotated[str | None, typer.Option(help="Shares of |U|² by flavour, e.g. e:0.5,mu:0.5.")] = None,
    nature: Annotated[str, typer.Option(help="dirac or majorana: how long N lives.")] = "majorana",
    rate: Annotated[
        Path | None,
        typer.Option(
            metavar="TABLE.csv",
            help="Any invisible X instead: m_x_mev, branching_fraction of M+ -> l+ X at coupling 1; "
            "lifetime_ns at coupling 1 if X decays.",
        ),
    ] = None,
    power: Annotated[
        float, typer.Option(help="With --rate: the fraction grows as this power of the coupling.")
    ] = 2.0,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="CSV file (default: the table goes to stdout).")
    ] = None,
) -> None:
    """Turn the limits of a search into those for a mixture of flavours, or for any invisible X in M+ -> l+ X.

    --mixture limits the sum of all |U_l4|², --rate the coupling of X; both say where too many decay in the apparatus.
    """
    from hnlpeak.cli.options import check_output
    from hnlpeak.core.errors import UsageError

    if (mixture is None) == (rate is None):
        raise UsageError("recast: either --mixture (shares of flavours) or --rate (table of another model)")
    if nature not in _NATURES:
        raise UsageError(f"--nature: got {nature!r}, allowed are {' and '.join(_NATURES)}")
    if output is not None:
        check_output(output, (".csv",))
    if mixture is not None:
        columns, holds = _mixture(directory, mixture, cast("Nature", nature))
    else:
        columns, holds = _rate(directory, cast("Path", rate), power)
    _write(columns, holds, output)


def _flight(directory: Path) -> tuple[float, float]:
    """Momentum of the beam (MeV) and the way to the end of the apparatus (mm), of a finished search."""
    from hnlpeak.core.errors import InputDataError
    from hnlpeak.experiment.experiment import load_experiment

    kept = directory / "figures" / "data" / "experiment.toml"
    if not kept.is_file():
        raise InputDataError(f"{kept}: not there, so the beam of the search is not known; run it again")
    card = load_experiment(kept).card
    return card.beam.momentum, card.primary.z_dump - card.fiducial.z_min


Columns = Mapping[str, Sequence[float] | Sequence[str]]


def _mixture(directory: Path, text: str, nature: Nature) -> tuple[Columns, Sequence[bool]]:
    from hnlpeak.formats.results import read_result
    from hnlpeak.limits.recast import parse_mixture
    from hnlpeak.limits.recast import recast as recast_result

    shares, result = parse_mixture(text), read_result(directory)
    momentum, length = _flight(directory)
    made = recast_result(result, shares, nature=nature, momentum=momentum, length=length)
    return made.columns(), made.holds.tolist()


def _rate(directory: Path, table: Path, power: float) -> tuple[Columns, Sequence[bool]]:
    from hnlpeak.formats.rate_table import read_rate_table
    from hnlpeak.formats.results import read_result
    from hnlpeak.limits.invisible import recast_rate

    rate, result = read_rate_table(table, power=power), read_result(directory)
    momentum, length = _flight(directory)
    made = recast_rate(result, rate, momentum=momentum, length=length)
    return made.columns(), made.holds.tolist()


def _write(columns: Columns, holds: Sequence[bool], output: Path | None) -> None:
    from hnlpeak.core.atomic import write_text
    from hnlpeak.formats.table import table_text

    text = table_text(columns)
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_text(output, text)
    short = len(holds) - sum(holds)
    if short:
        typer.echo(
            f"at {short} of {len(holds)} masses there is no limit, or it does not hold since 1 % or more decay in the "
            "apparatus",
            err=True,
        )
