"""A word on stderr while a command takes long, on terminals and where more is asked for."""

from __future__ import annotations

from hnlpeak.cli.verbosity import progress_shown
from hnlpeak.execution import waiting

__all__ = ["Waiting"]


class Waiting(waiting.Waiting):
    """``execution.waiting`` with the command's verbosity."""

    def __init__(self, what: str, *, first: float = 2.0, every: float | None = None) -> None:
        super().__init__(what, how=progress_shown(), first=first, every=every)
