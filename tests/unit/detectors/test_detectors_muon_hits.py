"""Places of muon hits: cells, and accidental ones; accidental clusters; distance of the track from the nearest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from hnlpeak.chain.sample_run import simulate_candidates
from hnlpeak.core.measured import Measured
from hnlpeak.detectors import muon_veto
from hnlpeak.detectors.event import new_block
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.experiment.experiment import load_experiment
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.simulation.foregone import FOLLOW_ALL
from hnlpeak.simulation.response import respond
from hnlpeak.simulation.sample import mode_sample
from hnlpeak.theory.species import Species

Shoot = Callable[..., NDArray[Any]]
P_MIN = 1e-6
EXPERIMENT = load_experiment("na62-2007")
MUV = next(d for d in EXPERIMENT.card.detectors if d.system == "MUV1")


@pytest.mark.parametrize(("cell_x", "cell_y"), [(250.0, 250.0), (0.0, 450.0), (0.0, 0.0)])
def test_a_hit_stands_in_the_middle_of_its_cell(shoot: Shoot, cell_x: float, cell_y: float) -> None:
    spec = MUV.model_copy(update={"cell_x": cell_x, "cell_y": cell_y, "radiation_lengths": 1e-9})
    surface = [muon_veto.pack(spec, 4)[0]._replace(z=1000.0)]
    x, y = np.linspace(-1300.0, 1300.0, 999), np.linspace(1300.0, -1300.0, 999)
    event = shoot(surface, Species.MUON_PLUS, 50e3, x=x, y=y, n=999)
    seen = event["n_muon_hits"] == 1
    assert seen.sum() > 900
    hit = event["muon_hits"][:, 0]
    assert (hit["z"][seen] == 1000.0).all()
    assert np.array_equal(hit["time"][seen], event["times"][seen, 4, 0])
    for place, true, cell in ((hit["x"], x, cell_x), (hit["y"], y, cell_y)):
        expected = cell * (np.floor(true / cell) + 0.5) if cell else true
        assert np.allclose(place[seen], expected[seen], atol=1e-3 if not cell else 1e-9)


def _accidentals(n: int) -> NDArray[Any]:
    block = new_block(n)
    block["weight"] = 1.0
    block["intensity"] = 1.0
    respond(n, EXPERIMENT.setup, FOLLOW_ALL, np.random.Generator(np.random.Philox(5)), block)
    return block


def test_accidental_signals_have_their_rates_and_places() -> None:
    block = _accidentals(100_000)
    window = 2.0 * EXPERIMENT.card.reconstruction.readout_window
    lkr = next(d for d in EXPERIMENT.card.detectors if d.system == "LKr")
    counters = [d for d in EXPERIMENT.card.detectors if d.kind == "muon_veto"]
    rate = sum(d.accidental_rate for d in counters)
    for count, mean in (
        (block["n_muon_hits"], rate * window),
        (block["n_clusters"], lkr.accidental_rate * window),
    ):
        assert stats.poisson.sf(int(count.sum()) - 1, mean * block.size) > P_MIN
        assert stats.poisson.cdf(int(count.sum()), mean * block.size) > P_MIN
    one = block["muon_hits"][block["n_muon_hits"] == 1, 0]
    strips = one["x"][one["z"] == 249.028e3]
    assert set(np.mod(strips, 250.0)) == {125.0}
    assert stats.chisquare(np.unique(strips[np.abs(strips) < 1250.0], return_counts=True)[1]).pvalue > P_MIN
    assert set(one["z"]) == {247.78e3, 249.028e3, 250.12e3}
    cluster = block["clusters"][block["n_clusters"] == 1, 0]
    assert stats.kstest(cluster["energy"], "expon", args=(0.0, lkr.accidental_energy)).pvalue > P_MIN
    assert np.abs(cluster["y"]).max() <= 1130.0
    assert stats.kstest(cluster["time"], "uniform", args=(-window / 2.0, window)).pvalue > P_MIN


def test_muons_of_kmu2_lie_near_their_hits() -> None:
    analysis = load_analysis("na62-2007-kmu2")
    beam = analysis.experiment.card.beam
    axis = BeamCalibration(
        *(Measured(v) for v in (beam.momentum, beam.slope_x, beam.slope_y, beam.x, beam.y)),
        z_reference=beam.z_reference,
        events=1,
        source="truth",
    )
    made = simulate_candidates(
        mode_sample("muons", "kmu2", 20_000), analysis.experiment, analysis.card, axis, seed=4
    )
    c = made.columns
    good = (c["in_acceptance"] == 1) & (c["n_tracks"] == 1) & (c["p_mev"] > 30e3) & (c["chi2"] < 10)
    x, y = c["muon_x_sigmas"][good], c["muon_y_sigmas"][good]
    both = (x < 3.8) & (y < 3.8)
    # two planes of about 0.987 each, and the muons that scatter out of the cut
    assert 0.95 < both.mean() < 0.99
    # scattering takes the muon out of its strip now and then, by less than a few sigma
    assert 0.6 < (x[both] == 0.0).mean() < 0.95
    assert 0.6 < (y[both] == 0.0).mean() < 0.97  # 0.956 +- 0.001 in 120 000 decays
    # each coordinate has a plane of its own
    late = np.abs(c["dt_muv2_ns"]) > 10.0
    assert (c["muon_x_sigmas"][late] == 1e6).all()
    assert (c["muon_y_sigmas"][late & (np.abs(c["dt_muv1_ns"]) < 5.0)] < 1e6).all()
