"""The one record that kernels read of an experiment."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.detectors.beam_cherenkov import MAX_SECTORS
from hnlpeak.detectors.dead_cells import GRID
from hnlpeak.detectors.event import MAX_CHAMBERS, MAX_SYSTEMS
from hnlpeak.detectors.shape import SHAPE_WIDTH
from hnlpeak.detectors.surface import MAX_SURFACES, PARAMETERS, SURFACES
from hnlpeak.experiment.beam_particles import MAX_BEAM_PARTICLES
from hnlpeak.experiment.four_points import FOUR_POINTS

__all__ = [
    "BEAM_FIELDS",
    "FIDUCIAL_FIELDS",
    "GOOD_TRACK_FIELDS",
    "MAX_LAYERS",
    "MAX_LEVELS",
    "RECONSTRUCTION_FIELDS",
    "SETUP",
    "new_setup",
]

MAX_LEVELS = 4
MAX_LAYERS = 40
"""Layers of matter, chambers included, that the track fit knows."""

BEAM_FIELDS = [
    "momentum",
    "momentum_spread",
    "momentum_wings",
    "slope_x",
    "slope_y",
    "divergence_x",
    "divergence_y",
    "z_reference",
    "x",
    "y",
    "size_x",
    "size_y",
    "intensity_min",
    "intensity_max",
]
"""Keys of the card's beam table that kernels read under the same name."""
FIDUCIAL_FIELDS = ["z_min", "z_max", "z_first", "z_last"]
"""Keys of the card's fiducial table that kernels read under the same name."""
GOOD_TRACK_FIELDS = ["momentum_min", "momentum_max", "closest_approach", "z_min", "z_max"]
"""Keys of the card's table of good tracks that kernels read under the same name."""
RECONSTRUCTION_FIELDS = [
    "association_radius",
    "cluster_threshold",
    "cluster_window",
    "track_zone",
    "undeflected_zone",
    "readout_window",
    "muon_window",
    "cluster_acceptance",
    "three_track_chi2",
    "three_track_mass_window",
    "three_track_vertex",
]
"""Keys of the card's reconstruction table that kernels read under the same name."""


def _floats(names: list[str]) -> list[tuple[str, type]]:
    return [(name, np.float64) for name in names]


_BEAM = np.dtype(_floats([*BEAM_FIELDS, *FIDUCIAL_FIELDS, "mass", "c_tau", "z_end_hadron", "z_end_muon"]))

_PARENT = np.dtype(
    [*_floats(["mass", "flight", "tag_chance", "light"]), ("sectors", np.float64, (MAX_SECTORS + 1,))]
)

GOOD_TRACK = np.dtype([("chosen", np.int64), *_floats(GOOD_TRACK_FIELDS)])
"""Bounds of the tracks that count; all count where none are ``chosen``."""

