"""Opening ROOT files so that whatever is wrong with them is one line with the file's name."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hnlpeak.core.errors import HnlpeakError, InputDataError

__all__ = ["names_in", "open_root", "split_address", "stored_text"]

_ADDRESS = re.compile(r"(?P<file>.+?\.root)(?::(?P<inside>.+))?")


def split_address(address: str | Path) -> tuple[Path, str | None]:
    """Return the file and the object inside of ``file.root:path/to/object``; None without an object."""
    match = _ADDRESS.fullmatch(str(address))
    if match is None:
        return Path(address), None
    return Path(match["file"]), match["inside"]


@contextlib.contextmanager
def open_root(path: Path) -> Iterator[Any]:
    """Yield the open file (uproot). ``InputDataError`` if it is missing, not a ROOT file or cut short."""
    import uproot

    if not path.is_file():
        said = "not a plain file" if path.exists() else "no such file"
        raise InputDataError(f"{path}: {said}")
    try:
        file = uproot.open(path)
    except Exception as error:  # broken bytes raise anything
        raise InputDataError(f"{path}: not a readable ROOT file ({_first_line(error)})") from error
    with file:
        wanted, size = int(file.file.fEND), path.stat().st_size
        if size < wanted:
            raise InputDataError(f"{path}: cut short, {size} of {wanted} bytes")
        try:
            yield file
        except HnlpeakError:
            raise
        except MemoryError as error:
            raise InputDataError(
                f"{path}: damaged ROOT file (it asks for more memory than there is)"
            ) from error
        except Exception as error:
            raise InputDataError(f"{path}: damaged ROOT file ({_first_line(error)})") from error


def names_in(file: Any, *kinds: str) -> list[str]:
    """Names (without cycles, each once) of the objects whose class begins with one of ``kinds``."""
    found = [name for name, kind in file.classnames().items() if kind.startswith(kinds)]
    return list(dict.fromkeys(name.partition(";")[0] for name in found))


def stored_text(file: Any, name: str) -> str | None:
    """The text stored under ``name``, None where there is none."""
    kinds = file.classnames(recursive=False)
    return str(file[name]) if f"{name};1" in kinds and kinds[f"{name};1"] == "TObjString" else None


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0][:120]}"
