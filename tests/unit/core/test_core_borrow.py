"""``borrowed``: the same object inside a kernel, without a count of references."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from numba.core.errors import TypingError

from hnlpeak.core.borrow import borrowed
from hnlpeak.core.kernel import kernel


@kernel
def _draw(rng, out):
    rng, out = borrowed(rng), borrowed(out)
    for i in range(out.shape[0]):
        row = out[i]
        row[0] = rng.random()
    return out[0, 0] + out.shape[1]


@kernel
def _senseless(x):
    return borrowed(x)


def test_reads_and_writes_through():
    out = np.zeros((5, 2))
    view = out[:, ::-1]
    assert _draw(np.random.Generator(np.random.Philox(1)), view) == pytest.approx(out[0, 1] + 2)
    np.testing.assert_allclose(out[:, 1], np.random.Generator(np.random.Philox(1)).random(5))
    assert np.all(out[:, 0] == 0.0)


def test_owners_keep_their_references():
    out, rng = np.zeros((3, 2)), np.random.Generator(np.random.Philox(1))
    _draw(rng, out)
    before = sys.getrefcount(out), sys.getrefcount(rng)
    for _ in range(100):
        _draw(rng, out)
    assert (sys.getrefcount(out), sys.getrefcount(rng)) == before


def test_numbers_cannot_be_borrowed():
    with pytest.raises(TypingError):
        _senseless(1.0)
