"""``hnlpeak interval``: one confidence interval from counts."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from hnlpeak.statistics import Interval

__all__ = ["interval"]

METHODS = ("rolke-lopez",)


def interval(
    observed: Annotated[float, typer.Option(help="Observed events n.")],
    background: Annotated[float, typer.Option(help="Expected background b, in events.")],
    background_error: Annotated[float, typer.Option(help="Standard deviation of b.")] = 0.0,
    efficiency: Annotated[float, typer.Option(help="Signal efficiency.")] = 1.0,
    efficiency_error: Annotated[float, typer.Option(help="Standard deviation of the efficiency.")] = 0.0,
    cl: Annotated[float, typer.Option(help="Confidence level, two-sided.")] = 0.9,
    method: Annotated[str, typer.Option(help=f"One of: {', '.join(METHODS)}.")] = "rolke-lopez",
    treatment: Annotated[
        str, typer.Option(help="Counts below the background: bounded, unbounded, trolke, trolke-bounded.")
    ] = "bounded",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Confidence interval for the number of signal events (divided by the efficiency)."""
    from hnlpeak.core.errors import UsageError
    from hnlpeak.statistics import Gaussian, Status, rolke_lopez

    if method not in METHODS:
        raise UsageError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    result = rolke_lopez(
        observed,
        background=Gaussian(background, background_error),
        efficiency=Gaussian(efficiency, efficiency_error),
        cl=cl,
        treatment=treatment,  # type: ignore[arg-type]  # checked by the callee
    )
    status = Status(int(result.status)).name.lower()
    record = _record(result, status, method=method, cl=cl, treatment=treatment)
    typer.echo(json.dumps(record, allow_nan=False) if as_json else _sentence(record))


def _record(result: Interval, status: str, *, method: str, cl: float, treatment: str) -> dict[str, Any]:
    """The answer as JSON holds it: an end that does not exist is null, and the status says why."""
    ends = {"lower": result.lower, "upper": result.upper, "estimate": result.estimate}
    return {
        **{name: float(value) if math.isfinite(float(value)) else None for name, value in ends.items()},
        "status": status,
        "method": method,
        "cl": cl,
        "treatment": treatment,
        "convention": (
            f"two-sided {100.0 * cl:.6g} % interval; its upper end is asymptotically a one-sided "
            f"{50.0 * (1.0 + cl):.6g} % limit"
        ),
    }


def _sentence(record: dict[str, Any]) -> str:
    """The same in words."""
    if record["status"] == "empty":
        span = "no signal is accepted, the interval is empty"
    elif record["upper"] is None:
        span = f"signal of at least {record['lower']:.6g} events, without upper end"
    else:
        span = f"signal between {record['lower']:.6g} and {record['upper']:.6g} events"
    return (
        f"{span}; best estimate {record['estimate']:.6g}, status {record['status']} "
        f"({record['method']}, {record['treatment']}; {record['convention']})."
    )
