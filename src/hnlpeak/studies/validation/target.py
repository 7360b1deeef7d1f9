"""A target and what became of it: the rows of ``hnlpeak validate``."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any, Literal

from hnlpeak.core.measured import Measured

__all__ = ["Comparison", "Target", "compare", "read_targets"]

Status = Literal["ok", "off", "report", "not measured"]


@dataclass(frozen=True)
class Target:
    """One number to compare with, as ``library/validation/targets.csv`` has it.

    ``kind``: exact (a formula), calibration (cards may be set from it), validation (nothing is), published (somebody's
    limit on somebody's counts), report (no verdict).
    ``tolerance`` is absolute or relative to the target, as ``tolerance_kind`` says.
    """

    key: str
    kind: str
    target: float
    tolerance: float
    tolerance_kind: str
    source: str

    @property
    def reach(self) -> float:
        """Largest distance from the target that agrees."""
        return self.tolerance * (abs(self.target) if self.tolerance_kind == "relative" else 1.0)


@dataclass(frozen=True)
class Comparison:
    """A row: ``value`` and its statistical ``error`` beside the target; NaN where there is none."""

    key: str
    value: float
    error: float
    target: float
    tolerance: float
    tolerance_kind: str
    kind: str
    status: Status
    source: str

    def record(self) -> dict[str, Any]:
        """The row as JSON: None for numbers that do not exist."""
        return {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in asdict(self).items()
        }


def read_targets(table: str = "targets") -> tuple[Target, ...]:
    """Return the targets of a ``table`` of the library, targets or intervals, in its order."""
    text = (files("hnlpeak") / "library" / "validation" / f"{table}.csv").read_text(encoding="utf-8")
    return tuple(
        Target(
            row["key"],
            row["kind"],
            float(row["target"]),
            float(row["tolerance"]),
            row["tolerance_kind"],
            row["source"],
        )
        for row in csv.DictReader(text.splitlines())
    )


def compare(target: Target, measured: Mapping[str, Measured]) -> Comparison:
    """Return the row of ``target``; the error of a value does not widen its tolerance."""
    found = measured.get(target.key)
    status: Status = "not measured"
    if found is not None:
        agrees = abs(found.value - target.target) <= target.reach
        status = "report" if target.kind == "report" else "ok" if agrees else "off"
    return Comparison(
        target.key,
        math.nan if found is None else found.value,
        math.nan if found is None else found.stat,
        target.target,
        target.tolerance,
        target.tolerance_kind,
        target.kind,
        status,
        target.source,
    )