SETUP = np.dtype(
    [
        ("beam", _BEAM),
        ("parents", _PARENT, (MAX_BEAM_PARTICLES,)),
        ("tag_system", np.int64),
        ("tag_coincidence", np.int64),
        *_floats(["tag_z", "tag_resolution", "tag_window"]),
        ("tracker_installed", np.int64),
        *_floats(["tracker_momentum", "tracker_angle", "tracker_position"]),
        ("verdict", SURFACES),
        ("stages", SURFACES, (2,)),
        ("response", SURFACES),
        ("acceptance", SURFACES),
        ("n_levels", np.int64),
        ("require", np.int64, (MAX_LEVELS,)),
        ("veto", np.int64, (MAX_LEVELS,)),
        ("veto_rate", np.float64, (MAX_LEVELS,)),
        ("multiplicity_min", np.int64, (MAX_LEVELS,)),
        ("multiplicity_max", np.int64, (MAX_LEVELS,)),
        ("accidental", np.float64, (MAX_SYSTEMS,)),
        ("quiet", np.float64, (MAX_SYSTEMS,)),
        ("hit_half_x", np.float64, (MAX_SYSTEMS,)),
        ("hit_half_y", np.float64, (MAX_SYSTEMS,)),
        ("hit_z", np.float64, (MAX_SYSTEMS,)),
        ("hit_cell_x", np.float64, (MAX_SYSTEMS,)),
        ("hit_cell_y", np.float64, (MAX_SYSTEMS,)),
        ("hit_reach_x", np.float64, (MAX_SYSTEMS,)),
        ("hit_reach_y", np.float64, (MAX_SYSTEMS,)),
        ("hit_scatter", np.float64, (MAX_SYSTEMS,)),
        ("n_timed", np.int64),
        ("timed", np.int64, (MAX_SYSTEMS,)),
        ("n_noisy", np.int64),
        ("noisy", np.int64, (MAX_SYSTEMS,)),
        ("calorimeter_system", np.int64),
        ("dead_cells", np.uint8, (GRID, GRID)),
        *_floats(["accidental_energy", "muon_loss", "muon_loss_index", "muon_tail", "muon_signal"]),
        *_floats(RECONSTRUCTION_FIELDS),
        ("period", np.int64),
        ("min_chambers", np.int64),
        ("good_track", GOOD_TRACK),
        ("n_chambers", np.int64),
        ("chamber_z", np.float64, (MAX_CHAMBERS,)),
        ("n_layers", np.int64),
        ("layer_z", np.float64, (MAX_LAYERS,)),
        ("layer_weight", np.float64, (MAX_LAYERS,)),
        ("four_points", FOUR_POINTS),
        ("accepted", np.float64, (SHAPE_WIDTH + 1, MAX_SURFACES)),
        ("strayed", np.float64, (MAX_SURFACES,)),
        *_floats(["strayed_last", "pipe_radius", "pipe_first"]),
        *_floats(["magnet_z", "magnet_kick", "momentum_scale", "calorimeter_z", "cell_pitch", "pause_z"]),
        ("has_ring", np.int64),
        ("ring", np.float64, (PARAMETERS,)),
    ]
)
"""Fields of a set-up.

``parents`` are the beam particles, the decaying meson first: mass, ``flight`` = c tau / m (mm / MeV), what they do in
the beam tagger (``kind.BeamSignal``). Tags of other beam particles fire the trigger within ``tag_window`` (ns, half).
``verdict`` holds the surfaces of the straight-line verdict (apertures, magnet, trigger counters), ``stages`` the
same in the order in which they are asked: first what may veto the first trigger level, and the magnet before it, then
the magnet again and the rest. ``response`` holds all others, ``acceptance`` those that a track must cross. Trigger
levels have bit masks ``require`` and ``veto``,
the number ``veto_rate`` of accidental vetoes at nominal intensity, and limits on the chamber crossings of all
charged particles; ``accidental`` is the rate (1/ns) of each system, ``quiet`` the half-window (ns) in which an
accidental would have vetoed the event, ``hit_*`` the half-sizes of its counters and their z where hits have a
place, and their cells, reach and scattering as in ``detectors.muon_veto``; ``timed`` lists the systems whose signals
become columns, ``noisy`` those that have accidental signals.
``dead_cells`` are those of the calorimeter, of ``cell_pitch`` (mm, 0 where none is).
``muon_loss`` is the probability that a muon leaves most of its momentum in the calorimeter, ``muon_tail`` that of
the tail, ``muon_signal`` (MeV) the most that is measured of others, see ``calorimeter``.
Charged particles pause at ``pause_z``, behind the last chamber, where an event with a track too many is left.
Layers are the matter between the first and the last chamber, chambers included, with ``passage.highland_weight``;
``four_points`` is what a fit to four chambers needs of them. ``accepted`` has z and shapes of the ``acceptance`` in
columns, all of space beyond the last one; ``strayed`` is how far (mm, rms in a coordinate) scattering up to the last
chamber moves a light particle there, times its momentum, ``strayed_last`` at that chamber. The widest beam pipe has
``pipe_radius``, 0 without one; the first one begins at ``pipe_first``.
Lengths in mm, momenta in MeV, times in ns.
"""


def new_setup() -> NDArray[Any]:
    """Return a set-up without any detector, as an array of one record: systems that are not there are -1."""
    setup = np.zeros(1, dtype=SETUP)
    setup["tag_system"] = setup["calorimeter_system"] = -1
    return setup
