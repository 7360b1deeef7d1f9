"""Work that is shared out is all done, whoever is lost."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from hnlpeak.execution.side_by_side import side_by_side

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
