"""A folder claimed for one run: begun, gone on with, finished, or refused."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hnlpeak.core.atomic import write_text
from hnlpeak.core.errors import HnlpeakError, InputDataError, UsageError
from hnlpeak.formats.manifest import MANIFEST
from hnlpeak.searches.identity import Identity, difference, read_identity
from hnlpeak.searches.lock import locked
from hnlpeak.searches.places import LOCK, PUBLISH, REDRAW, UNFINISHED, check_place
from hnlpeak.searches.publish import finish_publishing, listed, publish
from hnlpeak.searches.store import FolderStore

__all__ = ["Claim", "open_run"]


@dataclass(frozen=True)
class Claim:
    """A folder in the hands of one run: ``store`` for parts, ``stage`` (empty) for results.

    ``done``: an earlier process had made all of them, and only their places were left to take.
    """

    store: FolderStore
    stage: Path
    done: bool


def _check(place: Path, found: Identity | None, wanted: Identity) -> None:
    """Raise ``UsageError`` for a finished or foreign folder."""
    if (place / MANIFEST).exists():
        raise UsageError(f"{place}: holds a finished run; give another folder or --overwrite")
    others = any(path.name not in (LOCK, REDRAW, UNFINISHED) for path in place.iterdir())
    other = "" if found is None else difference(found, wanted)
    if other or (found is None and others):
        why = f" ({other})" if other else ""
        raise UsageError(
            f"{place}: holds files of something else than this run{why}; give another folder or --overwrite"
        )


def _claim(place: Path, wanted: Identity, *, overwrite: bool) -> Claim:
    folder = place / UNFINISHED
    found = read_identity(folder / "identity.json")
    store = FolderStore(folder, wanted)
    stage = folder / "results"
    if finish_publishing(place) == wanted:
        return Claim(store, stage, done=True)
    if not overwrite:
        _check(place, found, wanted)
    if found is not None and found != wanted:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    write_text(folder / "identity.json", json.dumps(wanted, sort_keys=True))
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir()
    return Claim(store, stage, done=False)


@contextlib.contextmanager
def open_run(place: Path, identity: Identity, *, overwrite: bool) -> Iterator[Claim]:
    """Hold ``place`` for one run: begin it, or go on with an unfinished one of the same ``identity``.

    When the block ends well, the files on the stage take their place and the parts are removed; until then an older
    result stays as it is. After an interruption or a full disk the finished parts stay, and the error says so in a
    note; where the input or the numbers asked for were unusable, nothing stays. Raises ``UsageError`` where the
    folder holds something else or links, ``HnlpeakError`` where it cannot be written or another process is at work
    in it.
    """
    check_place(place)
    try:
        with locked(place):
            claim = _claim(place, identity, overwrite=overwrite)
            try:
                yield claim
                if not claim.done:
                    publish(claim.stage, place, remove=listed(place), run=identity)
            except BaseException as error:
                _leave(place, claim, error)
                raise
    except OSError as error:
        raise HnlpeakError(f"{place}: cannot be used for results ({error.strerror or error})") from error


def _leave(place: Path, claim: Claim, error: BaseException) -> None:
    """After ``error``: finished parts stay, unless the run can never be finished."""
    if (place / PUBLISH).exists():  # all is made: the next to come finishes it
        return
    shutil.rmtree(claim.stage, ignore_errors=True)
    if isinstance(error, UsageError | InputDataError) or not claim.store.has_parts:
        shutil.rmtree(place / UNFINISHED, ignore_errors=True)
    else:
        error.add_note(f"finished parts are kept in {place}; the same command resumes from them")
