"""All kinds of detectors: the ``KIND`` of each file of this folder."""

from __future__ import annotations

from typing import Any

from hnlpeak.core.discovery import records
from hnlpeak.detectors.kind import DetectorKind

__all__ = ["KINDS"]

KINDS: dict[str, DetectorKind[Any]] = {
    kind.name: kind for kind in records("hnlpeak.detectors", "KIND", DetectorKind)
}
"""Kinds of detectors by the value of ``kind`` in a card."""
