"""e to the power of x without a branch, as lanes take it."""

from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.core.kernel import kernel
from hnlpeak.core.lanes import exponential


@kernel
def _all(x: np.ndarray, out: np.ndarray) -> None:
    for i in range(x.size):
        out[i] = exponential(x[i])


def test_exponential_is_that_of_the_library() -> None:
    x = np.concatenate([np.linspace(-700.0, 700.0, 20_001), np.linspace(-2.0, 2.0, 20_001), [0.0]])
    out = np.empty_like(x)
    _all(x, out)
    np.testing.assert_allclose(out, np.exp(x), rtol=1e-15)


@pytest.mark.parametrize(("x", "at"), [(1e4, 700.0), (-1e4, -700.0)])
def test_beyond_its_range_it_stays(x: float, at: float) -> None:
    out = np.empty(1)
    _all(np.array([x]), out)
    assert out[0] == pytest.approx(np.exp(at), rel=1e-14)
