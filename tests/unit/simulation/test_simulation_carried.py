"""Muons carried in lanes: what they measure is distributed as what those measure that go the long way."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import hits
from hnlpeak.detectors.spectrometer import ChamberSlot
from hnlpeak.detectors.surface import PARAMETERS
from hnlpeak.simulation.foregone import FOLLOW_ALL
from hnlpeak.simulation.generation import Total
from hnlpeak.simulation.sample import Sample, conjugated, mode_sample, signal_sample
from hnlpeak.simulation.streams import decay_stream
from hnlpeak.theory.species import Species

P_MIN = 1e-6
DECAYS = 60_000
Way = tuple[NDArray[Any], dict[str, NDArray[np.float64]]]


def without_carrying(array: NDArray[Any]) -> NDArray[Any]:
    """The set-up with a gap of nothing in its chambers: no case for lanes."""
    changed = np.array(array)
    changed["response"]["params"][0, changed["response"]["code"][0] == 2, ChamberSlot.GAP] = 1e-9
    changed.setflags(write=False)
    return changed


def flown(array: NDArray[Any], sample: Sample, block: int = DECAYS, decays: int = DECAYS) -> Way:
    """Records and candidates of a sample, made in blocks of so many decays."""
    stream, beam = decay_stream(11, sample.name, 0), array[0]["beam"]
    axis = [beam[field].item() for field in ("momentum", "slope_x", "slope_y", "x", "y", "z_reference")]
    records, columns = [], []
    for first in range(0, decays, block):
        buffers, totals = hits.room(1, block), np.zeros(Total.WIDTH, dtype=np.int64)
        n = hits.generate(block, first, array, sample.table, FOLLOW_ALL, stream, buffers, totals)
        hits.respond(n, array, FOLLOW_ALL, stream, buffers.block)
        columns.append(hits.candidates(array, buffers.block[:n], axis, 105.658, name="na62-2007"))
        records.append(buffers.block[:n].copy())
    return np.concatenate(records), {name: np.concatenate([c[name] for c in columns]) for name in columns[0]}


@cache
def both(kind: str) -> tuple[Way, Way]:
    """Carried, and by the long way."""
    array = hits.shipped("na62-2007").setup
    made = {
        "kmu2": mode_sample("carried", "kmu2", 1),
        "anti": conjugated(mode_sample("carried", "kmu2", 1)),
        "signal": signal_sample("carried", "K+", "mu", 350.0, 1),
    }[kind]
    return flown(array, made), flown(without_carrying(array), made)


def residuals(way: Way) -> dict[str, NDArray[np.float64]]:
    """What the carried decays' candidates measure off the truth; both ways have the same decays."""
    records, columns = way
    muons = records["particles"]["segments"][:, 0, 0]
    rows = {number: row for row, number in enumerate(records["number"])}
    true = muons[[rows[number] for number in columns["number"].astype(int)]]
    clean = (columns["in_acceptance"] == 1.0) & (columns["n_tracks"] == 1) & (true["p"] > 10e3)
    found = {
        "1/p": (true["p"] / columns["p_mev"] - 1.0) * np.sqrt(1.0 / (0.0048**2 + (9e-8 * true["p"]) ** 2)),
        "tx": (columns["tx"] - true["tx"]) * true["p"],
        "ty": (columns["ty"] - true["ty"]) * true["p"],
        "z": columns["z_vtx_mm"] - records["z_decay"][[rows[n] for n in columns["number"].astype(int)]],
        "cda": columns["cda_mm"],
        "chi2": columns["chi2"],
        "m2": columns["m2_miss_mev2"],
        "time": columns["t_track_ns"],
        "in x": columns["muon_x_sigmas"][columns["muon_x_sigmas"] < 1e5],
        "in y": columns["muon_y_sigmas"][columns["muon_y_sigmas"] < 1e5],
    }
    return {name: values[clean] if values.size == clean.size else values for name, values in found.items()}


@pytest.mark.parametrize("kind", ["kmu2", "anti", "signal"])
def test_most_muons_alone_are_carried(kind: str) -> None:
    (carried, _), (plain, _) = both(kind)
    assert not plain["carried"].any()
    flags = carried["carried"] == 1
    assert np.mean(flags) > 0.85
    species = Species.MUON_MINUS if kind == "anti" else Species.MUON_PLUS
    assert np.all(carried["particles"]["segments"]["species"][flags, 0, 0] == species)
    assert np.all(carried["n_particles"][flags] == 1)


