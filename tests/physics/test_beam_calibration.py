"""The mean beam from three-track decays: why the selected ones are biased, and that the calibration is not."""

from __future__ import annotations

from functools import cache

import pytest

from hnlpeak.chain.beam import calibrate, selected_mean
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.experiment import Experiment, load_experiment
from hnlpeak.experiment.vary import scaled
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.simulation.sample import mode_sample

SAMPLE = mode_sample("calibration/bias", "pi3", 400_000)
PULL = 4.5


@cache
def experiment(name: str) -> Experiment:
    return load_experiment(name)


@cache
def calibrated(name: str) -> BeamCalibration:
    return calibrate(SAMPLE, experiment(name), RunContext(seed=4))


@pytest.mark.parametrize(("name", "bias"), [("na62-2015", -17.0), ("na62-2007", -41.0)])
def test_selected_three_track_decays_lack_momentum(name: str, bias: float) -> None:
    """Acceptance falls with the kaon's momentum (-17 MeV in both years); pions decay unnoticed (-24 MeV in 2007)."""
    found = selected_mean(SAMPLE, experiment(name), RunContext(seed=4)).momentum
    assert abs(found.value - experiment(name).card.beam.momentum - bias) < PULL * found.stat
    assert found.stat < 5.0


@pytest.mark.parametrize("name", ["na62-2015", "na62-2007"])
def test_calibration_gives_the_beam(name: str) -> None:
    beam, found = experiment(name).card.beam, calibrated(name)
    for key in ("momentum", "slope_x", "slope_y", "x", "y"):
        number = getattr(found, key)
        assert abs(number.value - getattr(beam, key)) < PULL * number.error, key
    assert found.momentum.error < 7.0


def test_a_beam_that_the_card_does_not_have_is_found() -> None:
    """Data of another momentum and axis, the bias from the card's own beam."""
    card = experiment("na62-2015")
    other = scaled(card, {"beam.momentum": 1.004, "beam.slope_x": 1.05})
    found = calibrate(SAMPLE, other, RunContext(seed=5), model=card)
    for key in ("momentum", "slope_x"):
        number, true = getattr(found, key), getattr(other.card.beam, key)
        assert abs(number.value - true) < PULL * number.error, key
    assert abs(found.momentum.value - card.card.beam.momentum) > 30.0 * found.momentum.error
