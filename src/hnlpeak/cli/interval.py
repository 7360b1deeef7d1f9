"""``hnlpeak interval``: confidence intervals from counts, by any method; one by options, many by a table."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from hnlpeak.cli.number import number
from hnlpeak.cli.options import PrintJsonOption, complete_methods

if TYPE_CHECKING:
    from hnlpeak.statistics import Gaussian, Interval, Poisson, Treatment

__all__ = ["TauOption", "background_of", "interval"]

_BANDS = ("m2s", "m1s", "median", "p1s", "p2s")

TauOption = Annotated[
    float | None,
    typer.Option(parser=number, help="Exposure of the control region over that of the signal region."),
]
MethodOption = Annotated[
    str,
    typer.Option(
        help="rolke-lopez, cls, feldman-cousins, bayes, ...: see `hnlpeak list methods`.",
        autocompletion=complete_methods,
    ),
]
TreatmentOption = Annotated[
    str | None,
    typer.Option(help="rolke-lopez below the background: bounded, unbounded, trolke, trolke-bounded."),
]
ExpectedOption = Annotated[
    str | None,
    typer.Option(
        help="Add limits expected without signal: unconditional, fixed, asimov, asimov-whole, "
        "asymptotic (cls)."
    ),
]
TableOption = Annotated[
    Path | None,
    typer.Option(
        help="CSV file, one experiment a row: n, b and sigma_b or off and tau; if wanted efficiency and "
        "efficiency_error or successes and trials, cl, method, treatment. Options are the defaults."
    ),
]


def interval(
    observed: Annotated[float | None, typer.Option(parser=number, help="Observed events n.")] = None,
    background: Annotated[
        float | None, typer.Option(parser=number, help="Expected background b, in events.")
    ] = None,
    background_error: Annotated[float, typer.Option(parser=number, help="Standard deviation of b.")] = 0.0,
    off: Annotated[
        float | None,
        typer.Option(parser=number, help="Events in a control region, instead of --background."),
    ] = None,
    tau: TauOption = None,
    efficiency: Annotated[float, typer.Option(parser=number, help="Signal efficiency.")] = 1.0,
    efficiency_error: Annotated[
        float, typer.Option(parser=number, help="Standard deviation of the efficiency.")
    ] = 0.0,
    cl: Annotated[
        float, typer.Option(parser=number, help="Confidence level; the answer says which convention.")
    ] = 0.9,
    method: MethodOption = "rolke-lopez",
    treatment: TreatmentOption = None,
    expected: ExpectedOption = None,
    table: TableOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="With --table: write the answer here (.csv).")
    ] = None,
    as_json: PrintJsonOption = False,
) -> None:
    """Confidence interval for the number of signal events (divided by the efficiency)."""
    from hnlpeak.cli.counting_rows import Defaults
    from hnlpeak.core.errors import UsageError

    if table is not None:
        given = (observed, background, off, tau)
        if any(value is not None for value in given) or background_error or as_json:
            raise UsageError("--table has its own n and background: leave out their options, and --json")
        defaults = Defaults(efficiency, efficiency_error, cl, method, treatment)
        _of_table(table, output, defaults, expected)
        return
    if observed is None or output is not None:
        raise UsageError("give --observed, or --table for many (with --output)")
    given = (background, background_error, off, tau)
    record = _soon(observed, given, (efficiency, efficiency_error), cl, method, treatment, expected)
    typer.echo(json.dumps(record, allow_nan=False) if as_json else _sentence(record))


_SHORT = ("rolke-lopez",)
"""Methods whose answer takes Python less time than loading the compiler."""
_MOST = 1e5
"""Events up to which it does."""
_Given = tuple[float | None, float, float | None, float | None]


def _soon(observed: float, given: _Given, *how: Any) -> dict[str, Any]:
    """As ``_one``: by Python alone where that is quicker, compiled where it is not or Python's arithmetic gives up."""
    from hnlpeak.core.errors import UsageError
    from hnlpeak.core.kernel import interpret

    method, expected = how[2], how[4]
    sizes = [abs(number) for number in (observed, *given) if number is not None]
    if "hnlpeak.statistics" in sys.modules or method not in _SHORT or expected or max(sizes) > _MOST:
        return _one(observed, given, *how)
    import numpy as np

    interpret()
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            return _one(observed, given, *how)
    except UsageError:
        raise
    except (ArithmeticError, ValueError):
        for name in [name for name in sys.modules if name.startswith("hnlpeak.statistics")]:
            del sys.modules[name]
        interpret(False)
        return _one(observed, given, *how)
    finally:
        interpret(False)


