"""Run independent tasks on the workers at hand and combine what they return, in any order."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

from hnlpeak.execution.renewable import Renewable

__all__ = ["DEATHS", "WorkerLost", "run", "stream", "usable_cpus"]

Item = TypeVar("Item", bound=Hashable)
Result = TypeVar("Result")

DEATHS = 3
"""So often a task may take its worker along, alone on the executor, before it is given up."""

_KILLED = "KilledWorker"
"""What Dask, which may not be installed, raises where a task has taken several workers along."""


class WorkerLost(Exception):
    """A task cannot be done: each worker that tried ``item`` died, and so did its successors."""

    def __init__(self, item: object, deaths: int) -> None:
        super().__init__(f"the worker of {item} died {deaths} times")
        self.item = item
        self.deaths = deaths


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

    ``on_done`` is called in this thread. Runs and raises as ``stream`` does, and ``ValueError`` for no items.
    """
    total: list[Result] = []
    for item, result in stream(items, task, workers=workers, executor=executor):
        total = [combine(total[0], result)] if total else [result]
        if on_done is not None:
            on_done(item)
    if not total:
        raise ValueError("nothing to run")
    return total[0]


def stream(
    items: Iterable[Item],
    task: Callable[[Item], Result],
    *,
    workers: int = 1,
    executor: Executor | None = None,
) -> Iterator[tuple[Item, Result]]:
    """Yield all items with ``task(item)``, in the order in which they are done.

    Tasks run on ``workers`` threads (kernels release the GIL) or on any ``concurrent.futures`` executor; at most
    twice as many are in flight as there are workers, so that results do not pile up. Where workers die (a
    ``Renewable`` executor gets new ones), what they had is done again: one task at a time, so that the one that kills
    them is found. Raises ``WorkerLost`` for a task whose workers always die; an exception of a task ends the run.
    """
    own = ThreadPoolExecutor(max_workers=workers) if executor is None else None
    flight = _Flight(items, task, own or executor, 2 * workers)
    try:
        yield from flight.results()
    finally:
        flight.cancel()
        if own is not None:
            # after an exception (Ctrl-C too) nobody waits for the shards that still run
            own.shutdown(wait=not flight.pending, cancel_futures=True)


class _Flight(Generic[Item, Result]):
    """Tasks on their way: what is ``pending``, what is still to come, and what must be done again."""

    def __init__(
        self, items: Iterable[Item], task: Callable[[Item], Result], pool: Executor | None, most: int
    ) -> None:
        if pool is None:
            raise ValueError("no executor")
        self._queue = iter(items)
        self._task, self._pool, self._most = task, pool, most
        self.pending: dict[Future[Result], Item] = {}
        self._again: deque[Item] = deque()
        self._deaths: Counter[Item] = Counter()

    def results(self) -> Iterator[tuple[Item, Result]]:
        """Items with their results, as they come."""
        while True:
            self._submit()
            if not self.pending:
                return
            for future in wait(self.pending, return_when=FIRST_COMPLETED).done:
                if future not in self.pending:
                    continue
                item = self.pending.pop(future)
                try:
                    result = future.result()
                except BrokenExecutor as error:
                    yield from self._survivors()
                    self._lose([item, *self.pending.values()], error)
                except Exception as error:
                    if type(error).__name__ == _KILLED:
                        raise WorkerLost(item, DEATHS) from error
                    raise
                else:
                    yield item, result

    def cancel(self) -> None:
        """Call back what has not begun."""
        for future in self.pending:
            future.cancel()

    def _submit(self) -> None:
        while len(self.pending) < (1 if self._again else self._most):
            if self._again:
                item = self._again.popleft()
            else:
                try:
                    item = next(self._queue)
                except StopIteration:
                    return
            try:
                self.pending[self._pool.submit(self._task, item)] = item
            except BrokenExecutor as error:
                self._lose([item, *self.pending.values()], error)

    def _survivors(self) -> Iterator[tuple[Item, Result]]:
        """What had been done before the workers died."""
        for future in [f for f in self.pending if f.done() and not f.cancelled() and f.exception() is None]:
            yield self.pending.pop(future), future.result()

    def _lose(self, items: list[Item], error: BrokenExecutor) -> None:
        if not isinstance(self._pool, Renewable):
            raise error
        self.pending.clear()
        if len(items) == 1:  # it was alone: nobody else can have done it
            self._deaths[items[0]] += 1
            if self._deaths[items[0]] >= DEATHS:
                raise WorkerLost(items[0], DEATHS) from error
        self._pool.renew()
        self._again.extend(items)
