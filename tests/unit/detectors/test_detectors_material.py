"""Matter that measures nothing: its layers, its scattering, its radiation, and what the track fit knows of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy import stats

from hnlpeak.detectors import material
from hnlpeak.detectors.material import Material
from hnlpeak.detectors.surface import MATTER
from hnlpeak.experiment.experiment import load_experiment
from hnlpeak.theory.species import MASS, Species

Shoot = Callable[..., NDArray[Any]]
P_MIN = 1e-6


def body(**changes: object) -> Material:
    table = {
        "kind": "material",
        "system": "gas",
        "z_min": "1 m",
        "z_max": "11 m",
        "slabs": 5,
        "radiation_lengths": 0.01,
        "reference": "test",
        "confidence": "E",
    }
    return Material.model_validate({**table, **changes})


def test_layers_stand_in_the_middle_of_their_slabs() -> None:
    surfaces = material.pack(body())
    assert [s.z for s in surfaces] == [2e3, 4e3, 6e3, 8e3, 10e3]
    assert {s.code for s in surfaces} == {MATTER}
    assert [s.z for s in material.pack(body(z_max="1 m", slabs=1))] == [1e3]


def test_layers_add_up_to_the_whole() -> None:
    """Highland's angle is not additive: layers carry the logarithm of the body they are part of."""
    whole = material.layers(body(slabs=1))[0][1]
    assert sum(weight for _, weight in material.layers(body(slabs=10))) == pytest.approx(whole, rel=1e-12)
    assert whole == pytest.approx(0.01 * (1.0 + 0.038 * math.log(0.01)) ** 2, rel=1e-12)


@pytest.mark.parametrize(("species", "p"), [(Species.MUON_PLUS, 20e3), (Species.PION_MINUS, 5e3)])
def test_slabs_scatter_like_one_body(shoot: Shoot, species: Species, p: float) -> None:
    spec = body()
    event = shoot(material.pack(spec), species, p)
    beta2 = p * p / (p * p + MASS[species] ** 2)
    theta = 13.6 / (math.sqrt(beta2) * p) * math.sqrt(0.01) * (1.0 + 0.038 * math.log(0.01 / beta2))
    slopes = event["state"]["tx"]
    # sum of layers, each Gaussian: one Gaussian of the body's width
    assert stats.kstest(slopes / theta, "norm").pvalue > P_MIN
    # the displacement behind a thick body is that of continuous scattering, theta L / sqrt(3), up to 1 / (12 slabs^2)
    x = event["state"]["x"] + slopes * (11e3 - event["state"]["z"])
    assert np.std(x) == pytest.approx(theta * 10e3 / math.sqrt(3.0), rel=0.03)


def test_electrons_radiate(shoot: Shoot) -> None:
    spec = body(slabs=1, radiation_lengths=0.05)
    assert (shoot(material.pack(spec), Species.MUON_PLUS, 5e3)["state"]["p"] == 5e3).all()
    event = shoot(material.pack(spec), Species.POSITRON, 5e3, n=50_000)
    first = event["particles"][:, 0]["segments"][:, 0]["p"]
    assert (first == 5e3).all()
    radiated = event["n_particles"] > 1
    # number of photons above the share u: t [4/3 ln(1/u) - 4/3 (1 - u) + (1 - u^2) / 2]
    u = spec.radiation_threshold
    expected = 0.05 * (4.0 / 3.0 * math.log(1.0 / u) - 4.0 / 3.0 * (1.0 - u) + 0.5 * (1.0 - u * u))
    chance = 1.0 - math.exp(-expected)
    assert stats.binomtest(int(radiated.sum()), radiated.size, chance).pvalue > P_MIN
    photon = event["particles"][radiated, 1]["segments"][:, 0]
    assert (photon["z"] == 6e3).all()
    assert (photon["p"] >= u * 5e3 * 0.5).all()


def test_shape_limits_the_matter(shoot: Shoot) -> None:
    window = material.pack(body(z_max="1 m", slabs=1, shape={"outer_radius": "100 mm"}))
    assert shoot(window, Species.MUON_PLUS, 5e3, x=99.0, n=10)["state"]["tx"].all()
    assert not shoot(window, Species.MUON_PLUS, 5e3, x=101.0, n=10)["state"]["tx"].any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"z_max": "0.5 m"}, "z_max = 500 mm is below z_min"),
        ({"radiation_lengths": 1.0}, "a slab must be below 0.2"),
        ({"slabs": 0}, "greater than or equal to 1"),
        ({"slabs": 17}, "less than or equal to 16"),
        ({"radiation_threshold": 0.0}, "radiation_threshold must lie between"),
        ({"radiation_lengths": 0.0}, "above 0"),
    ],
)
def test_bad_bodies(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        body(**changes)


def test_track_fit_knows_all_matter_between_the_chambers() -> None:
    setup = load_experiment("na62-2007").setup[0]
    z = setup["layer_z"][: setup["n_layers"]]
    assert list(z) == sorted(z)
    assert z[0] == 217.084e3  # the first chamber: the window is before it
    assert z[-1] < 238.2e3  # the last chamber scatters nothing that is measured
    assert len(z) == 3 + 5  # three chambers and the middles of five slabs
    no_gas = load_experiment("na62-2015").setup[0]
    assert list(no_gas["layer_z"][: no_gas["n_layers"]]) == list(no_gas["chamber_z"][:3])
