"""Beam particles that interact in matter of the beam line: what comes out flies on as a decay's daughters do.

The particle is one of the beam (``kaons``), the place uniform in the matter, the collision that of
``theory.hadron_collision``: its frame takes the place of the meson's.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.detectors.event import Record
from hnlpeak.theory.hadron_collision import NUCLEON_MASS, Collision, collide, pack_collision

__all__ = ["INTERACTION_KIND", "pack_interaction", "throw_interaction"]

INTERACTION_KIND = -2
"""Code of interactions where decays have the code of their mode."""

_Z_FIRST, _ROOM = int(Collision.FREE), int(Collision.FREE) + 1


def pack_interaction(
    hadron: str, momentum: float, nu: float, z_first: float, z_last: float
) -> NDArray[np.float64]:
    """Parameters for ``throw_interaction``: those of ``pack_collision``, and where the matter is (mm)."""
    row = pack_collision(hadron, momentum, nu)
    row[_Z_FIRST], row[_ROOM] = z_first, z_last - z_first
    return row


@inlined
def throw_interaction(
    params: NDArray[np.float64],
    beam: Record,
    event: Record,
    rng: np.random.Generator,
    daughters: NDArray[np.float64],
    parent: NDArray[np.float64],
) -> int:
    """Write what comes out, in the frame of the collision, which becomes the ``parent``; returns the rows written.

    ``parent`` is px, py, pz, E, m of the beam particle. The event is in no fiducial volume.
    """
    z = params[_Z_FIRST] + params[_ROOM] * rng.random()
    along = z - beam.z_reference
    event.x_decay = event.kaon_x + event.kaon_tx * along
    event.y_decay = event.kaon_y + event.kaon_ty * along
    event.z_decay = z
    event.in_fiducial = 0
    p2 = parent[0] ** 2 + parent[1] ** 2 + parent[2] ** 2
    parent[3] += NUCLEON_MASS
    parent[4] = math.sqrt(parent[3] ** 2 - p2)
    p = math.sqrt(p2)
    return int(collide(rng, params, daughters, parent[4], parent[0] / p, parent[1] / p, parent[2] / p))
