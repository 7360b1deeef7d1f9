from __future__ import annotations

import math

import hist
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from hnlpeak.core.errors import UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.signal import PULLS, SignalPoint, signal_model
from hnlpeak.estimation.signal_mc import measure_signal, quantile_width, window_of
from hnlpeak.experiment.analysis_card import FractionWindow, Scan, WindowRule
from hnlpeak.spectrum import Spectrum
from hnlpeak.spectrum.window import (
    fraction_window,
    gaussian_fraction,
    window_record,
    window_rule,
    window_words,
)

AXIS = hist.axis.Regular(15_000, 150.0, 450.0, name="m_miss")
EDGES = np.asarray(AXIS.edges)


def signal_mc(*samples: NDArray[np.float64]) -> Spectrum:
    counts = np.array([[np.histogram(sample, EDGES)[0]] for sample in samples], dtype=np.int64)
    return Spectrum.from_counts(
        counts,
        selections=["tight", "loose"][: len(samples)],
        components=["hnl"],
        simulated=True,
        label="signal",
        axis=AXIS,
    )


def test_gaussian_signal_is_measured() -> None:
    rng = np.random.Generator(np.random.Philox(1))
    spectrum = signal_mc(rng.normal(300.5, 4.5, 40_000), rng.normal(300.0, 4.5, 60_000))
    points = measure_signal(300.0, spectrum, selections=["tight", "loose"], decays=200_000.0, window=1.0)
    for name, whole in (("tight", 0.2), ("loose", 0.3)):
        point = points[name]
        assert point.sigma.value == pytest.approx(4.5, abs=5.0 * point.sigma.error)
        assert point.acceptance_no_window is not None
        assert point.acceptance_no_window.value == pytest.approx(whole)
        assert point.acceptance_no_window.error == pytest.approx(math.sqrt(whole * (1.0 - whole) / 200_000))
    assert points["tight"].bias == pytest.approx(0.5, abs=0.15)
    assert points["loose"].acceptance.value == pytest.approx(
        0.3 * 0.6827, abs=5.0 * points["loose"].acceptance.error
    )


def test_error_of_the_width_is_its_scatter() -> None:
    rng = np.random.Generator(np.random.Philox(2))
    widths, errors = [], []
    for _ in range(400):
        counts = np.histogram(rng.normal(300.0, 5.0, 1000), EDGES)[0].astype(float)
        width, _ = quantile_width(EDGES, counts, counts)
        widths.append(width.value)
        errors.append(width.stat)
    # the scatter of 400 widths is known to 3.5 %, five times that is the p-value of 1e-6
    assert np.std(widths) == pytest.approx(np.mean(errors), rel=0.18)
    assert np.mean(widths) == pytest.approx(5.0, abs=5.0 * np.std(widths) / 20.0)


def test_tails_do_not_widen_the_core_as_they_do_the_rms() -> None:
    rng = np.random.Generator(np.random.Philox(3))
    core, tail = rng.normal(250.0, 6.0, 40_000), 250.0 + rng.exponential(40.0, 2_000)
    sample = np.concatenate([core, tail])
    point = measure_signal(250.0, signal_mc(sample), selections=["tight"], decays=1e5, window=1.0)["tight"]
    assert np.std(sample) > 10.0
    assert point.sigma.value == pytest.approx(6.0, rel=0.08)


def test_too_few_events_are_no_point_and_more_events_than_decays_an_error() -> None:
    spectrum = signal_mc(np.full(20, 300.0))
    assert measure_signal(300.0, spectrum, selections=["tight"], decays=1000.0, window=1.0) == {}
    with pytest.raises(UsageError, match="signal decays"):
        measure_signal(300.0, spectrum, selections=["tight"], decays=10.0, window=1.0)


def point(mass: float, sigma: float, acceptance: float, error: float = 0.0) -> SignalPoint:
    return SignalPoint(mass, Measured(sigma, stat=error), Measured(acceptance, stat=error))


