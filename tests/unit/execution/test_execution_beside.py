"""A copy of this process is a help and no more: work is done whatever becomes of it."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from hnlpeak.execution import beside as module
from hnlpeak.execution.beside import beside

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")


def _done_by(place: Path) -> list[str]:
    place.write_text(str(os.getpid()))
    return [place.name]


@forks
def test_work_is_done_by_another_process(tmp_path: Path) -> None:
    with (
        beside(lambda: _done_by(tmp_path / "a")) as first,
        beside(lambda: _done_by(tmp_path / "b")) as second,
    ):
        assert (first(), second()) == (["a"], ["b"])
    makers = {(tmp_path / name).read_text() for name in "ab"}
    assert len(makers - {str(os.getpid())}) == 2


@forks
@pytest.mark.parametrize("end", ["killed", "raises", "leaves", "hangs"])
def test_what_a_lost_copy_had_is_done_here(end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    here = os.getpid()

    def work() -> list[str]:
        if os.getpid() != here:
            match end:
                case "killed":
                    os.kill(os.getpid(), signal.SIGKILL)
                case "raises":
                    raise ValueError(end)
                case "leaves":
                    os._exit(3)
                case _:
                    time.sleep(60.0)
        return _done_by(tmp_path / "a")

    with beside(work) as names:
        assert names() == ["a"]
    assert (tmp_path / "a").read_text() == str(here)


@forks
def test_a_copy_that_is_given_up_is_dead_before_the_work_begins_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 5.0)
    here = os.getpid()

    def work() -> list[str]:
        if os.getpid() != here:
            _done_by(tmp_path / "copy")
            time.sleep(60.0)
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "copy").read_text()), 0)
        return ["here"]

    with beside(work) as names:
        assert names() == ["here"]


@contextmanager
def _open_files(number: int | None) -> Iterator[None]:
    """So many more open files, or as many as there can be."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 300 if number is None else number + 300
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"at most {hard} files can be open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    held: list[int] = []
    try:
        while number is None or len(held) < number:
            try:
                held.append(os.open(os.devnull, os.O_RDONLY))
            except OSError:
                assert number is None
                break
        yield
    finally:
        for file in held:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@forks
def test_more_than_a_thousand_open_files(tmp_path: Path) -> None:
    with _open_files(1100), beside(lambda: _done_by(tmp_path / "a")) as names:
        assert names() == ["a"]
    assert (tmp_path / "a").read_text() != str(os.getpid())


@forks
def test_where_no_pipe_can_be_opened_work_is_done_here() -> None:
    with _open_files(None), beside(lambda: [str(os.getpid())]) as names:
        assert names() == [str(os.getpid())]


@forks
def test_where_there_is_no_room_for_a_process_work_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> int:
        raise OSError(errno.EAGAIN, "no more processes")

    before = len(os.listdir("/dev/fd")) if Path("/dev/fd").is_dir() else 0
    monkeypatch.setattr(os, "fork", full)
    with beside(lambda: [str(os.getpid())]) as names:
        assert names() == [str(os.getpid())]
    assert before == (len(os.listdir("/dev/fd")) if before else 0)


@forks
def test_a_status_that_another_was_told_is_no_end(tmp_path: Path) -> None:
    with beside(lambda: _done_by(tmp_path / "a")) as names:
        os.wait()
        assert names() == ["a"]
    assert (tmp_path / "a").read_text() == str(os.getpid())


def test_an_error_of_the_work_is_raised() -> None:
    def work() -> list[str]:
        raise ValueError("of the work")

    with pytest.raises(ValueError, match="of the work"), beside(work) as names:
        names()


@forks
def test_a_copy_ends_with_what_it_stands_beside(tmp_path: Path) -> None:
    def work() -> list[str]:
        _done_by(tmp_path / "pid")
        time.sleep(60.0)
        return []

    with pytest.raises(KeyError), beside(work):  # noqa: PT012 - the error is the point
        deadline = time.monotonic() + 30.0
        while not ((tmp_path / "pid").exists() and (tmp_path / "pid").read_text()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        raise KeyError
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_without_forks_work_is_done_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork", raising=False)
    with beside(lambda: _done_by(tmp_path / "a")) as names:
        assert names() == ["a"]
    assert (tmp_path / "a").read_text() == str(os.getpid())


def test_the_answer_is_any_record() -> None:
    made = {"counts": np.arange(300_000), "who": (1, None)}
    with beside(lambda: made) as answer:
        found = answer()
    assert np.array_equal(found["counts"], made["counts"])
    assert found["who"] == made["who"]


@forks
def test_the_copy_of_a_copy_leaves_with_it(tmp_path: Path) -> None:
    def waits() -> list[str]:
        _done_by(tmp_path / "inner")
        time.sleep(60.0)
        return []

    def work() -> list[str]:
        with beside(waits):
            time.sleep(60.0)
        return []

    def read(what: Path) -> int:
        deadline = time.monotonic() + 30.0
        while not (what.exists() and what.read_text()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return int(what.read_text())

    with beside(work):
        inner = read(tmp_path / "inner")
    deadline = time.monotonic() + 30.0
    while _runs(inner):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has asked for is there no more."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except OSError:
        return not Path("/proc/self").exists()
    return state != "Z"
