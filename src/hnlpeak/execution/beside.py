"""Work done beside this process by a copy of it, which needs no inputs sent: for what Python does on one core."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any, Final, TypeVar

__all__ = ["beside"]

T = TypeVar("T")

PATIENCE: Final = 120.0
"""Seconds without a word after which a copy is given up: a fork of a process with threads may hang."""
_LOOK_EVERY: Final = 0.2
"""Seconds between two looks whether the parent is still there."""
_COLLECT: Final = (20_000, 20, 100)
"""How rarely a copy, which does not live long, looks for garbage (``gc.set_threshold``)."""


@contextmanager
def beside(work: Callable[[], T], *, patience: float | None = None) -> Iterator[Callable[[], T]]:
    """Begin ``work`` in a copy of this process; within, the call of what is yielded waits for what it returns.

    What it returns can be pickled; else it leaves files. The copy is a help and no more: where there can be none (no
    fork, no memory, no more open files), where it dies or hangs, the call does the work here, which also raises what
    was raised there. A copy that is given up is dead before that begins: two would write the same files. It is given
    up when it is silent for the seconds of ``patience`` after it was asked (``PATIENCE`` unless given).
    """
    copy = _Copy.of(work)
    if copy is None:
        yield work
        return

    def answer() -> T:
        answered = copy.answer(PATIENCE if patience is None else patience)
        return work() if answered is None else answered[0]

    try:
        yield answer
    finally:
        copy.end()


class _Copy:
    """A forked process and the end of the pipe that its answer comes through."""

    def __init__(self, pid: int, pipe: Connection) -> None:
        self._pid, self._pipe = pid, pipe
        self._over = False

    @classmethod
    def of(cls, work: Callable[[], object]) -> _Copy | None:
        """A copy at ``work``; None where processes do not fork, or forks are not safe (macOS)."""
        if not hasattr(os, "fork") or sys.platform == "darwin":
            return None
        ends: tuple[int, ...] = ()
        try:
            ends = receive, send = os.pipe()
            here = os.getpid()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # there are threads: hence the patience
                pid = os.fork()
        except OSError:
            for end in ends:
                os.close(end)
            return None
        if pid == 0:
            os.close(receive)
            _work_and_leave(work, send, here)
        os.close(send)
        return cls(pid, Connection(receive, writable=False))

    def answer(self, patience: float) -> tuple[Any] | None:
        """What the copy returned; None where it did not come to its end, or was silent too long: then it is gone."""
        try:
            answer: tuple[Any] | None = self._pipe.recv() if self._pipe.poll(patience) else None
        except (EOFError, OSError):
            answer = None
        if answer is None:
            self._kill()
            return None
        return answer if self._wait() == 0 else None

    def _wait(self) -> int:
        """The status of the copy once it has ended; 1 where another part of the program was told it instead."""
        self._over = True
        try:
            return os.waitpid(self._pid, 0)[1]
        except ChildProcessError:
            return 1

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        self._wait()

    def end(self) -> None:
        """Kill a copy that has not come to its end."""
        self._pipe.close()
        if not self._over:
            self._kill()


def _work_and_leave(work: Callable[[], object], send: int, parent: int) -> None:
    """Answer and leave at once: what is to be flushed or ended belongs to the process that was forked."""
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        threading.Thread(target=_follow, args=(parent,), daemon=True).start()
        # to look for garbage among what was there is in vain, and makes pages of their own of all that is looked at
        gc.freeze()
        gc.set_threshold(*_COLLECT)
        Connection(send, readable=False).send((work(),))
        status = 0
    finally:
        os._exit(status)


def _follow(parent: int) -> None:
    """Leave when the process that was forked is gone: nobody waits for the answer, and its successor does the work."""
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY)
    os._exit(1)
