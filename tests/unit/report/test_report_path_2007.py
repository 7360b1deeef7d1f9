"""The drawn path of a muon where a layer of gas stands in the middle of the magnet."""

from __future__ import annotations

from typing import Any

import numpy as np

import hits
from hnlpeak.detectors.surface import MATTER
from hnlpeak.experiment.experiment import load_experiment
from hnlpeak.report.figures.apparatus import planes
from hnlpeak.report.figures.particle_path import particle_path
from hnlpeak.simulation.foregone import FOLLOW_ALL
from hnlpeak.simulation.response import respond
from hnlpeak.simulation.sample import mode_sample
from hnlpeak.simulation.streams import decay_stream


def gas_about_the_magnet(table: dict[str, Any]) -> None:
    """The middle of the gas, where one of its five layers stands, in the middle of the magnet."""
    gas, spectrometer = hits.detector(table, "helium"), hits.detector(table, "DCH")
    first, middle = (float(text.removesuffix(" m")) for text in (gas["z_min"], spectrometer["magnet"]["z"]))
    gas["z_max"] = f"{2.0 * middle - first!r} m"


def test_muon_bends_in_the_magnet_and_reaches_the_last_counter() -> None:
    experiment = hits.experiment("na62-2007", gas_about_the_magnet)
    sample, rng = mode_sample("path", "kmu2", 200), decay_stream(1, "path", 0)
    block = hits.generated(experiment.setup, sample, 200, rng)
    respond(len(block), experiment.setup, FOLLOW_ALL, rng, block)
    setup = experiment.setup[0]
    layers = setup["response"]["z"][setup["response"]["code"] == MATTER]
    assert np.abs(layers - setup["magnet_z"]).min() < 1e-6
    checked = 0
    for event in block:
        particle = event["particles"][0]
        if particle["n_segments"] > 1 or particle["n_chambers"] < 4 or particle["segments"][0]["p"] < 15e3:
            continue
        path = particle_path(setup, particle)
        for c in range(4):
            x = np.interp(setup["chamber_z"][c], path[:, 2], path[:, 0])
            assert abs(x - particle["hits"][c]["x"]) < 25.0  # scattered; the kick moves it by 10 to 190 mm
        assert path[-1, 2] == setup["beam"]["z_end_muon"]
        checked += 1
    assert checked > 50


def test_matter_has_its_length_in_the_side_view() -> None:
    gas = next(p for p in planes(load_experiment("na62-2007"), "y") if p.system == "helium")
    assert (gas.colour, gas.z, gas.z_end, gas.inner, gas.outer) == ("#e8f1ea", 216e3, 239.38e3, 80.0, 1450.0)
