"""Every mode of the registry: order, dispatch, parameters, conservation, isotropy."""

from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.core.errors import UsageError
from hnlpeak.theory.mesons import MESONS
from hnlpeak.theory.modes import (
    MAX_DAUGHTERS,
    MODES,
    PARAMETERS,
    Daughter,
    cocktail,
    draw_mode,
    mode_of,
    sample_mode,
)
from hnlpeak.theory.species import CHARGE, MASS, Species

KAON_MASS = 493.677
BACKGROUND = [name for name in MODES if name != "hnl"]
MAIN = ["kmu2", "pipi0", "pi3", "pi00", "ke3", "kmu3"]
INVISIBLE_MASS = {"N": 300.0, "nu": 0.0}
SPECIES = {
    "e+": Species.POSITRON,
    "mu+": Species.MUON_PLUS,
    "pi+": Species.PION_PLUS,
    "l+": Species.MUON_PLUS,
}


def rows_of(mode):
    """Numbers of visible daughters: a pi0 leaves two, or three after a Dalitz decay; a radiated photon is one more."""
    pions = mode.daughters.count("pi0")
    seen = sum(daughter not in (*INVISIBLE_MASS, "pi0") for daughter in mode.daughters)
    return {seen + 2 * pions + more for more in range(pions + 1 + mode.radiates)}


def invisible_of(mode):
    return [daughter for daughter in mode.daughters if daughter in INVISIBLE_MASS]


def philox(seed):
    return np.random.Generator(np.random.Philox(seed))


def parameters(name):
    return MODES[name].pack(KAON_MASS, Species.MUON_PLUS, 300.0) if name == "hnl" else MODES[name].pack()


def test_codes_and_names_are_their_own():
    codes = [mode.code for mode in MODES.values()]
    assert len(set(codes)) == len(codes) >= 9
    assert codes == sorted(codes)
    assert all(name == mode.name for name, mode in MODES.items())


def test_parents_are_mesons_of_the_table():
    for mode in MODES.values():
        assert mode.parent is None or mode.parent in MESONS
        assert (mode.parent is None) == (mode.branching_fraction is None)
        if mode.parent is not None:
            assert mode.label.startswith(f"{mode.parent} -> ")


def test_colours_and_formulae_are_their_own():
    for what in ("colour", "latex", "label"):
        assert len({getattr(mode, what) for mode in MODES.values()}) == len(MODES)


@pytest.mark.parametrize(
    ("meson", "name", "message"),
    [
        ("K+", "hnl", r"'hnl' is no decay mode of K\+; there are kmu2, ke2"),
        ("K+", "kmu4", r"'kmu4' is no decay mode of K\+; there are kmu2"),
        ("pi+", "kmu2", r"'kmu2' is a decay of K\+, not of pi\+; there are pimu2, pie2"),
        ("D+", "kmu2", r"'kmu2' is a decay of K\+, not of D\+, of which there is none"),
    ],
)
def test_modes_of_another_meson_are_refused(meson, name, message):
    assert mode_of("K+", "kmu2") is MODES["kmu2"]
    with pytest.raises(UsageError, match=message):
        mode_of(meson, name)


@pytest.mark.parametrize("name", MODES)
def test_dispatch_calls_the_mode(name):
    params = parameters(name)
    assert params.shape == (PARAMETERS,)
    assert params.dtype == np.float64
    direct, through = np.zeros((2, MAX_DAUGHTERS, Daughter.WIDTH))
    a, b = philox(5), philox(5)
    for _ in range(20):
        n = MODES[name].sample(a, params, direct)
        assert sample_mode(MODES[name].code, b, params, through) == n
        np.testing.assert_array_equal(direct[:n], through[:n])


def test_unknown_kind_writes_nothing():
    out = np.full((MAX_DAUGHTERS, Daughter.WIDTH), 7.0)
    assert (
        sample_mode(1 + max(mode.code for mode in MODES.values()), philox(1), np.zeros(PARAMETERS), out) == 0
    )
    assert np.all(out == 7.0)


@pytest.mark.parametrize("name", MODES)
def test_daughters(name, draw):
    sample = draw(name, 80_000)  # one K_mu3 in 10 000 radiates and has a Dalitz pair
    assert set(np.unique(sample.rows)) == rows_of(MODES[name])
    assert np.all(sample.species[:, 0] == SPECIES[MODES[name].daughters[0]])
    present = sample.species >= 0
    charge = np.where(present, CHARGE[sample.species], 0.0).sum(axis=1)
    np.testing.assert_allclose(charge, 1.0)


@pytest.mark.parametrize("name", MODES)
def test_energy_and_momentum(name, draw):
    sample = draw(name, 20_000)
    present = sample.species >= 0
    shell = sample.energy**2 - np.sum(sample.momentum**2, axis=-1)
    np.testing.assert_allclose(shell[present], MASS[sample.species][present] ** 2, atol=2e-8 * KAON_MASS)
    parent = MODES[name].parent
    mass = KAON_MASS if parent is None else MESONS[parent].mass
    lost_e = mass - np.sum(sample.energy * present, axis=1)
    lost_p = np.linalg.norm(np.sum(sample.momentum * present[..., None], axis=1), axis=-1)
    invisible = invisible_of(MODES[name])
    if not invisible:
        np.testing.assert_allclose(lost_e, 0.0, atol=1e-9)
        np.testing.assert_allclose(lost_p, 0.0, atol=1e-9)
    else:
        expected = INVISIBLE_MASS[invisible[0]] ** 2
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
    """Only muons are polarised, never more than completely; little where structure and bremsstrahlung interfere."""
    sample = draw(name, 20_000)
    length = np.linalg.norm(sample.spin, axis=-1)
    muon = sample.species == Species.MUON_PLUS
    assert np.all(length[~muon] == 0.0)
    assert np.all(length[muon] < 1.0 + 1e-9)
    assert np.sum(length[muon] <= 0.4) <= (1e-3 * muon.sum() if name == "kmu2" else 0)


def test_closure_of_the_main_modes():
    mix = cocktail(MAIN)
    assert mix.closure == pytest.approx(0.99995, abs=2e-6)
    assert mix.probabilities.sum() == pytest.approx(1.0)
    assert mix.probabilities[1] * mix.closure == pytest.approx(0.2067)
    assert mix.parameters.shape == (len(MAIN), PARAMETERS)
    assert list(mix.codes) == [MODES[name].code for name in MAIN]


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
    # all are measured, but for the part of K_e2 gamma that is a prediction
    assert 0.0 < measured.error < (0.51 if name == "ke2g-sdm" else 0.05) * measured.value
    assert measured.source
