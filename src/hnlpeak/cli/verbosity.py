"""How much is said on stderr: nothing but errors with ``-q``, more with ``-v``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hnlpeak.execution.waiting import Shown

__all__ = ["chat", "progress_shown", "quiet", "say", "set_verbosity"]

_level = [0]


def set_verbosity(level: int) -> None:
    """-1 quiet, 0 as usual, 1 or more verbose."""
    _level[0] = level


def quiet() -> bool:
    """True where only errors are said."""
    return _level[0] < 0


def progress_shown() -> Shown:
    """How progress is shown: a bar on a terminal, else plain lines with ``-v`` alone, never when quiet."""
    from hnlpeak.execution.waiting import shown

    return shown(quiet=quiet(), lines=_level[0] > 0)


def say(text: str) -> None:
    """A line on stderr, unless quiet."""
    if not quiet():
        print(text, file=sys.stderr)


def chat(text: str) -> None:
    """A line on stderr where more is asked for."""
    if _level[0] > 0:
        print(text, file=sys.stderr)
