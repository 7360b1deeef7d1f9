"""One export of a finished folder: written beside its place, then moved there whole."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hnlpeak.core.errors import HnlpeakError, UsageError
from hnlpeak.formats.export.export import finished
from hnlpeak.formats.export.registry import EXPORTS

__all__ = ["export_search"]


def export_search(directory: str | Path, name: str) -> list[Path]:
    """Write the finished search of ``directory`` into ``directory``/export/``name``; returns the paths.

    An earlier export of the format is replaced. ``UsageError`` for an unknown format and where there is nothing to
    export, ``InputDataError`` where the folder holds no search, ``HnlpeakError`` where it cannot be written.
    """
    if name not in EXPORTS:
        raise UsageError(f"export: got {name!r}, allowed are {', '.join(EXPORTS)}")
    search = finished(directory)
    target = search.folder / "export" / name
    if target.is_symlink() or target.parent.is_symlink():
        raise HnlpeakError(f"{target}: a link, nothing is written through it")
    try:
        target.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{name}.") as folder:
            staged = Path(folder) / name
            staged.mkdir()
            written = [path.name for path in EXPORTS[name].write(search, staged)]
            if target.is_dir():
                target.rename(Path(folder) / "old")
            elif target.exists():
                raise HnlpeakError(f"{target}: in the way, expected a folder or nothing")
            staged.rename(target)
    except OSError as error:
        raise HnlpeakError(f"{target}: cannot be written ({error.strerror or error})") from error
    return [target / name for name in written]
