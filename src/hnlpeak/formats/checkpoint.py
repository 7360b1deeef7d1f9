"""Work that is done is not lost: integer arrays of finished parts of a run, kept until the run is complete.

A folder in progress holds ``.unfinished`` with the identity of its run and one checked file a part. A part that
was damaged is made again; parts of another run, or of other code, are never used.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.atomic import atomic_path, write_text
from hnlpeak.core.errors import HnlpeakError, UsageError
from hnlpeak.formats.manifest import MANIFEST

__all__ = ["Checkpoint", "open_run"]

_FOLDER = ".unfinished"
_IDENTITY = "identity.json"


class Checkpoint:
    """Parts of one run under one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, name: str) -> Path:
        return self._folder / (hashlib.sha256(name.encode()).hexdigest()[:24] + ".npz")

    def load(self, name: str) -> dict[str, NDArray[np.int64]] | None:
        """Arrays saved under ``name``, or None where there are none or they are damaged."""
        path = self._path(name)
        try:
            raw = path.read_bytes()
            digest = path.with_suffix(".sha256").read_text("ascii")
        except OSError:
            return None
        if hashlib.sha256(raw).hexdigest() != digest:
            return None
        try:
            with np.load(io.BytesIO(raw), allow_pickle=False) as archive:
                return {key: archive[key] for key in archive.files}
        except (ValueError, zipfile.BadZipFile):
            return None

    def save(self, name: str, arrays: Mapping[str, NDArray[np.int64]]) -> None:
        """Keep ``arrays`` under ``name``; ``HnlpeakError`` where the disk refuses."""
        path = self._path(name)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **dict(arrays))  # type: ignore[arg-type]
        raw = buffer.getvalue()
        with atomic_path(path) as partial:
            partial.write_bytes(raw)
        write_text(path.with_suffix(".sha256"), hashlib.sha256(raw).hexdigest())


def _claim(place: Path, identity: Mapping[str, object], *, overwrite: bool) -> Path:
    """The folder of parts inside ``place``; raises ``UsageError`` for a finished or foreign folder."""
    folder = place / _FOLDER
    if place.exists() and not place.is_dir():
        raise UsageError(f"{place}: is a file, expected a folder for the results")
    if overwrite and place.is_dir():
        shutil.rmtree(folder, ignore_errors=True)
        (place / MANIFEST).unlink(missing_ok=True)
    elif (place / MANIFEST).exists():
        raise UsageError(f"{place}: holds a finished run; give another folder or --overwrite")
    elif place.is_dir() and any(p.name != ".lock" for p in place.iterdir()):
        try:
            found = json.loads((folder / _IDENTITY).read_text("utf-8"))
        except (OSError, ValueError):
            found = None
        if found != dict(identity):
            raise UsageError(
                f"{place}: holds files of something else than this run; give another folder or --overwrite"
            )
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / _IDENTITY, json.dumps(dict(identity), sort_keys=True))
    return folder


@contextlib.contextmanager
def open_run(place: Path, identity: Mapping[str, object], *, overwrite: bool) -> Iterator[Checkpoint]:
    """Hold ``place`` for one run: begin it, or go on with an unfinished one of the same ``identity``.

    When the block ends well the parts are removed. Raises ``UsageError`` where the folder holds something else,
    ``HnlpeakError`` where it cannot be written or another process is at work in it.
    """
    lock = None
    try:
        if not (place.exists() and not place.is_dir()):
            place.mkdir(parents=True, exist_ok=True)
            lock = (place / ".lock").open("w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise HnlpeakError(f"{place}: another run is at work in this folder") from error
        folder = _claim(place, identity, overwrite=overwrite)
        yield Checkpoint(folder)
        shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise HnlpeakError(f"{place}: cannot be used for results ({error.strerror or error})") from error
    finally:
        if lock is not None:
            with contextlib.suppress(OSError):
                (place / ".lock").unlink()
            lock.close()
