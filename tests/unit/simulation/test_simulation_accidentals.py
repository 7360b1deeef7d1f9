"""Signals of other particles in the readout window: how many, when, where, and when not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import hits
from hnlpeak.experiment.experiment import Experiment

P_MIN = 1e-6
N = 1500
MUV3, LKR, LAV, KTAG = "MUV3", "LKr", "LAV", "KTAG"


def experiment(
    rates: dict[str, str], window: str = "10 ns", readout: str = "40 ns", veto: tuple[str, ...] = ()
) -> Experiment:
    """Accidental signals at these rates, a trigger level with these vetoes, and a beam without other particles."""

    def edit(table: dict[str, Any]) -> None:
        for detector in table["detectors"]:
            if "accidental_rate" in detector or detector["system"] == KTAG:
                detector["accidental_rate"] = rates.get(detector["system"], "0 Hz")
        table["reconstruction"]["readout_window"] = readout
        table["trigger"][0].update(veto=list(veto), window=window)
        table["trigger"][1].pop("window")
        table["beam"]["rate"] = "1 Hz"

    return hits.experiment(edit=edit)


def signals(chosen: Experiment, intensity: float = 1.0, n: int = N) -> NDArray[Any]:
    block = hits.events(n, intensity=intensity)
    hits.answer(hits.records(chosen.setup), block, seed=5)
    return block


def times(chosen: Experiment, block: NDArray[Any], system: str) -> NDArray[np.float64]:
    place = chosen.card.systems().index(system)
    counts = np.asarray(block["n_times"])[:, place]
    kept = np.asarray(block["times"])[:, place, :]
    return kept[np.arange(kept.shape[1]) < counts[:, None]]


def assert_poisson(count: int, mean: float) -> None:
    assert min(stats.poisson.sf(count - 1, mean), stats.poisson.cdf(count, mean)) > P_MIN, (count, mean)


@pytest.mark.parametrize("intensity", [0.2, 1.0, 2.0])
def test_numbers_follow_rate_window_and_intensity(intensity: float) -> None:
    """Two sides of 40 ns at 2, 4 and 6 MHz, each system its own share."""
    chosen = experiment({LAV: "4 MHz", MUV3: "2 MHz", KTAG: "6 MHz"})
    block = signals(chosen, intensity)
    for system, rate in ((LAV, 4e-3), (MUV3, 2e-3), (KTAG, 6e-3)):
        assert_poisson(times(chosen, block, system).size, N * 80.0 * rate * intensity)
    assert times(chosen, block, "SAC").size == 0


def test_the_tagger_sees_the_beam() -> None:
    """750 MHz of which 6 % are kaons: 45 MHz times the efficiency, but for the window that the trigger has drawn."""

    def edit(table: dict[str, Any]) -> None:
        table["reconstruction"]["readout_window"] = "25 ns"

    chosen = hits.experiment(edit=edit)
    found = times(chosen, signals(chosen, 0.2), KTAG)
    efficiency = float(chosen.setup[0]["parents"]["tag_chance"][0])
    assert_poisson(found.size, N * 30.0 * 0.2 * (0.045 * efficiency + 0.525 * 8.5e-5))
    assert np.abs(found).min() >= 10.0


def test_every_system_has_its_own_share() -> None:
    chosen = experiment({})
    noisy = [d.system for d in chosen.card.detectors if getattr(d, "accidental_rate", None) is not None]
    rates = {system: f"{1 + k} MHz" for k, system in enumerate(noisy)}
    chosen = experiment(rates)
    block = signals(chosen)
    listed = [chosen.card.systems()[s] for s in chosen.setup[0]["noisy"][: chosen.setup[0]["n_noisy"]]]
    assert len(listed) >= 6
    for system in listed:
        mean = N * 80.0 * 1e-3 * float(rates[system].split()[0])
        if system == LKR:
            assert_poisson(int(np.asarray(block["n_clusters"]).sum()), mean)
        else:
            assert_poisson(times(chosen, block, system).size, mean)


def test_no_rate_or_no_beam_gives_no_signal() -> None:
    for block in (signals(experiment({})), signals(experiment({LAV: "10 MHz", LKR: "10 MHz"}), 0.0)):
        assert not np.asarray(block["n_times"]).any()
        assert not np.asarray(block["n_clusters"]).any()


def test_times_are_uniform_over_the_readout_window() -> None:
    chosen = experiment({LAV: "10 MHz"})
    found = times(chosen, signals(chosen), LAV)
    assert stats.kstest(found, "uniform", args=(-40.0, 80.0)).pvalue > P_MIN


def test_numbers_of_an_event_are_poissonian() -> None:
    chosen = experiment({LAV: "15 MHz"})
    counts = np.asarray(signals(chosen)["n_times"])[:, chosen.card.systems().index(LAV)]
    n = np.arange(5)
    expected = stats.poisson.pmf(n, 1.2) * N
    observed = np.array([(counts == k).sum() for k in n])
    assert stats.chi2.sf(((observed - expected) ** 2 / expected).sum(), n.size) > P_MIN


@pytest.mark.parametrize("window", [6.0, 15.0])
def test_a_vetoing_system_is_quiet_within_the_trigger_window(window: float) -> None:
    """A signal there would have vetoed the event; other systems go on, and the rest of the window keeps its rate."""
    chosen = experiment({LAV: "10 MHz", MUV3: "10 MHz"}, window=f"{window:g} ns", veto=(MUV3,))
    block = signals(chosen)
    quiet, free = times(chosen, block, MUV3), times(chosen, block, LAV)
    assert np.abs(quiet).min() >= window
    assert np.abs(quiet).min() < window + 2.0
    assert_poisson(quiet.size, N * 1e-2 * 2.0 * (40.0 - window))
    assert_poisson(int((np.abs(free) < window).sum()), N * 1e-2 * 2.0 * window)
    hit = np.asarray(block["muon_hits"]["time"])[np.asarray(block["n_muon_hits"]) > 0, 0]
    assert np.abs(hit).min() >= window


def test_clusters_and_muon_hits_have_places() -> None:
    chosen = experiment({LKR: "8 MHz", MUV3: "8 MHz"})
    block = signals(chosen)
    clusters = np.asarray(block["clusters"])[np.asarray(block["n_clusters"]) > 0, 0]
    muons = np.asarray(block["muon_hits"])[np.asarray(block["n_muon_hits"]) > 0, 0]
    lkr, muv = (next(d for d in chosen.card.detectors if d.system == s) for s in (LKR, MUV3))
    for axis in ("x", "y"):
        assert stats.kstest(clusters[axis], "uniform", args=(-1130.0, 2260.0)).pvalue > P_MIN
        assert stats.kstest(muons[axis], "uniform", args=(-1320.0, 2640.0)).pvalue > P_MIN
    assert (muons["z"] == muv.z).all()
    assert stats.kstest(clusters["energy"], "expon", args=(0.0, lkr.accidental_energy)).pvalue > P_MIN
    # x and y are drawn on their own
    assert abs(np.corrcoef(clusters["x"], clusters["y"])[0, 1]) < 5.0 / np.sqrt(clusters.size)
    assert_poisson(int(np.asarray(block["n_clusters"]).sum()), N * 8e-3 * 80.0)
