"""Files that are either whole or not there: written beside their place, flushed to disk, then renamed."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hnlpeak.core.errors import HnlpeakError

__all__ = ["atomic_path", "sync_folder", "write_text"]


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Flush the names in a folder to disk, as far as its file system can."""
    with contextlib.suppress(OSError):  # some file systems cannot flush folders
        _sync(path)


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of ``path``; it takes the name ``path`` when the block ends well.

    After an exception nothing is left behind and an older ``path`` stays as it was. ``OSError`` (full disk,
    no permission, no such folder) becomes ``HnlpeakError`` with the path.
    """
    target = Path(path)
    partial: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.name}.", suffix=".partial" + target.suffix
        )
        os.close(descriptor)
        partial = Path(name)
        yield partial
        # mkstemp makes private files, results are for everybody the umask allows
        mask = os.umask(0)
        os.umask(mask)
        partial.chmod(0o666 & ~mask)
        _sync(partial)
        partial.replace(target)
        partial = None
        sync_folder(target.parent)
    except OSError as error:
        raise HnlpeakError(f"{target}: cannot be written ({error.strerror or error})") from error
    finally:
        if partial is not None:
            with contextlib.suppress(OSError):
                partial.unlink()


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` (UTF-8) to ``path``, whole or not at all. ``HnlpeakError`` where that fails."""
    with atomic_path(path) as partial:
        partial.write_bytes(text.encode("utf-8"))
