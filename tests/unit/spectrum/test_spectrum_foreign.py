"""Other people's histograms: what is taken, what is refused, and at which bin."""

from __future__ import annotations

import hist
import numpy as np
import pytest

from hnlpeak.core.errors import InputDataError
from hnlpeak.spectrum.foreign import (
    check_edges,
    check_size,
    counts_of,
    edges_of_axis,
    variable_axis,
    weights_of,
)

EDGES = np.array([100.0, 101.0, 103.0, 106.0])


@pytest.mark.parametrize("bins", [[1], [1_000_000], [50, 1_000_000], [2, 2_000_000 // 2], [7, 7, 1_000_000]])
def test_sizes_that_are_taken(bins: list[int]) -> None:
    check_size(bins, "mine")


@pytest.mark.parametrize("bins", [[1_000_001], [51, 1_000_000], [2, 3, 1_000_001], [8, 7, 1_000_000]])
def test_sizes_that_are_refused_before_anything_is_made(bins: list[int]) -> None:
    with pytest.raises(InputDataError, match=f"mine: {' x '.join(map(str, bins))} bins, at most 1000000 in"):
        check_size(bins, "mine")


def test_edges_of_any_axis() -> None:
    """A pair of numbers for each bin, an array, or a method as uproot has it."""

    class Called:
        def edges(self) -> list[float]:
            return [1.0, 2.0, 4.0]

    pairs = [(1.0, 2.0), (2.0, 4.0)]
    for axis in (pairs, hist.axis.Variable([1.0, 2.0, 4.0]), Called()):
        assert edges_of_axis(axis).tolist() == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        ([1.0], "at least two, got 1"),
        ([1.0, np.nan], "finite numbers"),
        ([-np.inf, 1.0], "finite numbers"),
        ([1.0, 2.0, 2.0], "bin 1 is empty or reversed: 2 to 2 MeV"),
        ([3.0, 2.0, 4.0, 1.0], "bin 0 is empty or reversed: 3 to 2 MeV"),
    ],
)
def test_edges_that_are_refused(edges: list[float], words: str) -> None:
    with pytest.raises(InputDataError, match=words):
        check_edges(np.array(edges), "mine")


@pytest.mark.parametrize("edges", [[0.0, 1.0], [1.0, 1.5, 1.75], [-5.0, -4.5, 3.0]])
def test_edges_that_are_taken(edges: list[float]) -> None:
    check_edges(np.array(edges), "mine")


@pytest.mark.parametrize(
    ("edges", "kind"),
    [
        ([100.0, 101.0, 102.0, 103.0], hist.axis.Regular),
        ([100.0, 101.0, 102.0001, 103.0], hist.axis.Variable),
        ([100.0, 101.0, 103.0], hist.axis.Variable),
        ([-1.0, -0.5], hist.axis.Regular),
    ],
)
def test_axes_keep_their_edges(edges: list[float], kind: type) -> None:
    made = variable_axis(np.array(edges))
    assert isinstance(made, kind)
    assert made.edges.tolist() == pytest.approx(edges, rel=1e-12)


def test_counts_up_to_where_doubles_count() -> None:
    values = counts_of([0.0, 1.0, 2.0**53 - 1.0], EDGES, "mine")
    assert values.dtype == np.int64
    assert values.tolist() == [0, 1, 2**53 - 1]


@pytest.mark.parametrize("value", [-1.0, 0.5, np.nan, np.inf, -np.inf, 2.0**53, 2.0**54])
def test_what_is_no_count_is_refused_with_its_bin(value: float) -> None:
    with pytest.raises(InputDataError, match=r"mine: bin 1 \(101 to 103 MeV\) holds .*; data must be whole"):
        counts_of([[5.0, value, -1.0]], EDGES, "mine")


def test_weights_are_finite_and_variances_not_negative() -> None:
    assert weights_of([-0.5, 0.0, 2.0], EDGES, "mine", "weight").tolist() == [-0.5, 0.0, 2.0]
    assert weights_of([0.0, 0.25, 2.0], EDGES, "mine", "variance").tolist() == [0.0, 0.25, 2.0]
    with pytest.raises(InputDataError, match=r"bin 2 \(103 to 106 MeV\) holds -0.5; not a valid variance"):
        weights_of([0.0, 0.0, -0.5], EDGES, "mine", "variance")
    for what in ("weight", "variance"):
        with pytest.raises(InputDataError, match=rf"bin 0 \(100 to 101 MeV\) holds inf; not a valid {what}"):
            weights_of([np.inf, 0.0, 1.0], EDGES, "mine", what)
