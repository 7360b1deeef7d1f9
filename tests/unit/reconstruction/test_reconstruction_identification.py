"""Rings, muon hits and E/p: the likelihood against its formula, distances against geometry."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

import hits
from hnlpeak.detectors.ring_cherenkov import ring_radius
from hnlpeak.experiment.columns import ABSENT_DISTANCE
from hnlpeak.reconstruction.identification import ring_log_likelihood
from hnlpeak.theory.species import MASS, Species

SETUP = hits.setup()
RICH = next(d for d in hits.shipped("na62-2015").card.detectors if d.kind == "ring_cherenkov")
PARAMS = np.array(SETUP[0]["ring"])
M_E, M_MU, M_PI = (float(MASS[s]) for s in (Species.POSITRON, Species.MUON_PLUS, Species.PION_PLUS))


def radius(p: float, mass: float) -> float:
    """R = f tan(theta), cos(theta) = 1 / (n beta), with n from the radius at beta = 1; 0 below threshold."""
    n = math.sqrt(1.0 + (RICH.radius / RICH.focal_length) ** 2)
    cosine = math.hypot(1.0, mass / p) / n
    return RICH.focal_length * math.tan(math.acos(cosine)) if cosine < 1.0 else 0.0


def likelihood(hit: int, r: float, p: float, mass: float) -> float:
    """Extended likelihood of hits on a ring of Gaussian width over a flat annulus of noise."""
    ring = radius(p, mass)
    expected = RICH.hits * (ring / RICH.radius) ** 2
    density = RICH.noise_hits / RICH.annulus
    if ring > 0.0:
        density += expected * stats.norm(ring, RICH.hit_resolution).pdf(r)
    return hit * math.log(density) - expected - RICH.noise_hits


@pytest.mark.parametrize("mass", [M_E, M_MU, M_PI])
@pytest.mark.parametrize("p", [5e3, 12e3, 15e3, 30e3, 65e3])
def test_radius_is_that_of_cherenkov_light(p: float, mass: float) -> None:
    assert ring_radius(PARAMS, p, mass) == pytest.approx(radius(p, mass), rel=1e-9, abs=1e-9)


def test_thresholds_of_the_counter() -> None:
    """Pions from 12.5 GeV, muons from 9.5 GeV."""
    beta_gamma = 1.0 / math.sqrt((RICH.radius / RICH.focal_length) ** 2)
    for mass in (M_MU, M_PI):
        assert ring_radius(PARAMS, 0.999 * mass * beta_gamma, mass) == 0.0
        assert ring_radius(PARAMS, 1.001 * mass * beta_gamma, mass) > 0.0


@pytest.mark.parametrize("mass", [M_E, M_MU, M_PI])
@pytest.mark.parametrize(("hit", "r"), [(0, 0.0), (1, 150.0), (12, 189.0), (9, 170.0), (3, 120.0)])
@pytest.mark.parametrize("p", [8e3, 20e3, 40e3])
def test_likelihood_is_its_formula(hit: int, r: float, p: float, mass: float) -> None:
    expected = likelihood(hit, r, p, mass)
    assert ring_log_likelihood(PARAMS, hit, r, p, mass) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("p", [15e3, 25e3, 35e3])
@pytest.mark.parametrize(
    ("mass", "electron", "muon"), [(M_E, True, False), (M_MU, False, True), (M_PI, False, False)]
)
def test_margins_tell_particles_by_their_rings(p: float, mass: float, electron: bool, muon: bool) -> None:
    block = hits.events(1)
    x, y = hits.points(SETUP, p, 1, 150.0, 20.0, 2e-3, 1e-3)
    hits.add_particle(block[0], x, y, n_ring=12, r_ring=radius(p, mass))
    found = hits.candidates(SETUP, block)
    scores = [likelihood(12, radius(p, mass), p, m) for m in (M_E, M_MU, M_PI)]
    assert found["rich_e_margin"][0] == pytest.approx(scores[0] - max(scores[1:]), rel=1e-6)
    assert found["rich_mu_margin"][0] == pytest.approx(scores[1] - max(scores[0], scores[2]), rel=1e-6)
    assert (found["rich_e_margin"][0] > 0.0) == electron
    assert (found["rich_mu_margin"][0] > 0.0) == muon


def test_an_experiment_without_a_ring_counter_has_no_margin() -> None:
    array = hits.setup("na62-2007")
    block = hits.events(1)
    hits.add_particle(
        block[0], *hits.points(array, 20e3, 1, 150.0, 20.0, 2e-3, 1e-3), n_ring=12, r_ring=180.0
    )
    found = hits.candidates(array, block, name="na62-2007")
    assert found["rich_e_margin"][0] == 0.0
    assert found["rich_mu_margin"][0] == 0.0


TRACK = hits.line(x=100.0, y=-50.0, z=180e3, tx=2e-3, ty=1e-3, bend=-4e-3, magnet_z=200e3)
AT_240 = (100.0 + 2e-3 * 60e3 - 4e-3 * 40e3, -50.0 + 1e-3 * 60e3)


def muon(*found: tuple[float, float, float, float]) -> float:
    """Distance with hits at an offset (dx, dy) from the track at z, each with a time after it."""
    array = hits.setup(muon_window=4.0)
    (event,) = hits.events(1)
    for dx, dy, z, late in found:
        x, y = 2e-3 * (z - 180e3) - 4e-3 * (z - 200e3) + 100.0, 1e-3 * (z - 180e3) - 50.0
        hits.add_muon_hit(event, x + dx, y + dy, z, 1.5 + late)
    return hits.distance_of_muon_hit(array, event, TRACK, 1.5)


def test_distance_to_a_muon_hit() -> None:
    assert muon((30.0, 40.0, 240e3, 0.0)) == pytest.approx(50.0, rel=1e-9)
    assert muon((-300.0, 400.0, 246e3, 0.0)) == pytest.approx(500.0, rel=1e-9)
    assert muon() == ABSENT_DISTANCE
    # the place where the track is at 240 m: a check of the test's own line
    (event,) = hits.events(1)
    hits.add_muon_hit(event, *AT_240, 240e3, 0.0)
    assert hits.distance_of_muon_hit(hits.setup(), event, TRACK) == pytest.approx(0.0, abs=1e-9)


def test_the_nearest_hit_in_time_counts() -> None:
    near, far = (30.0, 40.0, 240e3), (-300.0, 400.0, 246e3)
    assert muon((*far, 0.0), (*near, 0.0)) == pytest.approx(50.0)
    assert muon((*near, 0.0), (*far, 0.0)) == pytest.approx(50.0)
    for late in (-4.1, 4.1):
        assert muon((*far, 0.0), (*near, late)) == pytest.approx(500.0)
        assert muon((*near, late)) == ABSENT_DISTANCE
    for late in (-3.9, 3.9):
        assert muon((*far, 0.0), (*near, late)) == pytest.approx(50.0)


def test_strips_tell_one_coordinate_in_units_of_the_scattering() -> None:
    """A plane for y and one for x: distance beyond half a strip over the scattering at the track's momentum."""
    array = hits.setup(muon_window=10.0)
    track = hits.line(x=100.0, y=-50.0, z=180e3, tx=0.0, ty=0.0, bend=0.0, magnet_z=200e3, p=20e3)
    horizontal = {"reach": (math.inf, 125.0), "scatter": 62.0 * 10e3}
    vertical = {"reach": (125.0, math.inf), "scatter": 85.0 * 10e3}

    def found(*places: tuple[float, float, float, dict[str, Any]]) -> tuple[float, float]:
        (event,) = hits.events(1)
        for x, y, time, plane in places:
            hits.add_muon_hit(event, x, y, 248e3, time, **plane)
        return hits.sigmas_of_muon_hits(array, event, track)

    assert found() == (ABSENT_DISTANCE, ABSENT_DISTANCE)
    # within its strip, whatever the other coordinate
    assert found((9e3, -100.0, 0.0, horizontal)) == (ABSENT_DISTANCE, 0.0)
    # 62 mm at 10 GeV are 31 mm at 20 GeV; 225 - 125 mm beyond the strip
    assert found((9e3, -50.0 + 225.0, 0.0, horizontal))[1] == pytest.approx(100.0 / 31.0)
    assert found((100.0 - 225.0, 9e3, 0.0, vertical))[0] == pytest.approx(100.0 / 42.5)
    both = found((9e3, -100.0, 0.0, horizontal), (100.0 - 225.0, 9e3, 0.0, vertical))
    assert both == (pytest.approx(100.0 / 42.5), 0.0)
    assert found((9e3, -100.0, 10.1, horizontal)) == (ABSENT_DISTANCE, ABSENT_DISTANCE)
    # a plane that measures nothing
    assert (
        found((100.0, -50.0, 0.0, {"reach": (math.inf, math.inf), "scatter": 1.0})) == (ABSENT_DISTANCE,) * 2
    )


