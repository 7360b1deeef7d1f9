"""``manifest.json``: what made a folder of results, and a checksum of every file in it.

Written last: a folder with a manifest is complete. Host and times are here and nowhere else.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from hnlpeak.core.atomic import write_text
from hnlpeak.core.kernel import source_digest
from hnlpeak.core.version import VERSION
from hnlpeak.formats.json_text import dump_json
from hnlpeak.theory.domain import LEPTON_MASS
from hnlpeak.theory.mesons import MESONS

__all__ = ["MANIFEST", "sha256_of", "write_manifest"]

MANIFEST = "manifest.json"
_PACKAGES = (
    "numpy",
    "scipy",
    "numba",
    "hist",
    "boost-histogram",
    "uhi",
    "uproot",
    "pydantic",
    "particle",
    "hepunits",
)


def sha256_of(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _is_result(path: Path, directory: Path) -> bool:
    """A file of the results: not the manifest itself, and nothing hidden (locks, unfinished parts)."""
    parts = path.relative_to(directory).parts
    return path.is_file() and path != directory / MANIFEST and not any(part.startswith(".") for part in parts)


def write_manifest(
    directory: Path,
    *,
    cards: Mapping[str, str],
    seed: int | None,
    command: Sequence[str] = (),
    started: datetime | None = None,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Write the manifest of ``directory`` over all files in it, sub-folders included.

    ``cards`` maps names of cards to their text; ``seed`` is None where nothing was drawn.
    """
    files = sorted(p for p in directory.rglob("*") if _is_result(p, directory))
    now = datetime.now(UTC)
    record = {
        "schema": 1,
        "hnlpeak": {"version": VERSION, "sources": source_digest()},
        "python": sys.version.split()[0],
        "packages": {name: _version(name) for name in _PACKAGES},
        "cards": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in cards.items()},
        "seed": seed,
        "particle_masses_mev": {
            **{name: meson.mass for name, meson in MESONS.items()},
            **LEPTON_MASS,
        },
        "command": list(command),
        "host": {"name": platform.node(), "machine": platform.machine(), "system": platform.platform()},
        "time": {
            "started": None if started is None else started.isoformat(timespec="seconds"),
            "finished": now.isoformat(timespec="seconds"),
        },
        "files": {p.relative_to(directory).as_posix(): sha256_of(p) for p in files},
        **(extra or {}),
    }
    write_text(directory / MANIFEST, dump_json(record))
