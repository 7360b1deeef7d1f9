"""Kicks of reconstructed tracks: their law, where they act, and what they leave alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate

import hits
from hnlpeak.simulation.sample import mode_sample, with_tails
from hnlpeak.simulation.streams import decay_stream
from hnlpeak.simulation.tails import Tail

ONSET, MOST, RELATIVE, WHOLE = 11.0, 165.0, 0.08, 1.0
LAW = np.zeros(Tail.WIDTH)
LAW[[Tail.TURNS, Tail.ANGLE_ONSET, Tail.ANGLE_MOST]] = 0.8, ONSET, MOST
LAW[[Tail.MOMENTUM_ONSET, Tail.MOMENTUM_MOST]] = RELATIVE, WHOLE


def shares(onset: float, most: float, edges: np.ndarray) -> np.ndarray:
    """The law tanh[(0.983 k / k0)^5] / k^3, integrated between ``edges``."""
    parts = [
        integrate.quad(lambda k: np.tanh((0.983 * k / onset) ** 5) / k**3, low, high)[0]
        for low, high in pairwise(edges)
    ]
    assert edges[-1] == most
    return np.array(parts) / sum(parts)


def kicks(n: int) -> np.ndarray:
    """kick_x, kick_y and kick_p of ``n`` events."""
    block = hits.events(1)
    rng, found = hits.rng(7), np.zeros((n, 3))
    for row in found:
        for name in ("kick_x", "kick_y", "kick_p"):
            block[0][name] = 0.0
        hits.kick(LAW, block[0], rng)
        row[:] = [block[0][name] for name in ("kick_x", "kick_y", "kick_p")]
    return found


def test_kicks_follow_their_law() -> None:
    n = 40_000
    found = kicks(n)
    assert np.all(np.count_nonzero(found, axis=1) == 1)
    turned = [int(np.count_nonzero(found[:, i])) for i in range(3)]
    assert turned == pytest.approx([0.4 * n, 0.4 * n, 0.2 * n], abs=5.0 * (0.24 * n) ** 0.5)
    for column, onset, most in ((0, ONSET, MOST), (1, ONSET, MOST), (2, RELATIVE, WHOLE)):
        kick = found[found[:, column] != 0.0, column]
        assert np.mean(kick > 0.0) == pytest.approx(0.5, abs=5.0 * 0.5 / kick.size**0.5)
        edges = np.array([1e-3 * onset, 0.7 * onset, onset, 1.3 * onset, 2.0 * onset, 5.0 * onset, most])
        counts, _ = np.histogram(np.abs(kick), edges)
        expected = kick.size * shares(onset, most, edges)
        assert np.sum((counts - expected) ** 2 / expected) < 40.0  # of 5 degrees of freedom: p = 1e-7
        assert counts.sum() > 0.999 * kick.size


def test_a_kick_turns_the_track_before_the_magnet_and_nothing_else() -> None:
    setup = hits.setup("na62-2007")
    x, y = hits.points(setup, 20e3, 1, 150.0, 20.0, 2e-3, 1e-3)
    columns = []
    for kick in ({}, {"kick_x": 40.0}, {"kick_y": -60.0}, {"kick_p": 0.25}, {"kick_p": -1.0}):
        block = hits.events(1, **kick)
        hits.add_particle(block[0], x, y)
        columns.append(hits.candidates(setup, block, axis=(74e3, 0.0, 0.0, 0.0, 0.0, 0.0), name="na62-2007"))
    plain, in_x, in_y, faster, stopped = columns
    p, tx, ty = (plain[name][0] for name in ("p_mev", "tx", "ty"))
    assert in_x["tx"] == pytest.approx(tx + 40.0 / p)
    assert in_y["ty"] == pytest.approx(ty - 60.0 / p)
    assert faster["p_mev"] == pytest.approx(1.25 * p)
    assert stopped["p_mev"] == pytest.approx(1.0)
    for name in ("m2_miss_mev2", "theta_rad", "z_vtx_mm"):
        assert in_x[name] != pytest.approx(plain[name], rel=1e-3)
    assert faster["theta_rad"] == plain["theta_rad"]
    # m^2 = m_K^2 + m_mu^2 - 2 (E_K E_mu - p_K p_mu cos theta)
    kaon, muon, p_kaon = 493.677, 105.6583755, 74e3
    for found in (plain, in_x, faster):
        momentum, theta = found["p_mev"][0], found["theta_rad"][0]
        m2 = kaon**2 + muon**2 - 2.0 * np.hypot(kaon, p_kaon) * np.hypot(0.51099895, momentum)
        m2 += 2.0 * p_kaon * momentum * np.cos(theta) - muon**2 + 0.51099895**2
        assert found["m2_miss_mev2"][0] == pytest.approx(m2, rel=1e-6, abs=1.0)
    for found in columns[1:]:
        for name in ("in_acceptance", "n_tracks", "charge", "chi2", "e_over_p"):
            if name != "e_over_p" or found["p_mev"][0] == p:
                assert found[name] == plain[name]


def test_only_samples_with_tails_have_kicks() -> None:
    setup = hits.setup("na62-2007")
    sample = mode_sample("kmu2", "kmu2", 2_000)
    for given, kicked in ((sample, 0), (with_tails(sample, LAW), 1)):
        events = hits.generated(setup, given, 2_000, decay_stream(4, "tails", 0))
        turned = sum((events[name] != 0.0).astype(int) for name in ("kick_x", "kick_y", "kick_p"))
        assert len(events) > 1000
        assert np.all(turned == kicked)
