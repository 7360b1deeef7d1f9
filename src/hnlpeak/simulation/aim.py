"""What a search looks for, seen from the decay: decays far from it need not all be simulated.

A selection limits momentum, angle, vertex, azimuth and missing mass of the reconstructed track. Of the true one they
are known up to resolution and scattering as soon as the daughters fly. An event none of whose charged particles comes
within a margin of any region plays Russian roulette: those that survive carry the inverse of their chance as weight, so
that whatever margins are, no sum is biased; too small ones make a few heavy weights.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.core.random import begin
from hnlpeak.detectors.event import Record
from hnlpeak.simulation.streams import Stage
from hnlpeak.theory.species import CHARGE

__all__ = ["AIM_COLUMNS", "NO_AIMS", "Aim", "dies", "misses_aim", "on_aim"]

AIM_COLUMNS = ("p_mev", "theta_rad", "z_vtx_mm", "phi_lab_rad", "m2_miss_mev2")
"""Columns that are known of a true track, in the order in which ``Aim`` numbers them."""
_LEAST_ANGLE2 = 1e-12


class Aim(IntEnum):
    """Places in a row of the aims: a bound of a region on a ``COLUMN``; the ``NEXT`` region begins at that row.

    With ``BY`` from 0 on it holds where that column is from ``FIRST`` to ``LAST``, and moves with it from there; the
    first bound of a region is without.
    """

    NEXT = 0
    COLUMN = 1
    BY = 2
    FIRST = 3
    LAST = 4
    LOW = 5
    LOW_SLOPE = 6
    HIGH = 7
    HIGH_SLOPE = 8
    WIDTH = 9


NO_AIMS = np.zeros((0, Aim.WIDTH))
"""Nothing is far from the search."""
_NEXT, _COLUMN, _BY, _FIRST, _LAST = Aim.NEXT, Aim.COLUMN, Aim.BY, Aim.FIRST, Aim.LAST
_LOW, _LOW_SLOPE, _HIGH, _HIGH_SLOPE = Aim.LOW, Aim.LOW_SLOPE, Aim.HIGH, Aim.HIGH_SLOPE

Seen = tuple[float, float, float, float, float]
"""The ``AIM_COLUMNS`` of a true track."""
Line = tuple[float, float, float, float, float, float]
"""x, y, z (mm), slopes and momentum (MeV) where a straight track begins."""


@inlined
def _within(aims: NDArray[np.float64], seen: Seen) -> bool:
    """True where all bounds of one of the regions hold; rows of a region stand together."""
    r, holds = 0, False
    while r < aims.shape[0]:
        row = aims[r]
        r += 1
        low, high, asked = row[_LOW], row[_HIGH], True
        if row[_BY] >= 0.0:
            by = seen[int(row[_BY])]
            step = by - row[_FIRST]
            low += row[_LOW_SLOPE] * step
            high += row[_HIGH_SLOPE] * step
            asked = step >= 0.0 and by < row[_LAST]
        if asked:
            holds = low <= seen[int(row[_COLUMN])] <= high
        if not holds:
            r = int(row[_NEXT])
        elif r == int(row[_NEXT]):
            return True
    return False


@inlined
def _see(beam: Record, line: Line, lepton_mass: float) -> Seen:
    """The ``AIM_COLUMNS`` of a track along ``line`` beside the mean beam."""
    x, y, z, tx, ty, p = line
    ux, uy = tx - beam.slope_x, ty - beam.slope_y
    wx = x - beam.x - beam.slope_x * (z - beam.z_reference)
    wy = y - beam.y - beam.slope_y * (z - beam.z_reference)
    angle2 = ux * ux + uy * uy
    phi = math.atan2(ty, tx)
    e_meson = math.sqrt(beam.momentum * beam.momentum + beam.mass * beam.mass)
    product = e_meson * math.sqrt(p * p + lepton_mass * lepton_mass) - beam.momentum * p / math.sqrt(
        1.0 + angle2
    )
    return (
        p,
        math.sqrt(angle2),
        z - (wx * ux + wy * uy) / max(angle2, _LEAST_ANGLE2),
        phi if phi >= 0.0 else phi + 2.0 * math.pi,
        beam.mass * beam.mass + lepton_mass * lepton_mass - 2.0 * product,
    )


@inlined
def on_aim(beam: Record, line: Line, aims: NDArray[np.float64], lepton_mass: float) -> bool:
    """True where a track along ``line`` may be within one of the regions."""
    return _within(aims, _see(beam, line, lepton_mass))


@inlined
def dies(survival: float, u: float) -> bool:
    """True where the roulette of a decay that misses its aim, by its uniform number, ends it."""
    return u >= survival


@inlined
def _may_be_wanted(setup: Record, event: Record, aims: NDArray[np.float64], lepton_mass: float) -> bool:
    """True where a charged particle of the decay is within a region, or decays between the chambers."""
    first, last = setup.chamber_z[0], setup.chamber_z[setup.n_chambers - 1]
    for k in range(event.n_daughters):
        particle = event.particles[k]
        if CHARGE[particle.segments[0].species] == 0.0:
            continue
        before = 0
        for j in range(1, particle.n_segments):
            z = particle.segments[j].z
            if first <= z < last:
                return True
            before = j if z < first else before
        line = particle.segments[before]
        if CHARGE[line.species] == 0.0:
            continue
        tx, ty = line.tx + event.kick_x / line.p, line.ty + event.kick_y / line.p
        p = line.p * abs(1.0 + event.kick_p)
        if on_aim(setup.beam, (line.x, line.y, line.z, tx, ty, p), aims, lepton_mass):
            return True
    return False


@inlined
def misses_aim(
    setup: Record,
    event: Record,
    aims: NDArray[np.float64],
    lepton_mass: float,
    survival: float,
    rng: np.random.Generator,
) -> bool:
    """True for an event far from the ``aims`` that ends here; the share ``survival`` of such events goes on.

    The number that decides has a beginning of its own: nothing else of the event depends on it.
    """
    if survival >= 1.0 or aims.shape[0] == 0 or _may_be_wanted(setup, event, aims, lepton_mass):
        return False
    begin(rng, event.number, Stage.AIM)
    if dies(survival, rng.random()):
        return True
    event.weight /= survival
    return False
