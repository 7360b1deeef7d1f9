"""A word on stderr while something takes longer than two seconds: a counting line on a terminal, lines if asked for."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Literal

__all__ = ["Shown", "Waiting", "shown"]

Shown = Literal["bar", "lines", "nothing"]
"""How progress is shown: what a terminal can draw over, plain lines, or not at all."""

_ERASE = "\r\x1b[K"


def shown(*, quiet: bool = False, lines: bool = False) -> Shown:
    """Return how progress is shown: bars on terminals only; in logs nothing, unless ``lines`` are asked for."""
    if quiet:
        return "nothing"
    if sys.stderr.isatty():
        return "bar"
    return "lines" if lines else "nothing"


class Waiting:
    """Within ``with Waiting(what) as waiting``, says what is going on and, given ``waiting.share``, how far.

    From the ``first`` seconds on: on a terminal in one line that counts and goes away, as lines ``every`` so many.
    """

    def __init__(
        self, what: str, *, how: Shown = "lines", first: float = 2.0, every: float | None = None
    ) -> None:
        self.share = 0.0
        self._what, self._how, self._first = what, how, first
        self._every = every or (1.0 if how == "bar" else 10.0)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._begun = time.monotonic()

    def _watch(self) -> None:
        pause, said = self._first, False
        while not self._over.wait(pause):
            spent = time.monotonic() - self._begun
            left = f", {100.0 * self.share:.0f} % done" if self.share > 0.0 else ""
            self._say(f"{self._what}: {spent:.0f} s{left}")
            pause, said = self._every, True
        if said and self._how == "bar":
            print(_ERASE, end="", file=sys.stderr, flush=True)

    def _say(self, text: str) -> None:
        if self._how == "bar":
            print(f"{_ERASE}{text}", end="", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr)

    def __enter__(self) -> Waiting:
        if self._how != "nothing":
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread.ident is not None:  # it was begun
            self._thread.join()
