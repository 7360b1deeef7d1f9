"""What the numbers of a validation are made with, so that whoever keeps them can say what has changed since."""

from __future__ import annotations

import hashlib
from typing import Any

from hnlpeak.core.stamp import closure_digest
from hnlpeak.core.version import VERSION
from hnlpeak.experiment.analysis import load_analysis

__all__ = ["ANALYSES", "made_with"]

ANALYSES = ("na62-2015-ke2", "na62-2007-kmu2")
"""Cards of the searches that are validated."""
_EVENTS = "hnlpeak.chain.loop"
_DIGITS = 12


def made_with() -> dict[str, Any]:
    """Return the version, a digest of the sources that make and select events, and one of each card. Plain JSON."""
    cards = {name: text for analysis in ANALYSES for name, text in load_analysis(analysis).cards.items()}
    return {
        "version": VERSION,
        "events": closure_digest(_EVENTS)[:_DIGITS],
        "cards": {name: hashlib.sha256(text.encode()).hexdigest()[:_DIGITS] for name, text in cards.items()},
    }
