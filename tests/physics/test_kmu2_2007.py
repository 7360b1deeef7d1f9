"""The simulated 2007 set-up against its calibration observables, and whether each of its systems acts.

Targets and tolerances are those of validation.csv (kind "calibration"): nothing here was set from a limit.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from hnlpeak.chain.beam import calibrate
from hnlpeak.chain.loop import new_buffers
from hnlpeak.chain.sample_run import SampleResult, run_sample, simulate_candidates
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.experiment.columns import column_names
from hnlpeak.experiment.experiment import Experiment
from hnlpeak.experiment.vary import scaled
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.reconstruction.track import TRACK, fit_track
from hnlpeak.simulation.foregone import FOLLOW_ALL
from hnlpeak.simulation.generation import Total, generate
from hnlpeak.simulation.response import respond
from hnlpeak.simulation.sample import background_sample, mode_sample, signal_sample
from hnlpeak.simulation.streams import decay_stream
from hnlpeak.studies.validation.bench import fitted_width

EXPOSURE = 5.977e7


@cache
def cards() -> Analysis:
    return load_analysis("na62-2007-kmu2")


@cache
def beam() -> BeamCalibration:
    return calibrate(mode_sample("calibration/test", "pi3", 200_000), cards().experiment, RunContext(seed=3))


def test_three_track_calibration_of_2007() -> None:
    truth = cards().experiment.card.beam
    assert abs(beam().momentum.value - truth.momentum) < 4.5 * beam().momentum.error
    assert abs(beam().slope_x.value - truth.slope_x) < 3e-6
    assert abs(beam().x.value - truth.x) < 0.2


def test_momentum_resolution_at_20_gev() -> None:
    """sigma_p_2007_20gev: core of K_mu2 muons between 18 and 22 GeV."""
    experiment = cards().experiment
    buffers = new_buffers(len(column_names(experiment.timed_systems)), 20_000)
    sample, rng = mode_sample("resolution", "kmu2", 20_000), decay_stream(5, "resolution", 0)
    totals, track = np.zeros(Total.WIDTH, dtype=np.int64), np.zeros(1, dtype=TRACK)
    pulls = []
    for first in range(0, 60_000, 20_000):
        n = generate(20_000, first, experiment.setup, sample.table, FOLLOW_ALL, rng, buffers, totals)
        respond(n, experiment.setup, FOLLOW_ALL, rng, buffers.block)
        for event in buffers.block[:n]:
            particle = event["particles"][0]
            true = particle["segments"][0]["p"]
            if (
                18e3 < true < 22e3
                and particle["n_segments"] == 1
                and fit_track(experiment.setup[0], particle, buffers.scratch, track[0])
            ):
                pulls.append(track[0]["p"] / true - 1.0)
    low, high = np.percentile(pulls, [15.865, 84.135])
    print(f"sigma_p/p at 20 GeV: {0.5 * (high - low):.5f} from {len(pulls)} muons")
    assert 0.5 * (high - low) == pytest.approx(0.00513, abs=0.001)


@cache
def cocktail() -> SampleResult:
    sample = background_sample("data/test", cards().card.samples.background_modes, 400_000)
    return run_sample(sample, cards().experiment, cards().card, beam(), RunContext(seed=7))


def test_number_of_kmu2_in_the_final_selection() -> None:
    """n_kmu2_final_2007."""
    made = cocktail()
    edge = cards().card.normalisation.m2_max ** 0.5
    n = float(made.spectrum.between("search", -edge, edge).values) / made.decays_in_fiducial * EXPOSURE
    print(f"K_mu2 at {EXPOSURE:g} decays: {n / 1e6:.2f}e6")
    assert n == pytest.approx(9.62e6, rel=0.05)


def _squares(edges: np.ndarray) -> np.ndarray:
    """Squared missing mass in the middle of each bin, GeV^2."""
    middles = 0.5 * (edges[1:] + edges[:-1])
    return np.copysign(middles**2, middles) * 1e-6


def test_width_of_the_kmu2_peak_in_the_final_selection() -> None:
    """sigma_m2_kmu2_2007: what the divergence of the beam is set from; the others follow."""
    view = cocktail().spectrum.project("search")
    width = fitted_width(_squares(view.edges), view.values, bin_width=1e-4, low=-0.006, high=0.006).value
    print(f"width of the K_mu2 peak: {width:.6f} GeV2")
    assert width == pytest.approx(0.00287, rel=0.02)


@cache
def signal(mass: float) -> SampleResult:
    sample = signal_sample("signal/test", "K+", "mu", mass, 60_000)
    return run_sample(sample, cards().experiment, cards().card, beam(), RunContext(seed=7))


@pytest.mark.parametrize(
    ("mass", "sigma_m2", "before", "final", "final_tolerance"),
    [
        (300.0, 0.001873, 0.792, 0.30545, 0.05),
        (350.0, 0.001218, 0.715, 0.27773, 0.05),
        (370.0, 0.000817, 0.557, 0.18159, 0.08),
    ],
)
def test_resolution_and_acceptance_of_2007(
    mass: float, sigma_m2: float, before: float, final: float, final_tolerance: float
) -> None:
    """sigma_m2_pre_2007, a_pre_2007 and a_full_2007: Gaussian fitted to the whole histogram, and counts."""
    made = signal(mass)
    view = made.spectrum.project("before the regions")
    sigma = fitted_width(_squares(view.edges), view.values, bin_width=1e-4).value
    acceptances = [
        made.spectrum.project(name).values.sum() / made.decays_in_fiducial
        for name in ("before the regions", "search")
    ]
    print(f"{mass:g} MeV: sigma {sigma:.6f} GeV2, acceptances {acceptances}")
    assert sigma == pytest.approx(sigma_m2, rel=0.04)
    assert acceptances[0] == pytest.approx(before, rel=0.03)
    assert acceptances[1] == pytest.approx(final, rel=final_tolerance)


@cache
def yields(*factors: tuple[str, float]) -> tuple[float, float, float]:
    """Candidates, selected K_mu2 and rms of m2_miss (GeV^2) of good tracks, per decay in the fiducial volume."""
    experiment: Experiment = scaled(cards().experiment, dict(factors))
    made = run_sample(
        mode_sample("acts", "kmu2", 40_000), experiment, cards().card, beam(), RunContext(seed=9)
    )
    flow = next(c for c in made.cutflows if c.selection == "search").passed.sum(axis=0)
    c = simulate_candidates(
        mode_sample("acts", "kmu2", 40_000), experiment, cards().card, beam(), seed=9
    ).columns
    good = (c["n_tracks"] == 1) & (c["chi2"] < 20) & (c["p_mev"] > 10e3) & (c["in_acceptance"] == 1)
    m2 = c["m2_miss_mev2"][good] * 1e-6
    low, high = np.percentile(m2, [15.865, 84.135])
    return flow[0] / made.decays_in_fiducial, flow[-1] / made.decays_in_fiducial, 0.5 * (high - low)


@pytest.mark.parametrize(
    ("factors", "which", "low", "high"),
    [
        pytest.param({"detectors.CHOD.plane_efficiency": 0.9}, 0, 0.79, 0.83, id="CHOD triggers"),
        pytest.param({"detectors.DCH.view_resolution": 5.0}, 2, 1.1, 4.0, id="DCH measures"),
        pytest.param({"detectors.helium.radiation_lengths": 30.0}, 2, 1.05, 4.0, id="helium scatters"),
        pytest.param({"detectors.window.radiation_lengths": 60.0}, 2, 1.05, 4.0, id="window scatters"),
        pytest.param({"detectors.LKr.accidental_rate": 600.0}, 1, 0.5, 0.9, id="LKr vetoes"),
        pytest.param({"detectors.MUV1.efficiency": 0.5}, 1, 0.45, 0.56, id="MUV1 identifies"),
        pytest.param({"detectors.MUV2.efficiency": 0.5}, 1, 0.45, 0.56, id="MUV2 identifies"),
        pytest.param(
            {
                "beam.intensity_max": 10.0,
                "beam.intensity_min": 10.0,
                "detectors.LKr.accidental_rate": 20.0,
            },
            1,
            0.88,
            0.975,  # a photon of 3 GeV or more, away from the muon by 400 mm
            id="accidentals follow intensity",
        ),
        pytest.param({"beam.momentum_spread": 4.0}, 2, 1.05, 4.0, id="beam spread"),
    ],
)
def test_every_system_acts(factors: dict[str, float], which: int, low: float, high: float) -> None:
    ratio = yields(*factors.items())[which] / yields()[which]
    print(f"{factors}: {ratio:.3f}")
    assert low < ratio < high


def _lost(intensity: float, rate: float) -> float:
    """Accidental clusters that veto, for each that there is in the window: from K_mu2 lost at these factors."""
    beam = {"beam.intensity_max": intensity, "beam.intensity_min": intensity}
    kept = yields(*beam.items(), ("detectors.LKr.accidental_rate", rate))[1] / yields()[1]
    card = cards().experiment.card
    lkr = next(d for d in card.detectors if d.system == "LKr")
    window = 2.0 * card.reconstruction.cluster_window
    there = lkr.accidental_rate * card.beam.intensity_max * window
    return -np.log(kept) / (there * (intensity * rate - 1.0))


def test_losses_by_accidentals_follow_rate_and_intensity() -> None:
    """The same share of the clusters vetoes whatever there is of either: those above 3 GeV where tracks are accepted.

    They are spread over the square round the octagon; those within 400 mm of the muon are let pass, unless there are
    two.
    """
    card = cards().experiment.card
    lkr = next(d for d in card.detectors if d.system == "LKr")
    half = 1130.0
    x, y = np.meshgrid(np.arange(-half + 5.0, half, 10.0), np.arange(-half + 5.0, half, 10.0))
    inside = (np.hypot(x, y) > 150.0) & (np.abs(x) < 1026.0) & (np.abs(x) + np.abs(y) < half * 2.0**0.5)
    for cx, cy in lkr.dead_modules.centres:
        inside &= np.hypot(*(np.maximum(np.abs(d) - 79.0, 0.0) for d in (x - cx, y - cy))) > 80.0
    hard = np.exp(-card.reconstruction.cluster_threshold / lkr.accidental_energy)
    most = hard * float(inside.mean())
    least = hard * (float(inside.mean()) - np.pi * 400.0**2 / (2.0 * half) ** 2)
    found = {factors: _lost(*factors) for factors in ((10.0, 20.0), (10.0, 80.0), (40.0, 20.0))}
    print(f"share of clusters that veto: {found}, expected {least:.3f} to {most:.3f}")
    selected = yields()[1] * 40_000
    for (intensity, rate), share in found.items():
        clusters = lkr.accidental_rate * card.beam.intensity_max * 2.0 * card.reconstruction.cluster_window
        error = share / np.sqrt(selected * share * clusters * intensity * rate)
        assert least - 4.0 * error < share < most + 4.0 * error, (intensity, rate)
        assert error < 0.07 * share
    # as many clusters by either way
    assert found[10.0, 80.0] == pytest.approx(found[40.0, 20.0], rel=0.12)
