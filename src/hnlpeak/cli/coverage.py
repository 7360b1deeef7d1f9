"""``hnlpeak coverage``: how often a method is right, at one's own background and efficiency."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from hnlpeak.cli.interval import TauOption
from hnlpeak.cli.number import number
from hnlpeak.cli.options import PrintJsonOption, complete_methods
from hnlpeak.cli.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from hnlpeak.cli.counting_rows import Defaults
    from hnlpeak.statistics import Treatment
    from hnlpeak.statistics.constraints import Background

__all__ = ["coverage"]


ErrorOption = Annotated[float, typer.Option(parser=number, help="Standard deviation of its measurement.")]
TableOption = Annotated[
    Path | None,
    typer.Option(
        help="CSV file, one limit a row: n or limit; b and sigma_b or off and tau; if wanted efficiency and "
        "efficiency_error or successes and trials, cl, method, treatment. Adds the coverage at the limit "
        "and the smallest."
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", help="Draw the coverage into this .png, .svg or .pdf; with --table: .csv."
    ),
]


@dataclass(frozen=True, eq=False)
class _Truths:
    """What is true: backgrounds with their measurement, their means in events, signal rates in events."""

    backgrounds: Sequence[Background]
    means: Sequence[float]
    signal: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Map:
    """Probabilities over (background, signal): the interval holds the signal, its upper end is not below it."""

    truths: _Truths
    contained: NDArray[np.float64]
    not_below: NDArray[np.float64]


def coverage(
    background: Annotated[
        list[float] | None,
        typer.Option(parser=number, help="True background, in events; repeat it for a map."),
    ] = None,
    background_error: ErrorOption = 0.0,
    off: Annotated[
        float | None, typer.Option(parser=number, help="Mean events in a control region, instead.")
    ] = None,
    tau: TauOption = None,
    efficiency: Annotated[float, typer.Option(parser=number, help="True signal efficiency.")] = 1.0,
    efficiency_error: ErrorOption = 0.0,
    cl: Annotated[float, typer.Option(parser=number, help="Confidence level of the method.")] = 0.9,
    method: Annotated[
        str, typer.Option(help="See `hnlpeak list methods`.", autocompletion=complete_methods)
    ] = "rolke-lopez",
    treatment: Annotated[str | None, typer.Option(help="rolke-lopez below the background.")] = None,
    signal_max: Annotated[float | None, typer.Option(parser=number, help="Largest true signal rate.")] = None,
    steps: Annotated[
        int, typer.Option(help="True signal rates from 0 to the largest.", min=2, max=2000)
    ] = 21,
    table: TableOption = None,
    output: OutputOption = None,
    as_json: PrintJsonOption = False,
) -> None:
    """Probability that the interval holds the true signal, and that its upper end is not below it."""
    from hnlpeak.cli.counting_rows import Defaults
    from hnlpeak.cli.interval import background_of
    from hnlpeak.core.errors import UsageError

    settings = Defaults(efficiency, efficiency_error, cl, method, treatment)
    if table is not None:
        if background or off is not None or tau is not None or background_error or as_json:
            raise UsageError("--table has its own background: leave out its options, and --json")
        _of_table(table, output, settings)
        return
    if output is not None and output.suffix not in (".png", ".svg", ".pdf"):
        raise UsageError(f"--output: got {output}, allowed are .png, .svg and .pdf")
    if not efficiency > 0.0:
        raise UsageError(f"efficiency must be > 0, got {efficiency:g}")
    given: list[float | None] = [*background] if background else [None]
    truths = [background_of(b, background_error, off, tau) for b in given]
    means = [float(off / tau) if off is not None and tau else float(b) for b in background or [0.0]]
    signal = _signal_rates(signal_max, steps, max(0.0, *means), background_error, efficiency)
    found = _probabilities(_Truths(truths, means, signal), settings)
    if output is not None:
        _draw(found, settings, output)
    record = _record(found, settings)
    typer.echo(json.dumps(record, allow_nan=False) if as_json else _text(record))


def _signal_rates(
    largest: float | None, steps: int, background: float, background_error: float, efficiency: float
) -> NDArray[np.float64]:
    """True signal rates from 0 to ``largest``; where it is not given, far above what the background can hide."""
    import numpy as np

    from hnlpeak.core.errors import UsageError

    if largest is None:
        largest = (8.0 + 4.0 * float(np.hypot(background**0.5, background_error))) / efficiency
    if not 0.0 < largest < float("inf"):
        raise UsageError(f"--signal-max: got {largest:g}, allowed is a positive number")
    return np.linspace(0.0, largest, steps)


def _draw(found: _Map, settings: Defaults, output: Path) -> None:
    """Draw both probabilities into ``output``."""
    import numpy as np

    from hnlpeak.report.figures.coverage import coverage as draw

    method, treatment = settings.method, settings.treatment
    draw(
        found.truths.signal,
        np.array(found.truths.means),
        found.contained,
        found.not_below,
        cl=settings.cl,
        method=method if treatment is None else f"{method}, {treatment}",
    ).savefig(output)


def _record(found: _Map, settings: Defaults) -> dict[str, Any]:
    """The map as JSON holds it, with the words for what the method calls its confidence level."""
    import numpy as np

    from hnlpeak.statistics import METHODS

    method, truths = settings.method, found.truths
    rows = [
        {"background": mean, "signal": mu, "contained": inside, "upper_not_below": above}
        for mean, *columns in zip(truths.means, found.contained, found.not_below, strict=True)
        for mu, inside, above in np.column_stack([truths.signal, *columns]).tolist()
    ]
    record: dict[str, Any] = {
        "method": method,
        "cl": settings.cl,
        "convention": METHODS[method].words(settings.cl),
        "rows": rows,
    }
    if method == "rolke-lopez":
        record["treatment"] = settings.treatment or "bounded"
    return record


def _probabilities(truths: _Truths, settings: Defaults) -> _Map:
    """The probabilities of a method's interval at all true backgrounds and signal rates."""
    import numpy as np

    from hnlpeak.statistics import Gaussian, coverage

    tables = []
    with Waiting(f"coverage of {settings.method}") as waiting:
        for i, truth in enumerate(truths.backgrounds):
            found = coverage(
                truths.signal,
                background=truth,
                efficiency=Gaussian(settings.efficiency, settings.efficiency_error),
                cl=settings.cl,
                method=settings.method,
                treatment=cast("Treatment | None", settings.treatment),
            )
            tables.append([np.asarray(found.contained), np.asarray(found.not_below)])
            waiting.share = (i + 1) / len(truths.backgrounds)
    contained, not_below = np.moveaxis(np.array(tables), 1, 0)
    return _Map(truths, contained, not_below)


