"""Columns of a daughter's row, as samplers of decay modes write it and the simulation reads it."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["MAX_DAUGHTERS", "Daughter"]

MAX_DAUGHTERS = 8
"""Most visible daughters of one decay: K+ -> pi+ pi0 pi0 with two Dalitz decays gives seven."""


class Daughter(IntEnum):
    """Slots of a row ``out[i, slot]``, in the rest frame of the decaying meson, MeV.

    ``WEIGHT`` of row 0 is that of a decay with forced hard leptons; others leave it as it is.
    """

    SPECIES = 0
    PX = 1
    PY = 2
    PZ = 3
    ENERGY = 4
    SX = 5
    SY = 6
    SZ = 7
    WEIGHT = 8
    WIDTH = 9
