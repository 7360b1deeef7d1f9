"""The numbers of a figure as columns with units in their names, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hnlpeak.core.records import plain
from hnlpeak.limits.result import SearchResult
from hnlpeak.report.figures.binning import Binned
from hnlpeak.report.garwood import garwood

__all__ = ["Columns", "binned_columns", "csv_text", "limit_columns", "word"]

Columns = Mapping[str, Sequence[Any]]
"""Numbers or words by the name of the column, all of one length."""


def word(name: str) -> str:
    """Return somebody's ``name`` as part of the name of a column."""
    return "".join(letter if letter.isalnum() else "_" for letter in name).strip("_")


def csv_text(columns: Columns) -> str:
    """Return the columns as CSV: numbers to 12 digits, nothing where there is none."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow("" if item is None else item for item in map(plain, row))
    return out.getvalue()


def limit_columns(result: SearchResult, prefix: str) -> dict[str, Sequence[Any]]:
    """Return mass, observed and expected limit with its quantiles, and status, as limit figures show them."""
    names = ("observed", *(f"expected{end}" for end in ("", "_m2s", "_m1s", "_p1s", "_p2s")))
    limits: dict[str, Sequence[Any]] = {f"{prefix}_{n}": list(result.number(f"{prefix}_{n}")) for n in names}
    return {"m_n_mev": list(result.number("m_n_mev")), **limits, "status": list(result.status)}


def binned_columns(shown: Binned, unit: str) -> dict[str, Sequence[Any]]:
    """Return edges in ``unit``, events with the ends of their bars, and simulated events by source with their error.

    Events are those of each bin, not scaled to the nominal width as the figure does.
    """
    counts = shown.counts
    low, high = garwood(counts.values)
    found: dict[str, Any] = {
        f"low_{unit}": counts.edges[:-1],
        f"high_{unit}": counts.edges[1:],
        "events": counts.values,
        "events_low": low,
        "events_high": high,
    }
    if shown.simulated is not None:
        for name in shown.simulated.components:
            found[f"simulated_{word(name)}"] = shown.simulated.components[name]
        found["simulated"], found["simulated_error"] = shown.simulated.total, shown.simulated.error
    return {name: list(np.asarray(values)) for name, values in found.items()}
