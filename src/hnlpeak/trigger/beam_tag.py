"""How often a beam tagger that the trigger requires has a signal: of the particle itself, or of another by chance.

At the intensity f others make a signal in the window with probability 1 - exp(-R f w), R their rate at nominal
intensity and w the width of the window; together with the particle's own chance c

    P(f) = 1 - (1 - c) exp(-R f w),

averaged over f, uniform between the beam's ends.
"""

from __future__ import annotations

import math

from hnlpeak.experiment.experiment import Experiment

__all__ = ["tag_chance", "tagger_required"]


def tagger_required(experiment: Experiment) -> bool:
    """Whether a level of the trigger requires a beam tagger."""
    setup = experiment.setup[0]
    tagger = int(setup["tag_system"])
    required = (int(mask) for mask in setup["require"][: setup["n_levels"]])
    return tagger >= 0 and any(mask & (1 << tagger) for mask in required)


def tag_chance(experiment: Experiment, parent: int | None) -> float:
    """Mean chance that the trigger's tag is there for the beam particle at place ``parent``, None for no own signal.

    1 where the trigger requires no tag.
    """
    if not tagger_required(experiment):
        return 1.0
    setup = experiment.setup[0]
    own = 0.0 if parent is None else float(setup["parents"]["tag_chance"][parent])
    rate = 2.0 * float(setup["tag_window"]) * float(setup["accidental"][setup["tag_system"]])
    low, high = (rate * float(setup["beam"][key]) for key in ("intensity_min", "intensity_max"))
    # mean of exp(-x) for x uniform from low to high
    quiet = math.exp(-low) * (-math.expm1(low - high) / (high - low) if high > low else 1.0)
    return 1.0 - (1.0 - own) * quiet
