"""Tails of reconstructed tracks beyond the simulation: rare kicks of the angles and of the momentum.

A kick k has the density tanh[(c k / k0)^5] / k^3 up to a largest one, with either sign: nothing far below the onset
k0, a power law above it. In x and in y it is a transverse momentum, so that the angle is k / p; of the momentum it is
a relative change. The law is that which the public analysis of the 2007 data measured with K+ -> pi+ pi0.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.detectors.event import Record

__all__ = ["ONSET_SCALE", "Tail", "draw_kick", "kick_track"]

ONSET_SCALE = 0.983
"""c of the law."""
_SLOWEST = 1.0  # MeV: what is left of a momentum at least


class Tail(IntEnum):
    """Places in the parameters of the tails: share of the kicks that turn in x or y, onsets and largest kicks."""

    TURNS = 0
    ANGLE_ONSET = 1
    ANGLE_MOST = 2
    MOMENTUM_ONSET = 3
    MOMENTUM_MOST = 4
    WIDTH = 5


@inlined
def _kick(onset: float, most: float, rng: np.random.Generator) -> float:
    """One kick: the law lies below u^2 for u < 1 and u^-3 above, with u in units of the onset over c."""
    unit = onset / ONSET_SCALE
    largest = most / unit
    below = 1.0 / 3.0
    above = 0.5 * (1.0 - largest**-2)
    while True:
        if rng.random() * (below + above) < below:
            u = rng.random() ** (1.0 / 3.0)
            accepted = math.tanh(u**5) / u**5
        else:
            u = 1.0 / math.sqrt(1.0 - rng.random() * (1.0 - largest**-2))
            accepted = math.tanh(u**5)
        if rng.random() < accepted:
            return float(math.copysign(unit * u, rng.random() - 0.5))


@inlined
def draw_kick(tails: NDArray[np.float64], event: Record, rng: np.random.Generator) -> None:
    """Give the event one kick: in x, in y or of the momentum."""
    where = rng.random()
    if where < tails[Tail.TURNS]:
        kick = _kick(tails[Tail.ANGLE_ONSET], tails[Tail.ANGLE_MOST], rng)
        if where < 0.5 * tails[Tail.TURNS]:
            event.kick_x = kick
        else:
            event.kick_y = kick
    else:
        event.kick_p = _kick(tails[Tail.MOMENTUM_ONSET], tails[Tail.MOMENTUM_MOST], rng)


@inlined
def kick_track(event: Record, track: Record) -> None:
    """Turn the ``track`` before the magnet, and change its momentum, by the kicks of the event."""
    track.tx += event.kick_x / track.p
    track.ty += event.kick_y / track.p
    track.p = max(track.p * (1.0 + event.kick_p), _SLOWEST)
    track.pz = track.p / math.sqrt(1.0 + track.tx**2 + track.ty**2)
    track.px = track.tx * track.pz
    track.py = track.ty * track.pz
