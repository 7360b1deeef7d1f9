"""Results take their place: whole or not at all, whatever ends the process in between.

The stage becomes ``.publish`` in one rename: from then on the new results are there, though not all under their
names yet. The old manifest goes first and the new one comes last, so that a folder with a manifest is always whole, of
one time, and nothing else. Each step can be done twice: who finds ``.publish`` finishes what is left.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from hnlpeak.core.atomic import sync_folder, write_text
from hnlpeak.core.errors import InputDataError
from hnlpeak.core.plain_file import NotPlain, is_folder, read_plain
from hnlpeak.formats.json_text import read_json
from hnlpeak.formats.manifest import JOURNAL, MANIFEST
from hnlpeak.searches.identity import Identity
from hnlpeak.searches.places import PUBLISH, UNFINISHED, check_inside, check_targets

__all__ = ["finish_publishing", "listed", "publish"]


def listed(place: Path) -> list[str]:
    """Names of the files in the manifest of ``place`` that lie inside it; none without a manifest or in a damaged one.

    ``InputDataError`` where the disk does not give it away: old files would stay beside new ones.
    """
    try:
        names = [str(name) for name in read_json(place / MANIFEST)["files"]]
    except InputDataError as error:
        if isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, FileNotFoundError):
            raise
        return []
    except (KeyError, TypeError):
        return []
    return [name for name in names if _is_inside(name)]


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts


def _staged(stage: Path) -> list[str]:
    files = (path.relative_to(stage) for path in stage.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in files if path.as_posix() not in (MANIFEST, JOURNAL))


def publish(stage: Path, place: Path, *, remove: Iterable[str], run: Identity | None) -> None:
    """Give the files on ``stage``, a manifest among them, their names in ``place``; ``remove`` are older files to go.

    ``run`` is the identity of the run that made them, None for a report that was drawn again: its parts have served
    and go too. ``UsageError`` where something stands in the way, ``OSError`` of the disk; before the one rename all
    old results are untouched.
    """
    if not (stage / MANIFEST).is_file():
        raise ValueError(f"{stage}: no {MANIFEST}; without one nothing says that the results are whole")
    new = _staged(stage)
    check_inside(place)
    check_targets(place, [*new, MANIFEST])
    journal = {"remove": sorted(set(remove) - {*new, MANIFEST}), "run": run}
    write_text(stage / JOURNAL, json.dumps(journal))
    for folder in {stage, *(path for path in stage.rglob("*") if path.is_dir())}:
        sync_folder(folder)
    os.rename(stage, place / PUBLISH)
    sync_folder(place)
    finish_publishing(place)


def _journal(pending: Path) -> dict[str, Any] | None:
    """The journal of a publication, None where it has gone, that is, where all is done; empty where it is damaged."""
    try:
        record = json.loads(read_plain(pending / JOURNAL, most=100_000_000))
    except FileNotFoundError:
        return None
    except (NotPlain, ValueError, RecursionError):
        record = None
    return record if isinstance(record, dict) else {}


def _remove(place: Path, name: object) -> None:
    """Take away a file of older results; what lies behind a link stays."""
    if not isinstance(name, str) or not _is_inside(name):
        return
    path = place / name
    if all(is_folder(place / parent) for parent in PurePosixPath(name).parents):
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):
            path.unlink()


def _move(pending: Path, place: Path, names: list[str]) -> None:
    check_targets(place, names)
    for name in names:
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(pending / name, target)
    for folder in {(place / name).parent for name in names}:
        sync_folder(folder)


def finish_publishing(place: Path) -> Identity | None:
    """Finish a publication in ``place`` that was begun, now or by a process that died.

    Returns the identity of the run that made what is published; None where there was nothing to do, or a report.
    """
    pending = place / PUBLISH
    if not is_folder(pending):
        return None
    journal, run = _journal(pending), None
    if journal is not None:
        if (pending / MANIFEST).is_file():
            (place / MANIFEST).unlink(missing_ok=True)
            sync_folder(place)
            remove = journal.get("remove")
            for name in remove if isinstance(remove, list) else []:
                _remove(place, name)
            _move(pending, place, _staged(pending))
            os.replace(pending / MANIFEST, place / MANIFEST)
            sync_folder(place)
        run = journal.get("run")
        if run is not None:
            shutil.rmtree(place / UNFINISHED, ignore_errors=True)
        (pending / JOURNAL).unlink()
    shutil.rmtree(pending, ignore_errors=True)
    return run if isinstance(run, dict) else None
