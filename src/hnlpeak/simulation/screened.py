"""What the screen keeps of the decays of one mode, side by side, for code that runs in lanes."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["LANES", "PARTS", "Screened", "new_rows"]

LANES = 8
"""Decays are screened in multiples of this."""
PARTS = 4
"""Groups of columns, one behind the other: a group has one particle of each decay, at most so many of a decay."""
_APART = 24  # columns more, so that rows do not begin a power of two apart, where caches have few places


class Screened(IntEnum):
    """Rows of the array [row, decay] of the screen.

    Decay point (mm); momentum, energy and mass of the meson (MeV). Momenta and energies of two daughters in the meson's
    frame (``screened_decays`` says of which), the first ``E`` 0 where the decay is not known. Of a charged daughter its
    slopes, its momentum (MeV, 0 where it flies back), 1 in ``WHOLE`` if it surely reaches the end, three numbers of
    what it meets first, its slopes behind the magnet, 1 in ``PASSES`` if it surely crosses that; the number ``LUCK`` by
    which chambers see it, and in how many it surely makes a point and surely none. Of a photon its slopes, energy (MeV,
    0 where it has no place), depth of conversion (mean free paths), a number for its time; of all photons of a decay
    the least energy and depth. ``FLIES``: 1 while nothing has stopped it. 1 in ``LOST`` for a decay that surely fails
    the trigger, in ``GONE`` for one that is surely foregone, in ``CARRIED`` for one whose muon may be carried
    (``simulation.carried``).
    """

    X = 0
    Y = 1
    Z = 2
    KX = 3
    KY = 4
    KZ = 5
    KE = 6
    MASS = 7
    AX = 8
    AY = 9
    AZ = 10
    AE = 11
    BX = 12
    BY = 13
    BZ = 14
    BE = 15
    TX = 16
    TY = 17
    P = 18
    WHOLE = 19
    MISSED = 20
    SHIFT_X = 21
    SHIFT_Y = 22
    TX_BEHIND = 23
    TY_BEHIND = 24
    PASSES = 25
    LUCK = 26
    POINTS = 27
    LACKS = 28
    PHOTON_TX = 29
    PHOTON_TY = 30
    PHOTON_E = 31
    DEPTH = 32
    LATE = 33
    LEAST_E = 34
    LEAST_DEPTH = 35
    FLIES = 36
    LOST = 37
    GONE = 38
    CARRIED = 39
    WIDTH = 40


def new_rows(decays: int) -> NDArray[np.float64]:
    """Room for the decays of a block with ``PARTS`` particles each."""
    return np.zeros((Screened.WIDTH, PARTS * (decays + LANES) + _APART))
