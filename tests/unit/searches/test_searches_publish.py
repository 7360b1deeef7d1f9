"""Results take their place whatever ends the process: it dies at each file event in turn, and the next one finishes."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deaths import ERRORS, FAILED, IDENTITY, KILLED, WELL, Deaths, run_with_a_part
from small_runs import NEW, OLD, content, make

from hnlpeak.core.errors import HnlpeakError, InputDataError, UsageError
from hnlpeak.execution.context import Part
from hnlpeak.formats import manifest
from hnlpeak.formats.manifest import JOURNAL, MANIFEST, PUBLISH, verify
from hnlpeak.formats.results import read_result
from hnlpeak.searches.places import UNFINISHED
from hnlpeak.searches.store import FolderStore

pytestmark = pytest.mark.faults


@pytest.fixture(autouse=True)
def no_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies loses nothing that it wrote; flushing is for machines that die, and takes its time."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr(manifest, "versions", dict)


@pytest.fixture(scope="module")
def deaths() -> Iterator[Deaths]:
    """The process that runs and dies."""
    made = Deaths()
    yield made
    made.close()


def dies_at(deaths: Deaths, event: int, place: Path, *, overwrite: bool) -> bool:
    """Run in a process that is gone at its file event number ``event``; False where it has fewer."""
    code = deaths.ends(place, overwrite, event=event)
    assert code in (WELL, KILLED)
    return code == KILLED


def check_whole(place: Path, allowed: list[dict[str, str]]) -> None:
    """A folder with a manifest holds one of the ``allowed`` results and nothing of another; else it is not read."""
    if (place / PUBLISH / JOURNAL).exists():
        with pytest.raises(InputDataError, match="not all in place yet"):
            verify(place)
        return
    if not (place / MANIFEST).exists():
        return
    verify(place)
    names = json.loads((place / MANIFEST).read_text("utf-8"))["files"]
    found = content(place)
    assert set(names) == set(found)
    assert found in allowed


def finished(place: Path) -> bool:
    """A manifest, and nothing left of a publication but perhaps its empty folder."""
    return (place / MANIFEST).exists() and not list((place / ".publish").glob(".journal*"))


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_run_that_dies_at_any_file_event_is_finished_by_the_same_command(
    deaths: Deaths, tmp_path: Path, overwrite: bool
) -> None:
    event, killed = 1, True
    while killed:
        place = tmp_path / f"out{event}"
        if overwrite:
            make(place, {"seed": 1}, OLD)
        killed = dies_at(deaths, event, place, overwrite=overwrite)
        check_whole(place, [OLD, NEW])
        # at the very last event the folder holds a finished run, and says so
        with contextlib.suppress(UsageError) if finished(place) else contextlib.nullcontext():
            run_with_a_part(place, overwrite=overwrite)
        assert content(place) == NEW, event
        assert verify(place) == len(NEW)
        assert not [p for p in place.iterdir() if p.name.startswith(".")], event
        event += 1
    assert event > 60


@pytest.mark.parametrize("error", list(ERRORS))
@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_run_that_fails_at_any_file_event_is_finished_by_the_same_command(
    deaths: Deaths, tmp_path: Path, error: str, lasting: bool, overwrite: bool
) -> None:
    """Once, or from there on until somebody makes room: the error is said, and nothing is lost."""
    event, failed = 1, True
    while failed:
        place = tmp_path / f"out{event}"
        if overwrite:
            make(place, {"seed": 1}, OLD)
        last = 10**9 if lasting else event
        code = deaths.ends(place, overwrite, event=event, last=last, error=error)
        # it ends well all the same, or with that error
        assert code in (WELL, FAILED), event
        failed = code == FAILED
        check_whole(place, [OLD, NEW])
        with contextlib.suppress(UsageError) if finished(place) else contextlib.nullcontext():
            run_with_a_part(place, overwrite=overwrite)
        assert content(place) == NEW, event
        assert verify(place) == len(NEW)
        # the parts of a finished run are no loss, and what cannot be removed is none either
        assert {p.name for p in place.iterdir() if p.name.startswith(".")} <= {UNFINISHED}, event
        event += 1
    assert event > 40


@pytest.mark.parametrize("name", ["part", "journal", "manifest"])
def test_what_the_disk_does_not_give_away_is_not_taken_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Too many open files, a bad sector: good parts are not thrown away, old files do not stay beside new ones."""
    place = tmp_path / "out"
    make(place, {"seed": 1}, OLD)
    store, part = FolderStore(tmp_path, IDENTITY), Part("data", 0, 1, 1000)
    store.save(part, {"a": np.arange(3)})
    opened, wanted = os.open, {"part": store.path(part).name, "journal": JOURNAL, "manifest": MANIFEST}[name]

    def failing(path: object, flags: int, *rest: Any, **more: Any) -> int:
        if Path(str(path)).name == wanted and not flags & os.O_CREAT:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), str(path))
        return opened(path, flags, *rest, **more)  # type: ignore[call-overload,no-any-return]

    open_path = Path.open

    def failing_path(self: Path, mode: str = "r", *rest: Any, **more: Any) -> Any:
        if self.name == wanted and mode[0] == "r":
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), str(self))
        return open_path(self, mode, *rest, **more)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", failing)
        patched.setattr(Path, "open", failing_path)
        if name == "part":
            with pytest.raises(OSError, match="Too many open files"):
                store.load(part)
        else:
            with pytest.raises(HnlpeakError, match="Too many open files"):
                make(place, IDENTITY, NEW, overwrite=True)
    kept = store.load(part)
    assert kept is not None
    assert kept["a"].tolist() == [0, 1, 2]
    check_whole(place, [OLD])
    with contextlib.suppress(UsageError):
        make(place, IDENTITY, NEW, overwrite=name != "journal")
    assert content(place) == NEW


def test_a_folder_that_is_half_published_is_not_read(tmp_path: Path) -> None:
    (tmp_path / PUBLISH).mkdir()
    (tmp_path / PUBLISH / JOURNAL).write_text("{}", "utf-8")
    (tmp_path / "result.json").write_text("{}", "utf-8")
    for read in (read_result, verify):
        with pytest.raises(InputDataError, match="not all in place yet"):
            read(tmp_path)


def test_two_deaths_in_a_row(deaths: Deaths, tmp_path: Path) -> None:
    """The one that finishes dies too."""
    for first in range(60, 130, 11):
        for second in range(1, 40, 9):
            place = tmp_path / f"out{first}-{second}"
            make(place, {"seed": 1}, OLD)
            for event in (first, second):
                dies_at(deaths, event, place, overwrite=True)
                check_whole(place, [OLD, NEW])
            run_with_a_part(place, overwrite=True)
            assert content(place) == NEW


def test_somebody_else_finishes_and_is_then_refused(deaths: Deaths, tmp_path: Path) -> None:
    """A folder that is half published is no folder of nobody: it gets finished first."""
    for event in range(1, 200, 5):
        place = tmp_path / f"out{event}"
        make(place, {"seed": 1}, OLD)
        if not dies_at(deaths, event, place, overwrite=True):
            break
        with pytest.raises(UsageError, match="finished run"):
            make(place, {"seed": 99}, {"foreign": "x"})
        assert content(place) in (OLD, NEW)
        verify(place)