def test_interpolation_stays_within_a_selection_and_its_masses() -> None:
    model = signal_model(
        {
            "tight": [point(340.0, 3.3, 0.27, 0.01), point(350.0, 3.1, 0.25, 0.01), point(360.0, 2.9, 0.23)],
            "loose": [point(340.0, 3.3, 0.45), point(350.0, 3.1, 0.41), point(360.0, 2.9, 0.38)],
        },
        window=1.0,
        source="grid",
    )
    assert model.at(345.0, "tight").acceptance.value == pytest.approx(0.26)
    assert model.at(345.0, "tight").sigma.value == pytest.approx(3.2)
    assert model.at(345.0, "tight").acceptance.error == pytest.approx(0.01 / math.sqrt(2.0))
    # the step at 350 MeV is as sharp as the change of selection
    assert model.at(350.0 - 1e-9, "tight").acceptance.value == pytest.approx(0.25)
    assert model.at(350.0, "loose").acceptance.value == pytest.approx(0.41)
    assert model.at(360.0, "tight").acceptance.value == 0.23
    for mass in (339.999, 360.001):
        with pytest.raises(UsageError, match="never extrapolated"):
            model.at(mass, "tight")
    with pytest.raises(UsageError, match="no signal for selection 'medium'"):
        model.at(350.0, "medium")


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([point(300.0, 4.0, 0.1), point(300.0, 4.0, 0.1)], "300 MeV appears twice"),
        ([point(300.0, 0.0, 0.1)], "sigma at 300 MeV is 0"),
        ([point(300.0, 4.0, 1.2)], "acceptance at 300 MeV is 1.2"),
        ([point(300.0, 4.0, -0.1)], "acceptance at 300 MeV"),
        ([point(300.0, math.nan, 0.1)], "sigma at 300 MeV is nan"),
        ([], "at least one mass"),
    ],
)
def test_impossible_signals(points: list[SignalPoint], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        signal_model({"any": points}, window=1.0, source="table.csv")


RULE = FractionWindow.model_validate({"fraction": 0.6827, "bin": "0.0001 GeV2"})


def test_window_of_a_fraction_grows_bin_by_bin_about_the_mass() -> None:
    rng = np.random.Generator(np.random.Philox(5))
    mass, sample = 300.0, rng.normal(300.0, 2.6, 200_000) + rng.exponential(0.8, 200_000)
    point = measure_signal(mass, signal_mc(sample), selections=["tight"], decays=4e5, window=RULE)["tight"]
    window = window_of(point, RULE, EDGES)
    bins = np.floor(sample**2 / 100.0) - np.floor(mass**2 / 100.0)
    k = next(k for k in range(1000) if np.mean(np.abs(bins) <= k) >= 0.6827)
    ends = [math.sqrt(100.0 * (900.0 + step)) for step in (-k, k + 1)]
    # ends lie on the bins of the spectrum, 0.02 MeV
    assert (window.low, window.high) == (pytest.approx(ends[0], abs=0.011), pytest.approx(ends[1], abs=0.011))
    exact = np.mean(np.abs(bins) <= k)
    assert point.acceptance.value == pytest.approx(0.5 * exact, rel=1e-3)
    snapped = np.mean((sample > window.low) & (sample < window.high))
    assert window.efficiency_ratio == pytest.approx(snapped / exact, rel=1e-3)
    assert point.inside(window.low, window.high) == pytest.approx(exact * window.efficiency_ratio, rel=1e-3)


def test_shape_between_masses_is_taken_at_equal_pulls() -> None:
    rng = np.random.Generator(np.random.Philox(6))
    points = [
        measure_signal(
            m, signal_mc(rng.normal(m, s, 100_000)), selections=["tight"], decays=2e5, window=RULE
        )["tight"]
        for m, s in ((300.0, 3.0), (310.0, 2.0))
    ]
    middle = signal_model({"tight": points}, window=RULE, source="MC").at(305.0, "tight")
    assert middle.sigma.value == pytest.approx(2.5, rel=0.02)
    assert middle.inside(302.5, 307.5) == pytest.approx(0.6827, abs=0.006)


def test_a_table_without_shape_has_gaussian_windows() -> None:
    window = window_of(point(300.0, 3.0, 0.1), RULE, EDGES)
    assert 0.6827 <= gaussian_fraction(window.low, window.high, mean=300.0, sigma=3.0) < 0.73


def test_no_window_holds_a_signal_that_lies_elsewhere() -> None:
    with pytest.raises(UsageError, match="no window of bins"):
        fraction_window(20.0, 1.0, fraction=0.9, bin_width=100.0, inside=lambda *_: 0.0, edges=EDGES)


@pytest.mark.parametrize(("rule", "words"), [(1.5, "1.5 sigma"), (RULE, "68.27 % of the signal")])
def test_rules_of_windows_survive_their_records(rule: WindowRule, words: str) -> None:
    record = window_record(rule)
    assert window_rule(record) == rule
    assert window_words(rule) == words


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ({"fraction": 1.0, "bin": "0.0001 GeV2"}, "less than 1"),
        ({"fraction": 0.5, "bin": 100.0}, "unit of mass squared"),
        ({"fraction": 0.5}, "Field required"),
        (0.0, "a finite number above 0"),
    ],
)
def test_bad_windows_of_the_card(window: object, message: str) -> None:
    scan = {"mass_min": "300 MeV", "mass_max": "310 MeV", "step": "1 MeV", "reference": "", "confidence": "E"}
    with pytest.raises(ValidationError, match=message):
        Scan.model_validate({**scan, "window": window})


