"""A word on stderr while something takes long: after two seconds, and every ten from then on."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType

__all__ = ["Waiting"]


def _print(text: str) -> None:
    print(text, file=sys.stderr)


class Waiting:
    """Within ``with Waiting(what) as waiting``, says what is going on and, given ``waiting.share``, how far."""

    def __init__(
        self,
        what: str,
        *,
        first: float = 2.0,
        every: float = 10.0,
        say: Callable[[str], None] = _print,
    ) -> None:
        self.share = 0.0
        self._what, self._first, self._every, self._say = what, first, every, say
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._begun = time.monotonic()

    def _watch(self) -> None:
        pause = self._first
        while not self._over.wait(pause):
            spent = time.monotonic() - self._begun
            left = f", {100.0 * self.share:.0f} % done" if self.share > 0.0 else ""
            self._say(f"{self._what}: {spent:.0f} s{left}")
            pause = self._every

    def __enter__(self) -> Waiting:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
