"""Small positive definite systems by Cholesky, in place.

The diagonal of a factor holds reciprocals: divisions are slow.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined

__all__ = ["factorise", "solve_lower", "solve_upper"]

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@inlined
def factorise(matrix: Matrix, size: int) -> bool:
    """Overwrite the lower triangle of ``matrix`` (``size`` rows are used) by L with L Lᵀ = ``matrix``.

    False where it is not positive definite.
    """
    for i in range(size):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            if i == j:
                if not total > 0.0:
                    return False
                matrix[i, i] = 1.0 / math.sqrt(total)
            else:
                matrix[i, j] = total * matrix[j, j]
    return True


@inlined
def solve_lower(factor: Matrix, size: int, right: Vector) -> None:
    """Replace ``right`` by the solution x of L x = ``right``."""
    for i in range(size):
        total = right[i]
        for k in range(i):
            total -= factor[i, k] * right[k]
        right[i] = total * factor[i, i]


@inlined
def solve_upper(factor: Matrix, size: int, right: Vector) -> None:
    """Replace ``right`` by the solution x of Lᵀ x = ``right``."""
    for i in range(size - 1, -1, -1):
        total = right[i]
        for k in range(i + 1, size):
            total -= factor[k, i] * right[k]
        right[i] = total * factor[i, i]
