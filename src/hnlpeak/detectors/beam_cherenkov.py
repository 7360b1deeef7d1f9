"""Cherenkov counter in the beam that names and times kaons by a coincidence of its sectors.

A beam particle makes photo-electrons, Poisson with the mean of its kind, spread evenly over the sectors. A sector with
at least one fires; with ``coincidence`` of them the particle is tagged. So efficiency, mistags and time resolution are
one thing: n sectors fire with the binomial probability of p = 1 - exp(-mu / sectors), mu the particle's mean, and the
time is that of their photo-electrons, n (mu / sectors) / p on average.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, StrictInt, model_validator

from hnlpeak.core.kernel import inlined
from hnlpeak.core.quantity import Length, NonNegative
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.kind import BeamSignal, Counter, DetectorKind, Outline
from hnlpeak.detectors.surface import record_time

__all__ = ["KIND", "MAX_SECTORS", "BeamCherenkov", "fired_sectors", "signal", "tag"]

MAX_SECTORS = 16


class BeamCherenkov(Counter):
    """Tagger at ``z``: ``coincidence`` of its ``sectors`` tags a particle.

    ``photoelectrons`` is the mean number in all sectors by beam particle (none for those left out), ``time_resolution``
    that of one photo-electron. Tags of other beam particles follow from the beam; what comes at ``accidental_rate``
    comes on top.
    """

    kind: Literal["beam_cherenkov"]
    z: Length
    sectors: Annotated[StrictInt, Field(ge=1, le=MAX_SECTORS)]
    coincidence: Annotated[StrictInt, Field(ge=1, le=MAX_SECTORS)]
    photoelectrons: dict[str, NonNegative]

    @model_validator(mode="after")
    def _reached(self) -> Self:
        if self.coincidence > self.sectors:
            raise ValueError(
                f"coincidence = {self.coincidence} is above sectors = {self.sectors}: nothing is tagged"
            )
        return self


def fired_sectors(spec: BeamCherenkov, photoelectrons: float) -> list[float]:
    """Probabilities that 0, 1, ..., ``sectors`` sectors fire, for a mean number of ``photoelectrons`` in all."""
    p = -math.expm1(-photoelectrons / spec.sectors)
    n = spec.sectors
    return [math.comb(n, k) * p**k * (1.0 - p) ** (n - k) for k in range(n + 1)]


def signal(spec: BeamCherenkov, name: str) -> BeamSignal:
    """What the beam particle called ``name`` does in the counter."""
    mean = spec.photoelectrons.get(name, 0.0) / spec.sectors
    chances = fired_sectors(spec, mean * spec.sectors)
    light = mean / -math.expm1(-mean) if mean > 0.0 else 1.0
    cumulative = np.cumsum(chances)
    cumulative[-1] = 1.0
    return BeamSignal(float(sum(chances[spec.coincidence :])), tuple(cumulative.tolist()), light)


def _constants(spec: BeamCherenkov, system: int, setup: Any) -> None:
    setup["tag_system"] = system
    setup["tag_z"] = spec.z
    setup["tag_coincidence"] = spec.coincidence
    setup["tag_resolution"] = spec.time_resolution


def _outline(spec: BeamCherenkov) -> list[Outline]:
    return [Outline(spec.system, spec.z, spec.z, None)]


@inlined
def tag(setup: Record, parent: Record, event: Record, rng: np.random.Generator) -> bool:
    """Draw the sectors that the beam particle ``parent`` fires; with enough of them record its time (ns)."""
    u = rng.random()
    n = 0
    while u >= parent.sectors[n]:
        n += 1
    if n < setup.tag_coincidence:
        return False
    resolution = setup.tag_resolution / math.sqrt(n * parent.light)
    record_time(event, setup.tag_system, resolution * rng.standard_normal())
    return True


KIND = DetectorKind(
    spec=BeamCherenkov,
    constants=_constants,
    outline=_outline,
    beam_signal=signal,
    triggers=True,
    timed=True,
    most=1,
)
