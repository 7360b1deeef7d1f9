"""The path of a particle of an event record through the set-up, for drawing."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.detectors.shape import SHAPE_WIDTH, inside
from hnlpeak.detectors.spectrometer import MAGNET
from hnlpeak.theory.species import CHARGE, Species

__all__ = ["particle_path"]

_MUONS = (Species.MUON_PLUS, Species.MUON_MINUS)
_inside: Callable[[Any, float, float], bool] = getattr(inside, "py_func", inside)
"""The shape test as plain Python: a picture needs no compiled one."""


def particle_path(setup: Any, particle: Any) -> NDArray[np.float64]:
    """Return points [n, 3] (x, y, z in mm) of straight pieces: magnet kick and decays in flight, no scattering.

    ``setup`` is the record of an experiment. Photons and electrons end in the calorimeter, hadrons in the first
    hadron calorimeter, everything in a photon veto or the magnet's yoke; muons at the last surface.
    """
    segments = particle["segments"][: int(particle["n_segments"])]
    x, y, z, tx, ty, p = (float(segments[0][name]) for name in ("x", "y", "z", "tx", "ty", "p"))
    species = int(segments[0]["species"])
    points = [(x, y, z)]
    start = z
    turns = [(float(after["z"]), before, after) for before, after in pairwise(segments)]
    surfaces = setup["response"]
    for n in range(int(surfaces["n"])):
        plane = float(surfaces["z"][n])
        if plane <= start:
            continue
        while turns and turns[0][0] <= plane:
            at, before, after = turns.pop(0)
            x, y, z = x + tx * (at - z), y + ty * (at - z), at
            points.append((x, y, z))
            tx, ty = tx + float(after["tx"] - before["tx"]), ty + float(after["ty"] - before["ty"])
            p *= float(after["p"] / before["p"])
            species = int(after["species"])
        x, y, z = x + tx * (plane - z), y + ty * (plane - z), plane
        magnet, params = int(surfaces["code"][n]) == MAGNET, surfaces["params"][n]
        if not _inside(params, x, y):
            if magnet:  # the yoke
                break
        elif int(surfaces["stops"][n]) >> species & 1:
            break
        elif magnet and CHARGE[species] != 0.0:
            points.append((x, y, z))
            tx, ty = _kicked(tx, ty, CHARGE[species] * float(params[_KICK]) / p)
    else:
        last = float(setup["verdict"]["z"][: int(setup["verdict"]["n"])].max())
        if species in _MUONS and last > z:
            x, y, z = x + tx * (last - z), y + ty * (last - z), last
    points.append((x, y, z))
    return np.array(points)


_KICK = SHAPE_WIDTH
"""Slot of the transverse momentum in a magnet's row, after its shape."""


def _kicked(tx: float, ty: float, kick: float) -> tuple[float, float]:
    """Slopes after a change of the direction's x component; the modulus of the momentum is kept."""
    norm = 1.0 / math.sqrt(1.0 + tx * tx + ty * ty)
    ux, uy = tx * norm + kick, ty * norm
    uz = math.sqrt(max(1.0 - ux * ux - uy * uy, 1e-6))
    return ux / uz, uy / uz
