"""Run independent tasks on the workers at hand and combine what they return, in any order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from typing import TypeVar

__all__ = ["run", "usable_cpus"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def usable_cpus() -> int:
    """Number of CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(
    items: Iterable[Item],
    task: Callable[[Item], Result],
    combine: Callable[[Result, Result], Result],
    *,
    workers: int = 1,
    executor: Executor | None = None,
    on_done: Callable[[Item], None] | None = None,
) -> Result:
    """Return ``combine`` of ``task(item)`` over all items; ``combine`` must not care about the order.

    Tasks run on ``workers`` threads (kernels release the GIL) or on any ``concurrent.futures`` executor; at most
    twice as many are in flight as there are workers, so that results do not pile up. ``on_done`` is called in
    this thread. Raises ``ValueError`` for no items; an exception of a task ends the run.
    """
    queue = iter(items)
    own = ThreadPoolExecutor(max_workers=workers) if executor is None else None
    pool = executor if own is None else own
    assert pool is not None
    pending: dict[Future[Result], Item] = {}
    total: list[Result] = []
    try:
        exhausted = False
        while pending or not exhausted:
            while not exhausted and len(pending) < 2 * workers:
                try:
                    item = next(queue)
                except StopIteration:
                    exhausted = True
                    break
                pending[pool.submit(task, item)] = item
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                item = pending.pop(future)
                result = future.result()
                total = [combine(total[0], result)] if total else [result]
                if on_done is not None:
                    on_done(item)
    finally:
        for future in pending:
            future.cancel()
        if own is not None:
            # after an exception (Ctrl-C too) nobody waits for the shards that still run
            own.shutdown(wait=not pending, cancel_futures=True)
    if not total:
        raise ValueError("nothing to run")
    return total[0]