def _one(
    observed: float,
    given: _Given,
    efficiency: tuple[float, float],
    cl: float,
    method: str,
    treatment: str | None,
    expected: str | None,
) -> dict[str, Any]:
    """The answer for one experiment, as JSON holds it."""
    from hnlpeak.cli.waiting import Waiting
    from hnlpeak.statistics import METHODS, Gaussian, Status, method_call

    background = background_of(*given)
    inputs: dict[str, Any] = {"background": background, "efficiency": Gaussian(*efficiency), "cl": cl}
    choice = cast("Treatment | None", treatment)
    with Waiting(f"interval by {method}"):
        result = method_call(method, choice)(observed, **inputs)
    record = _record(result, Status(int(result.status)).name.lower(), method, cl)
    if method == "rolke-lopez":
        record["treatment"] = treatment or "bounded"
    record["convention"] = METHODS[method].words(cl)
    record |= {name: _finite(value[0]) for name, value in _chances([observed], background).items()}
    if expected is not None:
        with Waiting(f"expected limits by {method}"):
            record["expected"] = _expected(expected, method=method, treatment=choice, **inputs)
    return record


def _of_table(table: Path, output: Path | None, defaults: Any, expected: str | None) -> None:
    """Read rows, write rows: the numbers of the table, and beside them the answers."""
    import numpy as np

    from hnlpeak.cli.counting_rows import named, read_rows, write_rows
    from hnlpeak.cli.options import check_output
    from hnlpeak.cli.waiting import Waiting
    from hnlpeak.statistics import Status, expected_limit, method_call

    if output is not None:
        check_output(output, [".csv"])
    rows = read_rows(table, ("n",), defaults)
    names = ["lower", "upper", "estimate", "significance", "p_value"]
    names += [f"expected_{band}" for band in _BANDS] if expected else []
    found = {name: np.full(rows.size, np.nan) for name in names}
    status = np.zeros(rows.size, dtype=int)
    with Waiting(f"intervals of {table}") as waiting:
        for i, group in enumerate(rows.groups):
            n, where = rows.numbers["n"][group.rows], group.rows
            choice = cast("Treatment | None", group.treatment)
            call = named(table, lambda g=group, c=choice: method_call(g.method, c))  # type: ignore[misc]
            inputs: dict[str, Any] = {"efficiency": group.efficiency, "cl": group.cl}
            inputs["background"] = group.background
            result = named(table, lambda c=call, n=n, x=inputs: c(n, **x))  # type: ignore[misc]
            found["lower"][where], found["upper"][where] = result.lower, result.upper
            found["estimate"][where], status[where] = result.estimate, result.status
            chances = _chances(n, group.background)
            found["significance"][where], found["p_value"][where] = (
                chances["significance"],
                chances["p_value"],
            )
            if expected:
                limits = expected_limit(
                    method=group.method,
                    treatment=choice,
                    definition=expected,  # type: ignore[arg-type]  # checked by the callee
                    **inputs,
                )
                for band in _BANDS:
                    found[f"expected_{band}"][where] = getattr(limits, band)
            waiting.share = (i + 1) / len(rows.groups)
    columns: dict[str, Any] = dict(rows.numbers)
    columns["method"] = rows.methods
    columns["treatment"] = [
        (treatment or "bounded") if method == "rolke-lopez" else ""
        for method, treatment in zip(rows.methods, rows.treatments, strict=True)
    ]
    columns |= found
    columns["status"] = [Status(int(code)).name.lower() for code in status]
    text = write_rows(columns, output)
    if text is not None:
        typer.echo(text)


