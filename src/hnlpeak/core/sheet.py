"""Large arrays of zeros that take memory only where they are written to, and give all of it back.

A spectrum has a bin for each 0.02 MeV, selection and source, and most of them stay empty. What ``numpy.zeros`` gives
may be memory that was used before: cleared, so that every page of it counts, and kept by the allocator afterwards.
"""

from __future__ import annotations

import math
import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["sheet"]

_LARGE = 1 << 18
"""Bytes from which an array is worth pages of its own."""


def sheet(shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Return zeros of this ``shape``."""
    size = 8 * math.prod(shape)
    if size < _LARGE:
        return np.zeros(shape, dtype=np.int64)
    private: dict[str, Any] = {"flags": mmap.MAP_PRIVATE} if hasattr(mmap, "MAP_PRIVATE") else {}
    pages = mmap.mmap(-1, size, **private)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):  # one number would take up two megabytes
        pages.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(pages, dtype=np.int64).reshape(shape)
