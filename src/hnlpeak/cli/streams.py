"""Standard streams that are closed, or whose reader has gone, end no command."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO, cast

__all__ = ["mend_streams"]


class _Deaf:
    """A stream for progress and messages that goes on when nobody listens any more."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError):
            return

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def mend_streams() -> None:
    """Give the process streams where it was started without them, and a stderr that may be closed at any time."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # any text, whatever the locale knows
            stream.reconfigure(errors="backslashreplace")
    if not isinstance(sys.stderr, _Deaf):
        sys.stderr = cast(TextIO, _Deaf(sys.stderr))
