"""Work that is done is not lost, and nothing is there before it is done.

A folder in progress holds ``.unfinished`` with the identity of its run, one checked file for each finished part,
and a stage on which the results are put together. They take their names in the folder, the manifest last, when
all of them are whole. A part that was damaged is made again; parts of another run, or of other code, are never
used.
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
from hnlpeak.core.errors import HnlpeakError, InputDataError, UsageError
from hnlpeak.formats.json_text import read_json
from hnlpeak.formats.manifest import MANIFEST

__all__ = ["Checkpoint", "check_place", "open_run"]

_FOLDER = ".unfinished"
_IDENTITY = "identity.json"
_LOCK = ".lock"


class Checkpoint:
    """Parts of one run under one folder; ``stage`` is an empty folder for its results."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.stage = folder / "results"
        shutil.rmtree(self.stage, ignore_errors=True)
        self.stage.mkdir()

    @property
    def has_parts(self) -> bool:
        """True where at least one part is kept."""
        return next(self._folder.glob("*.npz"), None) is not None

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


def check_place(place: Path) -> None:
    """Raise ``UsageError`` where ``place`` is a file or a symbolic link; nothing is created."""
    if place.is_symlink():
        raise UsageError(f"{place}: is a symbolic link to {place.readlink()}; give a folder itself")
    if place.exists() and not place.is_dir():
        raise UsageError(f"{place}: is a file, expected a folder for the results")


def _claim(place: Path, identity: Mapping[str, object], *, overwrite: bool) -> Path:
    """The folder of parts inside ``place``; raises ``UsageError`` for a finished or foreign folder."""
    folder = place / _FOLDER
    try:
        found = json.loads((folder / _IDENTITY).read_text("utf-8"))
    except (OSError, ValueError):
        found = None
    if not overwrite:
        if (place / MANIFEST).exists():
            raise UsageError(f"{place}: holds a finished run; give another folder or --overwrite")
        others = any(p.name not in (_LOCK, _FOLDER) for p in place.iterdir())
        if found != dict(identity) and (others or found is not None):
            raise UsageError(
                f"{place}: holds files of something else than this run; give another folder or --overwrite"
            )
    if found != dict(identity):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        write_text(folder / _IDENTITY, json.dumps(dict(identity), sort_keys=True))
    return folder


def _listed(place: Path) -> list[Path]:
    """The manifest of a folder, then the files it lists, as far as they lie inside the folder."""
    manifest = place / MANIFEST
    if not manifest.is_file():
        return []
    try:
        names = list(read_json(manifest)["files"])
    except (InputDataError, KeyError, TypeError):
        names = []
    inside = place.resolve()
    files = [place / str(name) for name in names]
    return [manifest, *(file for file in files if file.resolve().is_relative_to(inside))]


def _publish(stage: Path, place: Path) -> None:
    """Give the files on ``stage`` their names in ``place``, the manifest last; those of an older run go."""
    for old in _listed(place):
        old.unlink(missing_ok=True)
    files = sorted(path for path in stage.rglob("*") if path.is_file())
    for path in sorted(files, key=lambda path: path == stage / MANIFEST):
        target = place / path.relative_to(stage)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)


@contextlib.contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Hold ``place``, made if it is not there; a folder that is still empty at the end is taken away again."""
    made = not place.exists()
    place.mkdir(parents=True, exist_ok=True)
    with (place / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HnlpeakError(f"{place}: another run is at work in this folder") from error
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                (place / _LOCK).unlink()
                if made:
                    place.rmdir()


@contextlib.contextmanager
def open_run(place: Path, identity: Mapping[str, object], *, overwrite: bool) -> Iterator[Checkpoint]:
    """Hold ``place`` for one run: begin it, or go on with an unfinished one of the same ``identity``.

    When the block ends well, the files on the ``stage`` take their place and the parts are removed; until then an
    older result stays as it is. After an interruption or a full disk the finished parts stay; where the input or
    the numbers asked for were unusable, nothing stays. Raises ``UsageError`` where the folder holds something
    else, ``HnlpeakError`` where it cannot be written or another process is at work in it.
    """
    check_place(place)
    try:
        with _locked(place):
            folder = _claim(place, identity, overwrite=overwrite)
            store = Checkpoint(folder)
            try:
                yield store
                _publish(store.stage, place)
            except BaseException as error:
                shutil.rmtree(store.stage, ignore_errors=True)
                if isinstance(error, UsageError | InputDataError) or not store.has_parts:
                    shutil.rmtree(folder, ignore_errors=True)
                raise
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise HnlpeakError(f"{place}: cannot be used for results ({error.strerror or error})") from error
