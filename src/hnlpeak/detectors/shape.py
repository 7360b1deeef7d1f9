"""Transverse shape of a detector: what lies between a beam hole and an outer edge."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from hnlpeak.core.card import Card
from hnlpeak.core.kernel import inlined
from hnlpeak.core.quantity import Length

__all__ = [
    "SHAPE_WIDTH",
    "Limits",
    "Shape",
    "edges_of_ring",
    "inside",
    "inside_column",
    "is_ring",
    "lies_inside",
    "limits_of",
    "outside_column",
    "surely_inside",
    "surely_outside",
]

SHAPE_WIDTH = 9
"""Number of parameters of a packed shape; they come first in every surface's row."""
Limits = tuple[float, float, float, float, float, float, float, float, float]
"""A packed shape, number by number."""


class Shape(Card):
    """Region between a hole and an outer edge, in the plane of a surface, mm.

    The hole is a circle of ``hole_radius`` about (``hole_x``, ``hole_y``), or a rectangle of half sizes
    ``hole_half_x``, ``hole_half_y`` about it. The outer edge is a circle of ``outer_radius`` about (``hole_x``, 0), as
    chambers moved with the beam are, or about (0, 0) a rectangle of ``half_width`` x ``half_height`` or an octagon of
    apothem ``octagon``. What is not given does not limit; what is given together limits together.
    """

    hole_x: Length = "0 mm"  # type: ignore[assignment]
    hole_y: Length = "0 mm"  # type: ignore[assignment]
    hole_radius: Length | None = None
    hole_half_x: Length | None = None
    hole_half_y: Length | None = None
    outer_radius: Length | None = None
    half_width: Length | None = None
    half_height: Length | None = None
    octagon: Length | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        outer = [
            v for v in (self.outer_radius, self.half_width, self.half_height, self.octagon) if v is not None
        ]
        halves = [v for v in (self.hole_half_x, self.hole_half_y) if v is not None]
        if len(halves) == 1:
            raise ValueError("hole_half_x and hole_half_y go together: got one of them")
        holes = [*halves, 0.0 if self.hole_radius is None else self.hole_radius]
        if min(holes) < 0.0 or any(v <= max(holes) for v in outer):
            raise ValueError(f"outer sizes {outer} mm must be above those of the hole, {max(holes):g} mm")
        return self

    def box(self) -> tuple[float, float]:
        """Half-width and half-height (mm) of the smallest rectangle around the outer edge; infinite without one."""
        half_x, half_y = self.packed()[3:5]
        outer = math.inf if self.outer_radius is None else self.outer_radius
        return min(half_x, outer), min(half_y, outer)

    def packed(self, margin: float = 0.0) -> list[float]:
        """``SHAPE_WIDTH`` floats for ``inside``; a positive ``margin`` (mm) makes the region larger on both edges."""
        hole = max(0.0, (self.hole_radius or 0.0) - margin)
        limits = (self.half_width, self.half_height, self.octagon)
        half_x, half_y, diagonal = (math.inf if v is None else v + margin for v in limits)
        outer = math.inf if self.outer_radius is None else self.outer_radius + margin
        return [
            self.hole_x,
            hole * hole,
            outer * outer,
            min(half_x, diagonal),
            min(half_y, diagonal),
            math.sqrt(2.0) * diagonal,
            (self.hole_half_x or 0.0) - margin,
            (self.hole_half_y or 0.0) - margin,
            self.hole_y,
        ]


@inlined
def inside(params: NDArray[np.float64], x: float, y: float) -> bool:
    """True where the point (x, y) in mm lies within the shape packed in ``params[:SHAPE_WIDTH]``."""
    dx = x - params[0]
    dy = y - params[8]
    if dx * dx + dy * dy < params[1] or dx * dx + y * y > params[2]:
        return False
    ax, ay = abs(x), abs(y)
    if ax > params[3] or ay > params[4] or ax + ay > params[5]:
        return False
    return not (abs(dx) < params[6] and abs(dy) < params[7])


@inlined
def limits_of(params: NDArray[np.float64]) -> Limits:
    """The packed shape as plain numbers: compilers see that no loop changes them."""
    return (
        params[0],
        params[1],
        params[2],
        params[3],
        params[4],
        params[5],
        params[6],
        params[7],
        params[8],
    )


