"""How much is said on stderr: nothing but errors with ``-q``, more with ``-v``."""

from __future__ import annotations

import sys

__all__ = ["chat", "quiet", "say", "set_verbosity"]

_level = [0]


def set_verbosity(level: int) -> None:
    """-1 quiet, 0 as usual, 1 or more verbose."""
    _level[0] = level


def quiet() -> bool:
    """True where only errors are said."""
    return _level[0] < 0


def say(text: str) -> None:
    """A line on stderr, unless quiet."""
    if not quiet():
        print(text, file=sys.stderr)


def chat(text: str) -> None:
    """A line on stderr where more is asked for."""
    if _level[0] > 0:
        print(text, file=sys.stderr)
