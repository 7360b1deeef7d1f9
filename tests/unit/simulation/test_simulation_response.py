"""The full response to all particles of an event: each from its own start, along straight lines and one kink."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import hits
from hnlpeak.detectors.spectrometer import ChamberSlot
from hnlpeak.theory.species import Species

SETUP = hits.setup(accidental=0.0)
Z = np.array(SETUP[0]["chamber_z"][:4])
START = {"x": 110.0, "y": -60.0, "z": 120e3, "tx": 1e-3, "ty": 2e-3}


def flown(*particles: dict[str, float], before: int = 0) -> Any:
    """An event of these particles after the response; ``before`` is what an earlier event left in the record."""
    block = hits.events(1, n_particles=len(particles), n_daughters=len(particles) if before else 0)
    for k, start in enumerate(particles):
        particle = block["particles"][0, k]
        particle["n_segments"], particle["n_chambers"] = 1, before
        particle["hits"]["var_x"] = float(before)
        for name, value in {**START, **start}.items():
            particle["segments"][0][name] = value
    hits.answer(SETUP, block)
    return block[0]


def measured(particle: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points = particle["hits"][:4]
    return np.array(points["x"]), np.array(points["y"])


@pytest.mark.parametrize(("species", "charge"), [(Species.MUON_PLUS, 1), (Species.PION_MINUS, -1)])
def test_a_charged_particle_is_measured_where_it_crosses(species: Species, charge: int) -> None:
    """Lines before the magnet, and the kick behind it, within what 60 GeV scatters and a view resolves."""
    event = flown({"species": species, "p": 60e3})
    particle = event["particles"][0]
    assert particle["n_chambers"] == 4
    first = START["x"] + START["tx"] * (Z[0] - START["z"]), START["y"] + START["ty"] * (Z[0] - START["z"])
    x, y = hits.points(SETUP, 60e3, charge, *first, START["tx"], START["ty"])
    found = measured(particle)
    assert found[0] == pytest.approx(x, abs=3.0)
    assert found[1] == pytest.approx(y, abs=3.0)


def test_every_particle_of_an_event_is_flown() -> None:
    muon = {"species": Species.MUON_PLUS, "p": 30e3}
    # far from the gaps of the views, where a chamber may be missed
    event = flown(
        {**muon, "x": 160.0},
        {"species": Species.PHOTON, "p": 9e3, "tx": 4e-3},
        {**muon, "x": -200.0, "tx": -2e-3},
    )
    assert event["particles"]["n_chambers"][:3].tolist() == [4, 0, 4]
    assert event["particles"]["hits"]["x"][0, 0] > 0.0 > event["particles"]["hits"]["x"][2, 0]
    # a photon leaves a cluster where its line meets the calorimeter
    z = float(SETUP[0]["calorimeter_z"])
    at = START["x"] + 4e-3 * (z - START["z"])
    near = np.abs(np.array(event["clusters"]["x"][: event["n_clusters"]]) - at) < 20.0
    assert near.sum() == 1


def test_what_an_earlier_event_left_is_forgotten() -> None:
    """A record is used again: a particle that misses all chambers has no point in them."""
    far = {"species": Species.MUON_PLUS, "p": 30e3, "x": 3000.0}
    particle = flown(far, before=3)["particles"][0]
    assert particle["n_chambers"] == 0
    assert not particle["hits"]["var_x"].any()


def test_a_neutral_particle_is_not_measured() -> None:
    assert flown({"species": Species.PHOTON, "p": 30e3})["particles"][0]["n_chambers"] == 0


def test_a_decay_in_flight_turns_the_track() -> None:
    """The daughter leaves with the angle that its segment has to the mother's, and its share of the momentum."""
    array = SETUP
    block = hits.events(1, n_particles=1)
    particle = block["particles"][0, 0]
    particle["n_segments"] = 2
    middle = 0.5 * (Z[0] + Z[1])
    for segment, (z, tx, p, species) in enumerate(
        ((START["z"], 1e-3, 60e3, Species.PION_PLUS), (middle, 6e-3, 30e3, Species.MUON_PLUS))
    ):
        for name, value in {**START, "z": z, "tx": tx, "p": p, "species": species}.items():
            particle["segments"][segment][name] = value
    hits.answer(array, block)
    x = measured(particle)[0]
    assert x[0] == pytest.approx(START["x"] + 1e-3 * (Z[0] - START["z"]), abs=2.0)
    assert x[1] == pytest.approx(x[0] + 1e-3 * (middle - Z[0]) + 6e-3 * (Z[1] - middle), abs=3.0)
    magnet, kick = float(array[0]["magnet_z"]), float(array[0]["magnet_kick"]) / 30e3
    at = x[1] + 6e-3 * (magnet - Z[1])
    assert x[2] == pytest.approx(at + (6e-3 + kick) * (Z[2] - magnet), abs=4.0)


def test_resolution_travels_with_the_point() -> None:
    """Four views at 0.092 mm in two directions each: 0.092^2 / 2 in x and y; fewer views, larger errors."""
    response = SETUP[0]["response"]
    row = next(
        r
        for r in range(int(response["n"]))
        if response["z"][r] == Z[0] and response["params"][r][ChamberSlot.N_VIEWS] == 4
    )
    sigma = float(response["params"][row][ChamberSlot.RESOLUTION])
    block = hits.fly(SETUP, Species.MUON_PLUS, 30e3, n=400, x=500.0, y=200.0, z=180e3)
    variance = np.array(block["particles"][:, 0]["hits"]["var_x"][:, 0])
    full = np.isclose(variance, sigma**2 / 2.0)
    assert 0.85 < full.mean() < 0.99
    assert (variance[~full] > sigma**2 / 2.0).all()
