"""Cherenkov counter in the beam that names and times kaons."""

from __future__ import annotations

from typing import Literal

import numpy as np

from hnlpeak.core.card import Sourced
from hnlpeak.core.kernel import inlined
from hnlpeak.core.quantity import Fraction, Length, Rate, Time
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.surface import record_time

__all__ = ["BeamCherenkov", "tag"]


class BeamCherenkov(Sourced):
    """Kaon tagger at ``z``: ``efficiency`` for a kaon.

    ``pion_mistag``, the probability for a beam pion, is information: beam pions are not simulated.
    """

    kind: Literal["beam_cherenkov"]
    system: str
    z: Length
    efficiency: Fraction
    pion_mistag: Fraction
    time_resolution: Time
    accidental_rate: Rate = "0 Hz"  # type: ignore[assignment]


@inlined
def tag(system: int, efficiency: float, resolution: float, event: Record, rng: np.random.Generator) -> None:
    """Tag the kaon: record its time (ns) and set the system's bit."""
    if rng.random() < efficiency:
        record_time(event, system, resolution * rng.standard_normal())
        bits = event.bits
        event.bits = bits | (1 << system)
