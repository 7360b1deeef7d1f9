"""Executors whose workers may die: others take their place."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context, parent_process
from typing import Any

__all__ = ["Renewable", "processes"]


class Renewable(Executor):
    """An executor made by ``make``, and made again by it when ``renew`` is called."""

    def __init__(self, make: Callable[[], Executor]) -> None:
        self._make = make
        self._pool = make()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Hand a task to the present executor."""
        return self._pool.submit(fn, *args, **kwargs)

    def renew(self) -> None:
        """Leave the present executor, whose workers have died, and make another."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._make()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the present executor."""
        self._pool.shutdown(wait=wait, cancel_futures=cancel_futures)


def processes(workers: int) -> Renewable:
    """Return an executor of ``workers`` processes, which end when their parent does."""
    context = get_context("spawn")  # a fork of a process with threads may hang
    return Renewable(partial(ProcessPoolExecutor, workers, mp_context=context, initializer=_begin_worker))


def _begin_worker() -> None:
    """Ctrl-C is for the parent alone; a worker whose parent has gone goes too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