def sigmas(
    *found: tuple[float, float, float, tuple[float, float], float], p: float = 20e3
) -> tuple[float, float]:
    """Distances with hits at an offset (dx, dy) from the track, each with a time after it, half-sizes, scattering."""
    array, z = hits.setup(muon_window=4.0), 240e3
    track = hits.line(x=100.0, y=-50.0, z=180e3, tx=2e-3, ty=1e-3, bend=-4e-3, magnet_z=200e3, p=p)
    (event,) = hits.events(1)
    for dx, dy, late, reach, scatter in found:
        hits.add_muon_hit(event, AT_240[0] + dx, AT_240[1] + dy, z, 1.5 + late, reach, scatter)
    return hits.sigmas_of_muon_hits(array, event, track, 1.5)


NONE = (ABSENT_DISTANCE, ABSENT_DISTANCE)
CELL, ABSORBER = (125.0, 60.0), 400e3  # 20 mm at 20 GeV


@pytest.mark.parametrize(
    ("dx", "dy", "expected"),
    [
        (0.0, 0.0, (0.0, 0.0)),
        (124.0, -59.0, (0.0, 0.0)),  # within the cell
        (165.0, 0.0, (2.0, 0.0)),
        (-165.0, -80.0, (2.0, 1.0)),
    ],
)
def test_distance_from_a_cell_is_in_units_of_the_scattering(
    dx: float, dy: float, expected: tuple[float, float]
) -> None:
    assert sigmas((dx, dy, 0.0, CELL, ABSORBER)) == pytest.approx(expected, abs=1e-9)
    # the scattering falls with momentum
    twice = (2.0 * expected[0], 2.0 * expected[1])
    assert sigmas((dx, dy, 0.0, CELL, ABSORBER), p=40e3) == pytest.approx(twice, abs=1e-9)


