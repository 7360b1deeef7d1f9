"""Sums of integers never go round their end."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hnlpeak.core.errors import UsageError
from hnlpeak.selection.tally import Tally
from hnlpeak.spectrum.fixed_point import (
    FIXED_POINT,
    FLOW_POINT,
    LARGEST_SUM,
    add_fixed,
    flow_to_fixed,
    squares_to_fixed,
    sum_fixed,
    to_fixed,
)

INT64 = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(st.tuples(INT64, INT64), min_size=1, max_size=5))
def test_a_sum_is_exact_or_an_error(pairs: list[tuple[int, int]]) -> None:
    a, b = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
    fits = all(-(2**63) <= x + y < 2**63 for x, y in pairs)
    if fits:
        assert add_fixed(a, b).tolist() == [x + y for x, y in pairs]
    else:
        with pytest.raises(UsageError, match="scale the weights down"):
            add_fixed(a, b)


@given(st.lists(st.integers(0, 2**62), min_size=1, max_size=6))
def test_a_projection_is_exact_or_an_error(values: list[int]) -> None:
    array = np.array(values, dtype=np.int64)[:, None]
    if float(sum(float(v) for v in values)) < 2.0**63:
        assert sum_fixed(array).tolist() == [sum(values)]
    else:
        with pytest.raises(UsageError, match="scale the weights down"):
            sum_fixed(array)


def tally(sources: int, *, weighted: bool) -> Tally:
    """Empty, of one selection, one cut and ten bins."""
    spectrum = np.zeros((1, sources, 10), dtype=np.int64)
    passed, failed, totals = (np.zeros(n, dtype=np.int64) for n in ((1, sources, 2), (1, sources, 1), 1))
    squares = spectrum.copy() if weighted else np.zeros((0, 0, 0), dtype=np.int64)
    return Tally(FIXED_POINT if weighted else 1, spectrum, squares, passed, failed, totals)


def test_tallies_that_do_not_fit_together_are_an_error() -> None:
    """1.4e7 events of weight 1 in a bin: it said -1373216."""
    half, other = (tally(1, weighted=True) for _ in range(2))
    half.spectrum[0, 0, 3] = other.spectrum[0, 0, 3] = int(7e6) * FIXED_POINT
    with pytest.raises(UsageError, match=re.escape(f"above {LARGEST_SUM:g}: scale")):
        half + other


def test_the_cut_flow_of_a_large_template_fits() -> None:
    """2.1e7 candidates of weight 1, as in the K_mu3 template of 2007: more than fixed point holds in a bin."""
    half, other = (tally(1, weighted=True) for _ in range(2))
    half.passed[0, 0, 0] = int(1e7) * FLOW_POINT
    other.passed[0, 0, 0] = int(1.1e7) * FLOW_POINT
    assert (half + other).passed[0, 0, 0] / FLOW_POINT == 2.1e7


def test_counts_become_weights_of_one() -> None:
    counts = tally(2, weighted=False)
    counts.spectrum[0, 1, 5], counts.passed[0, 1, 0], counts.only_failed[0, 0, 0] = 3, 7, 2
    made = counts.weighted()
    assert made.unit == FIXED_POINT
    assert made.spectrum[0, 1, 5] == made.squares[0, 1, 5] == to_fixed(3.0)
    assert (made.passed[0, 1, 0], made.only_failed[0, 0, 0]) == (7 * FLOW_POINT, 2 * FLOW_POINT)
    assert made.weighted() is made
    counts.passed[0, 0, 0] = int(9e9)
    with pytest.raises(UsageError):
        counts.weighted()


def test_squares_that_are_nothing_stay_nothing_and_others_are_a_unit_at_least() -> None:
    assert squares_to_fixed([0.0, 1e-30, 1.0]).tolist() == [0, 1, FIXED_POINT]


def test_rows_of_a_cutflow_hold_what_fits_and_no_more() -> None:
    most = 2**33  # 8.6 billion, of 2^30 units each: 2^63 is the first integer that does not fit
    assert flow_to_fixed(np.array([most - 1, 1 - most])).tolist() == [
        (most - 1) * FLOW_POINT,
        (1 - most) * FLOW_POINT,
    ]
    for count in (most, -most, most + 1):
        with pytest.raises(UsageError, match="a cut-flow of weights holds up to"):
            flow_to_fixed(np.array([count]))
