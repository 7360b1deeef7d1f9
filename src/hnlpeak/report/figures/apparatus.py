"""The detectors of an experiment as lines in a side view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hnlpeak.detectors.shape import Shape
from hnlpeak.experiment.experiment import Experiment

__all__ = ["Plane", "planes"]

_BEAM_PIPE = 60.0
"""Half-size, mm, with which detectors in the beam are drawn."""


@dataclass(frozen=True)
class Plane:
    """A detector plane (or volume) from ``z`` to ``z_end``, mm, in one view: from ``inner`` to ``outer`` on each side.

    ``in_beam`` detectors have no size in the card. ``present`` is False for what was not installed.
    """

    system: str
    kind: str
    z: float
    z_end: float
    centre: float
    inner: float
    outer: float
    in_beam: bool = False
    present: bool = True


def _plane(detector: Any, name: str, z: float, shape: Shape, view: str, z_end: float | None = None) -> Plane:
    along_x = view == "x"
    limits = [shape.outer_radius, shape.octagon, shape.half_width if along_x else shape.half_height]
    known = [value for value in limits if value is not None]
    hole = shape.hole_half_x if along_x else shape.hole_half_y
    return Plane(
        name,
        detector.kind,
        z,
        z if z_end is None else z_end,
        shape.hole_x if along_x else 0.0,
        max(shape.hole_radius or 0.0, hole or 0.0),
        min(known, default=10.0 * _BEAM_PIPE),
    )


def _of(detector: Any, view: str) -> list[Plane]:
    name = detector.system
    if detector.kind == "spectrometer":
        magnet = detector.magnet
        planes = [
            _plane(detector, chamber.name, chamber.z, chamber.shape, view) for chamber in detector.chambers
        ]
        pole = _plane(detector, "magnet", magnet.z - 650.0, magnet.shape, view, magnet.z + 650.0)
        return [
            *planes,
            Plane(pole.system, "magnet", pole.z, pole.z_end, 0.0, pole.outer, pole.outer + 350.0),
        ]
    if detector.kind == "ring_cherenkov":
        return [_plane(detector, name, detector.z_entrance, detector.mirror, view, detector.z_mirror)]
    if detector.kind == "hodoscope":
        return [_plane(detector, name, z, detector.shape, view) for z in detector.planes]
    if detector.kind == "photon_veto":
        return [_plane(detector, name, z, s.shape, view) for s in detector.stations for z in s.z]
    if detector.kind == "guard_ring":
        return [_plane(detector, name, z, detector.shape, view) for z in detector.stations]
    if detector.kind in ("beam_tracker", "beam_cherenkov"):
        stations = getattr(detector, "stations", None) or [detector.z]
        there = getattr(detector, "installed", True)
        return [Plane(name, detector.kind, z, z, 0.0, 0.0, _BEAM_PIPE, True, there) for z in stations]
    if detector.kind == "material":
        return [_plane(detector, name, detector.z_min, detector.shape, view, detector.z_max)]
    return [_plane(detector, name, detector.z, detector.shape, view)]


def planes(experiment: Experiment, view: str) -> list[Plane]:
    """Return all detectors of the card as planes in the ``view`` "x" or "y", in the order of z."""
    found = [plane for detector in experiment.card.detectors for plane in _of(detector, view)]
    return sorted(found, key=lambda plane: plane.z)
