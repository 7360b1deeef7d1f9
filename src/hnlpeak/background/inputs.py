"""What background methods may use besides the searched spectrum: simulated decays and a control run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["HALO", "INTERACTIONS", "BackgroundInputs", "ControlCount", "control_counts"]

HALO = "halo"
"""Name of the component of muons from no decay in the volume."""
INTERACTIONS = "interactions"
"""Name of the component of beam particles that interact in matter."""


Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BackgroundInputs:
    """``decays``: simulated decays by mode, with the number of decays in the fiducial volume that they stand for.

    ``control``: spectrum of data taken without decays, None where there is no such run. ``cross_talk``: simulated
    decays that are in it all the same, as many as it holds; None where there are none. ``tails``: the decays of some
    modes whose track has a kick (``background.card.TrackTails``), as many as ``decays`` holds of such; None for none.
    """

    decays: Spectrum
    control: Spectrum | None = None
    cross_talk: Spectrum | None = None
    tails: Spectrum | None = None


@dataclass(frozen=True, eq=False)
class ControlCount:
    """What the control run holds in each range: all ``counts``, and ``cross_talk`` among them with its MC variance."""

    counts: Vector
    cross_talk: Vector
    cross_talk_variance: Vector

    @property
    def value(self) -> Vector:
        """Events that are no decays, not below zero."""
        return np.maximum(self.counts - self.cross_talk, 0.0)

    @property
    def variance(self) -> Vector:
        """Statistical variance: that of one event where there is none."""
        return np.maximum(self.counts, 1.0) + self.cross_talk_variance


def control_counts(
    inputs: BackgroundInputs, selections: str | Sequence[str], low: ArrayLike, high: ArrayLike
) -> ControlCount:
    """Count the control run in each range ``low`` to ``high`` (MeV). ``UsageError`` where there is none."""
    if inputs.control is None:
        raise UsageError("the card scales a control run, but there is none")
    counts = inputs.control.between(selections, low, high).values
    if inputs.cross_talk is None:
        return ControlCount(counts, np.zeros_like(counts), np.zeros_like(counts))
    return ControlCount(counts, *inputs.cross_talk.between(selections, low, high))
