"""Limits of a search for any invisible X in M+ -> l+ X: the rate of another model in place of a mixing neutrino's.

The search limits B(M+ -> l+ X) at the mass of X and nothing else: M has no spin, so that l and X leave it with the same
momenta and in all directions alike whatever couples them, and acceptance and resolution are those for N. With

    B(M+ -> l+ X) = g^power B_1(m_X),   g < (limit on B / B_1)^(1/power).

X has half-integer spin. Decays into three, such as M+ -> l+ nu X, make no peak: for them the limit says nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.limits.result import SearchResult
from hnlpeak.theory.constants import SPEED_OF_LIGHT
from hnlpeak.theory.two_body import lab_momentum

__all__ = ["LARGEST_LOSS", "InvisibleLimits", "Rate", "recast_rate"]

Vector = NDArray[np.float64]

LARGEST_LOSS = 0.01
"""Share of X (or N) that may decay within the apparatus where a limit is said to hold."""


@dataclass(frozen=True, eq=False)
class Rate:
    """B(M+ -> l+ X) = ``coupling``^``power`` ``fraction``(m_X), at increasing masses ``mass`` (MeV).

    ``fraction`` is positive; per unit of a coupling it may exceed 1. ``lifetime`` (ns) is that of X at coupling 1 and
    falls as 1 / coupling^``power``; None for an X that does not decay. ``UsageError`` for what is no such table.
    """

    mass: Vector
    fraction: Vector
    power: float = 2.0
    lifetime: Vector | None = None

    def __post_init__(self) -> None:
        columns = {"branching_fraction": self.fraction}
        if self.lifetime is not None:
            columns["lifetime_ns"] = self.lifetime
        if self.mass.size < 2 or np.any(np.diff(self.mass) <= 0.0) or not self.mass[0] >= 0.0:
            raise UsageError("rate: two masses or more are needed, none negative, each above the one before")
        for name, values in columns.items():
            if values.shape != self.mass.shape or not np.all(np.isfinite(values) & (values > 0.0)):
                raise UsageError(f"rate: {name} must be a positive number at every mass")
        if not 0.0 < self.power < math.inf:
            raise UsageError(f"power: got {self.power:g}, allowed are positive numbers")

    def covers(self, mass: Vector) -> NDArray[np.bool_]:
        """Return whether each mass lies between the first and the last of the table."""
        return np.asarray((mass >= self.mass[0]) & (mass <= self.mass[-1]))

    def at(self, values: Vector, mass: Vector) -> Vector:
        """Return the column ``values`` at ``mass``, log-linear between its points, NaN beyond them."""
        found = np.exp(np.interp(mass, self.mass, np.log(values)))
        return np.where(self.covers(mass), found, np.nan)


@dataclass(frozen=True, eq=False)
class InvisibleLimits:
    """One row a mass (MeV): limits on B(M+ -> l+ X) and on the coupling, NaN where there is none to quote.

    ``needed`` (ns) is the lifetime of X above which less than 1 % decay within ``length`` (mm); ``lifetime`` (ns) and
    ``lost``, the share that decays there, are those at the observed limit; infinite and 0 for an X that lives.
    """

    power: float
    length: float
    mass: Vector
    observed_fraction: Vector
    expected_fraction: Vector
    observed: Vector
    expected: Vector
    needed: Vector
    lifetime: Vector
    lost: Vector
    status: list[str]

    @property
    def holds(self) -> NDArray[np.bool_]:
        """Where there is a limit and X leaves the apparatus."""
        return np.array([word == "ok" for word in self.status])

    def columns(self) -> dict[str, list[float] | list[str]]:
        """Columns of the table, units in their names."""
        return {
            "m_x_mev": self.mass.tolist(),
            "branching_fraction_ul_observed": self.observed_fraction.tolist(),
            "branching_fraction_ul_expected": self.expected_fraction.tolist(),
            "coupling_ul_observed": self.observed.tolist(),
            "coupling_ul_expected": self.expected.tolist(),
            "lifetime_needed_ns": self.needed.tolist(),
            "lifetime_ns": self.lifetime.tolist(),
            "decays_within_apparatus": self.lost.tolist(),
            "status": self.status,
        }


def recast_rate(result: SearchResult, rate: Rate, *, momentum: float, length: float) -> InvisibleLimits:
    """Return the limits of ``result`` on the coupling of an X that is made with ``rate``.

    ``momentum`` (MeV) is that of the meson beam, ``length`` (mm) the way that X must survive. ``UsageError`` where no
    mass of the search lies within the table.
    """
    mass = result.number("m_n_mev")
    covered = rate.covers(mass)
    if not np.any(covered):
        raise UsageError(
            f"rate: covers {rate.mass[0]:g} to {rate.mass[-1]:g} MeV, the search {mass[0]:g} to {mass[-1]:g} MeV; "
            "rates are never extrapolated"
        )
    seen, hoped = (
        np.where(result.sound, result.number(f"branching_fraction_ul_{which}"), np.nan)
        for which in ("observed", "expected")
    )
    unit = rate.at(rate.fraction, mass)
    observed, expected = ((limit / unit) ** (1.0 / rate.power) for limit in (seen, hoped))
    lab = lab_momentum(meson=result.meson, lepton=result.lepton, mass=mass, meson_momentum=momentum)
    # path = (p / m) c tau, and 1 - exp(-length / path) is the share that decays
    flight = length * mass / (lab * SPEED_OF_LIGHT)
    needed = flight / -math.log1p(-LARGEST_LOSS)
    lifetime = np.full(mass.shape, np.inf)
    if rate.lifetime is not None:
        lifetime = rate.at(rate.lifetime, mass) / observed**rate.power
    lost = np.where(np.isfinite(observed), -np.expm1(-flight / lifetime), np.nan)
    status = [
        _word(bool(sound), bool(inside), float(limit), float(share))
        for sound, inside, limit, share in zip(result.sound, covered, observed, lost, strict=True)
    ]
    return InvisibleLimits(
        rate.power, length, mass, seen, hoped, observed, expected, needed, lifetime, lost, status
    )


def _word(sound: bool, inside: bool, limit: float, lost: float) -> str:
    if not inside:
        return "beyond-table"
    if not sound or not math.isfinite(limit):
        return "no-limit"
    return "ok" if lost < LARGEST_LOSS else "decays-inside"
