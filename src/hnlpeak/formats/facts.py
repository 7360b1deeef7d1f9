"""What a file says about itself beside its numbers: simulated or not, label, unit, decays behind it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from hnlpeak.core.errors import InputDataError
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["Facts", "facts_of", "read_facts"]


class Facts(NamedTuple):
    """Facts as read; ``unit`` is None where the file does not say it."""

    simulated: bool
    label: str
    unit: str | None
    decays_in_fiducial: float | None


def facts_of(spectrum: Spectrum) -> dict[str, Any]:
    """Return what a file says about a spectrum beside its bins."""
    return {
        "simulated": spectrum.simulated,
        "label": spectrum.label,
        "unit": "MeV",
        "decays_in_fiducial": spectrum.decays_in_fiducial,
    }


def read_facts(record: object, origin: str, *, default_label: str) -> Facts:
    """Return the facts in the metadata ``record``; those not stated have their defaults.

    ``InputDataError`` naming ``origin`` for a fact of the wrong kind.
    """
    if not isinstance(record, dict):
        raise InputDataError(f"{origin}: metadata 'hnlpeak' must be a table, got {_shown(record)}")
    simulated = record.get("simulated", False)
    label = record.get("label", default_label)
    unit = record.get("unit")
    if not isinstance(simulated, bool):
        raise InputDataError(f"{origin}: metadata 'simulated' must be true or false, got {_shown(simulated)}")
    if not isinstance(label, str):
        raise InputDataError(f"{origin}: metadata 'label' must be text, got {_shown(label)}")
    if unit is not None and not isinstance(unit, str):
        raise InputDataError(f"{origin}: metadata 'unit' must be text, got {_shown(unit)}")
    return Facts(simulated, label, unit, _decays(record.get("decays_in_fiducial"), origin))


def _decays(given: object, origin: str) -> float | None:
    if given is None:
        return None
    number = math.nan
    if isinstance(given, int | float) and not isinstance(given, bool) and abs(given) < 1e300:
        number = float(given)
    if not (math.isfinite(number) and number > 0.0):
        raise InputDataError(
            f"{origin}: metadata 'decays_in_fiducial' must be a positive number, got {_shown(given)}"
        )
    return number


def _shown(value: object) -> str:
    return repr(value)[:40]