@inlined
def lies_inside(params: Limits, x: float, y: float) -> bool:
    """``inside`` without a branch, for lanes over places."""
    dx, dy, ax, ay = x - params[0], y - params[8], abs(x), abs(y)
    clear = (dx * dx + dy * dy >= params[1]) & ((abs(dx) >= params[6]) | (abs(dy) >= params[7]))
    within = (ax <= params[3]) & (ay <= params[4]) & (ax + ay <= params[5])
    return bool(clear & within & (dx * dx + y * y <= params[2]))


@inlined
def inside_column(shapes: NDArray[np.float64], n: int, x: float, y: float) -> bool:
    """``inside`` of the shape in column ``n`` of ``shapes`` [parameter, shape]; without a branch, for lanes."""
    dx, dy, ax, ay = x - shapes[0, n], y - shapes[8, n], abs(x), abs(y)
    clear = (dx * dx + dy * dy >= shapes[1, n]) & ((abs(dx) >= shapes[6, n]) | (abs(dy) >= shapes[7, n]))
    within = (ax <= shapes[3, n]) & (ay <= shapes[4, n]) & (ax + ay <= shapes[5, n])
    return bool(clear & within & (dx * dx + y * y <= shapes[2, n]))


@inlined
def _moved(radius2: float, margin: float) -> float:
    """Square of the radius moved by ``margin``, of 0 where nothing is left."""
    radius = max(math.sqrt(radius2) + margin, 0.0)
    return radius * radius


@inlined
def is_ring(params: NDArray[np.float64]) -> bool:
    """True for a shape between two circles about the same point at y = 0."""
    unlimited = params[3] == np.inf and params[4] == np.inf and params[5] == np.inf
    return bool(unlimited and params[6] <= 0.0 and params[7] <= 0.0 and params[8] == 0.0)


@inlined
def edges_of_ring(params: NDArray[np.float64], margin: float) -> tuple[float, float, float, float]:
    """Squared radii of a ring's hole made smaller and larger by ``margin`` (mm), then the same of its outer edge."""
    hole2, edge2 = params[1], params[2]
    return _moved(hole2, -margin), _moved(hole2, margin), _moved(edge2, -margin), _moved(edge2, margin)


@inlined
def surely_inside(params: NDArray[np.float64] | Limits, x: float, y: float, margin: float) -> bool:
    """True only where every point within ``margin`` (mm) of (x, y) lies within the shape; without a branch."""
    dx, dy = x - params[0], y - params[8]
    ax, ay = abs(x), abs(y)
    clear = (dx * dx + dy * dy >= _moved(params[1], margin)) & (
        (abs(dx) >= params[6] + margin) | (abs(dy) >= params[7] + margin)
    )
    within = (
        (dx * dx + y * y <= _moved(params[2], -margin))
        & (ax <= params[3] - margin)
        & (ay <= params[4] - margin)
        & (ax + ay <= params[5] - 2.0 * margin)
    )
    return bool(clear & within)


@inlined
def surely_outside(params: NDArray[np.float64] | Limits, x: float, y: float, margin: float) -> bool:
    """True only where no point within ``margin`` (mm) of (x, y) lies within the shape; without a branch."""
    dx, dy = x - params[0], y - params[8]
    ax, ay = abs(x), abs(y)
    in_hole = (dx * dx + dy * dy < _moved(params[1], -margin)) | (
        (abs(dx) < params[6] - margin) & (abs(dy) < params[7] - margin)
    )
    beyond = (
        (dx * dx + y * y > _moved(params[2], margin))
        | (ax > params[3] + margin)
        | (ay > params[4] + margin)
        | (ax + ay > params[5] + 2.0 * margin)
    )
    return bool(in_hole | beyond)


@inlined
def outside_column(shapes: NDArray[np.float64], n: int, x: float, y: float, margin: float) -> bool:
    """``surely_outside`` of the shape in column ``n`` of ``shapes`` [parameter, shape]."""
    dx, dy, ax, ay = x - shapes[0, n], y - shapes[8, n], abs(x), abs(y)
    round_hole = dx * dx + dy * dy < _moved(shapes[1, n], -margin)
    square_hole = (abs(dx) < shapes[6, n] - margin) & (abs(dy) < shapes[7, n] - margin)
    too_wide = (ax > shapes[3, n] + margin) | (ay > shapes[4, n] + margin)
    beyond = (dx * dx + y * y > _moved(shapes[2, n], margin)) | (ax + ay > shapes[5, n] + 2.0 * margin)
    return bool(round_hole | square_hole | too_wide | beyond)
