"""The detectors of an experiment as lines and boxes in a side view."""

from __future__ import annotations

from dataclasses import dataclass

from hnlpeak.detectors.kind import Outline
from hnlpeak.detectors.registry import KINDS
from hnlpeak.detectors.shape import Shape
from hnlpeak.experiment.experiment import Experiment

__all__ = ["Plane", "planes"]

_BEAM_PIPE = 60.0
"""Half-size, mm, with which detectors in the beam are drawn."""


@dataclass(frozen=True)
class Plane:
    """A detector plane (or volume) from ``z`` to ``z_end``, mm, in one view: from ``inner`` to ``outer`` on each side.

    ``colour`` is None for what is drawn grey. ``present`` is False for what was not installed.
    """

    system: str
    z: float
    z_end: float
    centre: float
    inner: float
    outer: float
    colour: str | None
    present: bool


def _sides(shape: Shape, view: str) -> tuple[float, float, float]:
    """Centre, inner and outer half-size in ``view``."""
    along_x = view == "x"
    limits = [shape.outer_radius, shape.octagon, shape.half_width if along_x else shape.half_height]
    hole = shape.hole_half_x if along_x else shape.hole_half_y
    return (
        shape.hole_x if along_x else 0.0,
        max(shape.hole_radius or 0.0, hole or 0.0),
        min((value for value in limits if value is not None), default=10.0 * _BEAM_PIPE),
    )


def _plane(drawn: Outline, view: str) -> Plane:
    centre, inner, outer = 0.0, 0.0, _BEAM_PIPE
    if drawn.shape is not None:
        centre, inner, outer = _sides(drawn.shape, view)
    if drawn.around > 0.0:
        centre, inner, outer = 0.0, outer, outer + drawn.around
    return Plane(drawn.name, drawn.z, drawn.z_end, centre, inner, outer, drawn.colour, drawn.present)


def planes(experiment: Experiment, view: str) -> list[Plane]:
    """Return all detectors of the card as planes in the ``view`` "x" or "y", in the order of z."""
    detectors = experiment.card.detectors
    outlines = [drawn for detector in detectors for drawn in KINDS[detector.kind].outline(detector)]
    return sorted((_plane(drawn, view) for drawn in outlines), key=lambda plane: plane.z)
