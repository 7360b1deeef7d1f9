"""Which files a user means: names, patterns such as ``run*.root``, each with an object inside."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from hnlpeak.core.errors import InputDataError
from hnlpeak.formats.root_file import split_address

__all__ = ["expand"]

_MAX_FILES = 100_000


def expand(addresses: Sequence[str | Path]) -> list[str]:
    """Return the addresses with patterns replaced by the files that match, sorted; ``:tree`` holds for each.

    ``InputDataError`` where a pattern matches nothing, where a file is given twice (its events would count twice), and
    for more than 100 000 files.
    """
    found: list[str] = []
    for address in addresses:
        path, inside = split_address(address)
        name = str(path)
        if glob.has_magic(name) and not path.exists():
            matches = sorted(glob.glob(name))
            if not matches:
                raise InputDataError(f"{name}: no file matches")
        else:
            matches = [name]
        found += [match if inside is None else f"{match}:{inside}" for match in matches]
    if not found or len(found) > _MAX_FILES:
        raise InputDataError(f"{len(found)} files, expected 1 to {_MAX_FILES}")
    seen: dict[Path, str] = {}
    for address in found:
        real = split_address(address)[0].resolve()
        if real in seen:
            raise InputDataError(f"{address}: given twice (as {seen[real]}), its events would count twice")
        seen[real] = address
    return found
