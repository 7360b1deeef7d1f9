"""Which triggers a downscale keeps, and the rates that follow from the cards."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from hnlpeak.core.errors import UsageError
from hnlpeak.experiment.experiment import load_experiment
from hnlpeak.trigger.downscale import kept_triggers, trigger_rates


@pytest.mark.parametrize("downscale", [2, 3, 150])
def test_one_in_d_is_kept_at_random(downscale: int) -> None:
    kept = kept_triggers(300_000, downscale, np.random.default_rng(3))
    assert stats.binomtest(int(kept.sum()), kept.size, 1.0 / downscale).pvalue > 1e-6
    # no pattern: neighbours are kept together as often as chance has it
    together = int((kept[1:] & kept[:-1]).sum())
    assert stats.binomtest(together, kept.size - 1, downscale**-2.0).pvalue > 1e-6


def test_no_downscale_keeps_all_and_less_is_refused() -> None:
    rng = np.random.default_rng(3)
    assert kept_triggers(1000, 1, rng).all()
    with pytest.raises(UsageError, match="downscale 0"):
        kept_triggers(10, 0, rng)


def test_rates_of_2007() -> None:
    experiment = load_experiment("na62-2007")
    rates = trigger_rates(experiment, triggers_per_decay=0.8, downscale=150)
    # a beam of 50 MHz with 5 % kaons at a tenth of its intensity; 98 m of a decay length of 556.2 m
    expected = 50e6 * 0.05 * 0.1 * (1.0 - math.exp(-98.0 / 556.2))
    assert rates.decays == pytest.approx(expected, rel=1e-4)
    assert rates.triggers == pytest.approx(0.8 * expected, rel=1e-4)
    assert rates.recorded == pytest.approx(rates.triggers / 150, rel=1e-12)
