"""A word on stderr while a command takes long, unless it is to be quiet."""

from __future__ import annotations

from hnlpeak.cli.verbosity import say
from hnlpeak.execution import waiting

__all__ = ["Waiting"]


class Waiting(waiting.Waiting):
    """``execution.waiting`` with the command's verbosity."""

    def __init__(self, what: str, *, first: float = 2.0, every: float = 10.0) -> None:
        super().__init__(what, first=first, every=every, say=say)
