"""The record of one event: what generation writes, detectors fill and reconstruction reads.

A block is an array of such records, allocated once and used again for every block of a shard. All particles,
charged or not, are entries of ``particles``: up to ``MAX_SEGMENTS`` straight pieces, one more for each decay in
flight, as they would run without magnet and scattering. Lengths in mm, momenta in MeV, times in ns with the
time of flight subtracted. ``state`` is the particle in transport. Its ``depth`` is what is left until it
interacts, 0 while not drawn: of a hadron in interaction lengths (behind that what its shower has crossed), of a
photon in mean free paths. 1 / (beta p) and -ln beta^2 belong to the momentum ``scattered_p``, 0 while not taken.
``shower`` (MeV, 0 before the first interaction) and what follows belong to ``hadron_shower``; ``power`` is the shape of
its gamma distribution, a name that is no attribute of NumPy's records: fields are read as attributes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "EVENT",
    "MAX_CHAMBERS",
    "MAX_CLUSTERS",
    "MAX_MUON_HITS",
    "MAX_PARTICLES",
    "MAX_SEGMENTS",
    "MAX_SYSTEMS",
    "MAX_TIMES",
    "Record",
    "new_block",
]

MAX_PARTICLES = 14
MAX_SEGMENTS = 3
MAX_CHAMBERS = 8
MAX_CLUSTERS = 14
MAX_SYSTEMS = 16
MAX_TIMES = 6
MAX_MUON_HITS = 8

Record = Any
"""A record of a structured array inside a kernel: fields are attributes."""


def _dtype(floats: str, integers: str = "", *nested: tuple[Any, ...]) -> np.dtype[Any]:
    fields: list[tuple[Any, ...]] = [(name, np.float64) for name in floats.split()]
    fields += [(name, np.int64) for name in integers.split()]
    return np.dtype([*fields, *nested])


_SHOWER = "shower em_share depth_x power scale log_gamma em_before hadron_before"
_SCATTERING = "scattered_p inverse_beta_p minus_ln_beta2"
_STATE = _dtype(f"x y z tx ty p depth {_SCATTERING} {_SHOWER}", "species alive")
_PAUSED = _dtype("x y z tx ty p", "species segment surface")
_SEGMENT = _dtype("x y z tx ty p pz", "species")
_HIT = _dtype("x y var_x var_y")
_CLUSTER = _dtype("x y energy time")
_MUON_HIT = _dtype("x y z time reach_x reach_y scatter")
_PARTICLE = _dtype(
    "t_track r_ring e_hadron penetration muon_loss luck",
    "n_segments n_chambers planes n_ring",
    ("paused", _PAUSED),
    ("segments", _SEGMENT, (MAX_SEGMENTS,)),
    ("hits", _HIT, (MAX_CHAMBERS,)),
)

EVENT = _dtype(
    "weight intensity forced_loss forced_pairs kick_x kick_y kick_p x_decay y_decay z_decay "
    "kaon_p kaon_tx kaon_ty kaon_x kaon_y",
    "number source in_fiducial bits crossings n_daughters followed carried n_particles n_clusters n_muon_hits",
    ("state", _STATE),
    ("n_times", np.int64, (MAX_SYSTEMS,)),
    ("times", np.float64, (MAX_SYSTEMS, MAX_TIMES)),
    ("particles", _PARTICLE, (MAX_PARTICLES,)),
    ("clusters", _CLUSTER, (MAX_CLUSTERS,)),
    ("muon_hits", _MUON_HIT, (MAX_MUON_HITS,)),
)
"""Fields of an event; a measured point with ``var_x`` = 0 is missing, ``bits`` has one bit a system.

A particle's ``penetration`` is the uniform number that tells how deep its shower reaches, ``muon_loss`` the share of a
muon's momentum that it leaves in the calorimeter where that decided on the trigger; 0 while not drawn. What views of
chambers do follows from ``luck``, a uniform number. ``paused`` is
the straight piece on which its flight goes on, with the ``segment`` it is in and the next ``surface``, -1 at its end.
The first ``n_daughters`` particles are those of the decay, whose photons have flown before the trigger is asked; the
others are born on the way. ``followed`` is 1 for an event that is lost and goes to the end all the same,
``carried`` for one whose only particle has flown up to the last chamber (``simulation.carried``).
``crossings`` is the number of chambers that charged particles cross, summed over them. ``kick_x``, ``kick_y`` (MeV) and
``kick_p`` (relative) are kicks of the reconstructed track, see ``simulation.tails``."""


def new_block(size: int) -> NDArray[Any]:
    """Allocate ``size`` events, all zero."""
    return np.zeros(size, dtype=EVENT)
