"""N_K of enriched samples: unbiased with the nominal card, its bias known with a varied one."""

from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.experiment.vary import scaled
from hnlpeak.studies.flux_closure import flux_closure


def test_pulls_of_n_kaon_over_fifty_seeds() -> None:
    analysis = load_analysis("na62-2015-ke2")
    closure = flux_closure(analysis, seeds=range(1, 51), decays=2600, simulated_decays=400_000)
    assert closure.selected.min() >= 400
    pulls = closure.pulls
    print(
        f"pulls: mean {pulls.mean():.3f}, width {pulls.std(ddof=1):.3f}, selected {closure.selected.mean():.0f}"
    )
    assert abs(pulls.mean()) < 0.42
    assert 0.7 < pulls.std(ddof=1) < 1.3


@pytest.mark.parametrize(
    ("factors", "largest"),
    [
        pytest.param({"beam.divergence_x": 1.1, "beam.divergence_y": 1.1}, 0.03, id="divergence +10 %"),
        pytest.param({"detectors.LKr.energy_scale": 1.01}, 0.02, id="LKr scale +1 %"),
    ],
)
def test_bias_of_n_kaon_with_a_varied_card(factors: dict[str, float], largest: float) -> None:
    analysis = load_analysis("na62-2015-ke2")
    varied = scaled(analysis.experiment, factors)
    closure = flux_closure(
        analysis, seeds=range(1, 11), decays=100_000, simulated_decays=400_000, data_experiment=varied
    )
    bias = closure.bias
    print(f"{factors}: bias of N_K {100 * bias.value:.2f} ± {100 * bias.stat:.2f} %")
    assert np.isfinite(bias.value)
    assert abs(bias.value) < largest
