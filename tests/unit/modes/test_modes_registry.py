"""Every mode of the registry: order, dispatch, parameters, conservation, isotropy."""

from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.core.errors import UsageError
from hnlpeak.theory.modes import (
    MAX_DAUGHTERS,
    MODES,
    PARAMETERS,
    Daughter,
    Kind,
    cocktail,
    draw_mode,
    sample_mode,
)
from hnlpeak.theory.species import CHARGE, MASS, Species

KAON_MASS = 493.677
BACKGROUND = [name for name in MODES if name != "hnl"]
MAIN = ["kmu2", "pipi0", "pi3", "pi00", "ke3", "kmu3"]
INVISIBLE_MASS = {"hnl": 300.0}
ALL_VISIBLE = {"pipi0", "pi3", "pi00"}
ROWS = {"kmu2": {1, 2}, "ke2": {1, 2}, "ke2g-sd": {2}, "pipi0": {3, 4}, "pi3": {3}, "pi00": {5, 6, 7}}
FIRST = {"kmu2": "MUON_PLUS", "kmu3": "MUON_PLUS", "hnl": "MUON_PLUS"} | dict.fromkeys(
    ("ke2", "ke2g-sd", "ke3"), "POSITRON"
)


def philox(seed):
    return np.random.Generator(np.random.Philox(seed))


def parameters(name):
    return MODES[name].pack(KAON_MASS, Species.MUON_PLUS, 300.0) if name == "hnl" else MODES[name].pack()


def test_positions_are_kinds():
    assert [mode.kind for mode in MODES.values()] == list(Kind)
    assert all(name == mode.name for name, mode in MODES.items())


@pytest.mark.parametrize("name", MODES)
def test_dispatch_calls_the_mode(name):
    params = parameters(name)
    assert params.shape == (PARAMETERS,)
    assert params.dtype == np.float64
    direct, through = np.zeros((2, MAX_DAUGHTERS, Daughter.WIDTH))
    a, b = philox(5), philox(5)
    for _ in range(20):
        n = MODES[name].sample(a, params, direct)
        assert sample_mode(int(MODES[name].kind), b, params, through) == n
        np.testing.assert_array_equal(direct[:n], through[:n])


def test_unknown_kind_writes_nothing():
    out = np.full((MAX_DAUGHTERS, Daughter.WIDTH), 7.0)
    assert sample_mode(len(Kind), philox(1), np.zeros(PARAMETERS), out) == 0
    assert np.all(out == 7.0)


@pytest.mark.parametrize("name", MODES)
def test_daughters(name, draw):
    sample = draw(name, 20_000)
    assert set(np.unique(sample.rows)) <= ROWS.get(name, {1} if name == "hnl" else {3, 4})
    assert np.all(sample.species[:, 0] == Species[FIRST.get(name, "PION_PLUS")])
    present = sample.species >= 0
    charge = np.where(present, CHARGE[sample.species], 0.0).sum(axis=1)
    np.testing.assert_allclose(charge, 1.0)


@pytest.mark.parametrize("name", MODES)
def test_energy_and_momentum(name, draw):
    sample = draw(name, 20_000)
    present = sample.species >= 0
    shell = sample.energy**2 - np.sum(sample.momentum**2, axis=-1)
    np.testing.assert_allclose(shell[present], MASS[sample.species][present] ** 2, atol=2e-8 * KAON_MASS)
    lost_e = KAON_MASS - np.sum(sample.energy * present, axis=1)
    lost_p = np.linalg.norm(np.sum(sample.momentum * present[..., None], axis=1), axis=-1)
    if name in ALL_VISIBLE:
        np.testing.assert_allclose(lost_e, 0.0, atol=1e-9)
        np.testing.assert_allclose(lost_p, 0.0, atol=1e-9)
    else:
        expected = INVISIBLE_MASS.get(name, 0.0) ** 2
        np.testing.assert_allclose(lost_e**2 - lost_p**2, expected, atol=1e-8 * KAON_MASS**2)
        assert np.all(lost_e > 0.0)


@pytest.mark.parametrize("name", MODES)
def test_isotropy(name, draw):
    """First and second moments of the directions of the first and of the last daughter."""
    sample = draw(name, 20_000)
    last = np.take_along_axis(sample.momentum, (sample.rows - 1)[:, None, None], axis=1)[:, 0]
    for p in (sample.momentum[:, 0], last):
        n = p / np.linalg.norm(p, axis=-1, keepdims=True)
        # variances of n_i, n_i n_j, n_i^2 on the sphere: 1/3, 1/15, 4/45; 5.5 sigma each
        limit = 5.5 / np.sqrt(len(n))
        assert np.all(np.abs(n.mean(axis=0)) < limit * np.sqrt(1 / 3))
        second = n.T @ n / len(n) - np.eye(3) / 3
        assert np.all(np.abs(second) < limit * np.where(np.eye(3) > 0, np.sqrt(4 / 45), np.sqrt(1 / 15)))


@pytest.mark.parametrize("name", MODES)
def test_polarisation_vectors(name, draw):
    """Only muons are polarised, never more than completely."""
    sample = draw(name, 20_000)
    length = np.linalg.norm(sample.spin, axis=-1)
    muon = sample.species == Species.MUON_PLUS
    assert np.all(length[~muon] == 0.0)
    assert np.all(length[muon] < 1.0 + 1e-9)
    assert np.all(length[muon] > 0.4)


def test_closure_of_the_main_modes():
    mix = cocktail(MAIN)
    assert mix.closure == pytest.approx(0.99995, abs=2e-6)
    assert mix.probabilities.sum() == pytest.approx(1.0)
    assert mix.probabilities[1] * mix.closure == pytest.approx(0.2067)
    assert mix.parameters.shape == (len(MAIN), PARAMETERS)
    assert list(mix.kinds) == [MODES[name].kind for name in MAIN]


def test_modes_are_drawn_with_their_probabilities():
    mix = cocktail(BACKGROUND)
    rng = philox(3)
    n = 40_000
    counts = np.bincount([draw_mode(rng, mix.cumulative) for _ in range(n)], minlength=len(BACKGROUND))
    sigma = np.sqrt(n * mix.probabilities * (1 - mix.probabilities)) + 0.5
    assert np.all(np.abs(counts - n * mix.probabilities) < 5.5 * sigma)


@pytest.mark.parametrize("names", [[], ["kmu2", "kmu2"], ["kmu2", "k33"], ["hnl"]])
def test_cocktail_refuses(names):
    with pytest.raises(UsageError, match="cocktail"):
        cocktail(names)


@pytest.mark.parametrize("name", BACKGROUND)
def test_branching_fractions_carry_errors_and_sources(name):
    measured = MODES[name].branching_fraction
    assert measured is not None
    assert 0.0 < measured.error < 0.05 * measured.value
    assert measured.source
