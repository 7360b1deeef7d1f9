from __future__ import annotations

from dataclasses import replace

import hist
import numpy as np
import pytest

from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.spectrum import FIXED_POINT, M_MISS_BINS, M_MISS_LOW, M_MISS_WIDTH, Spectrum
from hnlpeak.spectrum.fixed_point import to_fixed

AXIS = hist.axis.Regular(4, 100.0, 104.0, name="m_miss")


def counts(array: list[list[list[int]]], **options: object) -> Spectrum:
    values = np.array(array, dtype=np.int64)
    return Spectrum.from_counts(
        values,
        selections=["tight", "loose"][: values.shape[0]],
        components=["a", "b"][: values.shape[1]],
        simulated=True,
        label="toy",
        axis=AXIS,
        **options,  # type: ignore[arg-type]
    )


def test_internal_axis_is_fine_and_signed() -> None:
    spectrum = Spectrum.from_counts(
        np.zeros((1, 1, M_MISS_BINS), dtype=np.int64),
        selections=["t"],
        components=["s"],
        simulated=True,
        label="x",
    )
    assert spectrum.edges[0] == M_MISS_LOW
    assert spectrum.edges.size == M_MISS_BINS + 1
    assert pytest.approx(0.02) == M_MISS_WIDTH


def test_projection_sums_components_of_one_selection() -> None:
    spectrum = counts([[[1, 2, 3, 4], [10, 0, 0, 0]], [[5, 5, 5, 5], [0, 0, 0, 1]]])
    assert spectrum.project("tight").values.tolist() == [11, 2, 3, 4]
    assert spectrum.project("loose", components=["b"]).values.tolist() == [0, 0, 0, 1]
    with pytest.raises(UsageError, match="no selection 'medium'"):
        spectrum.project("medium")
    with pytest.raises(UsageError, match="no component 'c'"):
        spectrum.project("tight", components=["c"])


def test_events_between_two_masses_are_those_between_the_nearest_edges() -> None:
    """Bins of 1 MeV from 100 MeV on: an end in the middle of a bin takes its left edge."""
    spectrum = counts([[[1, 2, 3, 4], [10, 0, 0, 0]], [[5, 5, 5, 5], [0, 0, 0, 7]]])
    one = spectrum.between("tight", 101.0, 103.0)
    assert (float(one.values), float(one.variances)) == (5.0, 5.0)
    low, high = [100.0, 100.4, 100.5, 100.6, 99.6], [101.0, 101.6, 101.5, 104.4, 104.0]
    assert spectrum.between("tight", low, high).values.tolist() == [11.0, 13.0, 11.0, 9.0, 20.0]
    both = spectrum.between(["loose", "tight"], [103.0, 103.0], 104.0)
    assert both.values.tolist() == [12.0, 4.0]
    assert spectrum.between("loose", 100.0, 104.0, components=["b"]).values == 7.0
    for ends in ((90.0, 103.0), (101.0, 105.0), (102.0, 101.0), (102.0, 102.0)):
        with pytest.raises(UsageError, match=f"range {ends[0]:g} to {ends[1]:g} MeV is not inside"):
            spectrum.between("tight", *ends)


def test_weights_add_exactly_in_any_order() -> None:
    rng = np.random.Generator(np.random.Philox(3))
    parts = []
    for _ in range(5):
        w = to_fixed(rng.random((1, 1, 4)) * 1e5)
        parts.append(
            Spectrum.from_weights(
                w, w, selections=["t"], components=["s"], simulated=True, label="p", axis=AXIS
            )
        )
    forward = parts[0] + parts[1] + parts[2] + parts[3] + parts[4]
    backward = parts[4] + (parts[3] + (parts[2] + (parts[1] + parts[0])))
    assert forward.fixed is not None
    assert backward.fixed is not None
    assert np.array_equal(forward.fixed[0], backward.fixed[0])
    assert forward.histogram == backward.histogram
    total = sum(int(part.fixed[0].sum()) for part in parts if part.fixed is not None)
    assert float(forward.project("t").values.sum()) == pytest.approx(total / FIXED_POINT, rel=1e-14)


def test_sum_keeps_decays_and_refuses_strangers() -> None:
    one = counts([[[1, 2, 3, 4]]], decays_in_fiducial=10.0)
    assert (one + one).decays_in_fiducial == 20.0
    assert (one + one).project("tight").values.tolist() == [2, 4, 6, 8]
    with pytest.raises(UsageError, match="different axes"):
        one + counts([[[1, 2, 3, 4], [0, 0, 0, 0]]])
    data = replace(one, simulated=False, label="data", decays_in_fiducial=None)
    with pytest.raises(UsageError, match="simulated"):
        one + data
    assert one.scaled_to(100.0) == 10.0
    with pytest.raises(UsageError, match="how many decays"):
        data.scaled_to(100.0)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-1.0, r"bin 2 \(102 to 103 MeV\) holds -1"),
        (1.5, "holds 1.5"),
        (np.nan, "holds nan"),
        (np.inf, "inf"),
    ],
)
def test_data_must_be_counts(value: float, message: str) -> None:
    histogram = hist.Hist(AXIS, storage=hist.storage.Double())
    histogram.view()[...] = [1.0, 2.0, value, 4.0]
    with pytest.raises(InputDataError, match=message):
        Spectrum.from_uhi(histogram, origin="mine.json")


