from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from hnlpeak.core.errors import UsageError
from hnlpeak.statistics.look_elsewhere import gross_vitells, toy_p_value, upcrossings


@pytest.mark.parametrize(
    ("z", "level", "expected"),
    [
        ([0.0, 2.0, 0.0, 2.0], 1.0, 2),
        ([2.0, 0.0, 2.0], 1.0, 1),
        ([2.0, 2.0], 1.0, 0),
        ([0.0, 1.0, 1.0, 0.5], 1.0, 1),
        ([0.0, np.nan, 2.0], 1.0, 1),
        ([], 1.0, 0),
        ([[0.0, 2.0], [2.0, 0.0]], 1.0, [1, 0]),
    ],
)
def test_upcrossings_by_hand(z: object, level: float, expected: object) -> None:
    assert upcrossings(z, level=level).tolist() == expected


def test_toy_p_value_counts_the_observation() -> None:
    toys = [1.0, 2.0, 2.0, 3.0]
    assert toy_p_value(2.0, toys) == pytest.approx(4 / 5)
    assert toy_p_value(9.0, toys) == pytest.approx(1 / 5)
    assert toy_p_value([-1.0, np.nan], toys) == pytest.approx([1.0, np.nan], nan_ok=True)


def test_gross_vitells_limits() -> None:
    # without any upcrossing there is one mass only
    assert gross_vitells(2.0, mean_upcrossings=0.0, level=1.0) == pytest.approx(norm.sf(2.0))
    # at the level itself
    assert gross_vitells(1.0, mean_upcrossings=0.3, level=1.0) == pytest.approx(norm.sf(1.0) + 0.3)
    assert gross_vitells([0.5, -1.0], mean_upcrossings=9.0, level=1.0) == pytest.approx([1.0, 1.0])
    ratio = gross_vitells(6.0, mean_upcrossings=5.0, level=0.0) / norm.sf(6.0)
    assert ratio == pytest.approx(1.0 + 5.0 * np.exp(-18.0) / norm.sf(6.0))


@pytest.mark.parametrize(
    "call",
    [
        lambda: gross_vitells(np.nan, mean_upcrossings=1.0, level=1.0),
        lambda: gross_vitells(2.0, mean_upcrossings=-1.0, level=1.0),
        lambda: toy_p_value(1.0, []),
        lambda: toy_p_value(1.0, [np.nan]),
        lambda: upcrossings(1.0, level=1.0),
    ],
)
def test_bad_numbers_are_refused(call: object) -> None:
    with pytest.raises(UsageError):
        call()  # type: ignore[operator]


def test_smooth_gaussian_field_follows_gross_vitells() -> None:
    """Noise smoothed by a Gaussian of width 1: the rate of upcrossings is exp(-z^2/2) / (2 pi sqrt 2) per unit."""
    step, length, toys = 0.1, 40.0, 6000
    points, reach = round(length / step), round(6.0 / step)
    kernel = np.exp(-0.5 * (step * np.arange(-reach, reach + 1)) ** 2)
    kernel /= np.sqrt(np.sum(kernel**2))
    rng = np.random.Generator(np.random.Philox(12))
    noise = rng.standard_normal((toys, points + 2 * reach))
    spectrum = np.fft.rfft(noise, axis=1) * np.fft.rfft(kernel, noise.shape[1])
    field = np.fft.irfft(spectrum, noise.shape[1], axis=1)[:, 2 * reach :]
    mean = upcrossings(field, level=1.0).mean()
    assert mean == pytest.approx(length * np.exp(-0.5) / (2.0 * np.pi * np.sqrt(2.0)), rel=0.04)
    largest = field.max(axis=1)
    for z in (2.0, 2.5, 3.0):
        share = np.mean(largest >= z)
        error = np.sqrt(share * (1.0 - share) / toys)
        # the formula is the mean number of excursions: above the probability of one where p is large
        assert share < gross_vitells(z, mean_upcrossings=mean, level=1.0) + 4.9 * error
        if z > 2.0:
            assert gross_vitells(z, mean_upcrossings=mean, level=1.0) == pytest.approx(
                share, abs=4.9 * error + 0.5 * share**2 + 0.05 * share
            )
