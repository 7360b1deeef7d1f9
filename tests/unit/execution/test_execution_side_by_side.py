"""Work that is shared out is all done, whoever is lost."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from hnlpeak.execution.side_by_side import begun, side_by_side

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")


@pytest.mark.parametrize("workers", [1, 2, 9])
def test_each_name_is_done_once_and_answers_come_in_their_order(workers: int, tmp_path: Path) -> None:
    def work(name: str) -> str:
        with (tmp_path / name).open("a") as file:
            file.write("x")
        return name.upper()

    assert list(side_by_side(work, ["b", "a", "c"], workers).items()) == [("b", "B"), ("a", "A"), ("c", "C")]
    assert [(tmp_path / name).read_text() for name in "abc"] == ["x"] * 3


@forks
def test_two_work_at_the_same_time() -> None:
    def work(_name: str) -> int:
        time.sleep(0.3)
        return os.getpid()

    assert len(set(side_by_side(work, ["a", "b"], 2).values())) == 2


@forks
@pytest.mark.parametrize("hangs", [False, True])
def test_what_a_lost_copy_had_is_done_here(hangs: bool) -> None:
    here = os.getpid()

    def work(_name: str) -> int:
        if os.getpid() != here:
            if hangs:
                time.sleep(60.0)
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.2)  # the copy takes one
        return os.getpid()

    assert side_by_side(work, ["a", "b", "c"], 2, patience=0.3) == dict.fromkeys("abc", here)


@forks
def test_copies_begin_before_this_process_does() -> None:
    with begun(lambda _name: os.getpid(), ["a", "b"], 2) as join:
        time.sleep(0.3)
        assert os.getpid() not in join().values()


@forks
def test_what_nobody_waits_for_is_ended(tmp_path: Path) -> None:
    def work(name: str) -> None:
        (tmp_path / name).write_text(str(os.getpid()))
        time.sleep(60.0)

    with begun(work, ["a", "b"], 2):
        while not (tmp_path / "a").exists() or not (tmp_path / "a").read_text():
            time.sleep(0.01)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "a").read_text()), 0)
