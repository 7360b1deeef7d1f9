"""The names that a search uses inside its folder, and the refusal of links there: nothing is ever followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from hnlpeak.core.errors import UsageError
from hnlpeak.formats.manifest import PUBLISH

__all__ = ["LOCK", "PUBLISH", "REDRAW", "UNFINISHED", "check_inside", "check_place", "check_targets"]

LOCK = ".lock"
UNFINISHED = ".unfinished"
"""Parts of a run under way, its identity, and the stage of its results."""
REDRAW = ".redraw"
"""Stage of a report that is drawn again."""


def _kind(path: Path) -> str:
    """Words for what stands in the place of a folder; empty for a folder and for nothing."""
    try:
        facts = path.lstat()
    except OSError:
        return ""
    if stat.S_ISLNK(facts.st_mode):
        return f"a symbolic link to {os.readlink(path)}"
    return "" if stat.S_ISDIR(facts.st_mode) else "a file"


def check_place(place: Path) -> None:
    """Raise ``UsageError`` where ``place`` is a file or a symbolic link, however it is spelled; nothing is created."""
    # link/. and link/sub/.. are the link
    kind = _kind(Path(os.path.normpath(place)))
    if kind:
        raise UsageError(f"{place}: is {kind}, expected a folder for the results")


def check_inside(place: Path) -> None:
    """Raise ``UsageError`` where a folder that is used inside ``place`` is a file or a link, or the lock is a link."""
    for name in (UNFINISHED, f"{UNFINISHED}/results", PUBLISH, REDRAW, "figures", "figures/data"):
        kind = _kind(place / name)
        if kind:
            raise UsageError(
                f"{place / name}: is {kind}, expected a folder; remove it or give another folder"
            )
    lock = place / LOCK
    if lock.is_symlink() or (lock.exists() and not lock.is_file()):
        raise UsageError(f"{lock}: is no plain file; remove it or give another folder")


def check_targets(place: Path, names: Iterable[str]) -> None:
    """Raise ``UsageError`` unless files of these names (``figures/u2.svg``) can take their place under ``place``."""
    for name in names:
        target = place / name
        for folder in target.relative_to(place).parents:
            kind = _kind(place / folder)
            if kind:
                raise UsageError(
                    f"{place / folder}: is {kind}, expected a folder; remove it or give another folder"
                )
        if target.is_dir() and not target.is_symlink():
            raise UsageError(f"{target}: is a folder, expected a file; remove it or give another folder")