def test_a_mass_of_the_table_is_not_spoilt_by_its_neighbours() -> None:
    """What a neighbour does not know has no weight there; between both it is not known. One mass is a curve, too."""
    points = [
        SignalPoint(mass, Measured(sigma, stat=0.1), Measured(0.2, stat=0.01), known)
        for mass, sigma, known in (
            (300.0, 4.0, None),
            (310.0, 3.0, Measured(0.3, stat=0.02)),
            (320.0, 2.5, None),
        )
    ]
    model = signal_model({"any": points}, window=1.0, source="table.csv")
    assert model.at(310.0, "any").acceptance_no_window == Measured(0.3, stat=0.02)
    for mass in (300.0, 305.0, 315.0, 320.0):
        assert model.at(mass, "any").acceptance_no_window is None
    assert [model.at(mass, "any").sigma.value for mass in (300.0, 305.0, 310.0, 320.0)] == pytest.approx(
        [4.0, 3.5, 3.0, 2.5]
    )
    # neighbours are independent: half of each
    assert model.at(305.0, "any").sigma.error == pytest.approx(0.1 * math.sqrt(0.5))
    assert model.at(310.0, "any").sigma.error == pytest.approx(0.1)
    alone = signal_model({"any": points[1:2]}, window=1.0, source="table.csv")
    assert alone.at(310.0, "any").sigma.value == 3.0
    with pytest.raises(UsageError, match="never extrapolated"):
        alone.at(310.1, "any")


def test_shapes_between_two_masses_are_their_mean_at_equal_pulls() -> None:
    """With the weights of the distance; at a mass of the table it is its own, whatever the neighbour has."""
    narrow, wide = np.clip(PULLS, -1.0, 1.0) / 2.0 + 0.5, np.clip(PULLS / 2.0, -1.0, 1.0) / 2.0 + 0.5
    points = [
        SignalPoint(mass, Measured(3.0, stat=0.1), Measured(0.2, stat=0.01), cumulative=shape)
        for mass, shape in ((300.0, narrow), (310.0, wide), (320.0, np.full(PULLS.size, np.nan)))
    ]
    model = signal_model({"any": points}, window=1.0, source="table.csv")
    for mass, expected in (
        (300.0, narrow),
        (302.5, 0.75 * narrow + 0.25 * wide),
        (305.0, 0.5 * narrow + 0.5 * wide),
        (310.0, wide),
    ):
        found = model.at(mass, "any").cumulative
        assert found is not None
        assert found == pytest.approx(expected)
    assert model.at(315.0, "any").cumulative is None
