"""Writing one daughter into the table that samplers fill."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.theory.modes.slots import Daughter

__all__ = ["put", "put_polarised"]

_SPECIES = int(Daughter.SPECIES)
_PX = int(Daughter.PX)
_PY = int(Daughter.PY)
_PZ = int(Daughter.PZ)
_ENERGY = int(Daughter.ENERGY)
_SX = int(Daughter.SX)
_SY = int(Daughter.SY)
_SZ = int(Daughter.SZ)


@inlined
def put_polarised(
    out: NDArray[np.float64],
    row: int,
    species: float,
    px: float,
    py: float,
    pz: float,
    energy: float,
    sx: float,
    sy: float,
    sz: float,
) -> None:
    """Write a daughter with spin polarisation vector s (in its rest frame) into ``out[row]``."""
    out[row, _SPECIES] = species
    out[row, _PX] = px
    out[row, _PY] = py
    out[row, _PZ] = pz
    out[row, _ENERGY] = energy
    out[row, _SX] = sx
    out[row, _SY] = sy
    out[row, _SZ] = sz


@inlined
def put(
    out: NDArray[np.float64], row: int, species: float, px: float, py: float, pz: float, energy: float
) -> None:
    """Write a daughter without polarisation into ``out[row]``."""
    put_polarised(out, row, species, px, py, pz, energy, 0.0, 0.0, 0.0)
