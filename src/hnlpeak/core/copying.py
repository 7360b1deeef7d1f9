"""Arrays copied inside kernels number by number.

An assignment of arrays (``a[:] = b``) compares their shapes, and what tells of a difference is text: numba compiles
some twenty functions that join, compare and print strings, three seconds for a line that cannot fail.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined

__all__ = ["copy_row", "copy_rows"]


@inlined
def copy_row(source: NDArray[Any], target: NDArray[Any]) -> None:
    """Fill ``target`` with the first numbers of ``source``, which has no fewer."""
    for i in range(target.size):
        target[i] = source[i]


@inlined
def copy_rows(source: NDArray[Any], target: NDArray[Any]) -> None:
    """The same for each row of two matrices."""
    for i in range(target.shape[0]):
        for j in range(target.shape[1]):
            target[i, j] = source[i, j]
