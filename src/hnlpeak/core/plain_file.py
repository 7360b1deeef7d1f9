"""Reading plain files only: a link is not followed, a pipe does not block, nothing is read beyond a size."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

__all__ = ["NotPlain", "is_folder", "read_plain"]


class NotPlain(OSError):
    """Something that no reading will mend: a link, a folder, a pipe, a device, or a file that is too large."""


def read_plain(path: Path, *, most: int) -> bytes:
    """Return the content of a file of at most ``most`` bytes.

    ``NotPlain`` for a link, a folder, a pipe, a device, or more bytes; ``OSError`` where it is not there or the disk
    fails.
    """
    try:
        # without O_NONBLOCK opening a pipe waits for a writer
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link, a socket
            raise NotPlain(error.errno, error.strerror, str(path)) from error
        raise
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise NotPlain(errno.EINVAL, "not a plain file", str(path))
        if facts.st_size > most:
            raise NotPlain(errno.EFBIG, f"{facts.st_size} bytes, at most {most} are read", str(path))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(facts.st_size)
    finally:
        os.close(descriptor)


def is_folder(path: Path) -> bool:
    """True for a folder itself, False for anything else, links to folders and nothing at all included."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False
