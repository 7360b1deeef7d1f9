"""What the systematic sources of a card do to a search: shifts of A, N_K, A N_K and b by the mass, and their sum.

A shift is relative: (varied - nominal) / nominal, of one standard deviation of the source. N_K is measured with the
peak of the data, so that it moves as the inverse of the peak's acceptance; what moves A and N_K alike moves no limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from hnlpeak.core.records import Column, Vector

__all__ = ["Shift", "SystematicErrors", "SystematicSource", "Systematics"]


@dataclass(frozen=True)
class Shift:
    """Relative shifts at the masses of the study, and their errors by the statistics of the simulation.

    Both are NaN where the simulation selects too little for an estimate.
    """

    value: tuple[float, ...]
    error: tuple[float, ...]


@dataclass(frozen=True)
class SystematicSource:
    """One source of the card: what it varies, its reference and confidence, whether it is in the limit, its shifts.

    ``background`` are those of the simulated decays that b is made of; None where b comes from the data alone.
    """

    name: str
    vary: Mapping[str, float]
    reference: str
    confidence: str
    in_limit: bool
    acceptance: Shift
    n_kaon: Shift
    efficiency: Shift
    background: Shift | None


@dataclass(frozen=True, eq=False)
class SystematicErrors:
    """Errors that all sources of the card make together, and those of them that are in the limit, at each mass.

    Those of A N_K are relative, those of b are events.
    """

    efficiency: Annotated[Vector, Column("systematic_efficiency")]
    efficiency_in_limit: Annotated[Vector, Column("systematic_efficiency_in_limit")]
    background: Annotated[Vector, Column("systematic_background")]
    background_in_limit: Annotated[Vector, Column("systematic_background_in_limit")]


@dataclass(frozen=True)
class Systematics:
    """Shifts by source at ``masses`` (MeV); their sizes are interpolated between those with an estimate.

    Beyond these they are constant. A source without any estimate shifts nothing.
    """

    masses: tuple[float, ...]
    sources: tuple[SystematicSource, ...]

    def efficiency(self, source: SystematicSource, mass: Vector) -> Vector:
        """Size of the relative shift of A N_K by ``source`` at each ``mass`` (MeV)."""
        return self._at(source.efficiency, mass)

    def background(self, source: SystematicSource, mass: Vector) -> Vector:
        """Size of the relative shift of the simulated decays in b by ``source`` at each ``mass`` (MeV)."""
        return np.zeros_like(mass) if source.background is None else self._at(source.background, mass)

    def _at(self, shift: Shift, mass: Vector) -> Vector:
        masses, value = np.array(self.masses), np.array(shift.value)
        some = np.isfinite(value)
        if not some.any():
            return np.zeros_like(mass)
        # sizes, not signed shifts: a source whose shift changes its sign is not known perfectly in between
        return np.asarray(np.interp(mass, masses[some], np.abs(value[some])))

    def errors(self, mass: Vector, simulated: Vector) -> SystematicErrors:
        """Return all errors at each ``mass`` (MeV), ``simulated`` being the events of simulated decays in b there."""

        def together(what: str, *, chosen: bool) -> Vector:
            parts = [
                getattr(self, what)(source, mass) for source in self.sources if source.in_limit or not chosen
            ]
            return np.asarray(np.sqrt(np.sum([part**2 for part in parts], axis=0)) + np.zeros_like(mass))

        return SystematicErrors(
            together("efficiency", chosen=False),
            together("efficiency", chosen=True),
            simulated * together("background", chosen=False),
            simulated * together("background", chosen=True),
        )
