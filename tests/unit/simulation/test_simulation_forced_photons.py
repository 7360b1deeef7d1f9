"""Forced photons: weights bring back the directions of nature, and nothing else of a decay changes."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from hnlpeak.core.errors import UsageError
from hnlpeak.core.kernel import kernel
from hnlpeak.core.random import Stream, begin
from hnlpeak.detectors.event import new_block
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.simulation.forced_photons import force_photons
from hnlpeak.simulation.sample import mode_sample
from hnlpeak.theory.modes import MAX_DAUGHTERS, Daughter, sample_mode
from hnlpeak.theory.species import Species

N = 200_000
KAON = np.array([90.0, -20.0, 75_000.0, np.sqrt(90.0**2 + 20.0**2 + 75_000.0**2 + 493.677**2), 493.677])
PLACE = (80.0, 5.0, 145_000.0)
MAGNET = (270.0, 196_995.0, 241_093.0)
FAR = (105.0, -10.0, 172_000.0)
RINGS = {152_098.0: 536.5, 165_608.0: 767.5, 173_118.0: 767.5, 180_628.0: 767.5, 192_944.0: 980.0}
MOMENTUM = slice(Daughter.PX, Daughter.ENERGY + 1)


@kernel
def _make(code, params, shares, surfaces, block, kaon, rng, before, after, rows, weights):  # type: ignore[no-untyped-def]
    event = block[0]
    for i in range(rows.size):
        begin(rng, i, 1)
        n = sample_mode(code, rng, params, after[i])
        before[i] = after[i]
        rows[i] = n
        weights[i] = force_photons(shares, surfaces[0], MAGNET, event, after[i], n, kaon, rng)


@cache
def surfaces() -> np.ndarray:
    """What photons meet in NA62 2015: twelve rings with the magnet among them, and counters in the beam's hole."""
    return load_analysis("na62-2015-ke2").experiment.setup["response"]


def made(
    mode: str,
    soft: float,
    near: float,
    dalitz: float = 0.0,
    gap: float = 0.0,
    place: tuple[float, float, float] = PLACE,
    both: float = 0.0,
) -> tuple[np.ndarray, ...]:
    """Decays of a mode before and after photons are forced, their rows and weights."""
    table = mode_sample("x", mode, 1, forced_dalitz=dalitz).table
    before, after = (np.zeros((N, MAX_DAUGHTERS, Daughter.WIDTH)) for _ in range(2))
    rows, weights = np.zeros(N, dtype=np.int64), np.zeros(N)
    rng, block = Stream(5, 6), new_block(1)
    block["x_decay"], block["y_decay"], block["z_decay"] = place
    shares = (soft, gap, near, both)
    code, params = table.codes[0], table.parameters[0]
    _make(code, params, shares, surfaces(), block, KAON, rng, before, after, rows, weights)
    return before, after, rows, weights


def courses(decays: np.ndarray, row: int) -> np.ndarray:
    """Slopes in the laboratory of a daughter."""
    p = [decays[:, row, slot] for slot in (Daughter.PX, Daughter.PY, Daughter.PZ, Daughter.ENERGY)]
    along = p[0] * KAON[0] + p[1] * KAON[1] + p[2] * KAON[2]
    shift = (along + p[3] * (KAON[3] + KAON[4])) / (KAON[4] * (KAON[3] + KAON[4]))
    lab = [p[k] + shift * KAON[k] for k in range(3)]
    return np.where(lab[2] > 0.0, np.array([lab[0] / lab[2], lab[1] / lab[2]]), 1e3)


def unseen(decays: np.ndarray, row: int, place: tuple[float, float, float]) -> np.ndarray:
    """Which photons fly inside the last ring before the magnet and outside its aperture, or beside the last counter."""
    x, y, z = place
    t = courses(decays, row)

    def at(there: float) -> np.ndarray:
        return np.array([x, y])[:, None] + t * (there - z)

    radius = {there: np.hypot(*at(there)) for there in RINGS}
    yoke = np.any(np.abs(at(196_995.0)) > [[1100.0], [1000.0]], axis=0)
    for there, hole in RINGS.items():
        yoke &= (radius[there] < hole) | (there < z)
    hole = (np.hypot(*at(239_700.0)) < 60.0) & np.any(np.abs(at(260_956.0)) > 100.0, axis=0)
    return yoke | hole