def test_foreign_histograms() -> None:
    histogram = hist.Hist(hist.axis.Variable([1.0, 2.0, 4.0], name="m"), storage=hist.storage.Weight())
    histogram.fill([1.5, 3.0, 3.0], weight=[0.5, 1.0, 2.0])
    with pytest.raises(InputDataError, match="whole, non-negative"):
        Spectrum.from_uhi(histogram)
    spectrum = Spectrum.from_uhi(histogram, simulated=True)
    assert not spectrum.is_counts
    assert spectrum.project("whatever").values.tolist() == [0.5, 3.0]
    assert spectrum.project("whatever").variances.tolist() == [0.25, 5.0]
    with pytest.raises(InputDataError, match="expected one axis"):
        Spectrum.from_uhi(hist.Hist(AXIS, hist.axis.Regular(2, 0, 1)))


def test_wrong_arrays_are_refused() -> None:
    with pytest.raises(UsageError, match="does not fit"):
        counts([[[1, 2, 3]]])
    with pytest.raises(UsageError, match="non-negative integers"):
        counts([[[1, 2, 3, -4]]])
    with pytest.raises(UsageError, match="fixed point"):
        to_fixed([1.0, 1e7])


def test_each_selection_is_found_by_its_name() -> None:
    names = ["a", "b", "c", "d"]
    made = Spectrum.from_counts(
        np.arange(16, dtype=np.int64).reshape(4, 1, 4),
        selections=names,
        components=["s"],
        simulated=False,
        label="four",
        axis=AXIS,
    )
    assert [made.selection_index(name) for name in names] == [0, 1, 2, 3]
    assert [made.project(name).values.sum() for name in names] == [6.0, 22.0, 38.0, 54.0]


def test_an_array_is_kept_and_not_written_to_through_the_spectrum() -> None:
    values = np.array([[[1, 2, 3, 4]]], dtype=np.int64)
    made = Spectrum.from_counts(
        values, selections=["t"], components=["s"], simulated=True, label="kept", axis=AXIS
    )
    assert np.shares_memory(made.content, values)
    with pytest.raises(ValueError, match="read-only"):
        made.content[0, 0, 0] = 7
    values[0, 0, 0] = 5  # whoever made the array may still write
    assert made.project("t").values.tolist() == [5, 2, 3, 4]


@pytest.mark.parametrize(
    ("w", "w2"),
    [
        (np.ones((1, 1, 4)), np.ones((1, 1, 4), dtype=np.int64)),
        (np.ones((1, 1, 4), dtype=np.int64), np.ones((1, 1, 4))),
        (np.ones((1, 1, 4), dtype=np.int64), np.array([[[1, 1, -1, 1]]])),
    ],
)
def test_weights_that_are_no_fixed_point_numbers_are_refused(w: np.ndarray, w2: np.ndarray) -> None:
    with pytest.raises(UsageError, match="fixed-point weights must be int64"):
        Spectrum.from_weights(w, w2, selections=["t"], components=["s"], simulated=True, label="x", axis=AXIS)


class Simulated:
    """A histogram of one axis, as another library hands it over."""

    def __init__(self, values: list[float], variances: list[float] | None) -> None:
        self.axes = [AXIS]
        self._values, self._variances = values, variances

    def values(self) -> np.ndarray:
        return np.array(self._values)

    def variances(self) -> np.ndarray | None:
        return None if self._variances is None else np.array(self._variances)


@pytest.mark.parametrize(
    ("values", "variances", "counts"),
    [
        ([1.0, 2.0, 0.0, 4.0], [1.0, 2.0, 0.0, 4.0], True),
        ([1.0, 2.0, 0.0, 4.0], None, True),
        ([1.0, 2.0, 0.0, 4.0], [1.0, 2.0, 0.0, 7.0], False),  # whole sums of weights that are not 1
        ([1.0, 2.5, 0.0, 4.0], [1.0, 2.5, 0.0, 4.0], False),
        ([1.0, 2.5, 0.0, 4.0], None, False),
    ],
)
def test_simulation_is_of_counts_where_each_event_counts_once(
    values: list[float], variances: list[float] | None, counts: bool
) -> None:
    made = Spectrum.from_uhi(Simulated(values, variances), simulated=True)
    assert made.is_counts is counts
    found = made.project("any")
    assert found.values.tolist() == values
    assert found.variances.tolist() == pytest.approx(values if variances is None else variances)


def test_page_of_a_notebook_has_facts_and_events_by_component() -> None:
    page = counts([[[1, 2, 3, 4], [10, 0, 0, 0]], [[5, 5, 5, 5], [0, 0, 0, 1]]])._repr_html_()
    assert "toy" in page
    assert "4 bins from 100 to 104 MeV" in page
    for row in ("tight", "loose", ">10<", ">20<", ">1<"):
        assert row in page
