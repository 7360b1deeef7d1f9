"""Who the track was: energy in the calorimeter, hits in muon counters and ring-imaging counter, clusters besides."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.detectors.dead_cells import distance_to_dead_cell
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.ring_cherenkov import RingSlot, ring_radius
from hnlpeak.detectors.shape import inside
from hnlpeak.experiment.columns import ABSENT_DISTANCE
from hnlpeak.reconstruction.track import x_at, y_at

__all__ = ["clusters", "dead_cell_distance", "muon_distance", "muon_sigmas", "ring_log_likelihood"]


@inlined
def _counts(setup: Record, cluster: Record, t_track: float) -> bool:
    """True for a cluster above the threshold, in time and, if the card asks for it, in the acceptance of tracks."""
    if cluster.energy <= setup.cluster_threshold or abs(cluster.time - t_track) >= setup.cluster_window:
        return False
    if setup.cluster_acceptance > 0.0:
        surfaces = setup.acceptance
        for n in range(surfaces.n):
            if surfaces.z[n] == setup.calorimeter_z and not inside(surfaces.params[n], cluster.x, cluster.y):
                return False
    return True


@inlined
def clusters(setup: Record, event: Record, track: Record, t_track: float) -> tuple[float, int, float]:
    """Energy (MeV) of the track's clusters, the number of those that count, and the energy of the largest extra one.

    Clusters near the track's impact or near the line it had before the magnet (where a radiated photon goes) are
    not extra.
    """
    z = setup.calorimeter_z
    x, y = x_at(track, z), y_at(track, z)
    x_line = track.x + track.tx * (z - track.z)
    own = extra = 0.0
    associated = 0
    for j in range(event.n_clusters):
        cluster = event.clusters[j]
        distance = math.sqrt((cluster.x - x) ** 2 + (cluster.y - y) ** 2)
        if distance < setup.association_radius:
            own += cluster.energy
            associated += _counts(setup, cluster, t_track)
        elif (
            distance > setup.track_zone
            and (cluster.x - x_line) ** 2 + (cluster.y - y) ** 2 > setup.undeflected_zone**2
            and _counts(setup, cluster, t_track)
        ):
            extra = max(extra, cluster.energy)
    return own, associated, extra


@inlined
def dead_cell_distance(setup: Record, track: Record) -> float:
    """Distance (mm) of the extrapolated track from the nearest dead cell at the calorimeter's front."""
    z = setup.calorimeter_z
    return distance_to_dead_cell(setup.dead_cells, setup.cell_pitch, x_at(track, z), y_at(track, z))


@inlined
def muon_distance(setup: Record, event: Record, track: Record, t_track: float) -> float:
    """Distance (mm) of the extrapolated track from the nearest muon hit within ``muon_window`` of its time."""
    best2 = ABSENT_DISTANCE**2
    for j in range(event.n_muon_hits):
        hit = event.muon_hits[j]
        if abs(hit.time - t_track) < setup.muon_window:
            dx, dy = hit.x - x_at(track, hit.z), hit.y - y_at(track, hit.z)
            best2 = min(best2, dx * dx + dy * dy)
    return math.sqrt(best2)


@inlined
def muon_sigmas(setup: Record, event: Record, track: Record, t_track: float) -> tuple[float, float]:
    """Distances in x and y of the track from the nearest cell hit within ``muon_window``, in units of the scattering.

    0 within a cell; each coordinate comes from the counters that measure it.
    """
    best_x = best_y = ABSENT_DISTANCE
    for j in range(event.n_muon_hits):
        hit = event.muon_hits[j]
        if abs(hit.time - t_track) >= setup.muon_window or hit.scatter <= 0.0:
            continue
        per_sigma = track.p / hit.scatter
        if hit.reach_x < np.inf:
            beyond = max(0.0, abs(hit.x - x_at(track, hit.z)) - hit.reach_x)
            best_x = min(best_x, beyond * per_sigma)
        if hit.reach_y < np.inf:
            beyond = max(0.0, abs(hit.y - y_at(track, hit.z)) - hit.reach_y)
            best_y = min(best_y, beyond * per_sigma)
    return best_x, best_y


@inlined
def ring_log_likelihood(
    params: NDArray[np.float64], hits: int, radius: float, p: float, mass: float
) -> float:
    """Extended log likelihood of ``hits`` with mean ``radius`` (mm) for a particle of momentum p and mass, MeV.

    Expected hits mu lie on the hypothesis' ring with the hit resolution, noise hits anywhere in the annulus:
    ln L = n ln[mu G(r; R, sigma) + nu / a] - mu - nu.
    """
    expected = 0.0
    density = params[RingSlot.NOISE] / params[RingSlot.ANNULUS]
    ring = ring_radius(params, p, mass)
    if ring > 0.0:
        sigma = params[RingSlot.RESOLUTION]
        expected = params[RingSlot.HITS] * (ring / params[RingSlot.RADIUS]) ** 2
        pull = (radius - ring) / sigma
        density += expected * math.exp(-0.5 * pull * pull) / (math.sqrt(2.0 * math.pi) * sigma)
    return float(hits * math.log(max(density, 1e-30)) - expected - params[RingSlot.NOISE])
