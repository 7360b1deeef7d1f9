"""Matter that measures nothing: windows, gas, pipes."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StrictInt, model_validator

from hnlpeak.core.quantity import Fraction, Length, Thickness
from hnlpeak.detectors.kind import DetectorKind, DetectorSpec, Layer, Outline
from hnlpeak.detectors.matter import slab_surface
from hnlpeak.detectors.passage import highland_weight
from hnlpeak.detectors.shape import Shape
from hnlpeak.detectors.surface import Surface

__all__ = ["KIND", "MAX_SLABS", "Material", "layers", "pack"]

MAX_SLABS = 16


class Material(DetectorSpec):
    """A body of ``radiation_lengths`` and ``shape`` from ``z_min`` to ``z_max``, treated as ``slabs`` equal thin
    layers.

    Each layer stands in the middle of its slab; a window is one layer with ``z_min`` = ``z_max``. Photons above
    the share ``radiation_threshold`` of an electron's energy are emitted.
    """

    kind: Literal["material"]
    z_min: Length
    z_max: Length
    slabs: Annotated[StrictInt, Field(ge=1, le=MAX_SLABS)] = 1
    shape: Shape = Shape()
    radiation_lengths: Thickness
    radiation_threshold: Fraction = 0.001

    @model_validator(mode="after")
    def _thin(self) -> Self:
        if self.z_max < self.z_min:
            raise ValueError(f"z_max = {self.z_max:g} mm is below z_min = {self.z_min:g} mm")
        if self.radiation_lengths >= 0.2 * self.slabs:
            raise ValueError(
                f"radiation_lengths of a slab must be below 0.2 (scattering is treated as thin), "
                f"got {self.radiation_lengths:g} in {self.slabs}"
            )
        if not 0.0 < self.radiation_threshold < 1.0:
            raise ValueError(
                f"radiation_threshold must lie between 0 and 1, got {self.radiation_threshold:g}"
            )
        return self

    def positions(self) -> list[float]:
        """z of the layers, mm."""
        step = (self.z_max - self.z_min) / self.slabs
        return [self.z_min + (i + 0.5) * step for i in range(self.slabs)]


def pack(spec: Material, system: int = 0) -> list[Surface]:
    """One surface a layer."""
    share, whole = spec.radiation_lengths / spec.slabs, spec.radiation_lengths
    return [
        slab_surface(z, spec.shape, share, name=spec.system, threshold=spec.radiation_threshold, whole=whole)
        for z in spec.positions()
    ]


def layers(spec: Material) -> list[Layer]:
    """z (mm) and ``highland_weight`` of each layer, for the covariance of a track fit."""
    weight = highland_weight(spec.radiation_lengths / spec.slabs, spec.radiation_lengths)
    return [Layer(z, weight) for z in spec.positions()]


def _outline(spec: Material) -> list[Outline]:
    return [Outline(spec.system, spec.z_min, spec.z_max, spec.shape, "#e8f1ea")]


KIND = DetectorKind(spec=Material, response=pack, matter=layers, outline=_outline)