@pytest.mark.parametrize("kind", ["kmu2", "anti", "signal"])
def test_they_trigger_and_are_found_as_often(kind: str) -> None:
    """The decays are the same: what differs is drawn for planes, views and counters."""
    (carried, lanes), (plain, long) = both(kind)
    for a, b, name in (
        (carried["number"], plain["number"], "trigger"),
        (lanes["number"], long["number"], "candidate"),
    ):
        only_a, only_b = np.setdiff1d(a, b).size, np.setdiff1d(b, a).size
        assert only_a + only_b > 100, name
        assert stats.binomtest(only_a, only_a + only_b).pvalue > P_MIN, name
    shared = np.isin(plain["number"], carried["number"]), np.isin(carried["number"], plain["number"])
    first, second = plain[shared[0]], carried[shared[1]]
    for field in ("z_decay", "kaon_p", "crossings"):
        assert np.array_equal(first[field], second[field]), field
    for field in ("x", "y", "z", "tx", "ty", "p"):
        a, b = (way["particles"]["segments"][field][:, 0, 0] for way in (first, second))
        assert np.array_equal(a, b), field


@pytest.mark.parametrize("kind", ["kmu2", "anti", "signal"])
def test_what_they_measure_is_distributed_as_on_the_long_way(kind: str) -> None:
    lanes, long = (residuals(way) for way in both(kind))
    for name, values in long.items():
        assert values.size > 0.35 * DECAYS
        assert stats.ks_2samp(lanes[name], values).pvalue > P_MIN, name


def test_points_have_the_same_errors_and_views_fail_as_often() -> None:
    (carried, _), (plain, _) = both("kmu2")
    for chamber in range(4):
        tables = []
        for way in (carried, plain):
            variance = way["particles"]["hits"]["var_x"][:, 0, chamber]
            values, counts = np.unique(np.round(variance, 9), return_counts=True)
            tables.append(dict(zip(values.tolist(), counts.tolist(), strict=True)))
        assert tables[0].keys() == tables[1].keys()
        assert len(tables[0]) >= 3  # all views, one missing of either kind
        counts = np.array([[table[v] for v in tables[0]] for table in tables])
        counts = counts[:, counts.min(axis=0) > 10]
        assert stats.chi2_contingency(counts).pvalue > P_MIN


def test_counters_see_as_many_muons_in_every_cell() -> None:
    (carried, _), (plain, _) = both("kmu2")
    for way in (carried, plain):
        assert way["n_muon_hits"].mean() > 2.5
    for z in np.unique(plain["muon_hits"]["z"][plain["muon_hits"]["z"] > 0.0]):
        cells = []
        for way in (carried, plain):
            there = way["muon_hits"][way["muon_hits"]["z"] == z]
            cells.append(there[np.abs(there["time"]) < 3.0])
        for name in ("x", "y"):
            values = np.unique(np.concatenate([c[name] for c in cells]))
            counts = np.array(
                [np.bincount(np.searchsorted(values, c[name]), minlength=values.size) for c in cells]
            )
            counts = counts[:, counts.sum(axis=0) > 40]
            assert counts.shape[1] < 2 or stats.chi2_contingency(counts).pvalue > P_MIN, (z, name)
        assert stats.ks_2samp(cells[0]["time"], cells[1]["time"]).pvalue > P_MIN


def test_without_matter_and_with_perfect_views_points_are_the_same() -> None:
    """Geometry, magnet and verdict of lanes and of the long way agree to a tenth of a micrometre."""
    array = np.array(hits.shipped("na62-2007").setup)
    response = array["response"][0]
    for n in range(int(response["n"])):
        if response["code"][n] == 2:
            for slot in (ChamberSlot.SCATTERING, ChamberSlot.SCATTERING_LOG, ChamberSlot.RESOLUTION):
                response["params"][n, slot] = 1e-12
        elif response["code"][n] == 10:
            response["params"][n, 9:11] = 1e-12
    assert response["params"].shape[1] == PARAMETERS
    sample = mode_sample("carried/exact", "kmu2", 1)
    (lanes, _), (long, _) = (flown(a, sample, 20_000, 20_000) for a in (array, without_carrying(array)))
    flags = (lanes["carried"] == 1) & np.isin(lanes["number"], long["number"])
    lanes = lanes[flags]
    long = long[np.isin(long["number"], lanes["number"])]
    assert len(lanes) > 10_000
    assert np.array_equal(lanes["crossings"], long["crossings"])
    for name in ("x", "y"):
        a, b = (way["particles"]["hits"][name][:, 0, :4] for way in (lanes, long))
        measured = [way["particles"]["hits"]["var_x"][:, 0, :4] > 0.0 for way in (lanes, long)]
        assert np.array_equal(measured[0], measured[1])
        assert np.max(np.abs(a - b)[measured[0]]) < 1e-4


def test_results_do_not_depend_on_the_block() -> None:
    array, sample = hits.shipped("na62-2007").setup, mode_sample("carried", "kmu2", 1)
    (_, whole), (_, parts) = flown(array, sample, 6000, 6000), flown(array, sample, 100, 6000)
    for name, column in whole.items():
        assert np.array_equal(column, parts[name], equal_nan=True), name
