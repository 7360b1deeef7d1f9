"""The table of a magnetic spectrometer in the card of an experiment: chambers with their views, and a dipole."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from hnlpeak.core.card import Card
from hnlpeak.core.quantity import Energy, Fraction, Length, Positive, Share, Thickness
from hnlpeak.detectors.kind import DetectorSpec
from hnlpeak.detectors.shape import Shape

__all__ = ["MAX_VIEWS", "Chamber", "Magnet", "Spectrometer", "directions_of"]

MAX_VIEWS = 4
"""Views of a chamber, at most."""


class Chamber(Card):
    """One chamber: its plane at ``z``, its ``shape``, and ``gap_x``, where the gap of its views is centred.

    ``acceptance`` is the part of the plane that a selected track must cross (default: all of ``shape``).
    """

    name: str
    z: Length
    shape: Shape
    acceptance: Shape | None = None
    gap_x: Length = "0 mm"  # type: ignore[assignment]


class Magnet(Card):
    """Thin dipole of ``shape`` at ``z``: it gives a positive particle ``kick`` of momentum in ``direction`` along x."""

    z: Length
    kick: Energy
    direction: Literal[-1, 1]
    shape: Shape


class Spectrometer(DetectorSpec):
    """``chambers``, one table each, two or more of them before the dipole ``magnet`` and one or more behind.

    ``view_angles`` (degrees) are the directions in which the views measure, each with the resolution
    ``view_resolution`` and efficiency ``view_efficiency``; ``gap_half_width`` is the half-width of a view's gap
    around the beam. ``radiation_lengths`` is the material of one chamber, all its views. A fraction ``tail_fraction``
    of hits and scatterings has ``tail_scale`` times the width. Measured momenta are ``momentum_scale`` times
    what they should be. Photons above the share ``radiation_threshold`` of an electron's energy are emitted.
    """

    kind: Literal["spectrometer"]
    chambers: Annotated[list[Chamber], Field(min_length=3, max_length=8)]
    magnet: Magnet
    view_angles: Annotated[list[float], Field(min_length=2, max_length=MAX_VIEWS)]
    view_resolution: Length
    view_efficiency: Fraction
    gap_half_width: Length
    radiation_lengths: Thickness
    tail_fraction: Fraction
    tail_scale: Positive
    radiation_threshold: Share
    momentum_scale: Positive = 1.0

    def contradictions(self) -> Iterator[str]:
        """Yield what keeps it from measuring a momentum."""
        if self.magnet.kick <= 0.0:
            yield "magnet.kick must be above 0: without it there is no momentum"
        z = [chamber.z for chamber in self.chambers]
        if sorted(set(z)) != z:
            yield f"chambers must stand in the order of z, got {z} mm"
        if sum(value < self.magnet.z for value in z) < 2 or sum(value > self.magnet.z for value in z) < 1:
            yield "a momentum needs two chambers before the magnet and one after it"
        if self.view_resolution <= 0.0:
            yield f"view_resolution must be positive, got {self.view_resolution:g} mm"
        if self.radiation_lengths >= 0.2:
            yield "radiation_lengths of a chamber must be below 0.2: scattering is treated as thin"
        if np.linalg.matrix_rank(np.array(directions_of(self))) < 2:
            yield "view_angles must measure both x and y"


def directions_of(spec: Spectrometer) -> list[list[float]]:
    """Unit vector (x, y) of each view, along which it measures."""
    angles = [math.radians(angle) for angle in spec.view_angles]
    return [[math.cos(a), math.sin(a)] for a in angles]
