"""Templates with forced decays and play for the rest agree with plain sampling of the same mode."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hnlpeak.chain.beam import calibrate
from hnlpeak.chain.sample_run import run_sample
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.simulation.sample import mode_sample

ANALYSIS = load_analysis("na62-2007-kmu2")
# of all cuts those without which there is no search; the rarer modes would leave no plain events with all
SINGLE = ("one track", "positive charge", "momentum", "LKr clusters")
MUON = (*SINGLE, "MUV time")
PHOTONS = ("one track", "positive charge", "momentum", "MUV time")
OPTIONS = (
    "forced_decay",
    "forced_pion_decay",
    "forced_loss",
    "forced_radiation",
    "hard_photon",
    "soft_momentum",
    "survival",
    "off_target",
)
# from where K_mu2 radiates: below are misreconstructed decays without a photon, of weight 196 in its template and so
# few (less than one in the first bin) that a sample without any cannot tell its own error
EDGES = np.arange(130.0, 391.0, 15.0)


@pytest.fixture(scope="module")
def calibration() -> BeamCalibration:
    return calibrate(mode_sample("calibration", "pi3", 40_000), ANALYSIS.experiment, RunContext(seed=1))


def selected(
    name: str, mode: str, decays: int, cuts: tuple[str, ...], calibration: BeamCalibration, **options: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Selected events per decay in bins, with their variances."""
    sample = mode_sample(name, mode, decays, **options)
    card = ANALYSIS.card.model_copy(update={"cuts": [cut for cut in ANALYSIS.card.cuts if cut.name in cuts]})
    made = run_sample(sample, ANALYSIS.experiment, card, calibration, RunContext(seed=4))
    edges, values, variances = made.spectrum.project("search")
    places = np.searchsorted(edges, EDGES)
    n = made.decays_in_fiducial
    sums = [np.diff(np.concatenate([[0.0], np.cumsum(x)])[places]) for x in (values, variances)]
    return sums[0] / n, sums[1] / n**2


@pytest.mark.parametrize(
    ("mode", "plain", "cuts", "least"),
    [
        ("kmu2", 1_500_000, MUON, 4),
        ("kmu3", 300_000, MUON, 10),
        ("pi3", 250_000, SINGLE, 4),
        ("pi00", 300_000, PHOTONS, 4),
        ("pipi0", 1_200_000, MUON, 4),
    ],
)
def test_forced_template_against_plain_sampling(
    mode: str, plain: int, cuts: tuple[str, ...], least: int, calibration: BeamCalibration
) -> None:
    from scipy.special import gammaincc

    template = next(t for t in ANALYSIS.card.samples.templates if t.mode == mode)
    options = {name: getattr(template, name) for name in OPTIONS}
    assert any(value not in (0.0, 1.0) for value in options.values())
    found, spread = selected(f"forced/{mode}", mode, plain // 3, cuts, calibration, **options)
    expected, natural = selected(f"plain/{mode}", mode, plain, cuts, calibration)
    # bins with enough events for Gaussian errors in both
    keep = (expected**2 > 10.0 * natural) & (found**2 > 10.0 * spread)
    assert keep.sum() >= least
    pull = (found - expected)[keep] / np.sqrt(spread + natural)[keep]
    p = float(gammaincc(0.5 * keep.sum(), 0.5 * float(pull @ pull)))
    assert p > 1e-6, pull
    # and as one number, where a common factor would show
    total = (found - expected).sum() / np.sqrt((spread + natural).sum())
    assert abs(total) < 4.9
