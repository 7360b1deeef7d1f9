"""A process that runs this package and nothing else, as the command line does, need not be ready for others."""

from __future__ import annotations

import atexit
import gc
from typing import Final

__all__ = ["be_alone", "is_alone"]

_COLLECT: Final = (50_000, 20, 100)
"""How rarely such a process looks for garbage (``gc.set_threshold``): most of what it makes, it keeps."""
_state = {"alone": False}


def be_alone() -> None:
    """Look for garbage rarely and not at the end, and compile without what other packages register with the compiler.

    Kernels use none of that. To load it takes a fifth of a second where uproot is there: its arrays register theirs.
    To look through all that was made when the process ends takes a quarter.
    """
    _state["alone"] = True
    gc.set_threshold(*_COLLECT)
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)


def is_alone() -> bool:
    """Whether this process runs nothing else."""
    return _state["alone"]