def _chances(n: Any, background: Any) -> dict[str, Any]:
    """Significance and p-values of ``n``, as a search has them: no claim beyond what one event as the error allows."""
    import numpy as np

    from hnlpeak.statistics import Gaussian, p_value, significance
    from hnlpeak.statistics.local_excess import local_p_value, local_significance

    if isinstance(background, Gaussian):
        rows = np.broadcast_arrays(
            *(np.asarray(x, dtype=float) for x in (n, background.value, background.sigma))
        )
        return {
            "significance": local_significance(*rows, kind="gaussian"),
            "p_value": local_p_value(*rows, kind="gaussian"),
            "mid_p_value": local_p_value(*rows, kind="gaussian", mid_p=True),
        }
    return {
        "significance": significance(n, background=background),
        "p_value": p_value(n, background=background),
        "mid_p_value": p_value(n, background=background, mid_p=True),
    }


def background_of(
    background: float | None, background_error: float, off: float | None, tau: float | None
) -> Gaussian | Poisson:
    """The background of the options: b with its error, or a control region. UsageError for neither or both."""
    from hnlpeak.core.errors import UsageError
    from hnlpeak.statistics import Gaussian, Poisson

    if (off is None) != (tau is None):
        raise UsageError("--off and --tau go together: got one of them")
    if (background is None) == (off is None):
        raise UsageError("give either --background or --off with --tau")
    if off is not None and tau is not None:
        if background_error:
            raise UsageError(
                f"--background-error: got {background_error:g} with --off, which has its own error"
            )
        return Poisson(off, tau)
    return Gaussian(0.0 if background is None else background, background_error)


def _finite(value: Any) -> float | None:
    return float(value) if math.isfinite(float(value)) else None


def _record(result: Interval, status: str, method: str, cl: float) -> dict[str, Any]:
    """The answer as JSON holds it: an end that does not exist is null, and the status says why."""
    ends = {"lower": result.lower, "upper": result.upper, "estimate": result.estimate}
    return {
        **{name: _finite(value) for name, value in ends.items()},
        "status": status,
        "method": method,
        "cl": cl,
    }


def _expected(definition: str, **inputs: Any) -> dict[str, Any]:
    """Expected limits with the words for their definition; null for a limit that does not exist."""
    from hnlpeak.statistics import EXPECTED_LABELS, expected_limit

    found = expected_limit(definition=definition, **inputs)  # type: ignore[arg-type]  # checked by the callee
    return {
        "definition": found.definition,
        "label": EXPECTED_LABELS[found.definition],
        **{name: _finite(getattr(found, name)) for name in _BANDS},
    }


def _sentence(record: dict[str, Any]) -> str:
    """The same in words."""
    if record["status"] == "empty":
        span = "no signal is accepted, the interval is empty"
    elif record["upper"] is None:
        span = f"signal of at least {record['lower']:.6g} events, without upper end"
    else:
        span = f"signal between {record['lower']:.6g} and {record['upper']:.6g} events"
    how = ", ".join(str(record[key]) for key in ("method", "treatment") if key in record)
    text = (
        f"{span}; best estimate {record['estimate']:.6g}, status {record['status']} "
        f"({how}; {record['convention']})."
    )
    local = record["significance"]
    text += f"\nWithout a signal as many events or more have probability {record['p_value']:.3g} (local p-value). "
    text += f"Local significance {'infinite' if local is None else f'{local:.3g}'}: of few events, not quite that of p."
    if "expected" in record:
        values = [record["expected"][name] for name in _BANDS]
        numbers = ", ".join("none" if value is None else f"{value:.6g}" for value in values)
        text += f"\nUpper end expected without signal at -2, -1, 0, 1, 2 sigma: {numbers} "
        text += f"({record['expected']['definition']}: {record['expected']['label']})."
    return text
