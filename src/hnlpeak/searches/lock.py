"""One process at a time in the folder of a search."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from hnlpeak.core.errors import HnlpeakError
from hnlpeak.searches.places import LOCK, check_inside

__all__ = ["locked"]


_FLAGS = sum(getattr(os, name, 0) for name in ("O_RDWR", "O_CREAT", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"))
"""How the lock file is opened, as far as the system knows the words."""


def _hold(descriptor: int) -> None:
    """Lock a file for this process alone. ``BlockingIOError`` where another process has it."""
    try:
        fcntl: Any = import_module("fcntl")
    except ImportError:  # Windows
        msvcrt: Any = import_module("msvcrt")
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(str(error)) from error
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_no_folder(place: Path) -> bool:
    try:
        return not stat.S_ISDIR(os.lstat(place).st_mode)
    except FileNotFoundError:
        return False


def _make(place: Path) -> None:
    """Make the folder, if it is not there; one that goes while mkdir looks at it is made again."""
    while True:
        try:
            return place.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            if _is_no_folder(place):
                raise


def _open(place: Path) -> int:
    """Descriptor of the lock file of ``place``, locked. ``BlockingIOError`` where another process has it."""
    while True:
        _make(place)
        try:
            descriptor = os.open(place / LOCK, _FLAGS, 0o666)
        except FileNotFoundError:  # the folder was taken away in between
            continue
        try:
            _hold(descriptor)
            with contextlib.suppress(FileNotFoundError):
                # the file may have been removed between open and lock: then the lock guards nothing
                if os.path.samestat(os.fstat(descriptor), os.lstat(place / LOCK)):
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


@contextlib.contextmanager
def locked(place: Path) -> Iterator[None]:
    """Hold ``place``, made if it is not there; a folder that is still empty at the end is taken away again.

    ``HnlpeakError`` where another process is at work in it, ``UsageError`` where something inside is a link.
    """
    made = not place.exists()
    check_inside(place)
    try:
        descriptor = _open(place)
    except BlockingIOError as error:
        raise HnlpeakError(f"{place}: another run is at work in this folder") from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            # removed while it is held: whoever opened it before finds that it is gone, and opens a new one
            (place / LOCK).unlink()
            if made:
                place.rmdir()
        os.close(descriptor)