def _of_table(table: Path, output: Path | None, defaults: Defaults) -> None:
    """Read rows, write rows: the numbers of the table, the limit, its coverage and the smallest."""
    import numpy as np

    from hnlpeak.cli.counting_rows import named, read_rows, write_rows
    from hnlpeak.cli.options import check_output
    from hnlpeak.core.errors import InputDataError
    from hnlpeak.statistics import coverage_of_limit, method_call

    if output is not None:
        check_output(output, [".csv"])
    rows = read_rows(table, (), defaults)
    if "n" not in rows.numbers and "limit" not in rows.numbers:
        raise InputDataError(f"{table}: expected a column 'n' or 'limit'")
    names = ("coverage_at_limit", "upper_not_below_at_limit", "coverage_min", "upper_not_below_min")
    found = {name: np.full(rows.size, np.nan) for name in names}
    limits = rows.numbers.get("limit", np.full(rows.size, np.nan))
    with Waiting(f"coverage of {table}") as waiting:
        for i, group in enumerate(rows.groups):
            where, choice = group.rows, cast("Treatment | None", group.treatment)
            inputs: dict[str, Any] = {"background": group.background, "efficiency": group.efficiency}
            inputs["cl"] = group.cl
            if "limit" not in rows.numbers:
                call = named(table, lambda g=group, c=choice: method_call(g.method, c))  # type: ignore[misc]
                n = rows.numbers["n"][where]
                limits[where] = named(table, lambda c=call, n=n, x=inputs: c(n, **x)).upper  # type: ignore[misc]
            inputs |= {"method": group.method, "treatment": choice}
            got = named(
                table,
                lambda at=limits[where], x=inputs: coverage_of_limit(at, **x),  # type: ignore[misc]
            )
            values = (got.contained, got.not_below, got.minimum.contained, got.minimum.not_below)
            for name, value in zip(names, values, strict=True):
                found[name][where] = value
            waiting.share = (i + 1) / len(rows.groups)
    columns: dict[str, Any] = dict(rows.numbers) | {"limit": limits, "method": rows.methods} | found
    text = write_rows(columns, output)
    if text is not None:
        typer.echo(text)


def _text(record: dict[str, Any]) -> str:
    """The same as a table."""
    how = ", ".join(str(record[key]) for key in ("method", "treatment") if key in record)
    lines = [
        f"{how}: {record['convention']}",
        "probability that the interval holds the signal, and that its upper end is not below the signal",
        f"{'background':>12} {'signal':>12} {'interval':>10} {'upper end':>10}",
    ]
    for row in record["rows"]:
        lines.append(
            f"{row['background']:12.6g} {row['signal']:12.6g} {row['contained']:10.4f} {row['upper_not_below']:10.4f}"
        )
    low = min(record["rows"], key=lambda row: row["contained"])
    other = min(record["rows"], key=lambda row: row["upper_not_below"])
    lines.append(
        f"smallest: {low['contained']:.4f} at signal {low['signal']:.6g}; upper end "
        f"{other['upper_not_below']:.4f} at signal {other['signal']:.6g}"
    )
    return "\n".join(lines)
