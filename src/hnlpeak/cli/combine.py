"""``hnlpeak combine``: finished searches as one, the product of their likelihoods."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from hnlpeak.cli.number import number
from hnlpeak.cli.verbosity import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hnlpeak.limits.combine import Combination, Likelihood

__all__ = ["combine"]


LabelOption = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Name of a folder in the table; once for each, in their order."),
]
LikelihoodOption = Annotated[
    str,
    typer.Option(
        help="counting (events in the windows) or spectrum (all bins and selections about each mass)."
    ),
]
ErrorsOption = Annotated[
    str | None,
    typer.Option(
        help="Errors of the signal in the limits: of acceptance,resolution,kaons,systematics (the card's sources "
        "in the limit), or none (default: those of each search; with --shared these and the sources)."
    ),
]


def combine(
    directories: Annotated[
        list[Path], typer.Argument(metavar="DIR DIR...", help="Folders of results of run or scan.")
    ],
    mixture: Annotated[
        str | None,
        typer.Option(help="Shares of U² by flavour, e.g. e:0.5,mu:0.5; not needed for one flavour."),
    ] = None,
    label: LabelOption = None,
    likelihood: LikelihoodOption = "counting",
    method: Annotated[str, typer.Option(help="rolke-lopez, cls or one-sided.")] = "rolke-lopez",
    cl: Annotated[float, typer.Option(parser=number, help="Confidence level.")] = 0.9,
    errors: ErrorsOption = None,
    shared: Annotated[
        str, typer.Option(help="Which of them are common to all searches, e.g. kaons for one N_K.")
    ] = "",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="CSV file (default: the table goes to stdout).")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(help="Draw all together and each alone into this .png, .svg or .pdf.")
    ] = None,
) -> None:
    """Limits on U² from several searches together: the product of their likelihoods at each mass."""
    from hnlpeak.cli.options import check_output
    from hnlpeak.formats.results import read_result
    from hnlpeak.formats.search_files import read_search
    from hnlpeak.limits.combine import combine as combined
    from hnlpeak.limits.recast import parse_mixture

    if output is not None:
        check_output(output, (".csv",))
    if figure is not None:
        check_output(figure, (".png", ".svg", ".pdf"), "--figure")
    _check_apart(directories)
    made = combined(
        [(read_search if likelihood == "spectrum" else read_result)(directory) for directory in directories],
        None if mixture is None else parse_mixture(mixture),
        likelihood=cast("Likelihood", likelihood),
        labels=label or (),
        method=method,
        cl=cl,
        errors=None if errors is None else _names(errors),
        shared=_names(shared),
    )
    _write(made, output, figure)
    for line in made.words():
        say(line)


def _write(made: Combination, output: Path | None, figure: Path | None) -> None:
    """The table into ``output`` or to stdout, and the figure where one is asked for."""
    from hnlpeak.core.atomic import write_text
    from hnlpeak.formats.table import table_text

    text = table_text(made.columns())
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_text(output, text)
    if figure is not None:
        from hnlpeak.report.figures.combination import combination
        from hnlpeak.report.render import save

        save(combination(made), figure.with_suffix(""), formats=(figure.suffix[1:],))


def _check_apart(directories: Sequence[Path]) -> None:
    """Refuse folders that hold the same data, which would count twice: one given twice, or the same spectrum."""
    from hnlpeak.core.errors import UsageError
    from hnlpeak.formats.uhi import read_uhi

    seen: dict[object, Path] = {}
    for directory in directories:
        folder = directory if directory.is_dir() else directory.parent
        keys: list[object] = [folder.resolve()]
        if (folder / "spectrum.json").is_file():
            data = read_uhi(folder / "spectrum.json")
            if data.values.any():
                keys.append((data.edges.tobytes(), data.values.tobytes()))
        for key in keys:
            if key in seen:
                raise UsageError(
                    f"{seen[key]} and {directory} hold the same data: events may count once in a combination"
                )
        seen |= dict.fromkeys(keys, directory)


def _names(text: str) -> tuple[str, ...]:
    """Names between commas; ``none`` stands for no name."""
    return tuple(name.strip() for name in text.split(",") if name.strip() not in ("", "none"))
