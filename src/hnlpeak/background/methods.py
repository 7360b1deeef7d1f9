"""Background methods by the name that cards give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, SerializeAsAny

from hnlpeak.background import sideband, templates
from hnlpeak.background.card import BackgroundCard
from hnlpeak.background.estimates import NO_ESTIMATE, BackgroundEstimates
from hnlpeak.background.method import BackgroundMethod, SmoothBackground, Task
from hnlpeak.spectrum.window import Window

__all__ = ["METHODS", "BackgroundTable", "estimate_background", "explain_background", "smooth_background"]

METHODS: dict[str, BackgroundMethod] = {
    "sideband": sideband.METHOD,
    "templates": templates.METHOD,
}
"""A new method is a file with its record and a line here."""


def _by_method(table: Any) -> Any:
    """The card of the method that a table names."""
    if isinstance(table, BackgroundCard):
        return table
    name = table.get("method") if isinstance(table, Mapping) else None
    if name not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {name!r}")
    return METHODS[name].card.model_validate(table)


_by_method.tables = lambda: [method.card for method in METHODS.values()]  # type: ignore[attr-defined]

BackgroundTable = Annotated[SerializeAsAny[BackgroundCard], BeforeValidator(_by_method)]
"""The table ``[background]`` of an analysis card, as the card of its method."""


def estimate_background(task: Task, card: BackgroundCard) -> BackgroundEstimates:
    """Return b and its errors in every window by the method of ``card``. ``UsageError`` for missing inputs.

    ``ValueError`` for a method that gives a status word which its record does not explain.
    """
    method = METHODS[card.method]
    found = method.estimate(task, card)
    words = {word for status in found.status.tolist() for word in status.split()}
    unknown = words - {"ok", NO_ESTIMATE, *method.statuses}
    if unknown:
        raise ValueError(
            f"background method {card.method!r}: no meaning in its statuses for {sorted(unknown)}"
        )
    return found


def explain_background(estimates: BackgroundEstimates, i: int) -> str:
    """Return in words where the estimate of hypothesis ``i`` comes from."""
    return METHODS[estimates.details.method].explain(estimates, i)


def smooth_background(
    card: BackgroundCard,
    windows: Sequence[Window],
    edges: NDArray[np.float64],
    masked: Sequence[tuple[float, float]] = (),
) -> SmoothBackground | None:
    """Return the smooth background about each window on bins of these ``edges``; None where the method has none.

    Its side bands leave out ``masked`` ranges (MeV).
    """
    smooth = METHODS[card.method].smooth
    return None if smooth is None else smooth(card, windows, edges, masked)
