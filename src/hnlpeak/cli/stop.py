"""Ctrl-C and SIGTERM end a command within seconds, whatever it does, and in one line."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

__all__ = ["PATIENCE", "Stopped", "end", "watched"]

PATIENCE = 3.5
"""Seconds from a signal to the end; a kernel cannot be interrupted, files are whole at any moment."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """The process is to end; ``signal`` says who asked."""

    def __init__(self, number: int) -> None:
        self.signal = signal.Signals(number)
        super().__init__(f"interrupted by {self.signal.name}")


def _raise(number: int, _frame: FrameType | None) -> None:
    raise Stopped(number)


def end(error: Stopped) -> None:
    """Say in one line what stopped and how to go on, and leave: 130 after Ctrl-C, 143 after SIGTERM.

    Threads that compute are not waited for, processes are ended.
    """
    words = "; ".join([f"hnlpeak: {error}", *getattr(error, "__notes__", [])])
    with contextlib.suppress(OSError, ValueError):
        print(words, file=sys.stderr, flush=True)
    if "multiprocessing" in sys.modules:
        from multiprocessing import active_children

        for child in active_children():
            child.kill()
    os._exit(128 + error.signal)


def _watch(descriptor: int, over: threading.Event) -> None:
    """Wait for a signal to come, and end the process where it is still there ``PATIENCE`` later."""
    with os.fdopen(descriptor, "rb", buffering=0) as pipe:
        while received := pipe.read(1):
            if received[0] in _SIGNALS and not over.wait(PATIENCE):
                late = Stopped(received[0])
                late.add_note("what is finished is kept")
                end(late)


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """Within ``with watched()``, Ctrl-C and SIGTERM raise ``Stopped``, and end the process if that does not.

    A signal that the parent had ignored stays so. Outside the main thread nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    read, write = os.pipe()
    os.set_blocking(write, False)
    over = threading.Event()
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, _raise)
    # the wake-up byte is written even while the main thread is inside a kernel
    wakeup = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(read, over), daemon=True).start()
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(write)
