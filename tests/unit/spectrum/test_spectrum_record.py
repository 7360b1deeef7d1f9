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
