"""From hits to candidates: the one type that data and simulation share from here on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.borrow import borrowed
from hnlpeak.core.copying import copy_row
from hnlpeak.core.kernel import apart, inlined, kernel
from hnlpeak.core.lanes import arctangent
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.shape import inside_column
from hnlpeak.experiment.columns import ABSENT_TIME, Column
from hnlpeak.reconstruction.identification import (
    clusters,
    dead_cell_distance,
    muon_distance,
    muon_sigmas,
    ring_log_likelihood,
)
from hnlpeak.reconstruction.kinematics import angles, closest_approach, missing_mass2
from hnlpeak.reconstruction.track import TRACK, fit_points, new_scratch, x_at, y_at
from hnlpeak.simulation.buffers import Buffers
from hnlpeak.simulation.tails import kick_track
from hnlpeak.theory.species import MASS, Species

_PLANES = 8  # planes are asked in multiples of this, in lanes

__all__ = ["Assumed", "Candidates", "new_workspace", "reconstruct"]

_M_E = float(MASS[Species.POSITRON])
_M_MU = float(MASS[Species.MUON_PLUS])
_M_PI = float(MASS[Species.PION_PLUS])


class Assumed(NamedTuple):
    """What reconstruction takes for granted: the packed mean beam, and the track's mass (MeV) as a lepton."""

    beam: NDArray[np.float64]
    lepton_mass: float


@dataclass(frozen=True, eq=False)
class Candidates:
    """Columns of reconstructed candidates (see ``experiment.columns``) and whether they are simulated.

    ``components`` names the values of the column ``source``. ``decays_in_fiducial`` is known for simulation.
    """

    columns: Mapping[str, NDArray[np.float64]]
    simulated: bool
    components: tuple[str, ...]
    label: str
    decays_in_fiducial: float | None = None

    def __len__(self) -> int:
        """Number of candidates."""
        return len(next(iter(self.columns.values()))) if self.columns else 0


def new_workspace() -> tuple[NDArray[Any], NDArray[Any]]:
    """Work space of the reconstruction: scratch of the fit and room for three tracks (one each a thread)."""
    return new_scratch(), np.zeros(3, dtype=TRACK)


@inlined
def _nearest(event: Record, system: int, reference: float) -> float:
    best = ABSENT_TIME
    for n in range(event.n_times[system]):
        best = min(best, abs(event.times[system, n] - reference))
    return best


