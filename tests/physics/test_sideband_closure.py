from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.background.bands import sideband_design
from hnlpeak.background.sideband import SidebandBackground
from hnlpeak.background.sideband_fit import fit_sidebands
from hnlpeak.spectrum.window import search_window

CARD = SidebandBackground.model_validate(
    {
        "method": "sideband",
        "order": 2,
        "alternative_order": 3,
        "inner": 1.5,
        "outer": 11.25,
        "low_limit": "150 MeV",
        "high_limit": "475 MeV",
        "reference": "test",
        "confidence": "E",
    }
)
TOYS = 4000


@pytest.mark.parametrize(
    ("mass", "sigma", "per_mev", "skew"),
    [(300.0, 4.5, 40.0, 0.05), (448.0, 0.9, 30.0, 0.06), (300.0, 4.5, 2.0, 0.12)],
)
def test_pulls_of_the_background_are_standard_normal(
    mass: float, sigma: float, per_mev: float, skew: float
) -> None:
    """One function and its statistical error (averages: ``test_sideband_functions``).

    ``skew`` allows for the correlation of a Poisson estimate with its own error."""
    edges = np.linspace(140.0, 490.0, 701)
    centres = 0.5 * (edges[1:] + edges[:-1])
    x = (centres - mass) / (11.25 * sigma)
    rate = np.maximum(per_mev * 0.5 * (1.0 - 0.5 * x + 0.2 * x * x), 0.0)
    window = search_window(mass, sigma, k=1.0, edges=edges)
    rng = np.random.Generator(np.random.Philox(8))
    counts = rng.poisson(rate, (TOYS, rate.size))
    cumulative = np.concatenate([np.zeros((TOYS, 1)), np.cumsum(counts, axis=1)], axis=1)
    found = fit_sidebands(
        sideband_design([window] * TOYS, edges, CARD),
        cumulative,
        np.arange(TOYS),
        order=CARD.order,
        alternative_order=CARD.alternative_order,
        order_choice="fixed",
    )
    truth = rate[window.first : window.last].sum()
    pulls = (found.background - truth) / found.stat
    assert abs(pulls.mean()) < 4.9 / np.sqrt(TOYS) + skew
    assert pulls.std() == pytest.approx(1.0, abs=4.9 / np.sqrt(2.0 * TOYS) + 0.02)
    # the deviance of half-resolution groups follows chi2 where they hold enough events
    if per_mev > 10.0:
        mean = found.deviance.mean() / found.degrees_of_freedom[0]
        assert mean == pytest.approx(1.0, abs=0.04)
