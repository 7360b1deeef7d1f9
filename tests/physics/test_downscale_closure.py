"""A trigger that keeps one event in three: the measured number of decays is the effective one, not the delivered."""

from __future__ import annotations

from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.studies.downscale_closure import downscale_closure


def test_n_kaon_is_the_effective_number_at_a_downscale_of_three() -> None:
    closure = downscale_closure(
        load_analysis("na62-2007-kmu2"),
        downscale=3,
        delivered=300_000,
        simulated_decays=400_000,
        context=RunContext(seed=11),
    )
    pull = (closure.n_kaon.value - closure.effective) / closure.n_kaon.error
    print(
        f"N_K = {closure.n_kaon.value:.0f} +- {closure.n_kaon.error:.0f}, effective {closure.effective:.0f}"
    )
    assert abs(pull) < 4.0
    assert closure.n_kaon.error < 0.01 * closure.effective
    assert closure.delivered > 2.9 * closure.n_kaon.value
