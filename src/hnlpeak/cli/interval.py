"""``hnlpeak interval``: one confidence interval from counts, by any method."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

if TYPE_CHECKING:
    from hnlpeak.statistics import Gaussian, Interval, Poisson, Treatment

__all__ = ["background_of", "interval"]


def interval(
    observed: Annotated[float, typer.Option(help="Observed events n.")],
    background: Annotated[float | None, typer.Option(help="Expected background b, in events.")] = None,
    background_error: Annotated[float, typer.Option(help="Standard deviation of b.")] = 0.0,
    off: Annotated[
        float | None, typer.Option(help="Events in a control region, instead of --background.")
    ] = None,
    tau: Annotated[
        float | None, typer.Option(help="Exposure of the control region over that of the signal region.")
    ] = None,
    efficiency: Annotated[float, typer.Option(help="Signal efficiency.")] = 1.0,
    efficiency_error: Annotated[float, typer.Option(help="Standard deviation of the efficiency.")] = 0.0,
    cl: Annotated[float, typer.Option(help="Confidence level; the answer says which convention.")] = 0.9,
    method: Annotated[
        str, typer.Option(help="rolke-lopez, cls, feldman-cousins, bayes, ...: see `hnlpeak list methods`.")
    ] = "rolke-lopez",
    treatment: Annotated[
        str | None,
        typer.Option(help="rolke-lopez below the background: bounded, unbounded, trolke, trolke-bounded."),
    ] = None,
    expected: Annotated[
        str | None,
        typer.Option(
            help="Add limits expected without signal: unconditional, fixed, asimov, asymptotic (cls)."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Confidence interval for the number of signal events (divided by the efficiency)."""
    from hnlpeak.cli.waiting import Waiting
    from hnlpeak.statistics import METHODS, Gaussian, Status, method_call

    inputs: dict[str, Any] = {
        "background": background_of(background, background_error, off, tau),
        "efficiency": Gaussian(efficiency, efficiency_error),
        "cl": cl,
    }
    choice = cast("Treatment | None", treatment)
    with Waiting(f"interval by {method}"):
        result = method_call(method, choice)(observed, **inputs)
    record = _record(result, Status(int(result.status)).name.lower(), method, cl)
    if method == "rolke-lopez":
        record["treatment"] = treatment or "bounded"
    record["convention"] = METHODS[method].words(cl)
    if expected is not None:
        with Waiting(f"expected limits by {method}"):
            record["expected"] = _expected(expected, method=method, treatment=choice, **inputs)
    typer.echo(json.dumps(record, allow_nan=False) if as_json else _sentence(record))


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
    names = ("m2s", "m1s", "median", "p1s", "p2s")
    return {
        "definition": found.definition,
        "label": EXPECTED_LABELS[found.definition],
        **{name: _finite(getattr(found, name)) for name in names},
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
    if "expected" in record:
        names = ("m2s", "m1s", "median", "p1s", "p2s")
        values = [record["expected"][name] for name in names]
        numbers = ", ".join("none" if value is None else f"{value:.6g}" for value in values)
        text += f"\nUpper end expected without signal at -2, -1, 0, 1, 2 sigma: {numbers} "
        text += f"({record['expected']['definition']}: {record['expected']['label']})."
    return text
