"""The trigger downscale: of D triggers one is kept, and what that means for rates and for delivered decays.

Exposures and simulated samples are those after the downscale; D enters where triggers are counted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.core.records import Key
from hnlpeak.experiment.experiment import Experiment

__all__ = ["TriggerRates", "kept_triggers", "trigger_rates"]

_HZ = 1e9  # rates are per ns inside


def kept_triggers(triggers: int, downscale: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw which of the ``triggers`` are kept, each with probability 1 / ``downscale``.

    Raises ``UsageError`` for a downscale below 1.
    """
    if downscale < 1:
        raise UsageError(f"downscale {downscale} is not a whole number from 1 on")
    return np.asarray(downscale * rng.random(triggers) < 1.0)


@dataclass(frozen=True)
class TriggerRates:
    """Rates in Hz at the mean intensity: decays in the fiducial volume, triggers from them, and those recorded."""

    decays: Annotated[float, Key("decay_rate_hz")]
    triggers: Annotated[float, Key("trigger_rate_hz")]
    recorded: Annotated[float, Key("recorded_rate_hz")]


def trigger_rates(experiment: Experiment, *, triggers_per_decay: float, downscale: int) -> TriggerRates:
    """Rates for ``triggers_per_decay`` triggers a decay in the fiducial volume, before and after ``downscale``.

    Mesons pass the entrance of the fiducial volume at the beam's rate times its meson fraction and decay in it with
    probability 1 - exp(-length m / (p c tau)).
    """
    beam, row = experiment.card.beam, experiment.setup[0]["beam"]
    length = experiment.card.fiducial.z_max - experiment.card.fiducial.z_min
    probability = -math.expm1(-length * float(row["mass"]) / (beam.momentum * float(row["c_tau"])))
    intensity = 0.5 * (beam.intensity_min + beam.intensity_max)
    decays = beam.rate * _HZ * beam.meson_fraction * intensity * probability
    triggers = decays * triggers_per_decay
    return TriggerRates(decays, triggers, triggers / downscale)
