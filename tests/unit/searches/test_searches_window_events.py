"""Events that are listed have all that is listed of them."""

from __future__ import annotations

import numpy as np

from hnlpeak.chain.beam import calibrate
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.searches.window_events import MassWindow, _of_shard, _Task
from hnlpeak.simulation.sample import mode_sample


def test_energies_are_listed_though_no_cut_asks_for_them() -> None:
    """Selections of 2007 look at no energy of the muon; its cluster is a minimum-ionising one all the same."""
    analysis = load_analysis("na62-2007-kmu2")
    experiment = analysis.experiment
    axis = calibrate(mode_sample("listed/beam", "pi3", 5_000), experiment, RunContext(seed=3))
    task = _Task((mode_sample("listed", "kmu2", 5_000), experiment, axis), (0, 5_000), 0)
    window = MassWindow(0.0, analysis.card.normalisation.selection, -1e9, 1e9, 0.0)
    rows = list(_of_shard(task, card=analysis.card, window=window, seed=1))
    assert len(rows) > 500
    assert np.mean([row["e_over_p"] > 0.0 for row in rows]) > 0.95
