"""What the unfinished work in a folder belongs to: cards, seed, inputs, code, versions and constants."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hnlpeak.core.kernel import source_digest
from hnlpeak.core.plain_file import read_plain
from hnlpeak.core.version import VERSION
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.formats.manifest import versions
from hnlpeak.theory.domain import LEPTON_MASS
from hnlpeak.theory.mesons import MESONS
from hnlpeak.theory.species import C_TAU, MASS

__all__ = ["Identity", "difference", "identity", "read_identity"]

Identity = dict[str, Any]

_MOST_BYTES = 1_000_000
_PACKAGES = ("numpy", "scipy", "numba", "llvmlite", "particle", "hepunits")
"""Packages whose versions may change a number of a simulation."""
_WORDS = {"sources": "sources of hnlpeak", "constants": "masses and lifetimes", "inputs": "input files"}


def identity(
    analysis: Analysis, seed: int, inputs: Mapping[str, str], settings: Mapping[str, object]
) -> Identity:
    """Return what a search belongs to; it goes on with parts only where all of this is the same.

    ``inputs`` are the SHA-256 of the files it reads, by name. Plain JSON.
    """
    record = {
        "cards": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in analysis.cards.items()},
        "seed": seed,
        "inputs": dict(inputs),
        "sources": source_digest(),
        "versions": {"hnlpeak": VERSION, "python": platform.python_version(), **versions(_PACKAGES)},
        "constants": _constants(),
        **settings,
    }
    plain: Identity = json.loads(json.dumps(record))
    return plain


def _constants() -> str:
    """Digest of the masses and lifetimes in use; they come from tables that can be exchanged."""
    mesons = {name: (meson.mass, meson.lifetime) for name, meson in sorted(MESONS.items())}
    text = repr((mesons, sorted(LEPTON_MASS.items()), MASS.tolist(), C_TAU.tolist()))
    return hashlib.sha256(text.encode()).hexdigest()


def read_identity(path: Path) -> Identity | None:
    """Return the identity in a file, None where there is none or it is damaged."""
    try:
        record = json.loads(read_plain(path, most=_MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def difference(found: Identity, wanted: Identity) -> str:
    """Return in a few words how the work ``found`` differs from the one ``wanted``; empty where it does not."""
    words: list[str] = []
    for key in sorted({*found, *wanted}):
        before, now = found.get(key), wanted.get(key)
        if before == now:
            continue
        if key in _WORDS:
            words.append(f"other {_WORDS[key]}")
        elif isinstance(before, dict) and isinstance(now, dict):
            words += [
                f"another {name}" if key == "cards" else f"{name} {before.get(name)}, now {now.get(name)}"
                for name in sorted({*before, *now})
                if before.get(name) != now.get(name)
            ]
        else:
            words.append(f"{key} {before}, now {now}")
    return "; ".join(words)[:200]
