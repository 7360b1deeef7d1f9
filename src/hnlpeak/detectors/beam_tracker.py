"""Tracker in the beam that measures each kaon; it may be described and not installed."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, StrictBool

from hnlpeak.core.kernel import inlined
from hnlpeak.core.quantity import Angle, Fraction, Length, ThicknessOrNone
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.kind import DetectorKind, DetectorSpec, Outline

__all__ = ["KIND", "BeamTracker", "measure", "scattering"]


class BeamTracker(DetectorSpec):
    """Tracker in the beam at ``stations`` (z); when ``installed``, it measures each kaon.

    ``momentum_resolution`` is relative, ``angle_resolution`` and ``position_resolution`` are those of each projection.

    ``station_radiation_lengths`` scatter the kaon only when the stations are installed.
    """

    kind: Literal["beam_tracker"]
    stations: Annotated[list[Length], Field(min_length=1)]
    installed: StrictBool
    momentum_resolution: Fraction
    angle_resolution: Angle
    position_resolution: Length
    station_radiation_lengths: ThicknessOrNone


def scattering(spec: BeamTracker, momentum: float) -> float:
    """Plane angle (rad, rms) by which the last station's material scatters a kaon of ``momentum`` (MeV)."""
    t = spec.station_radiation_lengths
    if not spec.installed or t == 0.0:
        return 0.0
    return 13.6 / momentum * math.sqrt(t) * (1.0 + 0.038 * math.log(t))


def _constants(spec: BeamTracker, system: int, setup: Any) -> None:
    beam = setup["beam"]
    extra = scattering(spec, float(beam["momentum"]))
    for name in ("divergence_x", "divergence_y"):
        beam[name] = np.hypot(beam[name], extra)
    if spec.installed:
        setup["tracker_installed"] = 1
        setup["tracker_momentum"] = spec.momentum_resolution
        setup["tracker_angle"] = spec.angle_resolution
        setup["tracker_position"] = spec.position_resolution


def _outline(spec: BeamTracker) -> list[Outline]:
    return [Outline(spec.system, z, z, None, present=spec.installed) for z in spec.stations]


@inlined
def measure(momentum: float, angle: float, position: float, event: Record, rng: np.random.Generator) -> None:
    """Smear the kaon that the event carries by relative ``momentum``, ``angle`` and ``position`` errors."""
    event.kaon_p *= 1.0 + momentum * rng.standard_normal()
    event.kaon_tx += angle * rng.standard_normal()
    event.kaon_ty += angle * rng.standard_normal()
    event.kaon_x += position * rng.standard_normal()
    event.kaon_y += position * rng.standard_normal()


KIND = DetectorKind(spec=BeamTracker, constants=_constants, outline=_outline, most=1)
