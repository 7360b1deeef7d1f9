"""Clusters of a track and clusters besides: radii, zones, threshold, time, each at its own edge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hits
from hnlpeak.detectors.calorimeter import add_cluster

# sizes of no card, all different: a mixed-up one shows
SETUP = hits.setup(
    association_radius=50.0,
    track_zone=80.0,
    undeflected_zone=30.0,
    cluster_threshold=400.0,
    cluster_window=7.0,
    cluster_acceptance=0.0,
)
Z = float(SETUP[0]["calorimeter_z"])
# at the calorimeter the track is at (500, -100), its line from before the magnet at (200, -100)
MAGNET = Z - 40e3
TRACK = hits.line(x=0.0, y=0.0, z=Z - 100e3, tx=2e-3, ty=-1e-3, bend=7.5e-3, magnet_z=MAGNET)
IMPACT, UNDEFLECTED = (500.0, -100.0), (200.0, -100.0)
TIME = 3.0


def sums(*clusters: tuple[float, float, float, float], setup: Any = SETUP) -> tuple[float, int, float]:
    """Energy and number of the track's clusters, energy of the largest extra one; clusters are x, y, energy, time."""
    (event,) = hits.events(1)
    for cluster in clusters:
        hits.add_cluster(event, *cluster)
    own, extra = hits.cluster_energies(setup, event, TRACK, TIME)
    return own, hits.associated_clusters(setup, event, TRACK, TIME), extra


def seen(*clusters: tuple[float, float, float, float]) -> tuple[float, float]:
    """Energy of the track's clusters and of the largest extra one."""
    own, _, extra = sums(*clusters)
    return own, extra


def around(place: tuple[float, float], distance: float, angle: float) -> tuple[float, float]:
    return place[0] + distance * np.cos(angle), place[1] + distance * np.sin(angle)


@pytest.mark.parametrize("angle", [0.3, 1.9, 3.5, 5.2])
@pytest.mark.parametrize(
    ("distance", "own", "extra"),
    [(0.0, 1000.0, 0.0), (49.9, 1000.0, 0.0), (50.1, 0.0, 0.0), (79.9, 0.0, 0.0), (80.1, 0.0, 1000.0)],
)
def test_association_and_zone_of_the_impact(distance: float, own: float, extra: float, angle: float) -> None:
    assert seen((*around(IMPACT, distance, angle), 1000.0, TIME)) == (own, extra)


@pytest.mark.parametrize("angle", [0.3, 1.9, 3.5, 5.2])
@pytest.mark.parametrize(("distance", "extra"), [(0.0, 0.0), (29.9, 0.0), (30.1, 1000.0)])
def test_zone_of_the_undeflected_line(distance: float, extra: float, angle: float) -> None:
    """A photon radiated before the magnet goes where the track would have gone: it is no extra cluster."""
    assert seen((*around(UNDEFLECTED, distance, angle), 1000.0, TIME)) == (0.0, extra)


@pytest.mark.parametrize(("energy", "extra"), [(399.9, 0.0), (400.1, 400.1)])
def test_threshold_is_for_extra_clusters_alone(energy: float, extra: float) -> None:
    assert seen((-300.0, 0.0, energy, TIME)) == (0.0, extra)
    assert seen((*IMPACT, energy, TIME)) == (energy, 0.0)


@pytest.mark.parametrize(("late", "extra"), [(6.9, 900.0), (7.1, 0.0), (-6.9, 900.0), (-7.1, 0.0)])
def test_time_window_is_about_the_track(late: float, extra: float) -> None:
    assert seen((-300.0, 0.0, 900.0, TIME + late)) == (0.0, extra)


def test_own_energies_add_and_the_largest_extra_counts() -> None:
    own, extra = seen(
        (*around(IMPACT, 20.0, 1.0), 800.0, TIME),
        (-300.0, 0.0, 500.0, TIME),
        (*around(IMPACT, 40.0, 4.0), 300.0, TIME + 20.0),  # any time: the pile-up of the track's own shower
        (-300.0, 400.0, 900.0, TIME),
        (300.0, 400.0, 700.0, TIME),
        (300.0, -400.0, 5000.0, TIME + 8.0),
    )
    assert (own, extra) == (1100.0, 900.0)


def test_no_cluster() -> None:
    assert sums() == (0.0, 0, 0.0)


def test_associated_clusters_count_above_the_threshold_and_in_time() -> None:
    near = around(IMPACT, 20.0, 1.0)
    assert sums((*near, 401.0, TIME))[1] == 1
    assert sums((*near, 399.0, TIME))[1] == 0
    assert sums((*near, 900.0, TIME + 7.1))[1] == 0
    assert (
        sums((*near, 900.0, TIME + 6.9), (*IMPACT, 500.0, TIME), (*around(IMPACT, 60.0, 2.0), 900.0, TIME))[1]
        == 2
    )
    assert sums((-300.0, 0.0, 900.0, TIME))[1] == 0


