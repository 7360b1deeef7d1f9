"""Published limits on the number of signal events: the same counts, by the methods of this package."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from importlib.resources import files

from hnlpeak.core.measured import Measured
from hnlpeak.statistics import METHODS, Gaussian, Known, Poisson

__all__ = ["intervals"]


def _background(row: Mapping[str, str]) -> Known | Gaussian | Poisson:
    """A background measured by ``off`` counts in ``tau`` times the exposure, or given with its error."""
    if row["off"]:
        return Poisson(float(row["off"]), float(row["tau"]))
    b, error = float(row["background"]), float(row["background_error"])
    return Gaussian(b, error) if error > 0.0 else Known(b)


def intervals() -> Mapping[str, Measured]:
    """Return the upper limit of each row of ``library/validation/intervals.csv`` by its key."""
    text = (files("hnlpeak") / "library" / "validation" / "intervals.csv").read_text(encoding="utf-8")
    found = {}
    for row in csv.DictReader(text.splitlines()):
        call = METHODS[row["method"]].call
        limit = call(float(row["n"]), background=_background(row), cl=float(row["cl"]))
        found[row["key"]] = Measured(float(limit.upper))
    return found
