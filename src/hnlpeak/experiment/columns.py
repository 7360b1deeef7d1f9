"""Columns of the candidates: one name, unit and meaning each, for data and simulation alike."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from hnlpeak.detectors.dead_cells import FAR
from hnlpeak.detectors.kind import time_column

__all__ = [
    "ABSENT_DISTANCE",
    "ABSENT_TIME",
    "COLUMN_MEANING",
    "TIME_COLUMN",
    "TIME_MEANING",
    "Column",
    "column_names",
]

ABSENT_TIME = 999.0
"""Value of a ``dt_*_ns`` column where the system has no signal in its readout window, ns."""
ABSENT_DISTANCE = 1e6
"""Value of ``muon_distance_mm`` (mm) and ``muon_*_sigmas`` where no muon counter has a signal in time."""


class Column(IntEnum):
    """Rows of the candidate array; times of the systems follow after ``N_FIXED``."""

    N_TRACKS = 0
    CHARGE = 1
    CHI2 = 2
    P = 3
    TX = 4
    TY = 5
    THETA = 6
    PHI = 7
    IN_ACCEPTANCE = 8
    Z_VTX = 9
    CDA = 10
    M2_MISS = 11
    E_OVER_P = 12
    E_EXTRA = 13
    E_HADRON = 14
    MUON_DISTANCE = 15
    RICH_HITS = 16
    RICH_E_MARGIN = 17
    RICH_MU_MARGIN = 18
    T_TRACK = 19
    N_ASSOCIATED = 20
    PHI_LAB = 21
    MUON_X = 22
    MUON_Y = 23
    DEAD_CELL = 24
    PERIOD = 25
    SOURCE = 26
    WEIGHT = 27
    NUMBER = 28
    N_FIXED = 29


COLUMN_MEANING = {
    "n_tracks": "reconstructed tracks",
    "charge": "charge of the track",
    "chi2": "chi2 of the track fit",
    "p_mev": "momentum, MeV",
    "tx": "slope dx/dz before the magnet",
    "ty": "slope dy/dz before the magnet",
    "theta_rad": "angle between the track before the magnet and the beam axis, rad",
    "phi_rad": "azimuth of the track about the beam axis, rad",
    "in_acceptance": "1 where the track crosses all downstream detectors",
    "z_vtx_mm": "z of the closest approach to the beam axis, mm",
    "cda_mm": "distance of closest approach to the beam axis, mm",
    "m2_miss_mev2": "squared missing mass, MeV^2",
    "e_over_p": "energy of the track's clusters over its momentum",
    "e_extra_mev": "energy of the largest in-time cluster besides the track's, MeV",
    "e_hadron_mev": "energy in the hadron calorimeters, MeV",
    "muon_distance_mm": "distance of the extrapolated track from the nearest muon hit in time, mm",
    "rich_hits": "hits of the track's ring",
    "rich_e_margin": "ln L(e) - max[ln L(mu), ln L(pi)] of the ring",
    "rich_mu_margin": "ln L(mu) - max[ln L(e), ln L(pi)] of the ring",
    "t_track_ns": "time of the track, ns",
    "n_associated": "clusters above the threshold, in time, within the association radius of the track",
    "phi_lab_rad": "azimuth of the track before the magnet about the z axis, from 0 to 2 pi, rad",
    "muon_x_sigmas": "distance in x of the extrapolated track from the nearest cell hit in time, over its scattering",
    "muon_y_sigmas": "distance in y of the extrapolated track from the nearest cell hit in time, over its scattering",
    "dead_cell_mm": f"distance of the track from the middle of the nearest dead cell, mm; {FAR:g} beyond two cells",
    "period": "index of the period of the experiment in which the event was taken, from 0",
    "source": "index of the simulated source, -1 for data",
    "weight": "weight of the event, 1 for data",
    "number": "number of the event in its sample",
}
"""Names of the fixed columns in their order, with unit and meaning."""
TIME_COLUMN = "dt_<system>_ns"
TIME_MEANING = (
    f"distance in time of the nearest signal of a system from the track, ns; {ABSENT_TIME:g} where it has none; "
    "one column for each system with times, its name in small letters"
)
"""How the columns after the fixed ones are called, and what they hold."""


def column_names(timed_systems: Sequence[str]) -> list[str]:
    """All column names of an experiment: the fixed ones and ``dt_<system>_ns`` for each system with times.

    A ``dt`` is the distance in time of the system's nearest signal from the track, ``ABSENT_TIME`` if there is none.
    """
    return [*COLUMN_MEANING, *map(time_column, timed_systems)]