@inlined
def _accepted(setup: Record, track: Record) -> float:
    planes, shapes, met = setup.accepted[0], setup.accepted[1:], 0
    columns = -(-setup.acceptance.n // _PLANES) * _PLANES
    for n in range(columns):
        z = planes[n]
        met += inside_column(shapes, n, x_at(track, z), y_at(track, z))
    return 1.0 if met == columns else 0.0


@inlined
def _is_good(good: Record, track: Record, axis: NDArray[np.float64]) -> bool:
    """True for a track within the bounds of those that count."""
    cda, z = closest_approach(track, axis)
    return bool(
        good.momentum_min < track.p < good.momentum_max
        and cda < good.closest_approach
        and good.z_min < z < good.z_max
    )


@inlined
def _choose(
    setup: Record,
    event: Record,
    axis: NDArray[np.float64],
    scratch: NDArray[np.void],
    tracks: NDArray[np.void],
) -> tuple[int, int]:
    """Fit tracks; returns how many there are and the particle of the candidate (its track is ``tracks[0]``), or -1.

    A particle seen in all but one of the chambers counts as a track; where the card has bounds of good tracks, if it
    can be fitted and is within them. The candidate is the first positive one with ``min_chambers`` points, else the
    first of any charge.
    """
    n_tracks = 0
    chosen = -1
    bounded = setup.good_track.chosen != 0
    for k in range(event.n_particles):
        particle = event.particles[k]
        if particle.n_chambers < min(setup.min_chambers, setup.n_chambers - 1):
            continue
        wanted = particle.n_chambers >= setup.min_chambers and (chosen < 0 or tracks[0].charge <= 0)
        fitted = (wanted or bounded) and fit_points(setup, particle, scratch, tracks[1])
        if bounded and not (fitted and _is_good(setup.good_track, tracks[1], axis)):
            continue
        n_tracks += 1
        if wanted and fitted and (chosen < 0 or tracks[1].charge > 0):
            tracks[0] = tracks[1]
            chosen = k
    return n_tracks, chosen


@inlined
def _rings(setup: Record, particle: Record, p: float) -> tuple[float, float]:
    """Margins of the electron and of the muon hypothesis over the best other one."""
    if setup.has_ring == 0:
        return 0.0, 0.0
    n, r = particle.n_ring, particle.r_ring
    e = ring_log_likelihood(setup.ring, n, r, p, _M_E)
    mu = ring_log_likelihood(setup.ring, n, r, p, _M_MU)
    pi = ring_log_likelihood(setup.ring, n, r, p, _M_PI)
    return e - max(mu, pi), mu - max(e, pi)


@kernel
def _find_angles(n: int, out: NDArray[np.float64]) -> None:
    """Angles of the candidates, in lanes; the slopes of their axes stand where the angles will be."""
    tx, ty = out[Column.TX], out[Column.TY]
    theta, phi, phi_lab = out[Column.THETA], out[Column.PHI], out[Column.PHI_LAB]
    for i in range(n):
        theta[i], phi[i] = angles(tx[i], ty[i], theta[i], phi[i])
        turn = arctangent(ty[i], tx[i])
        phi_lab[i] = turn if turn >= 0.0 else turn + 2.0 * math.pi


@inlined
def _measured_kaon(setup: Record, event: Record, axis: NDArray[np.float64]) -> None:
    axis[0], axis[1], axis[2] = event.kaon_p, event.kaon_tx, event.kaon_ty
    axis[3], axis[4], axis[5] = event.kaon_x, event.kaon_y, setup.beam.z_reference


@apart
def reconstruct(events: int, setups: NDArray[np.void], assumed: Assumed, buffers: Buffers) -> int:
    """Reconstruct the first ``events`` records of the block into candidates; returns their number.

    With a beam tracker installed each kaon's own measurement takes the place of the assumed mean beam.
    """
    setups, assumed, buffers = borrowed(setups), borrowed(assumed), borrowed(buffers)
    setup, block, out = setups[0], buffers.block, buffers.candidates
    scratch, tracks = buffers.scratch, buffers.tracks
    n = 0
    axis = np.empty(6)
    copy_row(assumed.beam, axis)
    for i in range(events):
        event = block[i]
        if setup.tracker_installed:
            _measured_kaon(setup, event, axis)
        n_tracks, k = _choose(setup, event, axis, scratch, tracks)
        if k < 0:
            continue
        track, particle = tracks[0], event.particles[k]
        out[Column.IN_ACCEPTANCE, n] = _accepted(setup, track)
        own, associated, extra = clusters(setup, event, track, particle.t_track)
        out[Column.DEAD_CELL, n] = dead_cell_distance(setup, track)
        sigmas = muon_sigmas(setup, event, track, particle.t_track)
        out[Column.MUON_X, n], out[Column.MUON_Y, n] = sigmas
        out[Column.MUON_DISTANCE, n] = muon_distance(setup, event, track, particle.t_track)
        kick_track(event, track)
        cda, z_vtx = closest_approach(track, axis)
        e_margin, mu_margin = _rings(setup, particle, track.p)
        out[Column.N_TRACKS, n] = n_tracks
        out[Column.CHARGE, n] = track.charge
        out[Column.CHI2, n] = track.chi2
        out[Column.P, n] = track.p
        out[Column.TX, n] = track.tx
        out[Column.TY, n] = track.ty
        out[Column.THETA, n], out[Column.PHI, n] = axis[1], axis[2]
        out[Column.Z_VTX, n] = z_vtx
        out[Column.CDA, n] = cda
        out[Column.M2_MISS, n] = missing_mass2(track, axis, setup.beam.mass, assumed.lepton_mass)
        out[Column.E_OVER_P, n] = own / track.p
        out[Column.E_EXTRA, n] = extra
        out[Column.E_HADRON, n] = particle.e_hadron
        out[Column.RICH_HITS, n] = particle.n_ring
        out[Column.RICH_E_MARGIN, n] = e_margin
        out[Column.RICH_MU_MARGIN, n] = mu_margin
        out[Column.T_TRACK, n] = particle.t_track
        out[Column.N_ASSOCIATED, n] = associated
        out[Column.PERIOD, n] = setup.period
        out[Column.SOURCE, n] = event.source
        out[Column.WEIGHT, n] = event.weight
        out[Column.NUMBER, n] = event.number
        for s in range(setup.n_timed):
            out[Column.N_FIXED + s, n] = _nearest(event, setup.timed[s], particle.t_track)
        n += 1
    _find_angles(n, out)
    return n
