from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.statistics.falling_root import falling_root


def test_many_roots_of_many_scales():
    want = np.geomspace(1e-12, 1e12, 49)

    def function(which, x):
        return np.log1p(1.0) - np.log1p((x / want[which]) ** 3)

    got = falling_root(function, np.zeros(49), np.full(49, 1e-14))
    np.testing.assert_allclose(got, want, rtol=1e-11)
    # an even start on the other side
    np.testing.assert_allclose(falling_root(function, np.zeros(49), want * 1e3), want, rtol=1e-11)


def test_steps_are_found_too():
    got = falling_root(lambda which, x: np.where(x < 3.7 + which, 1.0, -1.0), np.zeros(3), np.ones(3))
    np.testing.assert_allclose(got, [3.7, 4.7, 5.7], rtol=1e-11)


def test_no_root_is_infinite_and_zero_at_the_low_end_is_the_low_end():
    slopes = np.array([0.0, -1.0])
    got = falling_root(
        lambda which, x: np.array([1.0, 0.0])[which] + slopes[which] * x,
        np.zeros(2),
        np.ones(2),
        doublings=20,
    )
    assert got.tolist() == [np.inf, 0.0]


def test_not_a_number_is_an_error():
    with pytest.raises(FloatingPointError):
        falling_root(lambda _, x: x * np.nan, np.zeros(1), np.ones(1))
