"""Which particle becomes the candidate, and what its columns hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hits
from hnlpeak.experiment.columns import ABSENT_DISTANCE, ABSENT_TIME

SETUP = hits.setup()
SYSTEMS = hits.shipped("na62-2015").card.systems()


def particle(event: Any, p: float, charge: int, missing: tuple[int, ...] = (), **fields: float) -> None:
    """A track of momentum p and charge, whose slope tells it from others."""
    x, y = hits.points(SETUP, p, charge, 150.0, 20.0, 2e-3, 1e-3)
    hits.add_particle(event, x, y, missing=missing, **fields)


def candidate(*tracks: dict[str, Any]) -> dict[str, float] | None:
    block = hits.events(1)
    for track in tracks:
        particle(block[0], **track)
    columns = hits.candidates(SETUP, block)
    return {name: float(column[0]) for name, column in columns.items()} if len(columns["p_mev"]) else None


POSITIVE, NEGATIVE = {"p": 20e3, "charge": 1}, {"p": 30e3, "charge": -1}
SECOND = {"p": 40e3, "charge": 1}
SHORT = {"p": 50e3, "charge": 1, "missing": (2,)}
STUB = {"p": 60e3, "charge": 1, "missing": (2, 3)}


@pytest.mark.parametrize(
    ("tracks", "p", "charge", "count"),
    [
        ([POSITIVE], 20e3, 1, 1),
        ([NEGATIVE], 30e3, -1, 1),
        ([POSITIVE, NEGATIVE], 20e3, 1, 2),
        ([NEGATIVE, POSITIVE], 20e3, 1, 2),  # a positive one is preferred
        ([POSITIVE, SECOND], 20e3, 1, 2),  # else the first
        ([SECOND, POSITIVE], 40e3, 1, 2),
        ([NEGATIVE, {"p": 31e3, "charge": -1}], 30e3, -1, 2),
        ([NEGATIVE, SECOND, POSITIVE], 40e3, 1, 3),
        ([SHORT, POSITIVE], 20e3, 1, 2),  # three of four chambers make a second track, but no candidate
        ([STUB, POSITIVE], 20e3, 1, 1),  # two do not
        ([POSITIVE, STUB, SHORT, NEGATIVE], 20e3, 1, 3),
    ],
)
def test_the_candidate_is_the_first_positive_full_track(
    tracks: list[dict[str, Any]], p: float, charge: int, count: int
) -> None:
    found = candidate(*tracks)
    assert found is not None
    assert found["p_mev"] == pytest.approx(p, rel=1e-7)
    assert (found["charge"], found["n_tracks"]) == (charge, count)


@pytest.mark.parametrize("tracks", [[], [SHORT], [STUB], [SHORT, STUB]])
def test_without_a_full_track_there_is_no_candidate(tracks: list[dict[str, Any]]) -> None:
    assert candidate(*tracks) is None


NA62_2007 = hits.setup("na62-2007")


@pytest.mark.parametrize(
    ("fields", "p", "missing", "count"),
    [
        ({}, 20e3, (), 2),
        ({}, 3.1e3, (), 2),
        ({}, 2.9e3, (), 1),  # too soft to count
        ({}, 76e3, (), 1),  # too stiff
        ({"x": 500.0}, 20e3, (), 1),  # passes the beam at more than 150 mm
        ({"tx": 3e-3}, 20e3, (2,), 2),  # three chambers are enough
        ({"tx": 3e-3}, 20e3, (1,), 1),  # but not one alone before the magnet
        ({"tx": 15e-3}, 20e3, (), 2),
        ({"tx": -30e-3}, 20e3, (), 1),  # crosses the beam behind the tank
    ],
)
def test_only_good_tracks_count(
    fields: dict[str, float], p: float, missing: tuple[int, ...], count: int
) -> None:
    """Public analysis of 2007: of tracks with 3 < p < 75 GeV, cda < 150 mm and -50 < z < 100 m exactly one is left."""
    block = hits.events(1)
    beam = NA62_2007[0]["beam"]
    along = NA62_2007[0]["chamber_z"][0] - beam["z_reference"]
    here = float(beam["x"] + beam["slope_x"] * along), float(beam["y"] + beam["slope_y"] * along)
    for momentum, place, gone in (
        (20e3, {"x": 0.0, "tx": 4e-3}, ()),
        (p, {"x": 0.0, "tx": 4e-3} | fields, missing),
    ):
        # from the beam 50 m in front of the first chamber, and "x" beside it
        at = here[0] + place["x"] + 50e3 * (place["tx"] if place["tx"] > 0.0 else 0.02)
        x, y = hits.points(NA62_2007, momentum, 1, at, here[1], place["tx"], 0.0)
        hits.add_particle(block[0], x, y, missing=gone)
    columns = hits.candidates(NA62_2007, block)
    assert columns["n_tracks"].tolist() == [count]
    assert columns["p_mev"][0] == pytest.approx(20e3, rel=1e-6)


def test_candidates_close_up_and_keep_their_event() -> None:
    block = hits.events(4)
    block["number"], block["source"], block["weight"] = [7, 8, 9, 10], [3, 2, 1, 0], [0.5, 1.0, 2.0, 3.0]
    for i in (1, 3):
        particle(block[i], 20e3 + i, 1)
    columns = hits.candidates(SETUP, block)
    assert columns["number"].tolist() == [8.0, 10.0]
    assert columns["source"].tolist() == [2.0, 0.0]
    assert columns["weight"].tolist() == [1.0, 3.0]
    assert columns["p_mev"] == pytest.approx([20001.0, 20003.0], rel=1e-7)


def test_times_are_distances_of_the_nearest_signal_from_the_track() -> None:
    block = hits.events(1)
    particle(block[0], 20e3, 1, t_track=2.0)
    for time in (-9.0, 2.5, 9.0):
        hits.add_time(block[0], SYSTEMS.index("LAV"), time)
    hits.add_time(block[0], SYSTEMS.index("SAC"), -20.0)
    columns = hits.candidates(SETUP, block)
    assert columns["dt_lav_ns"][0] == 0.5
    assert columns["dt_sac_ns"][0] == 22.0
    assert columns["dt_irc_ns"][0] == ABSENT_TIME
    assert columns["t_track_ns"][0] == 2.0


def test_columns_of_the_calorimeters_and_the_ring() -> None:
    block = hits.events(1)
    particle(block[0], 20e3, 1, e_hadron=1234.0, n_ring=13, r_ring=189.6)
    x, y = hits.points(SETUP, 20e3, 1, 150.0, 20.0, 2e-3, 1e-3)
    z = SETUP[0]["chamber_z"]
    lkr = float(SETUP[0]["calorimeter_z"])
    # carried on along the last piece of the path
    at_x = x[3] + (x[3] - x[2]) / (z[3] - z[2]) * (lkr - z[3])
    at_y = y[3] + (y[3] - y[2]) / (z[3] - z[2]) * (lkr - z[3])
    hits.add_cluster(block[0], at_x + 10.0, at_y, 18e3)
    hits.add_cluster(block[0], at_x + 500.0, at_y, 2e3)
    columns = hits.candidates(SETUP, block)
    assert columns["e_over_p"][0] == pytest.approx(0.9, rel=1e-7)
    assert columns["e_extra_mev"][0] == 2e3
    assert columns["e_hadron_mev"][0] == 1234.0
    assert columns["rich_hits"][0] == 13.0
    assert columns["rich_e_margin"][0] > 5.0
    assert columns["rich_mu_margin"][0] < -5.0
    assert columns["muon_distance_mm"][0] == ABSENT_DISTANCE


@pytest.mark.parametrize(("x", "expected"), [(500.0, 1.0), (150.0, 0.0), (-1100.0, 0.0)])
def test_acceptance_is_of_the_track(x: float, expected: float) -> None:
    """A track in the beam hole or beyond the outer edge of a downstream detector is not accepted."""
    block = hits.events(1)
    hits.add_particle(block[0], *hits.points(SETUP, 70e3, 1, x, 20.0, 1e-3, 0.0))
    assert hits.candidates(SETUP, block)["in_acceptance"][0] == expected


@pytest.mark.parametrize("installed", [0, 1])
def test_beam_tracker_replaces_the_mean_beam(installed: int) -> None:
    """Missing mass, angle and distance are those to the kaon's own measurement where there is one."""
    array = hits.setup(tracker_installed=installed)
    kaon = {"kaon_p": 76e3, "kaon_tx": 3e-4, "kaon_ty": -2e-4, "kaon_x": 12.0, "kaon_y": 3.0}
    block = hits.events(1, **kaon)
    particle(block[0], 20e3, 1)
    reference = float(array[0]["beam"]["z_reference"])
    mean, own = (75e3, 1.2e-3, 0.0, 0.0, 0.0, reference), (*kaon.values(), reference)
    found = hits.candidates(array, block, axis=mean)
    expected = hits.candidates(hits.setup(), block, axis=own if installed else mean)
    for name in ("m2_miss_mev2", "theta_rad", "phi_rad", "cda_mm", "z_vtx_mm"):
        assert found[name][0] == expected[name][0]
    assert np.isfinite(found["m2_miss_mev2"][0])
