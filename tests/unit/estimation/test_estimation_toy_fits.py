"""Fits of many toys in lanes are those that the plain code makes one by one."""

from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.background.bands import sideband_design
from hnlpeak.background.functions import Family, SidebandModel
from hnlpeak.background.lane_fits import LANES
from hnlpeak.background.sideband import SidebandBackground
from hnlpeak.background.sideband_fit import TOY_SLOTS, fit_slots
from hnlpeak.background.toy_fits import fit_toys
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.spectrum.window import search_window

CARD = load_analysis("na62-2015-ke2").card.background
assert isinstance(CARD, SidebandBackground)
EDGES = np.linspace(100.0, 500.0, 4001)
MASSES, SIGMAS = (175.0, 260.0, 330.0, 440.0), (10.0, 6.0, 3.5, 1.1)


@pytest.mark.parametrize("family", ["polynomial", "exp-polynomial"])
@pytest.mark.parametrize("per_mev", [0.15, 1.0, 12.0])
@pytest.mark.parametrize("toys", [7, LANES + 9])
def test_toys_in_lanes_are_toys_one_by_one(family: Family, per_mev: float, toys: int) -> None:
    """From spectra where most orders are lowered to those where none is; blocks that are not full."""
    windows = [search_window(m, s, k=1.0, edges=EDGES) for m, s in zip(MASSES, SIGMAS, strict=True)]
    design = sideband_design(windows, EDGES, CARD)
    truth = per_mev * 0.1 * np.exp(-(EDGES[:-1] - 250.0) / 150.0)
    counts = np.random.Generator(np.random.Philox(5)).poisson(truth, (toys, truth.size))
    cumulative = np.concatenate([np.zeros((toys, 1)), np.cumsum(counts, axis=1)], axis=1)[:, None]
    expected = np.concatenate([[0.0], np.cumsum(truth)])[None]
    rows, model = np.zeros(len(MASSES), dtype=np.int64), SidebandModel(2, 3, family)
    made = fit_toys(design, cumulative, rows, model, expected=expected)
    start = fit_slots(design, expected[None], rows, np.array(2), model.functions())[1].parameters
    plain = fit_slots(design, cumulative, rows, np.array(2), model.functions(), average=True, start=start)[0]
    names = ("background", "stat", "syst", "leakage")
    for name, slot in zip(names, TOY_SLOTS, strict=True):
        np.testing.assert_allclose(getattr(made, name), plain[..., slot], rtol=1e-9, atol=1e-9)


def test_a_toy_does_not_depend_on_those_beside_it() -> None:
    windows = [search_window(300.0, 4.0, k=1.0, edges=EDGES)]
    design = sideband_design(windows, EDGES, CARD)
    truth = np.full(EDGES.size - 1, 0.3)
    counts = np.random.Generator(np.random.Philox(6)).poisson(truth, (LANES + 5, truth.size))
    cumulative = np.concatenate([np.zeros((len(counts), 1)), np.cumsum(counts, axis=1)], axis=1)[:, None]
    expected = np.concatenate([[0.0], np.cumsum(truth)])[None]
    rows, model = np.zeros(1, dtype=np.int64), SidebandModel(2, 3)
    every = fit_toys(design, cumulative, rows, model, expected=expected)
    turned = fit_toys(design, cumulative[::-1], rows, model, expected=expected)
    np.testing.assert_array_equal(every.background, turned.background[::-1])
    np.testing.assert_array_equal(every.error, turned.error[::-1])
