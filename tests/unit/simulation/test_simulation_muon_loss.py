"""Muons that leave most of their momentum in the calorimeter are among those that the veto behind it missed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import hits
from hnlpeak.simulation.sample import mode_sample
from hnlpeak.simulation.streams import decay_stream
from hnlpeak.theory.species import Species

P_MIN = 1e-6
LOSS = 0.2
DECAYS = 20_000


def missed(forced: float, efficiency: float) -> tuple[Any, Any]:
    """Events whose muon crossed the veto unseen: it misses 1 - ``efficiency`` of all muons that still fly.

    P(share > 0.8) = ``LOSS``; more than s with probability 0.8 / s, so that four in five of them lose all.
    """

    def often(table: dict[str, Any]) -> None:
        hits.detector(table, "LKr").update(
            muon_catastrophic=0.8, muon_catastrophic_start=0.2, muon_catastrophic_index=1.0
        )
        hits.detector(table, "MUV3").update(efficiency=efficiency, range_momentum="0 MeV", turn_on="0 MeV")

    experiment = hits.experiment("na62-2015", often)
    sample = mode_sample("loss", "kmu2", DECAYS, forced_muon_loss=forced)
    block = hits.generated(experiment.setup, sample, DECAYS, decay_stream(1, "loss", 0)).copy()
    first = block["particles"][:, 0]
    muons = (first["n_segments"] == 1) & (first["segments"]["species"][:, 0] == Species.MUON_PLUS)
    return experiment, block[muons]


@pytest.mark.parametrize("efficiency", [0.0, 0.5])
def test_the_share_of_losses_among_the_missed(efficiency: float) -> None:
    """P(loss) P(missed after it) / P(missed): who loses all is missed for certain."""
    experiment, block = missed(0.0, efficiency)
    loss = block["particles"]["muon_loss"][:, 0]
    part, whole = 0.2 * LOSS, 0.8 * LOSS / (1.0 - efficiency)
    assert stats.binomtest(int((loss > 0.0).sum()), len(block), part + whole).pvalue > P_MIN
    assert (loss[loss > 0.0] >= 0.8).all()
    all_lost = loss == 1.0
    assert stats.binomtest(int(all_lost.sum()), len(block), whole).pvalue > P_MIN
    block = block[all_lost]
    hits.answer(experiment.setup, block)
    p = block["particles"]["segments"]["p"][:, 0, 0]
    ratio = block["clusters"]["energy"][:, 0] / p
    assert np.median(ratio[block["n_clusters"] > 0]) == pytest.approx(1.0, abs=0.01)


def test_forced_losses_keep_expectation_values() -> None:
    _, block = missed(0.5, 0.0)
    loss = block["particles"]["muon_loss"][:, 0] > 0.0
    assert stats.binomtest(int(loss.sum()), len(block), 0.5).pvalue > P_MIN
    assert block["weight"][loss] == pytest.approx(LOSS / 0.5)
    assert block["weight"].mean() == pytest.approx(1.0, abs=0.02)


def test_without_a_veto_nothing_is_decided_early() -> None:
    experiment = hits.shipped("na62-2007")
    sample = mode_sample("loss", "kmu2", 5000, forced_muon_loss=0.5)
    block = hits.generated(experiment.setup, sample, 5000, decay_stream(1, "loss", 0))
    assert len(block) > 1000
    assert not block["particles"]["muon_loss"].any()
    assert (block["weight"] == 1.0).all()
