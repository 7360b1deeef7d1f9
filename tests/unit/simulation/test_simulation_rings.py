"""Rings that a straight course clears are passed at once: with and without that, events are the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import hits
from hnlpeak.detectors.surface import SURFACES, passes_rings
from hnlpeak.simulation.sample import mode_sample
from hnlpeak.simulation.streams import decay_stream

SETUP = hits.shipped("na62-2015").setup


def one_by_one(array: NDArray[Any]) -> NDArray[Any]:
    """The set-up in which no run of rings is known."""
    changed = np.array(array)
    for name in ("rings", "thick_rings"):
        changed["response"][name] = 0
    changed.setflags(write=False)
    return changed


def test_the_longest_runs_are_those_before_the_first_chamber_and_before_the_magnet() -> None:
    response = SETUP[0]["response"]
    first, end, z_first, z_last, hole2 = response["rings"].tolist()
    assert end - first == 8
    assert (z_first, z_last) == (pytest.approx(121.66e3, abs=10.0), pytest.approx(180.63e3, abs=10.0))
    assert z_last < SETUP[0]["chamber_z"][0]
    assert hole2 == 536.5**2
    assert response["thick_rings"]["end"] - response["thick_rings"]["first"] == 9


@pytest.mark.parametrize("mode", ["pipi0", "pi3", "ke3"])
def test_events_are_the_same(mode: str) -> None:
    sample = mode_sample("rings", mode, 2000)
    blocks = []
    for array in (SETUP, one_by_one(SETUP)):
        block = hits.generated(array, sample, 2000, decay_stream(5, "rings", 0)).copy()
        hits.answer(array, block)
        blocks.append(block)
    a, b = blocks
    assert len(a) == len(b) > 500
    for name in ("number", "n_times", "times", "n_clusters", "n_particles", "weight"):
        assert np.array_equal(a[name], b[name]), name
    assert np.array_equal(a["particles"]["hits"]["x"], b["particles"]["hits"]["x"])


@pytest.mark.parametrize(
    ("x", "tx", "clear"), [(0.0, 0.0, True), (0.0, 5e-3, False), (600.0, -5e-3, False), (200.0, -2e-3, True)]
)
def test_a_course_is_clear_within_the_narrowest_hole_at_both_ends(x: float, tx: float, clear: bool) -> None:
    table = np.zeros(1, dtype=SURFACES)
    table["rings"] = (0, 2, 100e3, 200e3, 500.0**2)
    rings = hits.records(table["rings"])[0]
    assert passes_rings(rings, x, 0.0, 100e3, tx, 0.0) is clear
