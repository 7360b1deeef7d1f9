"""The systematic errors of a search as one table: sources of the card and parts of the error of b, in one form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hnlpeak.core.records import Vector
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.systematics import Shift, Systematics, SystematicSource
from hnlpeak.limits.systematics_errors import simulated_decays

__all__ = ["background_parts", "shift_rows", "systematic_rows"]

_SHIFTS = ("acceptance", "n_kaon", "efficiency", "background")


def background_parts(result: SearchResult) -> dict[str, Vector]:
    """Return the parts of the error of b at each mass of the scan, in events, by what they are of."""
    budget = getattr(result.background.details, "budget", None)
    if budget is not None:
        return {name: np.asarray(part, dtype=np.float64) for name, part in budget.items()}
    return {"statistics of b": result.background.stat, "method of b": result.background.syst}


def shift_rows(found: Systematics) -> list[dict[str, Any]]:
    """Return a row for each source and mass of the study: relative shifts with their statistical errors."""
    return [
        {
            "source": source.name,
            "m_n_mev": mass,
            "confidence": source.confidence,
            "in_limit": "yes" if source.in_limit else "no",
            **_shifts(source, k),
        }
        for source in found.sources
        for k, mass in enumerate(found.masses)
    ]


def _shifts(source: SystematicSource, k: int) -> dict[str, float | None]:
    shifts: dict[str, float | None] = {}
    for name in _SHIFTS:
        shift: Shift | None = getattr(source, name)
        value, error = (np.nan, np.nan) if shift is None else (shift.value[k], shift.error[k])
        shifts[f"{name}_shift"] = value if np.isfinite(value) else None
        shifts[f"{name}_shift_error"] = error if np.isfinite(value) else None
    return shifts


def systematic_rows(result: SearchResult) -> list[dict[str, Any]]:
    """Return ``shift_rows`` with ``background_error``, what the source does to b in events, and parts of its error.

    Parts of the error of b that no number of the card is varied for have that alone, and are in the limit. Empty for a
    search without systematic sources.
    """
    found = result.systematics
    if found is None:
        return []
    masses, simulated = result.hypotheses.mass, simulated_decays(result.background)
    rows = shift_rows(found)
    events = [_at(found.masses, masses, simulated * found.background(each, masses)) for each in found.sources]
    for row, error in zip(rows, np.concatenate(events), strict=True):
        row["background_error"] = float(error)
    varied = {source.name for source in found.sources}
    for name, part in background_parts(result).items():
        if name in varied:
            continue
        for mass, error in zip(found.masses, _at(found.masses, masses, part), strict=True):
            known = {"source": name, "m_n_mev": mass, "confidence": "", "in_limit": "yes"}
            rows.append({**dict.fromkeys(rows[0]), **known, "background_error": float(error)})
    return rows


def _at(wanted: Sequence[float], masses: Vector, values: Vector) -> Vector:
    return np.asarray(np.interp(np.asarray(wanted), masses, values))
