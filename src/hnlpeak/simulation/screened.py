"""What the screen keeps of the decays of one mode, side by side, for code that runs in lanes."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["Screened", "new_rows"]


class Screened(IntEnum):
    """Rows of the array [row, decay] of the screen.

    Decay point (mm); momentum, energy and mass of the meson (MeV); slopes and momentum (MeV) of the charged daughter, 1
    in ``WHOLE`` if it surely reaches the end. Of a muon its slopes behind the magnet, 1 in ``PASSES`` if it surely
    crosses that, and two numbers of the counter behind it; of a photon its slopes, energy (MeV), depth of conversion
    (mean free paths), a number for its time, 1 in ``FLIES`` while nothing has stopped it. ``MISSED``: the number that
    tells whether a counter misses either. 1 in ``LOST`` for a lost decay.
    """

    X = 0
    Y = 1
    Z = 2
    KX = 3
    KY = 4
    KZ = 5
    KE = 6
    MASS = 7
    TX = 8
    TY = 9
    P = 10
    WHOLE = 11
    TX_BEHIND = 12
    TY_BEHIND = 13
    PASSES = 14
    SHIFT_X = 15
    SHIFT_Y = 16
    PHOTON_TX = 17
    PHOTON_TY = 18
    PHOTON_E = 19
    DEPTH = 20
    MISSED = 21
    LATE = 22
    FLIES = 23
    LOST = 24
    WIDTH = 25


def new_rows(decays: int) -> NDArray[np.float64]:
    """Room for the decays of a block with two photons each."""
    return np.zeros((Screened.WIDTH, 2 * decays))
