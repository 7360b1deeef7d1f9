"""The spectrum of the beam: a Gaussian, with wings where the card has them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hits import beam_momenta


@pytest.mark.parametrize("wings", [0.0, 0.1372, 1.0])
def test_spectrum_is_a_gaussian_times_its_wings(wings: float) -> None:
    mean, spread, n = 74e3, 1.4e3, 60_000
    pulls = (beam_momenta(n, momentum=mean, momentum_spread=spread, momentum_wings=wings) - mean) / spread
    # moments of (1 + w x^2) phi(x): those of a Gaussian are 1, 3, 15
    second, fourth = ((a + b * wings) / (1.0 + wings) for a, b in ((1.0, 3.0), (3.0, 15.0)))
    assert np.mean(pulls) == pytest.approx(0.0, abs=5.0 * (second / n) ** 0.5)
    assert np.mean(pulls**2) == pytest.approx(second, abs=5.0 * ((fourth - second**2) / n) ** 0.5)
    assert np.mean(pulls**4) == pytest.approx(fourth, rel=0.06)


def test_without_wings_it_is_a_gaussian() -> None:
    pulls = (beam_momenta(20_000, momentum=75e3, momentum_spread=1e3) - 75e3) / 1e3
    assert stats.kstest(pulls, "norm").pvalue > 1e-4
