"""``manifest.json``: what made a folder of results, and a checksum of every file in it.

Written last: a folder with a manifest is complete. Host and times are here and nowhere else.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from hnlpeak.core.atomic import write_text
from hnlpeak.core.errors import InputDataError
from hnlpeak.core.kernel import source_digest
from hnlpeak.core.version import VERSION
from hnlpeak.formats.json_text import dump_json, read_json
from hnlpeak.theory.domain import LEPTON_MASS
from hnlpeak.theory.mesons import MESONS

__all__ = [
    "JOURNAL",
    "MANIFEST",
    "PUBLISH",
    "check_settled",
    "read_manifest",
    "sha256_of",
    "verify",
    "versions",
    "write_manifest",
]

MANIFEST = "manifest.json"
PUBLISH = ".publish"
"""Results that are whole and take their place in a folder; what lies around them is not of one time."""
JOURNAL = ".journal.json"
"""In ``PUBLISH`` until every result has its place."""
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


def versions(packages: Sequence[str] = _PACKAGES) -> dict[str, str | None]:
    """Return the versions of installed ``packages``, None for one that is not there."""
    found: dict[str, str | None] = {}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return found


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
        "packages": versions(),
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


def check_settled(directory: Path) -> None:
    """Raise ``InputDataError`` where results take their place in ``directory``, or did when a process died."""
    if (directory / PUBLISH / JOURNAL).exists():
        raise InputDataError(
            f"{directory}: its results are not all in place yet; if nothing is at work there, "
            "the command that made them (or hnlpeak report) finishes it"
        )


def read_manifest(directory: Path) -> dict[str, Any]:
    """Return the manifest of a finished folder. ``InputDataError`` where there is none, or it is no manifest."""
    check_settled(directory)
    path = directory / MANIFEST
    if not path.is_file():
        raise InputDataError(f"{directory}: no {MANIFEST}, so it is not the folder of a finished run or scan")
    record = read_json(path)
    files = record.get("files") if isinstance(record, dict) else None
    if not isinstance(files, dict) or not all(isinstance(digest, str) for digest in files.values()):
        raise InputDataError(f"{path}: not a manifest")
    return dict(record)


def verify(directory: Path, *, leave_out: Collection[str] = ()) -> int:
    """Compare the files of a finished folder with its manifest; returns how many there are.

    ``leave_out`` are names of files that may differ. ``InputDataError`` naming the first that is missing, altered,
    or no plain file inside the folder.
    """
    files = {
        name: digest for name, digest in read_manifest(directory)["files"].items() if name not in leave_out
    }
    for name, digest in sorted(files.items()):
        path = directory / name
        steps = [path, *(directory / parent for parent in Path(name).parents if parent != Path())]
        if Path(name).is_absolute() or ".." in Path(name).parts or any(step.is_symlink() for step in steps):
            raise InputDataError(f"{path}: is in {MANIFEST}, but no plain file inside the folder")
        if not path.is_file():
            raise InputDataError(f"{path}: is missing, {MANIFEST} lists it")
        if sha256_of(path) != digest:
            raise InputDataError(f"{path}: is not the file that {MANIFEST} lists, its SHA-256 differs")
    return len(files)
