"""A word on stderr while something takes long: after two seconds, and every ten from then on."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from hnlpeak.cli.verbosity import say

__all__ = ["Waiting"]


class Waiting:
    """Within ``with Waiting(what) as waiting``, says what is going on and, given ``waiting.share``, how far."""

    def __init__(self, what: str, *, first: float = 2.0, every: float = 10.0) -> None:
        self.share = 0.0
        self._what, self._first, self._every = what, first, every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._begun = time.monotonic()

    def _watch(self) -> None:
        pause = self._first
        while not self._over.wait(pause):
            spent = time.monotonic() - self._begun
            left = f", {100.0 * self.share:.0f} % done" if self.share > 0.0 else ""
            say(f"{self._what}: {spent:.0f} s{left}")
            pause = self._every

    def __enter__(self) -> Waiting:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
