"""The drawn path of a muon where a layer of gas stands in the middle of the magnet."""

from __future__ import annotations

import numpy as np

from hnlpeak.chain.loop import new_buffers
from hnlpeak.detectors import material
from hnlpeak.experiment.experiment import load_experiment
from hnlpeak.report.figures.apparatus import planes
from hnlpeak.report.figures.particle_path import particle_path
from hnlpeak.simulation.generation import Total, generate
from hnlpeak.simulation.response import respond
from hnlpeak.simulation.sample import mode_sample
from hnlpeak.simulation.streams import stream


def test_muon_bends_in_the_magnet_and_reaches_the_last_counter() -> None:
    experiment = load_experiment("na62-2007")
    buffers, sample, rng = new_buffers(40, 200), mode_sample("path", "kmu2", 200), stream(1, "path", 0)
    totals = np.zeros(Total.WIDTH, dtype=np.int64)
    n = generate(200, 0, experiment.setup, sample.table, rng, buffers, totals)
    respond(n, experiment.setup, rng, buffers.block)
    setup = experiment.setup[0]
    assert setup["magnet_z"] in setup["response"]["z"][setup["response"]["code"] == material.CODE]
    checked = 0
    for event in buffers.block[:n]:
        particle = event["particles"][0]
        if particle["n_segments"] > 1 or particle["n_chambers"] < 4 or particle["segments"][0]["p"] < 15e3:
            continue
        path = particle_path(setup, particle)
        for c in range(4):
            x = np.interp(setup["chamber_z"][c], path[:, 2], path[:, 0])
            assert abs(x - particle["hits"][c]["x"]) < 25.0  # scattered; the kick moves it by 10 to 190 mm
        assert path[-1, 2] == 248e3
        checked += 1
    assert checked > 50


def test_matter_has_its_length_in_the_side_view() -> None:
    gas = next(p for p in planes(load_experiment("na62-2007"), "y") if p.system == "helium")
    assert (gas.colour, gas.z, gas.z_end, gas.inner, gas.outer) == ("#e8f1ea", 216e3, 239e3, 80.0, 1450.0)
