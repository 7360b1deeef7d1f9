"""Halo muons: two-body kinematics of their parents, passage of the collimator, and their place in samples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hnlpeak.chain.beam import calibrate
from hnlpeak.chain.loop import new_buffers
from hnlpeak.chain.sample_run import run_sample
from hnlpeak.core.errors import UsageError
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.experiment.columns import column_names
from hnlpeak.experiment.halo_card import Beside, Halo
from hnlpeak.simulation.foregone import FOLLOW_ALL
from hnlpeak.simulation.generation import Total, generate
from hnlpeak.simulation.halo import pack_halo
from hnlpeak.simulation.sample import (
    HALO,
    background_sample,
    halo_sample,
    injected_sample,
    mode_sample,
    with_halo,
)
from hnlpeak.simulation.streams import decay_stream
from hnlpeak.theory.species import Species

ANALYSIS = load_analysis("na62-2007-kmu2")
CARD = ANALYSIS.experiment.card
assert CARD.halo is not None
TABLE = CARD.halo
BEAM_PIONS = {"off_momentum": 0.0, "kaon_share": 0.0, "beside": None}


def muons(decays: int, **changes: Any) -> np.ndarray[Any, Any]:
    """Events of halo muons that trigger, from the halo of the card with ``changes``."""
    halo = TABLE.model_copy(update=changes)
    sample = halo_sample("halo", pack_halo(halo, CARD.beam), decays)
    buffers = new_buffers(len(column_names(ANALYSIS.experiment.timed_systems)), decays)
    totals = np.zeros(Total.WIDTH, dtype=np.int64)
    n = generate(
        decays,
        0,
        ANALYSIS.experiment.setup,
        sample.table,
        FOLLOW_ALL,
        decay_stream(3, "halo", 0),
        buffers,
        totals,
    )
    assert totals[Total.DECAYS] == decays
    assert totals[Total.IN_FIDUCIAL] == 0
    assert totals[Total.TRIGGERED] == n
    return buffers.block[:n]


def first_segments(events: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return events["particles"][:, 0]["segments"][:, 0]


def test_halo_muons_are_single_and_come_from_upstream() -> None:
    events = muons(10_000, beside=None)
    assert 1000 < events.size < 10_000
    assert np.all(events["weight"] == 1.0)
    assert np.all(events["in_fiducial"] == 0)
    assert np.all(events["n_particles"] == 1)
    first = first_segments(events)
    assert np.all(first["species"] == Species.MUON_PLUS)
    assert np.all(first["z"] == TABLE.z_collimator)
    assert np.all((events["z_decay"] >= TABLE.z_first) & (events["z_decay"] < TABLE.z_last))


def test_muons_of_beam_pions_have_the_kinematics_of_their_decay() -> None:
    # a hole as wide as the tank: nothing scatters
    events = muons(20_000, **BEAM_PIONS, aperture=5000.0)
    first = first_segments(events)
    beam = CARD.beam
    spread = 5.5 * beam.momentum_spread
    # E_mu / E_pi is at least (m_mu / m_pi)^2 = 0.573
    assert first["p"].min() > 0.573 * (beam.momentum - spread) - 200.0
    assert first["p"].max() < beam.momentum + spread
    largest_kink = 39.35 / (beam.momentum - spread)
    angle = np.hypot(first["tx"] - beam.slope_x, first["ty"] - beam.slope_y)
    assert angle.max() < largest_kink + 5.5 * math.sqrt(2.0) * beam.divergence_x


def test_collimator_scatters_and_stops() -> None:
    thick: dict[str, Any] = {**BEAM_PIONS, "radiation_lengths": 200.0, "aperture": 0.0}
    free, slowed = (muons(10_000, **thick, energy_loss=loss) for loss in (0.0, 20_000.0))
    means = [float(first_segments(events)["p"].mean()) for events in (free, slowed)]
    # softer muons scatter more into the acceptance: not quite the loss itself
    assert means[0] - means[1] == pytest.approx(20_000.0, rel=0.15)
    first = first_segments(free)
    # Highland's angle at 55 GeV in 200 radiation lengths, by hand: 4.2 mrad in a plane
    scattered = np.hypot(first["tx"] - CARD.beam.slope_x, first["ty"])
    assert float(np.sqrt(np.mean(scattered**2) / 2.0)) == pytest.approx(4.2e-3, rel=0.2)
    assert muons(2_000, **thick, energy_loss=90_000.0).size == 0


def test_off_momentum_parents_are_softer() -> None:
    on, off = (
        float(
            first_segments(muons(5_000, off_momentum=part, off_momentum_mean=20e3, beside=None))["p"].mean()
        )
        for part in (0.0, 1.0)
    )
    assert off < 0.6 * on


def test_muons_beside_the_beam_have_their_momentum_and_place() -> None:
    """Nothing stops or scatters them here: what is left is what the table says, about the beam at the collimator."""
    beside = Beside.model_construct(
        share=1.0, momentum_min=20e3, momentum_mean=10e3, x=300.0, y=-100.0, size_x=40.0, size_y=20.0
    )
    events = muons(20_000, beside=beside, radiation_lengths=1e-9, energy_loss=0.0)
    first = first_segments(events)
    assert np.all(events["z_decay"] == TABLE.z_collimator)
    assert first["p"].min() > 20e3
    assert float(first["p"].mean()) == pytest.approx(30e3, rel=0.02)
    assert first["tx"] == pytest.approx(CARD.beam.slope_x, abs=1e-7)
    along = TABLE.z_collimator - CARD.beam.z_reference
    x, y = CARD.beam.x + CARD.beam.slope_x * along, CARD.beam.y + CARD.beam.slope_y * along
    for values, mean, rms in ((first["x"] - x, 300.0, 40.0), (first["y"] - y, -100.0, 20.0)):
        assert float(values.mean()) == pytest.approx(mean, abs=3.0)
        assert float(values.std()) == pytest.approx(rms, rel=0.05)


def test_a_share_of_the_halo_comes_beside_the_beam() -> None:
    assert TABLE.beside is not None
    events = muons(20_000, radiation_lengths=1e-9, energy_loss=0.0)
    beside = int(np.count_nonzero(events["z_decay"] == TABLE.z_collimator))
    without = muons(20_000, beside=None, radiation_lengths=1e-9, energy_loss=0.0).size
    share = TABLE.beside.share
    assert 0.9 * share * 20_000 < beside <= 1.05 * share * 20_000
    assert events.size - beside == pytest.approx((1.0 - share) * without, rel=0.05)


def test_samples_with_halo_hold_the_stated_number() -> None:
    halo = pack_halo(TABLE, CARD.beam)
    base = background_sample("data", ["kmu2", "kmu3"], 800_000)
    mixed = with_halo(base, halo, 200_000)
    assert mixed.decays == 1_000_000
    assert mixed.components == ("kmu2", "kmu3", HALO)
    probabilities = np.diff(mixed.table.cumulative, prepend=0.0)
    assert probabilities[mixed.table.sources.tolist().index(2)] == pytest.approx(0.2)
    assert probabilities.sum() == pytest.approx(1.0)
    injected = with_halo(injected_sample(base, "K+", "mu", 330.0, 1e-3), halo, 200_000)
    shares = np.diff(injected.table.cumulative, prepend=0.0)
    assert shares[injected.table.sources.tolist().index(2)] == pytest.approx(0.8e-3)
    assert not mixed.weighted


def test_control_run_looks_like_the_halo_of_the_data() -> None:
    """Halo among decays and halo alone: the same spectrum within errors."""
    calibration = calibrate(
        mode_sample("calibration", "pi3", 40_000), ANALYSIS.experiment, RunContext(seed=1)
    )
    halo = pack_halo(TABLE, CARD.beam)
    made = [
        run_sample(sample, ANALYSIS.experiment, ANALYSIS.card, calibration, RunContext(seed=2))
        for sample in (
            with_halo(background_sample("data", ["kmu3"], 1_000), halo, 400_000),
            halo_sample("control", halo, 400_000),
        )
    ]
    assert 0 < made[0].decays_in_fiducial < 1_100
    assert made[1].decays_in_fiducial == 0
    counts = []
    for result in made:
        parts = [
            result.spectrum.project(f"scaling {region} {polarity}", components=[HALO])
            for region in ("lower", "upper")
            for polarity in ("plus", "minus")
        ]
        edges, values = parts[0].edges, np.sum([part.values for part in parts], axis=0)
        places = np.searchsorted(edges, np.arange(-390.0, -149.0, 20.0))
        counts.append(np.diff(np.concatenate([[0.0], np.cumsum(values)])[places]))
    total = counts[0] + counts[1]
    keep = total > 10
    assert keep.sum() >= 6
    # 54.7: quantile of chi2 with 12 degrees of freedom at 1 - 1e-6
    assert float(np.sum((counts[0] - counts[1])[keep] ** 2 / total[keep])) < 54.7


BESIDE = {
    "share": 0.3,
    "momentum_min": "10 GeV",
    "momentum_mean": "8 GeV",
    "x": "300 mm",
    "y": "0 mm",
    "size_x": "80 mm",
    "size_y": "150 mm",
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"z_first": "103 m"}, "z_first < z_last"),
        ({"off_momentum_mean": "0 GeV"}, "off_momentum_mean must be positive"),
        ({"aperture": "-1 mm"}, "aperture must not be negative"),
        ({"rate": 0.0}, "above 0"),
        ({"beside": BESIDE | {"size_x": "-1 mm"}}, "size_x must not be negative"),
        ({"beside": BESIDE | {"momentum_mean": "0 GeV"}}, "momentum_mean must be positive"),
        ({"beside": BESIDE | {"share": 1.2}}, "share"),
    ],
)
def test_impossible_halos_are_refused(changes: dict[str, Any], words: str) -> None:
    text = TABLE.model_dump(exclude={"beside"})
    for names, unit in (
        (("z_first", "z_last", "z_collimator", "off_momentum_size", "aperture"), "mm"),
        (("off_momentum_min", "off_momentum_mean", "energy_loss"), "MeV"),
        (("off_momentum_divergence",), "rad"),
    ):
        text |= {name: f"{text[name]!r} {unit}" for name in names}
    assert Halo.model_validate(text) == TABLE.model_copy(update={"beside": None})
    with pytest.raises(ValueError, match=words):
        Halo.model_validate({**text, **changes})


def test_no_parent_below_the_beam_is_refused() -> None:
    with pytest.raises(UsageError, match="not below the beam"):
        pack_halo(TABLE.model_copy(update={"off_momentum_min": 80_000.0}), CARD.beam)
