from __future__ import annotations

import math

import numpy as np
import pytest

from hnlpeak.core.errors import UsageError
from hnlpeak.spectrum.axis import signed_sqrt, signed_square
from hnlpeak.spectrum.window import gaussian_fraction, search_window

FINE = np.linspace(-400.0, 500.0, 45_001)


@pytest.mark.parametrize(("mass", "sigma", "k"), [(170.0, 11.2, 1.0), (350.0, 3.07, 1.5), (448.0, 0.88, 1.0)])
def test_internal_axis_does_not_snap(mass: float, sigma: float, k: float) -> None:
    window = search_window(mass, sigma, k=k, edges=FINE)
    assert not window.snapped
    assert window.low == pytest.approx(mass - k * sigma, abs=0.0101)
    assert window.high == pytest.approx(mass + k * sigma, abs=0.0101)
    assert window.efficiency_ratio == pytest.approx(1.0, abs=0.015)


@pytest.mark.parametrize(
    ("mass", "sigma", "k", "width", "low", "high"),
    [
        (300.0, 4.0, 1.0, 5.0, 295.0, 305.0),  # 296 to 304 widens to bin edges
        (300.0, 4.0, 1.0, 3.0, 295.0, 304.0),  # the grid begins at 100
        (302.5, 1.0, 1.0, 5.0, 300.0, 305.0),  # one bin at least: the one that holds the mass
        (301.0, 0.5, 1.0, 5.0, 300.0, 305.0),
    ],
)
def test_coarse_bins_snap_and_say_so(
    mass: float, sigma: float, k: float, width: float, low: float, high: float
) -> None:
    edges = 100.0 + width * np.arange(int(390 / width))
    window = search_window(mass, sigma, k=k, edges=edges)
    assert (window.low, window.high) == (low, high)
    assert (edges[window.first], edges[window.last]) == (low, high)
    assert window.snapped
    # the fraction of simulated signal that really is in the bins
    sample = np.random.Generator(np.random.Philox(11)).normal(mass, sigma, 200_000)
    inside = float(np.mean((sample > low) & (sample < high)))
    expected = window.efficiency_ratio * math.erf(k / math.sqrt(2.0))
    assert expected == pytest.approx(inside, abs=5.0 * math.sqrt(0.25 / sample.size))


@pytest.mark.parametrize(
    ("mass", "sigma", "k", "message"),
    [
        (495.0, 10.0, 1.0, "leaves the spectrum"),
        (-395.0, 10.0, 1.0, "leaves the spectrum"),
        (300.0, 0.0, 1.0, "sigma > 0"),
        (300.0, math.nan, 1.0, "sigma > 0"),
        (300.0, 1.0, 0.0, "k > 0"),
    ],
)
def test_windows_that_cannot_be(mass: float, sigma: float, k: float, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        search_window(mass, sigma, k=k, edges=FINE)


def test_gaussian_fractions() -> None:
    assert gaussian_fraction(-1.0, 1.0, mean=0.0, sigma=1.0) == pytest.approx(0.682689492137)
    assert gaussian_fraction(5.0, 8.0, mean=5.0, sigma=1.5) == pytest.approx(0.4772498680518)


def test_signed_missing_mass() -> None:
    assert signed_sqrt([14_000.0, -14_000.0, 0.0]).tolist() == pytest.approx([118.3215957, -118.3215957, 0.0])
    assert signed_square(-20.0) == -400.0


MEV = np.arange(100.0, 111.0)
"""Ten bins of 1 MeV."""


@pytest.mark.parametrize(
    ("mass", "half", "low", "high"),
    [
        (105.0, 2.4, 103.0, 107.0),
        (105.0, 2.6, 102.0, 108.0),
        (105.5, 2.0, 103.0, 107.0),  # an end in the middle of a bin takes its left edge
        (102.3, 2.2, 100.0, 104.0),  # the first bin
        (102.0, 2.0, 100.0, 104.0),
        (107.8, 2.1, 106.0, 110.0),  # the last bin
        (108.0, 2.0, 106.0, 110.0),
        (105.0, 5.0, 100.0, 110.0),
    ],
)
def test_ends_are_the_nearest_edges(mass: float, half: float, low: float, high: float) -> None:
    window = search_window(mass, 0.5 * half, k=2.0, edges=MEV)
    assert (window.low, window.high) == (low, high)
    assert (MEV[window.first], MEV[window.last]) == (low, high)
    assert (window.mass, window.sigma, window.k) == (mass, 0.5 * half, 2.0)


@pytest.mark.parametrize(("mass", "low"), [(100.2, 100.0), (100.0, 100.0), (109.9, 109.0), (110.0, 109.0)])
def test_narrow_windows_at_the_ends_of_a_spectrum_are_its_outer_bins(mass: float, low: float) -> None:
    window = search_window(mass, 1e-9, k=1.0, edges=MEV)
    assert (window.low, window.high) == (low, low + 1.0)
    assert (MEV[window.first], MEV[window.last]) == (low, low + 1.0)


def test_ends_beyond_the_spectrum_by_rounding_alone_are_its_ends() -> None:
    """Rounding is a billionth of the spectrum, 1e-8 MeV here; twice that is outside."""
    window = search_window(105.0, 5.0 + 5e-9, k=1.0, edges=MEV)
    assert (window.low, window.high) == (100.0, 110.0)
    for mass in (105.0 - 2e-8, 105.0 + 2e-8):
        with pytest.raises(UsageError, match="leaves the spectrum"):
            search_window(mass, 5.0, k=1.0, edges=MEV)


@pytest.mark.parametrize("sigma", [1.0, 0.5, 2.0])
@pytest.mark.parametrize(("moved", "snapped"), [(0.0, False), (0.049, False), (0.051, True), (-0.051, True)])
def test_an_end_that_moves_by_a_twentieth_of_sigma_is_snapped(
    moved: float, snapped: bool, sigma: float
) -> None:
    """Either end alone, or the window as a whole, by so many sigma; the window is 2 MeV to each side."""
    k, shift = 2.0 / sigma, moved * sigma
    assert search_window(105.0 + shift, sigma, k=k, edges=MEV).snapped is snapped
    for ends in ([100.0, 103.0 + shift, 107.0, 110.0], [100.0, 103.0, 107.0 + shift, 110.0]):
        assert search_window(105.0, sigma, k=k, edges=np.array(ends)).snapped is snapped


def test_the_ratio_is_the_signal_in_the_bins_over_that_in_the_window() -> None:
    """Bins from -3 to +3 sigma for a window of 2: erf(3/sqrt 2) / erf(2/sqrt 2)."""
    window = search_window(105.0, 1.0, k=2.0, edges=np.array([102.0, 108.0]))
    assert window.efficiency_ratio == pytest.approx(0.9973002039 / 0.9544997361, rel=1e-9)
