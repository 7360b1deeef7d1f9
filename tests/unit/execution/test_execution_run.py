"""Tasks on threads, processes and foreign executors; errors and interrupts surface as themselves."""

from __future__ import annotations

import operator
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from hnlpeak.execution.run import run, usable_cpus


def square(value: int) -> int:
    return value * value


class Backwards(Executor):
    """Finishes tasks in the opposite order of submission, two at a time."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[object], object]] = []

    def submit(self, function, /, *args, **_kwargs):  # type: ignore[no-untyped-def]
        future: Future[object] = Future()
        self.waiting.append((future, function(*args)))
        if len(self.waiting) == 2:
            for made, result in reversed(self.waiting):
                made.set_result(result)
            self.waiting.clear()
        return future


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_threads_combine_everything_once(workers: int) -> None:
    seen: list[int] = []
    total = run(range(40), square, operator.add, workers=workers, on_done=seen.append)
    assert total == sum(n * n for n in range(40))
    assert sorted(seen) == list(range(40))


def test_a_foreign_executor_and_another_order() -> None:
    order: list[int] = []
    assert run(range(8), square, operator.add, workers=1, executor=Backwards(), on_done=order.append) == 140
    assert sorted(order) == list(range(8))


def test_processes() -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert run(range(10), square, operator.add, workers=2, executor=pool) == 285


def test_an_exception_of_a_task_surfaces_as_itself_and_stops_the_rest() -> None:
    started: list[int] = []

    def task(value: int) -> int:
        started.append(value)
        if value == 3:
            raise KeyError("three")
        return value

    with pytest.raises(KeyError, match="three"):
        run(range(1000), task, operator.add, workers=2)
    assert len(started) < 20


def test_an_interrupt_does_not_wait_for_running_tasks() -> None:
    release = threading.Event()

    def task(value: int) -> int:
        if value == 0:
            raise KeyboardInterrupt
        release.wait(20.0)
        return value

    start = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            run(range(4), task, operator.add, workers=2)
        assert time.monotonic() - start < 10.0
    finally:
        release.set()


def test_nothing_to_run_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing to run"):
        run([], square, operator.add)


def test_cpus() -> None:
    assert usable_cpus() >= 1