def beside(decays: np.ndarray, row: int) -> np.ndarray:
    """Azimuth from the track to a photon about as far from it as the magnet moves it; 9 for others."""
    t = courses(decays, row) - courses(decays, 0)
    return np.where(at_the_bend(decays, row), np.arctan2(t[1], t[0]), 9.0)


def at_the_bend(decays: np.ndarray, row: int) -> np.ndarray:
    """Which photons are 60 to 500 mm from the straight track at the calorimeter."""
    r = np.hypot(*(courses(decays, row) - courses(decays, 0))) * (MAGNET[2] - PLACE[2])
    return (r > 60.0) & (r < 500.0)


def merged(decays: np.ndarray, row: int) -> np.ndarray:
    """Which photons are within 60 mm of the bent track at the calorimeter."""
    along = MAGNET[2] - PLACE[2]
    momentum = decays[:, 0, Daughter.PX : Daughter.PZ + 1] @ KAON[:3] / np.linalg.norm(KAON[:3])
    p = (KAON[3] * momentum + np.linalg.norm(KAON[:3]) * decays[:, 0, Daughter.ENERGY]) / KAON[4]
    t = (courses(decays, row) - courses(decays, 0)) * along
    return np.hypot(t[0] - MAGNET[0] / p * (MAGNET[2] - MAGNET[1]), t[1]) < 60.0


def products(decays: np.ndarray) -> np.ndarray:
    """Products of the four-momenta of all pairs of daughters."""
    p = decays[:, :, MOMENTUM]
    metric = np.array([-1.0, -1.0, -1.0, 1.0])
    return np.einsum("nik,k,njk->nij", p, metric, p)


