"""Copies inside kernels are those of NumPy, and bring no text along."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hnlpeak.core.copying import copy_row, copy_rows
from hnlpeak.core.kernel import kernel


@kernel
def _copy(row: np.ndarray, rows: np.ndarray, to_row: np.ndarray, to_rows: np.ndarray) -> None:
    copy_row(row, to_row)
    copy_rows(rows, to_rows)


@given(st.integers(0, 4), st.integers(0, 3), st.integers(0, 2))
def test_what_fits_is_copied_and_the_rest_left(columns: int, rows: int, more: int) -> None:
    from_row, from_rows = (
        np.arange(columns + more) + 1.0,
        np.arange(rows * columns).reshape(rows, columns) + 7.0,
    )
    row, matrix = np.zeros(columns), np.zeros((rows, columns))
    _copy(from_row, from_rows, row, matrix)
    np.testing.assert_array_equal(row, from_row[:columns])
    np.testing.assert_array_equal(matrix, from_rows)
