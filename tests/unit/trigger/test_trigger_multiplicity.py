"""Chamber multiplicity in the trigger: the limits of the card act on the crossings of all charged particles."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import pytest

import hits
from hnlpeak.core.errors import CardError
from hnlpeak.experiment.experiment import Experiment, load_experiment
from hnlpeak.simulation.sample import mode_sample
from hnlpeak.simulation.streams import decay_stream

TEXT = (Path(str(resources.files("hnlpeak"))) / "library" / "experiments" / "na62-2007.toml").read_text(
    "utf-8"
)
LIMITS = "multiplicity_min = 3\nmultiplicity_max = 14\n"


def experiment(tmp_path: Path, limits: str) -> Experiment:
    assert TEXT.count(LIMITS) == 1
    path = tmp_path / "card.toml"
    path.write_text(TEXT.replace(LIMITS, limits), "utf-8")
    return load_experiment(path)


def crossings(chosen: Experiment, mode: str) -> np.ndarray:
    sample = mode_sample("multiplicity", mode, 20_000)
    found = hits.generated(
        hits.records(chosen.setup), sample, sample.decays, decay_stream(1, "multiplicity", 0)
    )
    return np.asarray(found["crossings"])


@pytest.mark.parametrize("mode", ["kmu2", "pi3"])
def test_only_events_within_the_limits_pass(tmp_path: Path, mode: str) -> None:
    free = crossings(experiment(tmp_path, ""), mode)
    assert free.min() >= 4  # a track crosses four chambers
    assert free.max() == (4 if mode == "kmu2" else 12)
    few = crossings(experiment(tmp_path, "multiplicity_max = 8\n"), mode)
    many = crossings(experiment(tmp_path, "multiplicity_min = 9\n"), mode)
    assert few.max() <= 8
    assert len(few) > 0
    if mode == "kmu2":
        assert len(many) == 0
        assert len(few) == len(free)
    else:
        assert many.min() >= 9
        # the hodoscope's draws differ from event to event: only the numbers agree
        assert abs(len(few) / len(free) - (free <= 8).mean()) < 0.02
        assert abs(len(many) / len(free) - (free >= 9).mean()) < 0.02


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ("multiplicity_min = 9\nmultiplicity_max = 8\n", "trigger Q1 x 1-TRK passes nothing"),
        ("multiplicity_min = -1\n", "multiplicity_min"),
        ("multiplicity_max = 2.5\n", "multiplicity_max"),
    ],
)
def test_bad_limits(tmp_path: Path, limits: str, message: str) -> None:
    with pytest.raises(CardError, match=message):
        experiment(tmp_path, limits)