def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sum(a * b, axis=-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


def agree(forced: np.ndarray, weights: np.ndarray, plain: np.ndarray, bins: np.ndarray) -> None:
    """The weighted histogram of one is the plain one of the other."""
    for low, high in pairwise(bins):
        a = weights * ((forced >= low) & (forced < high))
        b = ((plain >= low) & (plain < high)).astype(float)
        error = np.sqrt((a.var() + b.var()) / N)
        assert abs(a.mean() - b.mean()) <= 5.0 * error, (low, high)


@pytest.mark.parametrize("place", [PLACE, FAR])
@pytest.mark.parametrize(
    ("mode", "soft", "gap", "near", "both"),
    [
        ("ke3", 0.7, 0.0, 0.0, 0.0),
        ("ke3", 0.0, 0.0, 0.6, 0.0),
        ("ke3", 0.0, 0.7, 0.0, 0.0),
        ("ke3", 0.0, 0.0, 0.0, 0.7),
        ("ke3", 0.5, 0.3, 0.35, 0.0),
        ("ke3", 0.5, 0.3, 0.35, 0.3),
        ("kmu3", 0.7, 0.2, 0.6, 0.0),
        ("kmu3", 0.0, 0.0, 0.0, 0.4),
        ("pi00", 0.3, 0.3, 0.5, 0.0),
        ("pi00", 0.3, 0.3, 0.5, 0.3),
    ],
)
def test_weights_bring_back_nature(
    mode: str, soft: float, gap: float, near: float, both: float, place: tuple[float, float, float]
) -> None:
    plain, forced, rows, weights = made(mode, soft, near, 0.2, gap, place, both)
    assert abs(weights.mean() - 1.0) < 5.0 * weights.std() / np.sqrt(N)
    most = 1.0 / (1.0 - both) / (1.0 - soft - gap) / (1.0 - near) ** (2 if mode == "pi00" else 1)
    assert weights.max() <= most + 1e-12
    for row in (1, 2):  # photons, some of them, where gaps are
        angles = [np.log(np.hypot(*courses(decays, row))) for decays in (forced, plain)]
        agree(angles[0], weights, angles[1], np.linspace(np.log(1e-3), np.log(0.1), 16))
        lost = [unseen(decays, row, place).astype(float) for decays in (forced, plain)]
        agree(lost[0], weights, lost[1], np.array([0.5, 1.5]))
    flight, momentum = KAON[:3], slice(Daughter.PX, Daughter.PZ + 1)
    coarse, fine = np.linspace(-1.0, 1.0 + 1e-9, 11), np.array([-1.0, -0.999, -0.99, -0.9])
    for row in range(3):  # row 0 is the charged daughter
        a, b = (cosine(decays[:, row, momentum], flight) for decays in (forced, plain))
        agree(a, weights, b, coarse)
        agree(a, weights, b, fine)
        energies = [decays[:, row, Daughter.ENERGY] for decays in (forced, plain)]
        agree(energies[0], weights, energies[1], np.linspace(0.0, 250.0, 9))
    for row in (1, 2):  # azimuth from the track to a photon, where the magnet bends to and elsewhere
        a, b = (beside(decays, row) for decays in (forced, plain))
        agree(a, weights, b, np.linspace(-np.pi, np.pi, 13))
    a, b = (cosine(decays[:, 0, momentum], decays[:, 1, momentum]) for decays in (forced, plain))
    agree(a, weights, b, coarse)
    agree(-a, weights, -b, fine)
    assert np.all(rows >= 3)


@pytest.mark.parametrize("place", [PLACE, FAR])
def test_forced_photons_fly_into_gaps(place: tuple[float, float, float]) -> None:
    """Ten times as many as in nature and more; none of them weighs what a natural one does."""
    plain, forced, _, weights = made("ke3", 0.5, 0.35, gap=0.3, place=place)
    some = [unseen(d, 1, place) | unseen(d, 2, place) for d in (plain, forced)]
    assert 20 < some[0].sum() < 0.1 * some[1].sum()
    assert np.quantile(weights[some[1]], 0.9) < 0.3


def test_a_decay_on_the_axis_has_no_opposite_side() -> None:
    """A beam without width: gaps lie alike on all sides."""
    place = (0.0, 0.0, PLACE[2])
    plain, forced, _, weights = made("ke3", 0.0, 0.0, gap=0.7, place=place)
    assert abs(weights.mean() - 1.0) < 5.0 * weights.std() / np.sqrt(N)
    for row in (1, 2):
        lost = [unseen(decays, row, place).astype(float) for decays in (forced, plain)]
        agree(lost[0], weights, lost[1], np.array([0.5, 1.5]))


@pytest.mark.parametrize("soft", [0.7, 0.3])
def test_a_turned_decay_is_the_same_decay(soft: float) -> None:
    plain, forced, _, weights = made("kmu3", soft, 0.0, gap=0.7 - soft)
    assert np.allclose(products(plain), products(forced), rtol=0.0, atol=1e-4)
    assert np.ptp(weights) > 0.5
    momentum, spin = slice(Daughter.PX, Daughter.PZ + 1), slice(Daughter.SX, Daughter.SZ + 1)
    a, b = (np.sum(d[:, 0, momentum] * d[:, 0, spin], axis=1) for d in (plain, forced))
    assert np.abs(b).max() > 10.0
    assert np.allclose(a, b, atol=1e-6)


def test_an_aimed_pi0_is_the_same_pi0() -> None:
    plain, forced, _, _ = made("ke3", 0.0, 0.6, 0.2)
    assert np.array_equal(plain[:, 0], forced[:, 0])
    dalitz = np.any(plain[:, :, Daughter.SPECIES] == Species.ELECTRON, axis=1)
    assert dalitz.mean() == pytest.approx(0.2, abs=0.01)
    assert np.allclose(products(plain[dalitz])[:, 1:4, 1:4], products(forced[dalitz])[:, 1:4, 1:4], atol=1e-5)
    assert not np.array_equal(plain[dalitz], forced[dalitz])
    assert np.allclose(plain[:, 1:, MOMENTUM].sum(axis=1), forced[:, 1:, MOMENTUM].sum(axis=1), atol=1e-9)
    photons = forced[~dalitz]
    assert np.all(photons[:, 1:3, Daughter.SPECIES] == Species.PHOTON)
    square = products(photons)
    assert np.allclose(square[:, 1, 1], 0.0, atol=1e-6)
    assert np.allclose(square[:, 2, 2], 0.0, atol=1e-6)


def test_the_photon_of_a_dalitz_decay_is_near_or_away() -> None:
    """Weighted as by nature: all decays, those with a photon backwards, and those with one near the track."""
    plain, forced, _, weights = made("ke3", 0.1, 0.7, 0.2, gap=0.6)
    dalitz = np.any(plain[:, :, Daughter.SPECIES] == Species.ELECTRON, axis=1)
    weights = np.where(dalitz, weights, 0.0)

    def chosen(decays: np.ndarray) -> list[np.ndarray]:
        photon = decays[:, 1, 1:4]
        backwards = cosine(photon, KAON[:3]) < -0.9
        near = cosine(photon, decays[:, 0, 1:4]) > 0.95
        return [dalitz, dalitz & backwards, dalitz & near]

    for before, after in zip(chosen(plain), chosen(forced), strict=True):
        error = np.sqrt(before.sum() + np.sum(weights[after] ** 2))
        assert abs(weights[after].sum() - before.sum()) < 4.5 * error
    assert chosen(forced)[1].sum() > 3 * chosen(plain)[1].sum()
    assert chosen(forced)[2].sum() > 1.2 * chosen(plain)[2].sum()


def test_forced_photons_are_soft_and_near() -> None:
    """What takes both is a hundred times as frequent as in nature."""

    def rare(decays: np.ndarray) -> np.ndarray:
        energy = decays[:, 1:3, Daughter.ENERGY]
        back = 1.0 + np.stack([cosine(decays[:, r, 1:4], KAON[:3]) for r in (1, 2)], axis=1)
        mass2 = 2.0 * np.stack([products(decays)[:, 0, r] for r in (1, 2)], axis=1)
        soft = energy * back * KAON[3] / KAON[4] < 300.0
        near = mass2 < 20.0**2
        return (soft[:, 0] & near[:, 1]) | (soft[:, 1] & near[:, 0])

    plain, forced, rows, weights = made("ke3", 0.8, 0.7)
    alone = rows == 3  # a radiated photon may be the soft one
    plain, forced, weights = plain[alone], forced[alone], weights[alone]
    assert rare(forced).mean() > 0.02
    assert rare(plain).mean() < 5e-4
    assert weights[rare(forced)].max() < 0.1


def test_photons_beside_soft_ones_meet_the_bent_track() -> None:
    """Several times as often as with the azimuths of nature, and those weigh little."""
    plain, forced, rows, weights = made("ke3", 0.7, 0.6)

    def rare(decays: np.ndarray) -> np.ndarray:
        t = np.stack([np.hypot(*courses(decays, row)) for row in (1, 2)])
        wide, met = t > 0.03, np.stack([merged(decays, row) & at_the_bend(decays, row) for row in (1, 2)])
        return (wide[0] & met[1]) | (wide[1] & met[0])

    alone = rows == 3
    found, natural = rare(forced) & alone, rare(plain) & alone
    assert found.sum() > 20 * natural.sum()
    assert np.median(weights[found]) < 0.05
    total, error = weights[found].sum(), np.sqrt((weights[found] ** 2).sum() + natural.sum())
    assert abs(total - natural.sum()) < 4.0 * error


def test_what_has_no_photons_cannot_be_forced() -> None:
    with pytest.raises(
        UsageError, match="photons near the track, or both away, can be forced of a pi0; 'kmu2' has none"
    ):
        mode_sample("x", "kmu2", 1, forced_near=0.4)
    with pytest.raises(
        UsageError, match="soft photons can be forced where there are photons; 'pi3' has none"
    ):
        mode_sample("x", "pi3", 1, forced_soft=0.4)
    with pytest.raises(UsageError, match="from 0 to below 1, got 1"):
        mode_sample("x", "ke3", 1, forced_soft=1.0)
    with pytest.raises(UsageError, match=r"from 0 to below 1, got 1\.1"):
        mode_sample("x", "ke3", 1, forced_soft=0.6, forced_gap=0.5)
