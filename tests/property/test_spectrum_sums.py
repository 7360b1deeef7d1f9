from __future__ import annotations

from functools import reduce

import hist
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hnlpeak.spectrum import Spectrum
from hnlpeak.spectrum.axis import signed_sqrt, signed_square

AXIS = hist.axis.Regular(3, 0.0, 3.0, name="m_miss")
WEIGHTS = st.lists(st.integers(-(2**50), 2**50), min_size=3, max_size=3)


def weighted(w: list[int]) -> Spectrum:
    array = np.array(w, dtype=np.int64)[None, None]
    return Spectrum.from_weights(
        array, np.abs(array), selections=["t"], components=["s"], simulated=True, label="p", axis=AXIS
    )


@settings(deadline=None, max_examples=50)
@given(st.lists(WEIGHTS, min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_sums_do_not_depend_on_order(parts: list[list[int]], random: object) -> None:
    spectra = [weighted(w) for w in parts]
    total = reduce(lambda a, b: a + b, spectra)
    random.shuffle(spectra)  # type: ignore[attr-defined]
    again = reduce(lambda a, b: b + a, spectra)
    assert total.histogram == again.histogram
    assert total.fixed is not None
    assert total.fixed[0].ravel().tolist() == [sum(column) for column in zip(*parts, strict=True)]


@given(st.floats(-500.0, 500.0))
def test_signed_square_and_root_are_inverse(m_miss: float) -> None:
    assert np.isclose(signed_sqrt(signed_square(m_miss)), m_miss, rtol=1e-12, atol=1e-150)
