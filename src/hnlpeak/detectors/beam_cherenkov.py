"""Cherenkov counter in the beam that names and times kaons."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from hnlpeak.core.kernel import inlined
from hnlpeak.core.quantity import Fraction, Length
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.kind import Counter, DetectorKind, Outline
from hnlpeak.detectors.surface import record_time

__all__ = ["KIND", "BeamCherenkov", "tag"]


class BeamCherenkov(Counter):
    """Kaon tagger at ``z``: ``efficiency`` for a kaon.

    ``pion_mistag``, the probability for a beam pion, is information: beam pions are not simulated.
    """

    kind: Literal["beam_cherenkov"]
    z: Length
    efficiency: Fraction
    pion_mistag: Fraction


def _constants(spec: BeamCherenkov, system: int, setup: Any) -> None:
    setup["tag_system"] = system
    setup["tag_efficiency"] = spec.efficiency
    setup["tag_resolution"] = spec.time_resolution


def _outline(spec: BeamCherenkov) -> list[Outline]:
    return [Outline(spec.system, spec.z, spec.z, None)]


@inlined
def tag(system: int, efficiency: float, resolution: float, event: Record, rng: np.random.Generator) -> None:
    """Tag the kaon: record its time (ns) and set the system's bit."""
    if rng.random() < efficiency:
        record_time(event, system, resolution * rng.standard_normal())
        bits = event.bits
        event.bits = bits | (1 << system)


KIND = DetectorKind(spec=BeamCherenkov, constants=_constants, outline=_outline, timed=True, most=1)