def test_clusters_may_count_only_where_tracks_are_accepted() -> None:
    """Inside the hole of the acceptance and beyond its edge a cluster is neither extra nor counted."""
    asked = hits.setup(
        association_radius=50.0,
        track_zone=80.0,
        undeflected_zone=30.0,
        cluster_threshold=400.0,
        cluster_window=7.0,
        cluster_acceptance=1.0,
    )
    lkr = next(d for d in hits.shipped("na62-2015").card.detectors if d.kind == "calorimeter")
    hole = (lkr.acceptance or lkr.shape).hole_radius
    assert hole is not None
    for distance, extra in ((hole - 1.0, 0.0), (hole + 1.0, 900.0)):
        assert sums((0.0, distance, 900.0, TIME), setup=asked)[2] == extra
        assert sums((0.0, distance, 900.0, TIME))[2] == 900.0
    assert sums((2000.0, 0.0, 900.0, TIME), setup=asked)[2] == 0.0
    assert sums((*IMPACT, 900.0, TIME), setup=asked) == (900.0, 1, 0.0)


def merged(*clusters: tuple[float, float, float, float], merge: float) -> np.ndarray:
    (event,) = hits.events(1)
    for x, y, energy, time in clusters:
        add_cluster(event, x, y, energy, time, merge)
    return np.array(event["clusters"][: event["n_clusters"]].tolist())


def test_near_clusters_become_one_at_their_centre_of_energy() -> None:
    near = merged((0.0, 0.0, 1000.0, 1.0), (30.0, 40.0, 3000.0, 2.0), merge=50.1)
    assert near == pytest.approx(np.array([[22.5, 30.0, 4000.0, 2.0]]), rel=1e-12)
    # the time is that of the larger one
    assert merged((0.0, 0.0, 3000.0, 1.0), (30.0, 40.0, 1000.0, 2.0), merge=50.1)[0, 3] == 1.0
    apart = merged((0.0, 0.0, 1000.0, 1.0), (30.0, 40.0, 3000.0, 2.0), merge=49.9)
    assert apart == pytest.approx(np.array([[0.0, 0.0, 1000.0, 1.0], [30.0, 40.0, 3000.0, 2.0]]))


def test_merging_keeps_energy_and_its_centre() -> None:
    generator = np.random.default_rng(6)
    places = generator.uniform(-60.0, 60.0, (40, 2))
    energies = generator.exponential(2e3, 40)
    out = merged(*((*p, e, 0.0) for p, e in zip(places.tolist(), energies.tolist(), strict=True)), merge=1e3)
    assert len(out) == 1
    assert out[0, 2] == pytest.approx(energies.sum(), rel=1e-12)
    assert out[0, :2] == pytest.approx(np.average(places, axis=0, weights=energies), rel=1e-9)


def test_a_full_record_loses_only_what_does_not_fit() -> None:
    out = merged(*((100.0 * i, 0.0, 1000.0 + i, 0.0) for i in range(20)), merge=10.0)
    assert np.array_equal(out[:, 2], 1000.0 + np.arange(len(out)))
    assert 10 <= len(out) < 20


def test_clusters_of_2007_count_where_tracks_are_selected() -> None:
    """Within 400 mm they are associated, whatever their energy above 3 GeV; in hole, masks or beyond they are none."""
    array = hits.setup("na62-2007")
    track = hits.line(x=0.0, y=300.0, z=180e3, tx=0.0, ty=0.0, bend=0.0, magnet_z=200e3)

    def found(x: float, y: float, energy: float = 10e3, time: float = 0.0) -> tuple[int, float]:
        (event,) = hits.events(1)
        hits.add_cluster(event, x, y, energy, time)
        return hits.associated_clusters(array, event, track), hits.cluster_energies(array, event, track)[1]

    assert found(350.0, 300.0) == (1, 0.0)
    assert found(450.0, 300.0) == (0, 10e3)
    assert found(350.0, 300.0, energy=2.9e3) == found(450.0, 300.0, energy=2.9e3) == (0, 0.0)
    assert found(350.0, 300.0, time=12.1) == found(450.0, 300.0, time=-12.1) == (0, 0.0)
    assert found(0.0, 140.0) == (0, 0.0)  # the hole
    assert found(1030.0, 0.0) == (0, 0.0)  # beyond |x| of 1026 mm
    assert found(1020.0, 0.0) == (0, 10e3)
    assert found(0.0, 1131.0) == found(820.0, 790.0) == (0, 0.0)  # the octagon
    for x, y in ((711.0, -880.0), (-560.0, -900.0), (720.0, -790.0)):
        assert found(x, y)[1] == 0.0  # a masked module and 80 mm about it
    assert found(711.0 - 160.0, -900.0) == (0, 10e3)
