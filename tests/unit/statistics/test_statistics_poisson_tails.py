from __future__ import annotations

import math

import pytest

from hnlpeak.statistics.poisson_tails import log_at_least, log_at_most, log_normal_tail, log_poisson


@pytest.mark.parametrize(
    ("function", "n", "rate", "value"),
    [  # incomplete gamma functions to 40 digits
        (log_at_most, 3.0, 70.0, -59.0031193104597),
        (log_at_most, 500.0, 2000.0, -810.591768420447),
        (log_at_most, 40.0, 41.0, -0.7355762279908273),
        (log_at_least, 70.0, 1.0, -231.4248617630165),
        (log_at_least, 3000.0, 2000.0, -220.2208502650939),
        (log_at_least, 40.0, 41.0, -0.5396562973287613),
    ],
)
def test_tails(function, n, rate, value):
    assert function(n, rate) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("z", "value"),
    [
        (5.0, -15.06499839398873),
        (24.9, -314.1404127616132),
        (25.1, -319.1483874058886),
        (60.0, -1805.013560680567),
    ],
)
def test_normal_tail(z, value):
    assert log_normal_tail(z) == pytest.approx(value, rel=1e-12)


def test_edges():
    assert log_poisson(0.0, 0.0) == 0.0
    assert log_poisson(1.0, 0.0) == -math.inf
    assert (log_at_most(-1.0, 3.0), log_at_most(2.0, 0.0)) == (-math.inf, 0.0)
    assert (log_at_least(0.0, 3.0), log_at_least(1.0, 0.0)) == (0.0, -math.inf)
