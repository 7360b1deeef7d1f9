"""What a command's simulation is doing, on terminals and where more is asked for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from hnlpeak.cli.verbosity import progress_shown

__all__ = ["search_progress"]


def search_progress(
    total: int = 0, *, first: str = "starting"
) -> AbstractContextManager[Callable[[str, int], None]]:
    """``decays_progress`` of so many decays (0: not known) with the command's verbosity."""
    from hnlpeak.execution.progress import decays_progress

    return decays_progress(total, how=progress_shown(), first=first)
