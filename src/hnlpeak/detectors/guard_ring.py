"""Guard rings around the beam behind its last element: charged particles at large angles."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from hnlpeak.core.kernel import inlined
from hnlpeak.core.quantity import Fraction, Length
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.kind import Counter, DetectorKind, Outline
from hnlpeak.detectors.shape import SHAPE_WIDTH, Shape
from hnlpeak.detectors.surface import Surface, record_time
from hnlpeak.theory.species import CHARGE

__all__ = ["CODE", "KIND", "GuardRing", "pack", "respond"]


CODE = 6
"""Code of its surfaces."""


class GuardRing(Counter):
    """Scintillator frames of ``shape`` at ``stations`` (z), each seeing a charged particle with ``efficiency``."""

    kind: Literal["guard_ring"]
    stations: Annotated[list[Length], Field(min_length=1)]
    shape: Shape
    efficiency: Fraction


class _Slot(IntEnum):
    SYSTEM = SHAPE_WIDTH
    EFFICIENCY = SHAPE_WIDTH + 1
    SIGMA_T = SHAPE_WIDTH + 2


def pack(spec: GuardRing, system: int) -> list[Surface]:
    """One surface a station."""
    row = [*spec.shape.packed(), float(system), spec.efficiency, spec.time_resolution]
    return [Surface(CODE, z, row, spec.system) for z in spec.stations]


@inlined
def respond(params: Record, event: Record, particle: Record, rng: np.random.Generator) -> None:
    """Record a signal when a charged particle crosses the frame."""
    if CHARGE[event.state.species] != 0.0 and rng.random() < params[_Slot.EFFICIENCY]:
        record_time(event, int(params[_Slot.SYSTEM]), params[_Slot.SIGMA_T] * rng.standard_normal())


def _outline(spec: GuardRing) -> list[Outline]:
    return [Outline(spec.system, z, z, spec.shape) for z in spec.stations]


KIND = DetectorKind(spec=GuardRing, response=pack, outline=_outline, timed=True)