def test_each_coordinate_is_told_by_the_counters_that_measure_it() -> None:
    strip_x, strip_y = (125.0, math.inf), (math.inf, 60.0)
    assert sigmas((165.0, 900.0, 0.0, strip_x, ABSORBER)) == (pytest.approx(2.0), ABSENT_DISTANCE)
    assert sigmas((900.0, 80.0, 0.0, strip_y, ABSORBER)) == (ABSENT_DISTANCE, pytest.approx(1.0))
    both = sigmas((165.0, 900.0, 0.0, strip_x, ABSORBER), (900.0, 80.0, 0.0, strip_y, ABSORBER))
    assert both == pytest.approx((2.0, 1.0))
    nearest = sigmas((185.0, 0.0, 0.0, CELL, ABSORBER), (-145.0, 200.0, 0.0, CELL, ABSORBER))
    assert nearest == pytest.approx((1.0, 0.0))


def test_hits_out_of_time_or_without_a_scale_tell_nothing() -> None:
    assert sigmas() == NONE
    for late in (-4.1, 4.1):
        assert sigmas((0.0, 0.0, late, CELL, ABSORBER)) == NONE
    for late in (-3.9, 3.9):
        assert sigmas((0.0, 0.0, late, CELL, ABSORBER)) == (0.0, 0.0)
    assert sigmas((0.0, 0.0, 0.0, CELL, 0.0)) == NONE
