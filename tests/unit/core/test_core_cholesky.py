"""Cholesky factors and solutions against LAPACK, and matrices that have none."""

from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.core.cholesky import factorise, solve_lower, solve_upper


@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_factor_and_solutions(size: int) -> None:
    rng = np.random.default_rng(size)
    a = rng.normal(size=(size, size + 2))
    matrix, right = a @ a.T, rng.normal(size=size)
    room = np.full((size + 1, size + 1), np.nan)  # room for more than is used
    room[:size, :size] = np.tril(matrix)
    assert factorise(room, size)
    lower = np.linalg.cholesky(matrix)
    found = np.tril(room[:size, :size], -1) + np.diag(1.0 / np.diag(room[:size, :size]))
    np.testing.assert_allclose(found, lower, rtol=1e-11, atol=1e-13)
    x = right.copy()
    solve_lower(room, size, x)
    np.testing.assert_allclose(lower @ x, right, rtol=1e-11, atol=1e-12)
    solve_upper(room, size, x)
    np.testing.assert_allclose(matrix @ x, right, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("bad", [[[0.0]], [[1.0, 0.0], [2.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]], [[np.nan]]])
def test_what_is_not_positive_definite_has_no_factor(bad: list[list[float]]) -> None:
    assert not factorise(np.array(bad), len(bad))
