"""Fits of many toys in lanes are those that the plain code makes one by one, from whatever start."""

from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.background.bands import SidebandDesign, sideband_design
from hnlpeak.background.functions import Family, SidebandModel
from hnlpeak.background.lane_fits import LANES
from hnlpeak.background.sideband import SidebandBackground
from hnlpeak.background.sideband_fit import TOY_SLOTS, fit_slots
from hnlpeak.background.toy_fits import fit_toys, toy_start
from hnlpeak.core.errors import UsageError
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.spectrum.window import search_window

CARD = load_analysis("na62-2015-ke2").card.background
assert isinstance(CARD, SidebandBackground)
EDGES = np.linspace(100.0, 500.0, 4001)
MASSES, SIGMAS = (175.0, 260.0, 330.0, 440.0), (10.0, 6.0, 3.5, 1.1)


def spectra(per_mev: float, toys: int) -> tuple[SidebandDesign, np.ndarray, np.ndarray]:
    """Side bands, a falling expectation a bin, and counts about it."""
    windows = [search_window(m, s, k=1.0, edges=EDGES) for m, s in zip(MASSES, SIGMAS, strict=True)]
    truth = per_mev * 0.1 * np.exp(-(EDGES[:-1] - 250.0) / 150.0)
    counts = np.random.Generator(np.random.Philox(5)).poisson(truth, (toys, truth.size))
    return sideband_design(windows, EDGES, CARD), truth, counts


@pytest.mark.parametrize("family", ["polynomial", "exp-polynomial"])
@pytest.mark.parametrize("per_mev", [0.15, 1.0, 12.0])
@pytest.mark.parametrize("toys", [7, LANES + 9])
def test_toys_in_lanes_are_toys_one_by_one(family: Family, per_mev: float, toys: int) -> None:
    """From spectra where most orders are lowered to those where none is; blocks that are not full."""
    design, truth, counts = spectra(per_mev, toys)
    cumulative = np.concatenate([np.zeros((toys, 1)), np.cumsum(counts, axis=1)], axis=1)[:, None]
    expected = np.concatenate([[0.0], np.cumsum(truth)])[None]
    rows, model = np.zeros(len(MASSES), dtype=np.int64), SidebandModel(2, 3, family)
    made = fit_toys(design, cumulative, rows, model, start=toy_start(design, expected, rows, model))
    plain = fit_slots(design, cumulative, rows, np.array(2), model.functions(), average=True)[0]
    names, stat = ("background", "stat", "syst", "leakage"), plain[..., TOY_SLOTS[1]]
    for name, slot in zip(names, TOY_SLOTS, strict=True):
        unit = np.ones_like(stat) if name == "leakage" else stat
        np.testing.assert_array_less(np.abs(getattr(made, name) - plain[..., slot]), 5e-5 * unit)


@pytest.mark.parametrize("family", ["polynomial", "exp-polynomial"])
@pytest.mark.parametrize("per_mev", [0.15, 0.4])
def test_a_fit_does_not_depend_on_its_start(family: Family, per_mev: float) -> None:
    """Few events, where the coefficients of an exponent are large and cancel: without a start, from the expectation,
    and from the fit to another toy."""
    design, truth, counts = spectra(per_mev, 61)
    cumulative = np.concatenate([np.zeros((61, 1)), np.cumsum(counts, axis=1)], axis=1)[:, None]
    rows, functions = np.zeros(len(MASSES), dtype=np.int64), SidebandModel(2, 3, family).functions()
    order = np.array(2)

    def fitted(near: np.ndarray | None) -> np.ndarray:
        start = None if near is None else fit_slots(design, near, rows, order, functions)[1].parameters
        return fit_slots(design, cumulative, rows, order, functions, average=True, start=start)[0]

    cold = fitted(None)
    assert np.isfinite(cold[..., TOY_SLOTS[0]]).all()
    for near in (np.concatenate([[0.0], np.cumsum(truth)])[None, None], cumulative[:1]):
        warm = fitted(near)
        for slot in TOY_SLOTS[:3]:
            change = np.abs(warm[..., slot] - cold[..., slot])
            assert np.all(change < 5e-5 * cold[..., TOY_SLOTS[1]])


def test_a_toy_does_not_depend_on_those_beside_it() -> None:
    windows = [search_window(300.0, 4.0, k=1.0, edges=EDGES)]
    design = sideband_design(windows, EDGES, CARD)
    truth = np.full(EDGES.size - 1, 0.3)
    counts = np.random.Generator(np.random.Philox(6)).poisson(truth, (LANES + 5, truth.size))
    cumulative = np.concatenate([np.zeros((len(counts), 1)), np.cumsum(counts, axis=1)], axis=1)[:, None]
    expected = np.concatenate([[0.0], np.cumsum(truth)])[None]
    rows, model = np.zeros(1, dtype=np.int64), SidebandModel(2, 3)
    every = fit_toys(design, cumulative, rows, model, start=toy_start(design, expected, rows, model))
    turned = fit_toys(design, cumulative[::-1], rows, model, start=toy_start(design, expected, rows, model))
    np.testing.assert_array_equal(every.background, turned.background[::-1])
    np.testing.assert_array_equal(every.error, turned.error[::-1])


@pytest.mark.parametrize("per_mev", [0.4, 12.0])
def test_further_events_of_a_mass_are_as_if_they_were_in_its_spectrum(per_mev: float) -> None:
    design, truth, counts = spectra(per_mev, 20)
    rows, model = np.zeros(len(MASSES), dtype=np.int64), SidebandModel(2, 3)
    expected = np.concatenate([[0.0], np.cumsum(truth)])[None]
    more = np.random.Generator(np.random.Philox(8)).poisson(2.0, (*design.signal.shape, 20))

    def total(bins: np.ndarray) -> np.ndarray:
        return np.concatenate([np.zeros((20, 1)), np.cumsum(bins, axis=1)], axis=1)[:, None]

    made = fit_toys(
        design, total(counts), rows, model, start=toy_start(design, expected, rows, model), more=more
    )
    for i in range(len(MASSES)):
        mixed = counts.copy()
        for j in range(design.groups[i]):
            mixed[:, design.first[i, j]] += more[i, j]
        one = fit_toys(design, total(mixed), rows, model, start=toy_start(design, expected, rows, model))
        np.testing.assert_array_equal(made.background[:, i], one.background[:, i])
        np.testing.assert_array_equal(made.leakage[:, i], one.leakage[:, i])
    with pytest.raises(UsageError, match="do not depend on the data"):
        fit_toys(
            design,
            total(counts),
            rows,
            SidebandModel(2, 3, order_choice="akaike"),
            start=toy_start(design, expected, rows, model),
            more=more,
        )
